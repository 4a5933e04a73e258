"""Tables made from other tables of the same release, by DuckDB, out of core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
from polars.exceptions import PolarsError

from ecomdata.checks import own_code, said
from ecomdata.declare import Table
from ecomdata.errors import LOADER_FAULT, EcomdataError
from ecomdata.manifest import TableRecord
from ecomdata.spilling import spilling_connection
from ecomdata.sqltext import parquet, quoted
from ecomdata.store import writing

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_BATCH_ROWS: Final = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Another dataset in the store, whose tables a derived dataset is made from.

    Attributes:
        schema: What its tables stand under in the queries.
        folder: Its release.
        records: Its tables.
    """

    schema: str
    folder: Path
    records: Mapping[str, TableRecord]


def derived_frames(
    table: Table,
    records: Mapping[str, TableRecord],
    folder: Path,
    *,
    memory: str,
    absent: Sequence[Table] = (),
    origin: Origin | None = None,
) -> Iterator[pl.DataFrame]:
    """The rows of a derived table, in frames of its schema's types.

    The query sees each table it may use as a view of that name, with one more column: ``row_id``
    (BIGINT), which numbers the rows in file order.

    Args:
        table: A table with ``derive``.
        records: The release's tables so far.
        folder: The release's folder.
        memory: DuckDB's memory limit; beyond it, it spills into ``folder``.
        absent: Tables that no raw file was given for; the query sees them empty.
        origin: The dataset that this one is derived from; its tables stand under their schema.
    """
    import duckdb

    types = {name: column.dtype for name, column in table.schema.columns().items()}
    with writing(folder), spilling_connection(memory, folder / ".spill") as connection:
        connection.execute("SET preserve_insertion_order = true; SET TimeZone = 'UTC'")
        if origin is not None:
            connection.execute(f"CREATE SCHEMA {quoted(origin.schema)}")
            _create_views(connection, f"{quoted(origin.schema)}.", origin.folder, origin.records)
        _create_views(connection, "", folder, records)
        for other in absent:
            connection.register(other.name, _no_rows(other))
        try:
            size = table.gather_rows if table.assemble else _BATCH_ROWS
            reader: pa.RecordBatchReader = connection.sql(table.derive).to_arrow_reader(size)
            frames = (pl.DataFrame(batch) for batch in reader)
            for frame in _assembled(table, frames):
                yield frame.select(pl.col(name).cast(dtype) for name, dtype in types.items())
        except duckdb.OutOfMemoryException as error:
            raise EcomdataError(
                f"the table {table.name} cannot be made within {memory} of memory",
                hint="give it more, such as --memory 2GB, and check that the disk has room to spill",
            ) from error
        except (duckdb.ProgrammingError, duckdb.DataError, PolarsError) as error:
            raise EcomdataError(
                f"{table.name}: its query (derive) does not give what {table.schema.__name__} declares: "
                f"{said(error)}",
                hint=LOADER_FAULT,
            ) from error


def _create_views(
    connection: duckdb.DuckDBPyConnection, prefix: str, folder: Path, records: Mapping[str, TableRecord]
) -> None:
    for name, record in records.items():
        rows = numbered(folder / file.path for file in record.files)
        connection.execute(f"CREATE VIEW {prefix}{quoted(name)} AS {rows}")


def _assembled(table: Table, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The query's rows as the table's: as they are, or gathered group by group."""
    if table.assemble is None:
        yield from frames
        return
    for whole in whole_groups(frames, table.gather):
        with own_code(f"{table.name}: assemble"):
            made = table.assemble(whole.lazy()).collect()
        yield made


def whole_groups(frames: Iterable[pl.DataFrame], by: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The rows of some frames, cut only where ``by`` changes from one row to the next."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        if frame.is_empty():
            continue
        # Rows that are not of the frame's last group end every group before it.
        last = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).last()) for name in by)
        others = frame.select(last.not_()).to_series().arg_true()
        if held and others.is_empty() and held[-1].select(by).row(-1) == frame.select(by).row(0):
            held.append(frame)
            continue
        start = int(others[-1]) + 1 if len(others) else 0
        ready = pl.concat([*held, frame[:start]])
        if ready.height:
            yield ready
        held = [frame[start:]]
    if held:
        yield pl.concat(held)


def _no_rows(table: Table) -> pa.Table:
    """An empty table of the columns that the query may use."""
    types = {name: column.dtype for name, column in table.schema.columns().items()}
    return pl.DataFrame(schema={**types, "row_id": pl.Int64()}).to_arrow()


def numbered(paths: Iterable[Path]) -> str:
    """The rows of some Parquet files, with ``row_id``, which numbers them in file order."""
    row_id = "(file_index::BIGINT << 32) + file_row_number AS row_id"
    return f"SELECT *, {row_id} FROM {parquet(paths)}"  # noqa: S608 - paths are quoted
