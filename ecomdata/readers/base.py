"""What every reader yields: blocks that parse into batches of typed raw rows."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

import numpy as np
import polars as pl

from ecomdata.columns import Columns
from ecomdata.rawfile import RawFile

REJECTED: Final = pl.Schema(
    [
        ("row", pl.Int64()),
        ("reasons", pl.List(pl.String)),
        ("raw", pl.String()),
        ("raw_bytes", pl.Binary()),
    ]
)
"""Rejected rows: row number, every reason, the raw content, and its bytes where they are not UTF-8."""


EXACT: Final = (1 << 53) - 1
"""Whole numbers up to here are exact as floats; two that are spelt otherwise become the next one."""


def integer_limits(dtype: pl.DataType) -> tuple[int, int]:
    """The least and the greatest value of an integer type."""
    bits = int(str(dtype).removeprefix("U").removeprefix("Int"))
    if dtype.is_signed_integer():
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


def no_rejections() -> pl.DataFrame:
    """An empty frame of rejected rows."""
    return pl.DataFrame(schema=REJECTED)


def rejections(rows: Sequence[int], reasons: Sequence[list[str]], raw: Sequence[str]) -> pl.DataFrame:
    """Rejected rows whose raw content is text."""
    return pl.DataFrame(
        {"row": rows, "reasons": reasons, "raw": raw, "raw_bytes": [None] * len(rows)}, schema=REJECTED
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows of one block.

    Attributes:
        frame: Typed raw rows under the declared names.
        rows: Row number of each row of ``frame`` within the block, from 0; None when they run 0, 1, 2, ...
        span: Row numbers that the block takes up in the file, so that numbering goes on after it.
        raw: The raw content of the given positions of ``frame``, as text.
        rejected: Rows that could not become typed raw rows (see :data:`REJECTED`), rows within the block.
        dropped: Rule -> rows that the format itself left out, such as a header line in the middle.
        unverified: Keys that the file has and no column is declared for, where they are kept as JSON.
        taken: Where a reader picks its columns from among others: each declared column, with the name it was
            found under, or with an empty one.
    """

    frame: pl.DataFrame
    span: int
    raw: Callable[[Sequence[int]], list[str]]
    rows: pl.Series | None = None
    rejected: pl.DataFrame = field(default_factory=no_rejections)
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    unverified: frozenset[str] = frozenset()
    taken: frozenset[tuple[str, str]] = frozenset()


def rows_as_json(frame: pl.DataFrame, positions: Sequence[int]) -> list[str]:
    """Some rows as JSON objects: the raw content of rows that have no text of their own."""
    picked = frame[list(positions)].to_dicts()
    return [json.dumps(row, ensure_ascii=False, default=str) for row in picked]


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches that follow one another in a block, as one."""
    if len(batches) == 1:
        return batches[0]
    rows: list[pl.Series] = []
    rejected: list[pl.DataFrame] = []
    dropped: Counter[str] = Counter()
    starts: list[int] = []
    offset = height = 0
    for batch in batches:
        # There may be thousands of small batches: no query is worth starting for each.
        if batch.rows is None:
            rows.append(pl.Series(np.arange(offset, offset + batch.frame.height)))
        else:
            rows.append(batch.rows.cast(pl.Int64) + offset)
        if batch.rejected.height:
            rejected.append(batch.rejected.with_columns(pl.col("row") + offset))
        dropped.update(batch.dropped)
        starts.append(height)
        offset += batch.span
        height += batch.frame.height

    def raw(positions: Sequence[int]) -> list[str]:
        texts: dict[int, str] = {}
        owners = [bisect_right(starts, position) - 1 for position in positions]
        for owner in dict.fromkeys(owners):
            mine = [p for p, o in zip(positions, owners, strict=True) if o == owner]
            found = batches[owner].raw([p - starts[owner] for p in mine])
            texts.update(zip(mine, found, strict=True))
        return [texts[position] for position in positions]

    return Batch(
        frame=pl.concat([batch.frame for batch in batches]),
        span=offset,
        raw=raw,
        rows=pl.concat(rows),
        rejected=pl.concat(rejected) if rejected else no_rejections(),
        dropped=dropped,
        unverified=frozenset[str]().union(*(batch.unverified for batch in batches)),
        taken=frozenset[tuple[str, str]]().union(*(batch.taken for batch in batches)),
    )


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a file that can be parsed on its own.

    Attributes:
        size: Bytes of the file it stands for, for progress.
        parse: Reads it; safe to call from another thread.
    """

    size: int
    parse: Callable[[], Batch]


class Reader(Protocol):
    """Knows one format. Rows are numbered from 1, as the lines of a text are (a header line counts)."""

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the file's columns at once, then cut it into blocks as they are asked for.

        Raises:
            DriftError: the columns are not the declared ones.
            DataError: the file is damaged.
        """
        ...

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check the file's columns without reading its rows.

        Raises:
            DriftError: the columns are not the declared ones.
            DataError: the file is damaged.
        """
        ...


@runtime_checkable
class Selective(Protocol):
    """A reader that cannot fill every column that can be declared, and says so beforehand."""

    def misfits(self, columns: Columns) -> list[str]:
        """What of a declaration it cannot do, in words; nothing where it can do all of it."""
        ...


def unreadable(reader: Reader, dtypes: Mapping[str, pl.DataType], *, nested: bool = False) -> list[str]:
    """The columns of types that text does not say in one way only: polars guesses, rounds or fails there.

    Args:
        reader: Whose columns they are.
        dtypes: Column -> declared type.
        nested: Whether it takes lists and objects, too.
    """
    takes = "text, truth values, integers and floats" + (", and lists and objects of them" if nested else "")
    text = "dy.String(), and in loose what is not text in the file," if nested else "dy.String()"
    reads = f"{type(reader).__name__} reads {takes}"
    return [
        f"{name} is {dtype}, and {reads}; declare {text} and convert in normalize"
        for name, dtype in dtypes.items()
        if not _is_plain(dtype, nested=nested)
    ]


def _is_plain(dtype: object, *, nested: bool) -> bool:
    if nested and isinstance(dtype, pl.List):
        return _is_plain(dtype.inner, nested=True)
    if nested and isinstance(dtype, pl.Struct):
        return bool(dtype.fields) and all(_is_plain(field.dtype, nested=True) for field in dtype.fields)
    words = (pl.String, pl.Boolean) if nested else (pl.String, pl.Boolean, pl.Enum, pl.Categorical)
    return isinstance(dtype, words) or (
        isinstance(dtype, pl.DataType) and (dtype.is_integer() or dtype.is_float())
    )


def undeclared(columns: Columns, **options: Iterable[str]) -> list[str]:
    """The columns that a reader's options name and the schema has not."""
    return [
        f"{option} names {name!r}, which is no column of {columns.schema.__name__}"
        for option, names in options.items()
        for name in names
        if name not in columns.dtypes
    ]
