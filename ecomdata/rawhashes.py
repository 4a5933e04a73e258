"""Hashing raw files beside the reading of them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Self

from ecomdata.errors import DataError
from ecomdata.manifest import Manifest, ReadFile
from ecomdata.rawfile import RawFile
from ecomdata.shards import sha256_file
from ecomdata.sources import Plan, inside_archive


class RawHashes:
    """Hashes the raw files beside the reading of them, and sees whether they change meanwhile."""

    def __init__(self, files: Iterable[RawFile]) -> None:
        self._files = list(files)
        self._before = {file.container: _stamp(file.container) for file in self._files}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sha256")
        self._stop = threading.Event()
        self._digests: dict[Path, Future[str] | str] = {}
        for file in self._files:
            if file.container not in self._digests:
                digest = file.hashed or self._pool.submit(sha256_file, file.container, stop=self._stop.is_set)
                self._digests[file.container] = digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # After a failure or Ctrl-C nobody waits for the hashes of files that were not reached.
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def records(self, rows: Mapping[str, Mapping[str, int]]) -> tuple[ReadFile, ...]:
        """What was read.

        Raises:
            DataError: a file changed while it was read, or since it came from where its hash is known.
        """
        found: list[ReadFile] = []
        for file in self._files:
            digest = self._digests[file.container]
            sha256 = digest if isinstance(digest, str) else digest.result()
            if _stamp(file.container) != self._before[file.container]:
                raise DataError(
                    f"{file.name} changed while it was read", hint="load again when it is complete"
                )
            if file.sha256 and sha256 != file.sha256:
                raise DataError(
                    f"{file.name} has sha256 {sha256}, expected {file.sha256}",
                    hint=f"it was changed here; remove {file.container} and run the same command again",
                )
            size, mtime_ns = self._before[file.container]
            found.append(
                ReadFile(name=file.name, size=size, sha256=sha256, mtime_ns=mtime_ns, rows=rows[file.name])
            )
        return tuple(sorted(found, key=lambda one: one.name))


def made_of(manifest: Manifest, plan: Plan) -> bool:
    """Whether a release was made of the very files of a plan."""
    # A commit on the Hub cannot change; files on disk are known by their time of last change.
    at_commit = bool(plan.revision) and plan.revision == manifest.revision
    names = {file.name for file in plan.files}
    before = {(_planned(f.name, names), f.size, 0 if at_commit else f.mtime_ns) for f in manifest.raw}
    return before == {(f.name, f.size, 0 if at_commit else _changed_at(f.container)) for f in plan.files}


def _planned(name: str, names: Collection[str]) -> str:
    """The planned file that a raw file comes from: itself, or its archive, which stands for its members."""
    return next((str(path) for path in PurePosixPath(name).parents if str(path) in names), name)


def copies(raw: Iterable[ReadFile]) -> list[list[str]]:
    """The names of raw files that hold the same rows byte for byte, together; a name alone is left out."""
    names: dict[tuple[str, str], list[str]] = {}
    for file in raw:
        if any(file.rows.values()):
            # Members of one archive share its hash; only the same member of two archives is a copy.
            names.setdefault((file.sha256, inside_archive(file.name)), []).append(file.name)
    return [same for same in names.values() if len(same) > 1]


def _changed_at(path: Path) -> int:
    """When a file was changed last, in nanoseconds; 0 when it is not there."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
