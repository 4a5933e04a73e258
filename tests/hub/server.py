"""A Hugging Face Hub on this machine: what huggingface_hub asks when it lists and downloads a dataset.

Commits are kept in memory. Files whose names end like :data:`LFS` are listed with their SHA-256, as the
Hub does for large files, all others with git's blob id. There is no Xet; the client falls back to plain HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.loopback import Answer, Loopback, Request, ranged

LFS = (".parquet", ".zip", ".gz", ".npz", ".bin")
TOKEN = "hf_LoopbackTokenForTests"  # noqa: S105 - opens nothing
_DATE = "2024-01-01T00:00:00.000Z"

_INFO = re.compile(r"/api/datasets/(?P<repo>[^/]+/[^/]+)(/revision/(?P<revision>.+))?")
_TREE = re.compile(r"/api/datasets/(?P<repo>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)(/(?P<path>.+))?")
_RESOLVE = re.compile(r"/datasets/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")


def blob_id(content: bytes) -> str:
    """Git's id of a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass
class Repo:
    """A dataset repository.

    Attributes:
        name: ``owner/name``.
        commits: Commit id -> path -> content.
        branches: Branch or tag -> commit id.
        gated: Whether only a token that was given access may read files.
        private: Whether it is invisible without a token.
        lies: Path -> what its listing says wrongly, such as ``{"size": 5_000_000_000}``.
    """

    name: str
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])
    branches: dict[str, str] = field(default_factory=dict[str, str])
    gated: bool = False
    private: bool = False
    lies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def commit(self, files: Mapping[str, bytes], branch: str = "main") -> str:
        """Make these the files of a branch; returns the commit's id."""
        state = "".join(f"{path}\0{blob_id(content)}\n" for path, content in sorted(files.items()))
        commit = hashlib.sha1(
            f"{self.branches.get(branch)}\n{state}".encode(), usedforsecurity=False
        ).hexdigest()
        self.commits[commit] = dict(files)
        self.branches[branch] = commit
        return commit

    def find(self, revision: str) -> str | None:
        """The commit that a branch, a tag or a commit id stands for."""
        return self.branches.get(revision, revision if revision in self.commits else None)

    def listed(self, commit: str, path: str) -> dict[str, Any]:
        """A file as ``tree`` lists it."""
        content = self.commits[commit][path]
        entry: dict[str, Any] = {"type": "file", "oid": blob_id(content), "size": len(content), "path": path}
        if path.endswith(LFS):
            sha256 = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
        return entry | self.lies.get(path, {})


def _refused(status: int, code: str, message: str) -> Answer:
    headers = {"X-Error-Code": code, "X-Error-Message": message}
    return _json({"error": message}, status, headers)


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    told = {"Content-Type": "application/json", **(headers or {})}
    return Answer(status, told, json.dumps(value).encode())


class Hub(Loopback):
    """The server; ``HF_ENDPOINT`` is its ``url``.

    Attributes:
        page: Entries on one page of a listing.
        members: Tokens that may read gated and private repositories.
    """

    def __init__(self) -> None:
        super().__init__()
        self.page = 1000
        self.members = {TOKEN}
        self._repos: dict[str, Repo] = {}

    def repo(
        self, name: str, files: Mapping[str, bytes], *, gated: bool = False, private: bool = False
    ) -> Repo:
        """Add a repository with one commit on main."""
        repo = Repo(name, gated=gated, private=private)
        repo.commit(files)
        self._repos[name] = repo
        return repo

    def answer(self, request: Request) -> Answer:
        """Route a request, as rows 9, 10 and 12 of the protocol have it."""
        routes = ((_RESOLVE, self._resolve), (_TREE, self._tree), (_INFO, self._info))
        for pattern, handler in routes:
            if match := pattern.fullmatch(request.path):
                repo = self._repos.get(match["repo"])
                if repo is None or (repo.private and not self._may_read(request)):
                    return _refused(401, "RepoNotFound", "Repository not found")
                commit = repo.find(match["revision"] or "main")
                if commit is None:
                    return _refused(404, "RevisionNotFound", f"Invalid rev id: {match['revision']}")
                return handler(request, repo, commit, match.groupdict().get("path") or "")
        return _refused(404, "", f"Cannot {request.method} {request.path}")

    def _may_read(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.members

    def _info(self, _: Request, repo: Repo, commit: str, __: str) -> Answer:
        return _json(
            {
                "id": repo.name,
                "sha": commit,
                "siblings": [{"rfilename": path} for path in repo.commits[commit]],
                "lastModified": _DATE,
                "createdAt": _DATE,
                "private": repo.private,
                "gated": "auto" if repo.gated else False,
                "disabled": False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
            }
        )

    def _tree(self, request: Request, repo: Repo, commit: str, folder: str) -> Answer:
        prefix = f"{folder}/" if folder else ""
        paths = sorted(path for path in repo.commits[commit] if path.startswith(prefix))
        if folder and not paths:
            return _refused(404, "EntryNotFound", f"{folder} does not exist")
        deep = request.query.get("recursive", [""])[0].lower() in {"1", "true"}
        entries = {path: repo.listed(commit, path) for path in paths}
        for path in paths:
            parts = path.removeprefix(prefix).split("/")
            for depth in range(1, len(parts)):
                name = prefix + "/".join(parts[:depth])
                entries[name] = {"type": "directory", "oid": "0" * 40, "size": 0, "path": name}
        shown = [entry for name, entry in sorted(entries.items()) if deep or "/" not in name[len(prefix) :]]
        start = int(request.query.get("cursor", ["0"])[0])
        headers = {}
        if start + self.page < len(shown):
            more = f"{self.url}{quote(request.path)}?recursive={deep}&cursor={start + self.page}"
            headers["Link"] = f'<{more}>; rel="next"'
        return _json(shown[start : start + self.page], 200, headers)

    def _resolve(self, request: Request, repo: Repo, commit: str, path: str) -> Answer:
        headers = {"X-Repo-Commit": commit}
        if repo.gated and not self._may_read(request):
            status = 403 if "authorization" in request.headers else 401
            return _refused(status, "GatedRepo", f"Access to dataset {repo.name} is restricted")
        content = repo.commits[commit].get(path)
        if content is None:
            refused = _refused(404, "EntryNotFound", "Entry not found")
            return Answer(404, {**headers, **refused.headers}, refused.body)
        etag = hashlib.sha256(content).hexdigest() if path.endswith(LFS) else blob_id(content)
        return ranged(content, request, f'"{etag}"', headers)
