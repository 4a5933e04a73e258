"""The members of a tar, compressed or not."""

from __future__ import annotations

import os
import tarfile
from functools import partial
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import IO, Final

from ecomdata.errors import DataError
from ecomdata.readers.zips import AGAIN
from ecomdata.sources.guarded import CHUNK, guarded, gunzip
from ecomdata.sources.member import Member, not_a_file
from ecomdata.sources.tarheader import StrictHeader

MOST_MEMBERS: Final = 300_000
"""As objects of Python they take about 300 MB. Upstream's archives have below 1,000."""

_MOST_LEFT: Final = 4
"""Streams of a compressed tar; more than are read at a time are of no use."""


def tar_members(path: Path, name: str) -> list[Member]:
    """The regular files inside a tar, in its own order; ``name`` is what messages call it.

    Raises:
        DataError: it is truncated, damaged, or not to be trusted.
    """
    # A compressed tar is read once, front to back; a plain one is skipped through.
    mode = "r:" if path.suffix.lower() == ".tar" else "r|"
    found: list[Member] = []
    opening = partial(_open_stretch, path) if mode == "r:" else _Unpacking(path, name).open
    try:
        with _tar_stream(path, name) as stream, _open_tar(stream, mode) as archive:
            for info in archive:
                if info.isdir():
                    continue
                if len(found) == MOST_MEMBERS:
                    raise DataError(
                        f"{name} has more than {MOST_MEMBERS:,} members",
                        hint="unpack it by hand and give the folder",
                    )
                if not info.isreg() or info.issparse():
                    raise not_a_file(name, info.name)
                opener = partial(opening, f"{name}/{info.name}", info.offset_data, info.size)
                found.append(Member(info.name.removeprefix("./"), info.size, opener))
    except (tarfile.TarError, ValueError, OverflowError) as error:  # the latter of numbers in its headers
        raise DataError(f"{name} is a truncated or damaged tar: {error}", hint=AGAIN) from error
    return found


def _tar_stream(path: Path, name: str) -> IO[bytes]:
    return path.open("rb") if path.suffix.lower() == ".tar" else gunzip(path, name)


def _open_tar(stream: IO[bytes], mode: str) -> tarfile.TarFile:
    if mode == "r:":
        return tarfile.open(fileobj=stream, mode="r:", tarinfo=StrictHeader)
    return tarfile.open(fileobj=stream, mode="r|", tarinfo=StrictHeader)


def _open_stretch(path: Path, label: str, offset: int, size: int) -> IO[bytes]:
    file = path.open("rb")
    file.seek(offset)
    return guarded(file, label, exact=size)


class _Unpacking:
    """A compressed tar, which is unpacked once while its members are opened in their own order.

    One that was opened from the beginning each time would take time by the square of its members. Where a
    member is closed its stream stays, for the next that is opened further on.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._left: list[tuple[int, int, IO[bytes]]] = []
        """Of each its process, how many bytes of it are read, and itself."""
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[_Unpacking], tuple[Path, str]]:
        return _Unpacking, (self._path, self._name)

    def open(self, label: str, offset: int, size: int) -> IO[bytes]:
        at, stream = self._take(offset)
        _skip(stream, offset - at)
        closing = partial(self._leave, stream, offset)
        return guarded(stream, label, exact=size, closing=closing)

    def _take(self, offset: int) -> tuple[int, IO[bytes]]:
        """The stream that stands nearest before an offset, and where that is."""
        process = os.getpid()  # a forked one would move the other's place in the file
        with self._lock:
            before = [left for left in self._left if left[0] == process and left[1] <= offset]
            if before:
                nearest = max(before, key=itemgetter(1))
                self._left.remove(nearest)
                return nearest[1:]
        return 0, gunzip(self._path, self._name)

    def _leave(self, stream: IO[bytes], offset: int, read: int) -> None:
        if read < 0:
            stream.close()
            return
        with self._lock:
            self._left.append((os.getpid(), offset + read, stream))
            oldest = self._left.pop(0) if len(self._left) > _MOST_LEFT else None
        if oldest:
            oldest[2].close()


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        data = stream.read(min(count, CHUNK))
        if not data:
            return
        count -= len(data)
