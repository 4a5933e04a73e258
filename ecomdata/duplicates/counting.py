"""How many rows would go, in all and by source and category, and whether that is too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from ecomdata.duplicates.sources import NONE, batches, require_column
from ecomdata.errors import UsageError
from ecomdata.release import TableData
from ecomdata.texts.gramhashes import Ints

FEWEST: Final = 100
"""A source or category with fewer rows is not judged: of two rows, one is half."""
_SCHEMA: Final = {
    "by": pl.String,
    "value": pl.String,
    "rows": pl.Int64,
    "removed": pl.Int64,
    "share": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of the same source or category: the column and its value, how many there are and would go."""

    by: str
    value: str
    rows: int
    removed: int

    @property
    def share(self) -> float:
        """The share that would go."""
        return self.removed / self.rows if self.rows else 0.0


def check_columns(table: TableData, by: Sequence[str]) -> None:
    """Check that rows can be counted by these columns.

    Raises:
        UsageError: there is no such column, or its values are no names.
    """
    for column in by:
        require_column(table, column)
        dtype = table.record.columns[column]
        if dtype.startswith(("Struct", "Array", "Binary")):
            raise UsageError(
                f"rows cannot be counted by {column}, which holds {dtype}", hint="name a column of categories"
            )


def count(table: TableData, removed: Ints, by: Sequence[str]) -> pl.DataFrame:
    """All rows and those that go: of the whole table (``by`` is ``table``), and by the values of each column.

    Returns:
        ``by``, ``value``, ``rows``, ``removed``, ``share``; the whole first, then by each column those that
        lose most rows.
    """
    total = table.record.written
    parts = [pl.DataFrame([("table", table.name, total, len(removed))], list(_SCHEMA)[:4], orient="row")]
    parts += [_by_column(table, removed, column) for column in dict.fromkeys(by)]
    whole = pl.concat([part.cast({"rows": pl.Int64, "removed": pl.Int64}) for part in parts])
    share = pl.when(pl.col("rows") > 0).then(pl.col("removed") / pl.col("rows")).otherwise(0.0)
    return whole.with_columns(share=share)


def _by_column(table: TableData, removed: Ints, column: str) -> pl.DataFrame:
    at = 0
    parts: list[pl.DataFrame] = []
    for batch in batches(table, column):
        frame = pl.DataFrame(batch)
        gone = np.zeros(frame.height, np.bool_)
        inside = removed[np.searchsorted(removed, at) : np.searchsorted(removed, at + frame.height)]
        gone[inside - at] = True
        at += frame.height
        value = _as_text(column, frame.schema[column]).fill_null(NONE)
        named = frame.select(value=value, gone=pl.Series(gone))
        parts.append(named.group_by("value").agg(rows=pl.len(), removed=pl.col("gone").sum()))
        if len(parts) > 64:
            parts = [_summed(parts)]
    by = pl.lit(column).alias("by")
    summed = _summed(parts).sort("removed", "value", descending=[True, False])
    return summed.select(by, "value", "rows", "removed")


def _summed(parts: list[pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"value": pl.String, "rows": pl.UInt32, "removed": pl.UInt32})
    return pl.concat([empty, *parts], how="vertical_relaxed").group_by("value").agg(pl.all().sum())


def _as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """A value as a name; of a path, its parts with > between."""
    if isinstance(dtype, pl.List):
        return pl.col(column).list.eval(pl.element().cast(pl.String)).list.join(" > ", ignore_nulls=True)
    return pl.col(column).cast(pl.String)


def foremost(counts: pl.DataFrame, most: int) -> pl.DataFrame:
    """The counts by each column, at most so many of each."""
    return counts.group_by("by", maintain_order=True).head(most)


def too_many(counts: pl.DataFrame, most: float) -> tuple[Group, ...]:
    """Groups of at least ``FEWEST`` rows (and the table, whatever its size) that lose a greater share."""
    judged = (pl.col("rows") >= FEWEST) | (pl.col("by") == "table")
    found = counts.filter(judged & (pl.col("share") > most)).drop("share")
    return tuple(Group(*row) for row in found.iter_rows())
