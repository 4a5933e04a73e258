"""What a Hub on this machine keeps: repositories of commits in memory, files in them hashed once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

LFS = (".parquet", ".zip", ".gz", ".npz", ".bin", ".png")
"""Ends of the names of files that are stored by LFS, whatever their size."""
REGULAR_AT_MOST = 10_000_000
"""Bytes above which any file is stored by LFS."""
DATE = "2024-01-01T00:00:00.000Z"


def blob_id(content: bytes) -> str:
    """Git's id of a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def by_lfs(path: str, size: int) -> bool:
    """Whether the Hub wants a file through LFS."""
    return size > 0 and (path.endswith(LFS) or size > REGULAR_AT_MOST)


@dataclass(eq=False)
class Blob:
    """The content of a file, and its SHA-256 where that is known."""

    content: bytes
    known: str = ""

    @cached_property
    def sha256(self) -> str:
        """LFS's id of it."""
        return self.known or hashlib.sha256(self.content).hexdigest()

    @cached_property
    def oid(self) -> str:
        """Git's id of it."""
        return blob_id(self.content)

    @cached_property
    def pointer(self) -> str:
        """Git's id of what stands in its place when it is stored by LFS."""
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
        return blob_id(pointer.format(self.sha256, len(self.content)).encode())


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its files, its first line, and the commit before it."""

    files: Mapping[str, Blob]
    title: str = ""
    parent: str = ""


@dataclass
class Repo:
    """A dataset repository.

    Attributes:
        name: ``owner/name``.
        commits: Commit id -> commit.
        branches: Branch -> commit id.
        tags: Tag -> commit id.
        objects: SHA-256 -> what was uploaded by LFS, committed or not.
        gated: Whether only a token that was given access may read files.
        private: Whether it is invisible without a token.
        lies: Path -> what its listing says wrongly, such as ``{"size": 5_000_000_000}``.
    """

    name: str
    commits: dict[str, Commit] = field(default_factory=dict[str, Commit])
    branches: dict[str, str] = field(default_factory=dict[str, str])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    objects: dict[str, Blob] = field(default_factory=dict[str, Blob])
    gated: bool = False
    private: bool = False
    lies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def commit(
        self, files: Mapping[str, bytes | Blob], branch: str = "main", *, title: str = "by hand"
    ) -> str:
        """Make these the files of a branch; returns the commit's id."""
        blobs = {
            path: content if isinstance(content, Blob) else Blob(content) for path, content in files.items()
        }
        state = "".join(f"{path}\0{blob.sha256}\n" for path, blob in sorted(blobs.items()))
        parent = self.branches.get(branch, "")
        text = f"{parent}\n{len(self.commits)}\n{state}"
        commit = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.commits[commit] = Commit(blobs, title, parent)
        self.branches[branch] = commit
        return commit

    def find(self, revision: str) -> str | None:
        """The commit that a branch, a tag or a commit id stands for."""
        named = self.branches.get(revision) or self.tags.get(revision)
        return named or (revision if revision in self.commits else None)

    def files(self, revision: str = "main") -> Mapping[str, Blob]:
        """The files at a revision."""
        return self.commits[self.find(revision) or ""].files

    def listed(self, commit: str, path: str) -> dict[str, Any]:
        """A file as ``tree`` lists it."""
        blob = self.commits[commit].files[path]
        size = len(blob.content)
        lfs = by_lfs(path, size)
        oid = blob.pointer if lfs else blob.oid
        entry: dict[str, Any] = {"type": "file", "oid": oid, "size": size, "path": path}
        if lfs:
            entry["lfs"] = {"oid": blob.sha256, "size": size, "pointerSize": 134}
        return entry | self.lies.get(path, {})

    def log(self, commit: str) -> list[dict[str, Any]]:
        """The commits up to this one, last first, as ``commits`` lists them."""
        found: list[dict[str, Any]] = []
        while commit:
            one = self.commits[commit]
            found.append(
                {
                    "id": commit,
                    "title": one.title,
                    "message": "",
                    "authors": [{"user": "tester"}],
                    "date": DATE,
                }
            )
            commit = one.parent
        return found
