"""A Hugging Face Hub on this machine: what its clients ask when they list, download and publish a dataset.

Everything is kept in memory. Files that :func:`tests.hub.repo.by_lfs` names are listed with their SHA-256,
as the Hub does for large files, all others with git's blob id. There is no Xet, and the address that
clients ask first whether there is does not exist; the clients speak plain HTTP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote

from tests.hub.repo import DATE, Repo
from tests.hub.writing import TOKEN, Writing, as_json, refused
from tests.loopback import Answer, Loopback, Request, ranged

READER = "hf_ReadsButDoesNotWrite"

Handler = Callable[[Request, Repo, str, str], Answer]
_REPO = r"/api/datasets/(?P<repo>[^/]+/[^/]+)"
_REVISION = r"(?P<revision>(refs/(convert|pr)/)?[^/]+)"


class Hub(Writing, Loopback):
    """The server; ``HF_ENDPOINT`` is its ``url``.

    Attributes:
        page: Entries on one page of a listing.
        members: Tokens that may read gated and private repositories.
        repos: The repositories, by name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.page = 1000
        self.members = {TOKEN, READER}
        self.repos: dict[str, Repo] = {}
        get = ("GET", "HEAD")
        self._routes: list[tuple[tuple[str, ...], re.Pattern[str], Handler]] = [
            (methods, re.compile(pattern), handler)
            for methods, pattern, handler in (
                (get, rf"/datasets/(?P<repo>[^/]+/[^/]+)/resolve/{_REVISION}/(?P<path>.+)", self._resolve),
                (get, rf"{_REPO}/tree/{_REVISION}(/(?P<path>.+))?", self._tree),
                (get, rf"{_REPO}/commits/{_REVISION}", self._commits),
                (get, rf"{_REPO}/refs", self._refs),
                (get, rf"{_REPO}(/revision/{_REVISION})?", self._info),
                (("POST",), rf"{_REPO}/paths-info/{_REVISION}", self._paths),
            )
        ]

    def repo(
        self, name: str, files: Mapping[str, bytes], *, gated: bool = False, private: bool = False
    ) -> Repo:
        """Add a repository with one commit on main."""
        repo = Repo(name, gated=gated, private=private)
        repo.commit(files)
        self.repos[name] = repo
        return repo

    def answer(self, request: Request) -> Answer:
        """Route a request: first what writes, then rows 9 to 13 of the protocol."""
        if (written := self.write(request)) is not None:
            return written
        for methods, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if not match or request.method not in methods:
                continue
            named = {"revision": None, "path": None, **match.groupdict()}
            repo = self.repos.get(match["repo"])
            if repo is None or (repo.private and not self.may_read(request)):
                return refused(401, "RepoNotFound", "Repository not found")
            commit = repo.find(named["revision"] or "main")
            if commit is None:
                return refused(404, "RevisionNotFound", f"Invalid rev id: {named['revision']}")
            return handler(request, repo, commit, named["path"] or "")
        return refused(404, "", f"Cannot {request.method} {request.path}")

    def token(self, request: Request) -> str:
        """The token of a request, or nothing."""
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def may_read(self, request: Request) -> bool:
        """Whether private and gated repositories are open to this request."""
        return self.token(request) in self.members

    def _info(self, _: Request, repo: Repo, commit: str, __: str) -> Answer:
        return as_json(
            {
                "id": repo.name,
                "sha": commit,
                "siblings": [{"rfilename": path} for path in repo.commits[commit].files],
                "lastModified": DATE,
                "createdAt": DATE,
                "private": repo.private,
                "gated": "auto" if repo.gated else False,
                "disabled": False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
            }
        )

    def _commits(self, _: Request, repo: Repo, commit: str, __: str) -> Answer:
        return as_json(repo.log(commit))

    def _refs(self, _: Request, repo: Repo, __: str, ___: str) -> Answer:
        def listed(kind: str, refs: Mapping[str, str]) -> list[dict[str, str]]:
            return [
                {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
                for name, commit in refs.items()
            ]

        branches, tags = listed("heads", repo.branches), listed("tags", repo.tags)
        return as_json({"branches": branches, "tags": tags, "converts": [], "pullRequests": []})

    def _paths(self, request: Request, repo: Repo, commit: str, _: str) -> Answer:
        wanted = parse_qs(request.body.decode()).get("paths", [])
        if request.headers.get("content-type", "").startswith("application/json"):
            wanted = json.loads(request.body)["paths"]
        entries = dict(_entries(repo, commit, ""))
        return as_json([_expanded(entries[path], repo, commit) for path in wanted if path in entries])

    def _tree(self, request: Request, repo: Repo, commit: str, folder: str) -> Answer:
        prefix = f"{folder}/" if folder else ""
        entries = dict(_entries(repo, commit, prefix))
        if folder and not entries:
            return refused(404, "EntryNotFound", f"{folder} does not exist")
        deep, expand = (
            request.query.get(name, [""])[0].lower() in {"1", "true"} for name in ("recursive", "expand")
        )
        shown = [entry for name, entry in sorted(entries.items()) if deep or "/" not in name[len(prefix) :]]
        start = int(request.query.get("cursor", ["0"])[0])
        headers = {}
        if start + self.page < len(shown):
            query = f"recursive={deep}&expand={expand}&cursor={start + self.page}"
            headers["Link"] = f'<{self.url}{quote(request.path)}?{query}>; rel="next"'
        page = shown[start : start + self.page]
        return as_json([_expanded(e, repo, commit) for e in page] if expand else page, 200, headers)

    def _resolve(self, request: Request, repo: Repo, commit: str, path: str) -> Answer:
        headers = {"X-Repo-Commit": commit}
        if repo.gated and not self.may_read(request):
            status = 403 if "authorization" in request.headers else 401
            return refused(status, "GatedRepo", f"Access to dataset {repo.name} is restricted")
        blob = repo.commits[commit].files.get(path)
        if blob is None:
            missing = refused(404, "EntryNotFound", "Entry not found")
            return Answer(404, {**headers, **missing.headers}, missing.body)
        listed = repo.listed(commit, path)
        etag = blob.sha256 if "lfs" in listed else blob.oid
        return ranged(blob.content, request, f'"{etag}"', headers)


def _entries(repo: Repo, commit: str, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The files and folders below a prefix, by path."""
    for path in repo.commits[commit].files:
        if not path.startswith(prefix):
            continue
        yield path, repo.listed(commit, path)
        parts = path.removeprefix(prefix).split("/")
        for depth in range(1, len(parts)):
            name = prefix + "/".join(parts[:depth])
            yield name, {"type": "directory", "oid": "0" * 40, "size": 0, "path": name}


def _expanded(entry: dict[str, Any], repo: Repo, commit: str) -> dict[str, Any]:
    return {**entry, "lastCommit": {"id": commit, "title": repo.commits[commit].title, "date": DATE}}
