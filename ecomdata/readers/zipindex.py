"""The directory of a zip archive: what is in it, without unpacking anything."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from ecomdata.columns import Columns
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, rows_as_json
from ecomdata.readers.zips import zip_directory

COLUMNS: Final = pl.Schema(
    {"member": pl.String(), "size": pl.Int64(), "packed_size": pl.Int64(), "crc32": pl.UInt32()}
)
"""What the directory says of a member: path, bytes unpacked and packed, checksum of the unpacked bytes."""

_BLOCK_ROWS: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipIndex:
    """A reader of zip directories: a row for each member (:data:`COLUMNS`); nothing is unpacked.

    Entries that stand for a folder are left out and counted.
    """

    def misfits(self, columns: Columns) -> list[str]:
        """What of a declaration it cannot do."""
        if columns.dtypes == dict(COLUMNS):
            return []
        gives = ", ".join(f"{name} ({dtype})" for name, dtype in COLUMNS.items())
        return [f"ZipIndex gives {gives}, and all of them are declared, with these types"]

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check that the directory can be read, and that the declared columns are what it gives."""
        columns.match(COLUMNS.names(), file.name)
        zip_directory(file.local(), file.name)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Read the directory, then yield blocks of its entries."""
        columns.match(COLUMNS.names(), file.name)
        entries = zip_directory(file.local(), file.name)
        pieces = [entries[at : at + _BLOCK_ROWS] for at in range(0, len(entries), _BLOCK_ROWS)]
        return (Block(file.size // len(pieces), partial(_parse, piece, columns)) for piece in pieces)


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
