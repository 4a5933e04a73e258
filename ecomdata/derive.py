"""Tables made from other tables of the same release, by DuckDB, out of core."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import polars as pl

from ecomdata.declare import Table
from ecomdata.errors import EcomdataError, UsageError
from ecomdata.manifest import TableRecord
from ecomdata.sqltext import literal, quoted
from ecomdata.store import writing

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS: Final = 128 * 1024


def derived_frames(
    table: Table, records: Mapping[str, TableRecord], folder: Path, *, memory: str
) -> Iterator[pl.DataFrame]:
    """The rows of a derived table, in frames of its schema's types.

    The query sees each table it may use as a view of that name, with one more column: ``row_id``
    (BIGINT), which numbers the rows in file order.

    Args:
        table: A table with ``derive``.
        records: The release's tables so far.
        folder: The release's folder.
        memory: DuckDB's memory limit; beyond it, it spills into ``folder``.
    """
    types = {name: column.dtype for name, column in table.schema.columns().items()}
    with writing(folder), _connection(folder, memory) as connection:
        for name, record in records.items():
            paths = [str(folder / file.path) for file in record.files]
            connection.execute(f"CREATE VIEW {quoted(name)} AS {_numbered(paths)}")
        try:
            reader: pa.RecordBatchReader = connection.sql(table.derive).to_arrow_reader(_BATCH_ROWS)
            for batch in reader:
                frame = pl.DataFrame(batch)
                yield frame.select(pl.col(name).cast(dtype) for name, dtype in types.items())
        except duckdb.OutOfMemoryException as error:
            raise EcomdataError(
                f"the table {table.name} cannot be made within {memory} of memory",
                hint="give it more, such as --memory 2GB, and check that the disk has room to spill",
            ) from error


@contextmanager
def _connection(folder: Path, memory: str) -> Generator[duckdb.DuckDBPyConnection]:
    try:
        connection = duckdb.connect(config={"memory_limit": memory, "temp_directory": str(folder / ".spill")})
    except duckdb.Error as error:
        raise UsageError(
            f"{memory!r} is not an amount of memory", hint="write it like 512MB or 2GB"
        ) from error
    with connection:
        connection.execute("SET preserve_insertion_order = true; SET TimeZone = 'UTC'")
        yield connection


def _numbered(paths: Sequence[str]) -> str:
    files = ", ".join(map(literal, paths))
    row_id = "(file_index::BIGINT << 32) + file_row_number AS row_id"
    return f"SELECT *, {row_id} FROM read_parquet([{files}])"  # noqa: S608 - paths are quoted
