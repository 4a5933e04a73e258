"""Parquet, row group by row group, with the declared types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.exceptions import PanicException, PolarsError

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, integer_limits, rows_as_json

_TYPES: Final = "give the columns upstream's own types, or load the files as upstream released them"
_BLOCK_BYTES: Final = 48 << 20
"""Uncompressed bytes read at a time; a larger row group is read in equal slices."""
_DAMAGE: Final = (PolarsError, PanicException, pa.ArrowException, OSError, ValueError)
"""What the libraries raise over damaged bytes; polars may also panic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet:
    """A reader of Parquet files. Types may be narrower than declared, or spelt otherwise, but never lossy."""

    block_bytes: int = _BLOCK_BYTES

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check names and types against the footer."""
        _open(file.local(), file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the footer, then yield row groups, the large ones in slices."""
        path = file.local()
        metadata, selection = _open(path, file.name, columns)
        sizes = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
        scale = file.size / max(1, sum(sizes))

        def rest() -> Iterator[Block]:
            start = 0
            for i, size in enumerate(sizes):
                rows = metadata.row_group(i).num_rows
                pieces = max(1, min(rows, ceil(size / self.block_bytes)))
                edges = [start + rows * piece // pieces for piece in range(pieces + 1)]
                for low, high in pairwise(edges):
                    parse = partial(_parse, path, file.name, selection, columns, low, high - low)
                    yield Block(int(size * scale / pieces), parse)
                start += rows

        return rest()


def _open(path: Path, where: str, columns: Columns) -> tuple[pq.FileMetaData, list[pl.Expr]]:
    """The footer, and the expressions that turn the file's columns into the declared ones.

    Raises:
        DriftError: names or types are not the declared ones.
        DataError: the file is truncated or not Parquet.
    """
    try:
        metadata = pq.read_metadata(path)  # pyright: ignore[reportUnknownMemberType]
        schema = pl.read_parquet_schema(path)
    except _DAMAGE as error:
        raise DataError(
            f"{where}: not a whole Parquet file ({_first_line(error)})",
            hint="the download may have been cut off; get the file again and compare sizes with upstream",
        ) from error
    names = columns.match(list(schema), where)
    wrong: list[str] = []
    selection: list[pl.Expr] = []
    for found, name in zip(schema, names, strict=True):
        expression = _lossless(pl.col(found), schema[found], columns.dtypes[name])
        if expression is None:
            wrong.append(f"{name} is {schema[found]}, declared {columns.dtypes[name]}")
        else:
            selection.append(expression.alias(name))
    if wrong:
        raise DriftError(
            where, found=list(schema), missing=(), extra=(), detail="; ".join(wrong), hint=_TYPES
        )
    return metadata, selection


def _lossless(column: pl.Expr, found: pl.DataType, wanted: pl.DataType) -> pl.Expr | None:
    """The column as the declared type, or None where that could lose something."""
    if found == wanted:
        return column
    floats = found == pl.Float32 and wanted == pl.Float64
    texts = isinstance(found, pl.Categorical | pl.Enum) and wanted == pl.String
    if _widens(found, wanted) or floats or texts or found == pl.Null:
        return column.cast(wanted)
    if isinstance(found, pl.Datetime) and isinstance(wanted, pl.Datetime):
        if found.time_unit == "ns" or wanted.time_unit != "us":
            return None
        if found.time_zone != wanted.time_zone:
            if {found.time_zone, wanted.time_zone} != {None, "UTC"}:
                return None
            column = column.dt.replace_time_zone(wanted.time_zone)
        return column.cast(wanted)
    return None


def _widens(found: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether every value of the one integer type is a value of the other."""
    if not (found.is_integer() and wanted.is_integer()):
        return False
    low, high = integer_limits(found)
    least, greatest = integer_limits(wanted)
    return least <= low and high <= greatest


def _parse(
    path: Path, where: str, selection: list[pl.Expr], columns: Columns, start: int, rows: int
) -> Batch:
    try:
        frame = pl.scan_parquet(path).slice(start, rows).select(selection).collect()
        if frame.height != rows:
            raise ValueError(f"there are {frame.height:,}")
    except _DAMAGE as error:
        raise DataError(
            f"{where}: rows {start + 1} to {start + rows} cannot be read ({_first_line(error)})",
            hint="the file is damaged; get it again and compare its size with upstream's",
        ) from error
    whole = columns.complete(frame)

    return Batch(frame=whole, span=rows, raw=partial(rows_as_json, whole))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
