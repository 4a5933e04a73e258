"""The directory of a zip archive: what is in it, without unpacking anything."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from ecomdata.columns import Columns
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, rows_as_json

COLUMNS: Final = pl.Schema(
    {"member": pl.String(), "size": pl.Int64(), "packed_size": pl.Int64(), "crc32": pl.UInt32()}
)
"""What the directory says of a member: path, bytes unpacked and packed, checksum of the unpacked bytes."""

_DIRECTORY_BYTES: Final = 32 << 20
"""About 300,000 members; as objects of Python they take some ten times that."""
_MOST: Final = (1 << 63) - 1
_BLOCK_ROWS: Final = 1 << 16


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
            entries = archive.infolist()
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError) as error:
        raise DataError(
            f"{name} is a truncated or damaged zip: its directory at the end cannot be read"
            f" ({path.stat().st_size:,} bytes are there; {error})",
            hint="get the archive again; its copying or download stopped early",
        ) from error
    for entry in entries:
        # Where bytes are missing, zipfile takes the offsets to be off by as many, below 0 for the first.
        if entry.header_offset < 0 or not entry.filename:
            raise DataError(
                f"{name} is a damaged zip: its directory has a member without a "
                f"{'name' if entry.header_offset >= 0 else 'place in the file'}",
                hint="get the archive again; its copying or download lost a part",
            )
        if max(entry.file_size, entry.compress_size) > _MOST:
            raise DataError(
                f"{name}/{entry.filename} claims more bytes than any file can have",
                hint="the archive is damaged or hostile; get it again from upstream",
            )
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipIndex:
    """A reader of zip directories: a row for each member (:data:`COLUMNS`); nothing is unpacked.

    Entries that stand for a folder are left out and counted.
    """

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check that the directory can be read, and that the declared columns are what it gives."""
        columns.match(COLUMNS.names(), file.name)
        zip_directory(file.local(), file.name)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Read the directory, then yield blocks of its entries."""
        columns.match(COLUMNS.names(), file.name)
        entries = zip_directory(file.local(), file.name)
        pieces = [entries[at : at + _BLOCK_ROWS] for at in range(0, len(entries), _BLOCK_ROWS)]
        sizes = [file.size // len(pieces) for _ in pieces]
        return (
            Block(size, partial(_parse, piece, columns)) for size, piece in zip(sizes, pieces, strict=True)
        )


def _parse(entries: list[zipfile.ZipInfo], columns: Columns) -> Batch:
    # The original name is the one in the archive; zipfile cuts the other at a NUL.
    found = [
        (place, entry.orig_filename, entry.file_size, entry.compress_size, entry.CRC)
        for place, entry in enumerate(entries)
        if not entry.is_dir()
    ]
    frame = pl.DataFrame(found, schema={"place": pl.Int64(), **COLUMNS}, orient="row")
    whole = columns.complete(frame.select(COLUMNS.names()))
    folders = len(entries) - frame.height
    return Batch(
        frame=whole,
        span=len(entries),
        raw=partial(rows_as_json, whole),
        rows=frame["place"],
        dropped={"a folder": folders} if folders else {},
    )
