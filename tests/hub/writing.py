"""The half of the Hub that writes: repositories, uploads by LFS, commits, branches and tags."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tests.hub.repo import Blob, Repo, by_lfs
from tests.loopback import Answer, Request

TOKEN = "hf_LoopbackTokenForTests"  # noqa: S105 - opens nothing
"""The one token that writes, to the namespaces below."""
NAMESPACES = ("tester", "acme")
_UPLOAD = "/lfs/"
_SECRET = "?X-Amz-Signature=addresses-of-uploads-are-signed-and-secret"  # noqa: S105


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


def refused(status: int, code: str, message: str) -> Answer:
    """An error as the Hub words it."""
    return as_json({"error": message}, status, {"X-Error-Code": code, "X-Error-Message": message})


class Writing:
    """Rows 1 to 8 and 13 of the protocol.

    Attributes:
        part_size: Bytes above which an upload goes in parts of this size; 0 for never.
    """

    url: str
    repos: dict[str, Repo]

    def __init__(self) -> None:
        super().__init__()
        self.part_size = 0
        self._parts: dict[str, dict[int, bytes]] = {}
        self._changing = threading.Lock()
        repo = r"(?P<repo>[^/]+/[^/]+)"
        self._writes: list[tuple[str, re.Pattern[str], Callable[[Request, re.Match[str]], Answer]]] = [
            (method, re.compile(pattern), handler)
            for method, pattern, handler in (
                ("GET", r"/api/whoami-v2", self._whoami),
                ("POST", r"/api/repos/create", self._create),
                ("DELETE", r"/api/repos/delete", self._delete),
                ("POST", r"/api/validate-yaml", self._validate),
                ("POST", rf"/api/datasets/{repo}/preupload/(?P<revision>.+)", self._preupload),
                ("POST", rf"/datasets/{repo}\.git/info/lfs/objects/batch", self._batch),
                ("PUT", rf"{_UPLOAD}{repo}/(?P<oid>[0-9a-f]+)(/(?P<part>\d+))?", self._put),
                ("POST", rf"{_UPLOAD}{repo}/(?P<oid>[0-9a-f]+)/complete", self._complete),
                ("POST", rf"{_UPLOAD}{repo}/(?P<oid>[0-9a-f]+)/verify", self._verify),
                ("POST", rf"/api/datasets/{repo}/commit/(?P<revision>.+)", self._commit),
                ("POST", rf"/api/datasets/{repo}/branch/(?P<name>.+)", self._branch),
                ("POST", rf"/api/datasets/{repo}/tag/(?P<revision>.+)", self._tag),
            )
        ]

    def write(self, request: Request) -> Answer | None:
        """The answer to a request that writes; None for any other."""
        for method, pattern, handler in self._writes:
            match = pattern.fullmatch(request.path)
            if match is None or method != request.method:
                continue
            # Storage is written with signed addresses, everything else with a token.
            if not request.path.startswith(_UPLOAD) or request.path.endswith("/verify"):
                given = request.headers.get("authorization", "").removeprefix("Bearer ")
                if given != TOKEN:
                    return refused(403 if given else 401, "", "Invalid credentials or no right to write")
            repo = match.groupdict().get("repo")
            if repo is not None and repo not in self.repos:
                return refused(404, "RepoNotFound", "Repository not found")
            with self._changing:
                return handler(request, match)
        return None

    def _whoami(self, _: Request, __: re.Match[str]) -> Answer:
        role = {"accessToken": {"role": "write", "displayName": "loopback"}}
        return as_json({"type": "user", "name": "tester", "orgs": [{"name": "acme"}], "auth": role})

    def _create(self, request: Request, _: re.Match[str]) -> Answer:
        asked = json.loads(request.body)
        owner = asked.get("organization") or NAMESPACES[0]
        if owner not in NAMESPACES:
            return refused(
                403, "", f"You don't have the rights to create a dataset under the namespace {owner}"
            )
        name = f"{owner}/{asked['name']}"
        url = {"url": f"{self.url}/datasets/{name}"}
        if name in self.repos:
            return as_json({**url, "error": "You already created this dataset repo"}, 409)
        repo = Repo(name, private=asked.get("visibility") == "private" or bool(asked.get("private")))
        repo.commit(
            {".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"}, title="initial commit"
        )
        self.repos[name] = repo
        return as_json(url)

    def _delete(self, request: Request, _: re.Match[str]) -> Answer:
        asked = json.loads(request.body)
        del self.repos[f"{asked.get('organization') or NAMESPACES[0]}/{asked['name']}"]
        return as_json({})

    def _validate(self, request: Request, _: re.Match[str]) -> Answer:
        content: str = json.loads(request.body)["content"]
        if not re.match(r"---\n(.+\n)+---\n", content):
            return as_json({"errors": [{"message": "no YAML front matter"}], "warnings": []}, 400)
        return as_json({"errors": [], "warnings": []})

    def _preupload(self, request: Request, match: re.Match[str]) -> Answer:
        repo = self.repos[match["repo"]]
        commit = repo.find(match["revision"])
        if commit is None:
            return refused(404, "RevisionNotFound", f"Invalid rev id: {match['revision']}")
        files = json.loads(request.body)["files"]
        if len(files) > 256:
            return refused(413, "", "at most 256 files")
        there = repo.commits[commit].files
        answers: list[dict[str, Any]] = []
        for file in files:
            lfs = by_lfs(file["path"], file["size"])
            blob = there.get(file["path"])
            oid = None if blob is None else (blob.sha256 if lfs else blob.oid)
            mode = "lfs" if lfs else "regular"
            answers.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return as_json({"files": answers})

    def _batch(self, request: Request, match: re.Match[str]) -> Answer:
        repo = self.repos[match["repo"]]
        asked = json.loads(request.body)
        objects = [self._object(repo, one["oid"], one["size"]) for one in asked["objects"]]
        parts = any("chunk_size" in o.get("actions", {}).get("upload", {}).get("header", {}) for o in objects)
        return as_json({"transfer": "multipart" if parts else "basic", "objects": objects})

    def _object(self, repo: Repo, oid: str, size: int) -> dict[str, Any]:
        if oid in repo.objects:
            return {"oid": oid, "size": size}
        base = f"{self.url}{_UPLOAD}{repo.name}/{oid}"
        upload: dict[str, Any] = {"href": f"{base}{_SECRET}", "header": {}}
        if 0 < self.part_size < size:
            count = -(-size // self.part_size)
            urls = {f"{n:05d}": f"{base}/{n}{_SECRET}" for n in range(1, count + 1)}
            upload = {"href": f"{base}/complete", "header": {"chunk_size": str(self.part_size), **urls}}
        return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": {"href": f"{base}/verify"}}}

    def _put(self, request: Request, match: re.Match[str]) -> Answer:
        if match["part"]:
            self._parts.setdefault(match["oid"], {})[int(match["part"])] = request.body
            return Answer(200, {"ETag": f'"{match["oid"][:8]}-{match["part"]}"'})
        return self._stored(self.repos[match["repo"]], match["oid"], request.body)

    def _complete(self, request: Request, match: re.Match[str]) -> Answer:
        parts = self._parts.pop(match["oid"])
        asked = json.loads(request.body)["parts"]
        if [part["partNumber"] for part in asked] != sorted(parts):
            return refused(400, "", "parts are missing")
        return self._stored(
            self.repos[match["repo"]], match["oid"], b"".join(parts[n] for n in sorted(parts))
        )

    def _stored(self, repo: Repo, oid: str, content: bytes) -> Answer:
        if hashlib.sha256(content).hexdigest() != oid:
            return refused(400, "", "the content does not have this SHA-256")
        repo.objects[oid] = Blob(content, oid)
        return as_json({})

    def _verify(self, request: Request, match: re.Match[str]) -> Answer:
        blob = self.repos[match["repo"]].objects.get(match["oid"])
        size = json.loads(request.body)["size"]
        if blob is None or len(blob.content) != size:
            return refused(404, "", "not uploaded")
        return as_json({})

    def _commit(self, request: Request, match: re.Match[str]) -> Answer:
        repo, branch = self.repos[match["repo"]], match["revision"]
        if branch not in repo.branches:
            return refused(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        lines = [json.loads(line) for line in request.body.splitlines()]
        header = lines[0]["value"]
        if header.get("parentCommit") not in {None, repo.branches[branch]}:
            return refused(412, "", "A commit has happened since. Please refresh and try again.")
        files = dict(repo.files(branch))
        for line in lines[1:]:
            if problem := _apply(line["key"], line["value"], files, repo):
                return problem
        commit = repo.commit(files, branch, title=header["summary"])
        return as_json(
            {
                "success": True,
                "commitOid": commit,
                "commitUrl": f"{self.url}/datasets/{repo.name}/commit/{commit}",
            }
        )

    def _branch(self, request: Request, match: re.Match[str]) -> Answer:
        repo = self.repos[match["repo"]]
        if match["name"] in repo.branches:
            return refused(409, "", "Reference already exists")
        start = repo.find(json.loads(request.body).get("startingPoint", "main"))
        if start is None:
            return refused(404, "RevisionNotFound", "Invalid rev id")
        repo.branches[match["name"]] = start
        return as_json({})

    def _tag(self, request: Request, match: re.Match[str]) -> Answer:
        repo, name = self.repos[match["repo"]], json.loads(request.body)["tag"]
        commit = repo.find(match["revision"])
        if commit is None:
            return refused(404, "RevisionNotFound", f"Invalid rev id: {match['revision']}")
        if name in repo.tags:
            return refused(409, "", "Tag reference exists already")
        repo.tags[name] = commit
        return as_json({})


def _apply(key: str, value: dict[str, Any], files: dict[str, Blob], repo: Repo) -> Answer | None:
    """Carry out one line of a commit; what is wrong with it, or None."""
    path = value["path"]
    if key == "file":
        files[path] = Blob(base64.b64decode(value["content"]))
    elif key == "lfsFile":
        if value["oid"] not in repo.objects:
            return refused(400, "", f"LFS pointer pointed to a file that does not exist: {path}")
        files[path] = repo.objects[value["oid"]]
    elif key == "deletedFile":
        if files.pop(path, None) is None:
            return refused(404, "EntryNotFound", "A file with this name doesn't exist")
    elif key == "deletedFolder":
        below = [name for name in files if name.startswith(f"{path.rstrip('/')}/")]
        for name in below:
            del files[name]
    else:
        return refused(400, "", f"unknown operation {key}")
    return None
