"""The labels of vectors: columns of their own table, of the table they were made from, or of another one."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import numpy as np
import polars as pl

from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.interrupts import interruptible
from ecomdata.spilling import spilling_connection
from ecomdata.sqltext import literal, parquet, quoted
from ecomdata.store import writing
from ecomdata.vectors.blocks import Ints

if TYPE_CHECKING:
    from ecomdata.embeddings.sets import EmbeddingSet
    from ecomdata.release import Release, TableData

USUAL: Final = (("category_path", "category_id"), ("brand", "brand_id"), ("rating",))
"""Columns that are labels where none is named: of each group the first that there is."""
LEVEL: Final = " > "
"""Between the levels of a path of categories."""
_ROW: Final = "row_id"
_PLACE: Final = "place of the vector"
"""No column of a table is called so."""


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """A column of labels, and how its rows find the vectors.

    Attributes:
        name: As it was asked for.
        column: The column.
        table: Its table in the release; None for a column of the vectors' own files.
        by: Columns that vectors and the table have in common; empty where ``row_id`` numbers its rows.
    """

    name: str
    column: str
    table: TableData | None = None
    by: tuple[str, ...] = ()


def found_column(one: EmbeddingSet, release: Release, name: str) -> LabelColumn:
    """The column of labels that a name means: ``COLUMN``, or ``TABLE.COLUMN`` of another table.

    Raises:
        UsageError: there is none, or nothing says which of its rows belongs to which vector.
    """
    table, dot, column = name.rpartition(".")
    own = pl.scan_parquet(one.paths[0], glob=False).collect_schema().names() if one.paths else []
    numbered = one.table in release and _ROW in own
    if not dot:
        columns = [other for other in own if other != one.vector_column]
        if name in columns:
            return LabelColumn(name, name)
        if numbered and name in release[one.table].record.columns:
            return LabelColumn(name, name, release[one.table])
        there = dict.fromkeys([*columns, *(release[one.table].record.columns if numbered else ())])
        raise UsageError(
            f"{one.name} has no labels {name!r}",
            hint=f"columns are {', '.join(there)}; those of other tables are named like TABLE.COLUMN",
        )
    if column not in release[table].record.columns:
        raise UsageError(
            f"{release.manifest.dataset} {table} has no column {column!r}",
            hint=f"its columns are {', '.join(release[table].record.columns)}",
        )
    if numbered and table == one.table:
        return LabelColumn(name, column, release[table])
    if by := tuple(key for key in one.keys if key in release[table].record.columns):
        return LabelColumn(name, column, release[table], by)
    raise UsageError(
        f"nothing says which row of {table} belongs to which vector of {one.name}",
        hint=f"a table with {' and '.join(one.keys) or 'its keys'} does",
    )


def usual_columns(one: EmbeddingSet, release: Release) -> list[LabelColumn]:
    """The columns that tell what a row is, of the table that the vectors were made from."""
    if one.table not in release:
        return []
    columns = release[one.table].record.columns
    names = [next((name for name in group if name in columns), None) for group in USUAL]
    return [found_column(one, release, name) for name in names if name is not None]


class Labels:
    """The labels of all vectors that are not null, in their order, as a Parquet file in its own folder."""

    def __init__(self, path: Path, columns: Sequence[LabelColumn]) -> None:
        self.columns = tuple(columns)
        self._path = path

    def at(self, column: LabelColumn, places: Ints) -> pl.Series:
        """The labels of vectors by their numbers, which are in rising order; read batch by batch."""
        parts: list[pl.Series] = []
        first = 0
        for batch in self.batches(column):
            low, high = np.searchsorted(places, [first, first + len(batch)])
            parts.append(batch.gather(places[low:high] - first))
            first += len(batch)
        return pl.concat(parts) if parts else pl.Series(dtype=pl.String)

    def batches(self, column: LabelColumn) -> Iterator[pl.Series]:
        """All labels of a column."""
        import pyarrow.parquet as pq

        name = str(self.columns.index(column))
        with pq.ParquetFile(self._path) as file:
            for batch in file.iter_batches(1 << 16, columns=[name]):
                yield pl.DataFrame(batch).to_series().cast(pl.String)

    def counts(self, column: LabelColumn, memory: str) -> tuple[int, int, float | None]:
        """Rows with a label, different labels, and the chance that two different rows have the same."""
        name = quoted(str(self.columns.index(column)))
        query = (
            "SELECT coalesce(sum(n), 0), count(*), sum(n::DOUBLE * (n - 1)) FROM (SELECT count(*) AS n FROM "  # noqa: S608
            f"{parquet([self._path])} WHERE {name} IS NOT NULL GROUP BY {name})"
        )
        with spilling_connection(memory, self._path.parent) as connection, _readable(memory):
            ((rows, values, pairs),) = connection.execute(query).fetchall()
        chance = float(pairs) / (float(rows) * (float(rows) - 1)) if rows > 1 else None
        return int(rows), int(values), chance

    def several(self, column: LabelColumn) -> int:
        """Rows to whose key the table gives several labels; they are without one."""
        if not column.by:
            return 0
        name = _several(self.columns.index(column))
        return int(pl.read_parquet(self._path, columns=[name], glob=False).to_series().sum())


@contextmanager
def labels_of(
    one: EmbeddingSet, columns: Sequence[LabelColumn], *, memory: str, spill: Path
) -> Generator[Labels]:
    """Bring labels into the order of the vectors, on disk; the file goes with the context.

    Raises:
        EcomdataError: there is too little memory or disk.
        DataError: a file cannot be read.
    """
    folder = spill / f".labels-{uuid.uuid4().hex[:8]}"
    with writing(folder):
        folder.mkdir(parents=True)
        try:
            path = folder / "labels.parquet"
            if columns:
                _write(one, columns, path, memory)
            yield Labels(path, columns)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _write(one: EmbeddingSet, columns: Sequence[LabelColumn], path: Path, memory: str) -> None:
    with spilling_connection(memory, path.parent) as connection, _readable(memory), interruptible(connection):
        connection.execute("SET preserve_insertion_order = true; SET TimeZone = 'UTC'")
        joins: list[str] = []
        shown: list[str] = []
        for place, column in enumerate(columns):
            if column.table is None:
                shown.append(f"{_as_text(connection, one.paths, column.column, 'v')} AS {quoted(str(place))}")
                continue
            joins.append(_join(connection, column, column.table, place))
            shown.append(f"l{place}.label AS {quoted(str(place))}")
            if column.by:
                shown.append(f"l{place}.several AS {quoted(_several(place))}")
        order = f" ORDER BY v.{quoted(_PLACE)}" if joins else ""
        query = (
            f"SELECT {', '.join(shown)} FROM (SELECT *, (file_index::BIGINT << 32) + file_row_number AS "  # noqa: S608
            f"{quoted(_PLACE)} FROM {parquet(one.paths)} WHERE {quoted(one.vector_column)} IS NOT NULL) v "
            f"{' '.join(joins)}{order}"
        )
        connection.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet)")


def _join(connection: duckdb.DuckDBPyConnection, column: LabelColumn, table: TableData, place: int) -> str:
    """A join with a table's labels: by the number of the row, or by keys; several of one key are none."""
    text = _as_text(connection, table.paths, column.column, "t")
    if column.by:
        keys = ", ".join(map(quoted, column.by))
        labels = (
            f"SELECT {keys}, min({text}) <> max({text}) AS several, CASE WHEN min({text}) = max({text}) "  # noqa: S608
            f"THEN min({text}) END AS label FROM {parquet(table.paths)} t GROUP BY {keys}"
        )
        return f"LEFT JOIN ({labels}) l{place} USING ({keys})"
    before = np.cumsum([0, *(file.rows for file in table.record.files)])
    starts = ", ".join(f"({number}, {rows})" for number, rows in enumerate(before[:-1].tolist()))
    labels = (
        f"SELECT s.start + t.file_row_number + 1 AS row_id, {text} AS label FROM (SELECT *, file_index AS f, "  # noqa: S608
        f"file_row_number FROM {parquet(table.paths)}) t JOIN (VALUES {starts}) s(f, start) USING (f)"
    )
    return f"LEFT JOIN ({labels}) l{place} ON l{place}.row_id = v.{_ROW}"


def _as_text(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], column: str, alias: str) -> str:
    """A column as text; a path of categories with all its levels, null where there are none."""
    described = connection.execute(f"DESCRIBE SELECT {quoted(column)} FROM {parquet(paths)}").fetchall()  # noqa: S608
    name = f"{alias}.{quoted(column)}"
    if str(described[0][1]).endswith("[]"):
        return f"nullif(array_to_string({name}, {literal(LEVEL)}), '')"
    return f"CAST({name} AS VARCHAR)"


def _several(place: int) -> str:
    return f"several {place}"


@contextmanager
def _readable(memory: str) -> Generator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EcomdataError(
            f"labels cannot be brought to the vectors within {memory} of memory",
            hint="give it more, such as --memory 2GB, and check that the disk has room to spill",
        ) from error
    except duckdb.Error as error:
        raise DataError(f"labels cannot be read: {str(error).splitlines()[0]}") from error
