"""The texts of a column in the store, in the order in which they are compared, and the row of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ecomdata.errors import UsageError
from ecomdata.release import TableData
from ecomdata.texts.gramhashes import Ints

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH: Final = 1 << 15
_MOST_SIDES: Final = 255
_ROW: Final = "number of the row"
"""No column of a table is called so."""
NONE: Final = "(none)"
"""The name of the side of rows without a split, and of the group of rows without a value."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of texts of a table in the store.

    Raises:
        UsageError: the table has no such column, or it holds no texts.
    """

    table: TableData
    column: str

    def __post_init__(self) -> None:
        columns = self.table.record.columns
        require_column(self.table, self.column)
        if columns[self.column] not in {"String", "Binary", "Categorical"}:
            texts = [name for name, dtype in columns.items() if dtype == "String"]
            raise UsageError(
                f"{self.name} holds {columns[self.column]}, not texts",
                hint=f"columns of texts: {', '.join(texts) or 'none'}",
            )

    @property
    def name(self) -> str:
        """Dataset, table and column."""
        return f"{self.table.dataset}.{self.table.name}.{self.column}"


def require_column(table: TableData, column: str) -> None:
    """Check that a table has a column.

    Raises:
        UsageError: it has none of this name.
    """
    if column not in table.record.columns:
        raise UsageError(
            f"{table.dataset} {table.name} has no column {column!r}",
            hint=f"its columns are {', '.join(table.record.columns)}",
        )


def batches(table: TableData, *columns: str) -> Iterator[Any]:
    """Record batches of some columns, in the order of the rows."""
    import pyarrow.parquet as pq

    for path in table.paths:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH, columns=list(columns))


@dataclass(slots=True)
class Corpus:
    """Texts to compare. Once :meth:`texts` is read to its end, ``rows`` says where each stands.

    Attributes:
        column: The column whose duplicates are looked for.
        sides: The names of the sides, the lowest first; empty where there are none.
        sizes: The rows of each.
        rows: For each text, the number of its row in its table, from 0.
    """

    column: TextColumn
    sides: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def side(self) -> npt.NDArray[np.uint8] | None:
        """The side of each text; None where there are none."""
        return np.repeat(np.arange(len(self.sizes), dtype=np.uint8), self.sizes) if self.sides else None

    def texts(self) -> Iterator[pa.Array[Any]]:
        """The column as it is, row by row."""
        for batch in batches(self.column.table, self.column.column):
            yield batch.column(0)
        self.rows = np.concatenate([*self.by_side()])

    def by_side(self) -> Iterator[Ints]:
        """The numbers of the rows of each side, the lowest first; of all rows where there are none."""
        yield np.arange(self.column.table.record.written)


@dataclass(slots=True)
class Against(Corpus):
    """The same after another column, whose rows stay."""

    others: tuple[TextColumn, ...] = ()

    def texts(self) -> Iterator[pa.Array[Any]]:
        """The other column, then this one."""
        for column in (*self.others, self.column):
            for batch in batches(column.table, column.column):
                yield batch.column(0)
        self.rows = np.concatenate([*self.by_side()])

    def by_side(self) -> Iterator[Ints]:
        """See :class:`Corpus`."""
        yield from map(np.arange, self.sizes)


@dataclass(slots=True)
class Splits(Corpus):
    """The same split by split: the smallest first, for it is the one to keep whole."""

    split: str = ""

    def texts(self) -> Iterator[pa.Array[Any]]:
        """The texts of each split."""
        for name in self.sides:
            for batch in batches(self.column.table, self.column.column, self.split):
                frame = pl.DataFrame(batch)
                chosen = frame.select(_as_name(self.split) == name).to_series().arg_true()
                yield frame[self.column.column].gather(chosen).to_arrow()
        self.rows = np.concatenate([*self.by_side()])

    def by_side(self) -> Iterator[Ints]:
        """See :class:`Corpus`."""
        names = self.column.table.scan().select(_as_name(self.split)).collect()
        for name in self.sides:
            yield (names.to_series() == name).arg_true().to_numpy().astype(np.int64)


def _as_name(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).fill_null(NONE)


def against(column: TextColumn, other: TextColumn) -> Against:
    """The texts of a column, and before them those of another.

    Raises:
        UsageError: they are the same.
    """
    if column.name == other.name:
        raise UsageError(
            f"{column.name} is compared with itself", hint="leave --against away to find its own duplicates"
        )
    sizes = other.table.record.written, column.table.record.written
    return Against(column, (other.name, column.name), sizes, others=(other,))


def splits_of(column: TextColumn, split: str) -> Splits:
    """The texts by the values of a column.

    Raises:
        UsageError: there is no such column, or it holds no names, or it has one value only, or too many.
    """
    require_column(column.table, split)
    where = f"{column.table.dataset} {column.table.name} {split}"
    dtype = column.table.record.columns[split]
    if dtype.startswith(("List", "Struct", "Array", "Binary")):
        raise UsageError(f"{where} holds {dtype}, no splits", hint="name a column that tells splits apart")
    named = column.table.scan().group_by(_as_name(split).alias("name"))
    counts = named.len().sort("len", "name").collect()
    if counts.height < 2:
        raise UsageError(f"{where} has one value only", hint="name a column that tells splits apart")
    if counts.height > _MOST_SIDES:
        raise UsageError(
            f"{where} has {counts.height:,} values", hint=f"at most {_MOST_SIDES} splits can be compared"
        )
    return Splits(column, tuple(counts["name"]), tuple(counts["len"]), split=split)


def row_times(table: TableData, column: str) -> pl.Series:
    """When each row was made.

    Raises:
        UsageError: the column holds neither times nor numbers.
    """
    require_column(table, column)
    series = table.scan().select(column).collect().to_series()
    if not (series.dtype.is_temporal() or series.dtype.is_integer()):
        raise UsageError(
            f"{table.dataset} {table.name} {column} holds {series.dtype}, no times",
            hint="name a column of times or of whole numbers with --newest-by",
        )
    return series


def values_at(table: TableData, rows: Ints, *columns: str) -> pl.DataFrame:
    """Some columns of some rows, in the order of the rows given."""
    wanted = pl.DataFrame({_ROW: rows}, schema={_ROW: pl.Int64})
    found = (
        table.scan()
        .select(columns)
        .with_row_index(_ROW)
        .with_columns(pl.col(_ROW).cast(pl.Int64))
        .join(wanted.unique().lazy(), on=_ROW, how="semi")
        .collect(engine="streaming")
    )
    return wanted.join(found, on=_ROW, how="left", maintain_order="left").select(columns)
