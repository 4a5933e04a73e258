"""Hashing raw files beside the reading of them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from ecomdata.errors import DataError
from ecomdata.manifest import ReadFile
from ecomdata.rawfile import RawFile
from ecomdata.shards import sha256_file


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
                digest = file.sha256 or self._pool.submit(sha256_file, file.container, stop=self._stop.is_set)
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
            DataError: a file changed while it was read.
        """
        found: list[ReadFile] = []
        for file in self._files:
            digest = self._digests[file.container]
            sha256 = digest if isinstance(digest, str) else digest.result()
            if _stamp(file.container) != self._before[file.container]:
                raise DataError(
                    f"{file.name} changed while it was read", hint="load again when it is complete"
                )
            size, mtime_ns = self._before[file.container]
            found.append(
                ReadFile(name=file.name, size=size, sha256=sha256, mtime_ns=mtime_ns, rows=rows[file.name])
            )
        return tuple(sorted(found, key=lambda one: one.name))


def changed_at(path: Path) -> int:
    """When a file was changed last, in nanoseconds; 0 when it is not there."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
