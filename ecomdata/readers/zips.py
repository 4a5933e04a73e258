"""Zips from strangers: their directory, and which members may be read at all.

Nothing that a zip says of itself is believed: its directory is read in a bounded piece, members that are
encrypted or packed in unusual ways are refused, and so is what would grow beyond reason.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ecomdata.errors import DataError

RATIO: Final = 200
"""How many times its own size an archive may grow to; tables of text stay below 50."""

ALWAYS: Final = 100_000_000
"""Bytes that an archive may grow to whatever its size."""

DAMAGED: Final = (zipfile.BadZipFile, zlib.error)
"""What reading a member may raise besides errors of values and of the system."""

BOMB: Final = "this looks like a decompression bomb; if you trust it, unpack it and give the folder"
AGAIN: Final = "get the archive again; its copying or download stopped early"

_DIRECTORY_BYTES: Final = 32 << 20
"""About 300,000 members."""
_MOST: Final = (1 << 63) - 1
_EMPTY: Final = 22
"""Bytes of a zip without members and without a comment."""
_PACKED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Python unpacks the others (bzip2, LZMA) in pieces whose size the archive alone decides: gigabytes of a
megabyte."""


class _Bounded(io.FileIO):
    """A file that is not read in one piece beyond a directory of a reasonable size."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(path)
        self._name = name

    def read(self, size: int | None = -1, /) -> bytes:
        # The end of the archive says how large its directory is, and zipfile takes its word.
        if size is not None and size > _DIRECTORY_BYTES:
            raise DataError(
                f"{self._name}: its directory claims {size:,} bytes, more than {_DIRECTORY_BYTES:,}",
                hint="no archive that upstream publishes has so many members; unpack it by hand and look",
            )
        return super().read(size) or b""


def zip_directory(path: Path, name: str) -> list[zipfile.ZipInfo]:
    """The entries of a zip, folders included, in its own order; ``name`` is what messages call it.

    Nothing is checked that matters only where a member is unpacked: paths, links, encryption, ratios.

    Raises:
        DataError: it is truncated or damaged, or has a directory without reason or end.
    """
    try:
        with _Bounded(path, name) as file, zipfile.ZipFile(file) as archive:
            entries, end = archive.infolist(), _EMPTY + len(archive.comment)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError) as error:
        raise DataError(
            f"{name} is a truncated or damaged zip: its directory at the end cannot be read"
            f" ({path.stat().st_size:,} bytes are there; {error})",
            hint=AGAIN,
        ) from error
    size = path.stat().st_size
    if not entries and size > end:
        raise DataError(f"{name} is a damaged zip: its directory names no member", hint=AGAIN)
    for entry in entries:
        # Where bytes are missing, zipfile takes the offsets to be off by as many, below 0 for the first.
        placed = 0 <= entry.header_offset < size
        if not placed or not entry.filename:
            raise DataError(
                f"{name} is a damaged zip: its directory has a member without a "
                f"{'name' if placed else 'place in the file'}",
                hint="get the archive again; its copying or download lost a part",
            )
        if max(entry.file_size, entry.compress_size) > _MOST:
            raise DataError(
                f"{name}/{entry.filename} claims more bytes than any file can have",
                hint="the archive is damaged or hostile; get it again from upstream",
            )
    return entries


@contextmanager
def opened_zip(path: Path, name: str, *, hint: str = BOMB) -> Generator[zipfile.ZipFile]:
    """A zip all of whose members may be read; they are plain streams that zipfile checks by their CRC.

    Args:
        path: The file.
        name: What messages call it.
        hint: What to do about one that grows too much.

    Raises:
        DataError: it is damaged, or a member of it may not be read.
    """
    entries = zip_directory(path, name)
    for entry in entries:
        check_member(entry, name, hint=hint)
    check_growth(sum(entry.file_size for entry in entries), path, name, hint=hint)
    with _Bounded(path, name) as file, zipfile.ZipFile(file) as archive:
        yield archive


def check_member(entry: zipfile.ZipInfo, name: str, *, hint: str = BOMB) -> None:
    """Check that a member can be unpacked, by what the directory says of it.

    Raises:
        DataError: it is encrypted, a patch, packed otherwise than by deflate, or would grow beyond reason.
    """
    where = f"{name}/{entry.filename}"
    if entry.flag_bits & 0x41:  # the second means strong encryption
        raise DataError(f"{where} is encrypted", hint="unpack the archive with its password, give the folder")
    if entry.flag_bits & 0x20:
        raise DataError(
            f"{where} is a patch of another file, which is not unpacked here",
            hint="unpack the archive with another program and give the folder",
        )
    if entry.compress_type not in _PACKED:
        raise DataError(
            f"{where} is packed by method {entry.compress_type}; only 8, deflate, is unpacked here",
            hint="unpack the archive with another program and give the folder",
        )
    if entry.file_size > max(ALWAYS, RATIO * entry.compress_size):
        raise DataError(
            f"{where} would grow from {entry.compress_size:,} to {entry.file_size:,} bytes,"
            f" more than {RATIO} times",
            hint=hint,
        )


def check_growth(total: int, path: Path, name: str, *, hint: str = BOMB) -> None:
    """Check that all members together stay within reason.

    Raises:
        DataError: they do not.
    """
    size = path.stat().st_size
    if total > max(ALWAYS, RATIO * size):
        raise DataError(
            f"{name} would grow from {size:,} to {total:,} bytes, more than {RATIO} times", hint=hint
        )
