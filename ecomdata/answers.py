"""Writing the answer to a query: a table to look at, or data to work with."""

from __future__ import annotations

import sys
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Literal

from ecomdata.arrowbatches import FEW_ROWS, gathered
from ecomdata.console import plain, plain_json
from ecomdata.durable import aside
from ecomdata.errors import UsageError
from ecomdata.pathnames import irreplaceable
from ecomdata.spreadsheets import guarded
from ecomdata.sqltext import fitting, through_polars
from ecomdata.store import writing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import duckdb
    import polars as pl
    import pyarrow as pa
    from polars.datatypes import DataTypeClass

Form = Literal["table", "csv", "json", "parquet"]
_ENDS: Final[dict[str, Form]] = {".txt": "table", ".csv": "csv", ".json": "json", ".parquet": "parquet"}
_TABLE_ROWS: Final = 10_000
"""Rows of a table that DuckDB draws at most."""
_ENDLESS: Final = 2**31 - 1
_BATCH_ROWS: Final = 100_000


def form_of(output: Path | None) -> Form:
    """The form that the end of a file's name says; a table for stdout.

    Raises:
        UsageError: it says none.
    """
    if output is None:
        return "table"
    form = _ENDS.get(output.suffix.lower())
    if form is None:
        raise UsageError(
            f"the name of {output} says no format",
            hint=f"end it in {', '.join(_ENDS)}, or say --format table, csv, json or parquet",
        )
    return form


def write_answer(
    answer: duckdb.DuckDBPyRelation, form: Form, output: Path | None, *, guard: bool = True
) -> None:
    """Write an answer to a file or to stdout.

    Args:
        answer: What :func:`ecomdata.catalog.ask` gives.
        form: ``json`` is an array of objects. A table on stdout shows some of many rows, one in a file all.
        output: A file, or None for stdout. On a terminal no control character of the data gets through.
        guard: Guard texts in CSV that a spreadsheet would run, as :func:`ecomdata.spreadsheets.guarded` does.

    Raises:
        UsageError: Parquet for a terminal, two columns of one name, or too many rows for a table.
    """
    if form == "table":
        if output is None:
            print(plain(str(answer)))  # noqa: T201
        else:
            _write_table(answer, output)
        return
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="give a file with --output")
    answer = fitting(answer, form)
    if form == "parquet":
        with _target(output) as stream:
            _write_parquet(answer, stream)
        return
    with _target(output) as stream, through_polars():
        if form == "csv":
            for number, frame in enumerate(_frames(answer)):
                flat = _flat(frame)
                text = (guarded(flat) if guard else flat).write_csv(
                    include_header=not number, null_value='""' if flat.width == 1 else None
                )
                stream.write((plain(text) if output is None and sys.stdout.isatty() else text).encode())
        else:
            _write_json(answer, stream)


def _write_table(answer: duckdb.DuckDBPyRelation, output: Path) -> None:
    if answer.limit(1, offset=_TABLE_ROWS).fetchall():
        raise UsageError(
            f"a table of text has {_TABLE_ROWS:,} rows at most, and the answer has more",
            hint="write it as CSV, JSON or Parquet",
        )
    drawn = StringIO()
    with redirect_stdout(drawn):
        answer.show(max_rows=_TABLE_ROWS, max_width=_ENDLESS, max_col_width=_ENDLESS)
    with _target(output) as stream:
        stream.write(plain(drawn.getvalue()).encode())


@contextmanager
def _target(output: Path | None) -> Generator[IO[bytes]]:
    """The output file, which appears whole or not at all, or stdout."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if irreplaceable(output):
        with writing(output), output.open("wb") as stream:
            yield stream
        return
    with aside(output) as temporary:
        with writing(output), temporary.open("wb") as stream:
            yield stream
        temporary.replace(output)


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The rows of an answer, which DuckDB makes as they are read, in batches of a size to write.

    Raises:
        UsageError: the query failed on the way.
    """
    import pyarrow as pa

    try:
        yield from gathered(reader, _BATCH_ROWS)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(str(error), hint="the query failed over some of the rows") from error


def _frames(answer: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
    """The answer in frames; at least one, so that a header is always written."""
    import polars as pl

    reader = answer.to_arrow_reader(FEW_ROWS)
    empty = True
    for batch in _batches(reader):
        empty = False
        yield pl.DataFrame(batch)
    if empty:
        yield pl.DataFrame(schema=pl.Schema(reader.schema))


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists and structs as JSON text, since CSV has no nesting."""
    import polars as pl

    nested = [n for n, dtype in frame.schema.items() if isinstance(dtype, pl.List | pl.Array | pl.Struct)]
    packed = [
        pl.struct(pl.col(n).cast(_as_number(frame.schema[n])).alias("v"))
        .struct.json_encode()
        .str.slice(5)
        .str.head(-1)
        .replace("null", None)
        .alias(n)
        for n in nested
    ]
    return frame.with_columns(packed)


def _as_number(dtype: pl.DataType | DataTypeClass) -> pl.DataType | DataTypeClass:
    """A type in which JSON has decimals, such as DuckDB's sum of integers, as numbers; polars makes texts."""
    import polars as pl

    if isinstance(dtype, pl.Decimal):
        return pl.Float64() if dtype.scale else pl.Int128()
    if isinstance(dtype, pl.List):
        return pl.List(_as_number(dtype.inner))
    if isinstance(dtype, pl.Array):
        return pl.Array(_as_number(dtype.inner), dtype.size)
    if isinstance(dtype, pl.Map):
        return pl.Map(dtype.key, _as_number(dtype.value))
    if isinstance(dtype, pl.Struct):
        return pl.Struct([pl.Field(field.name, _as_number(field.dtype)) for field in dtype.fields])
    return dtype


def _write_json(answer: duckdb.DuckDBPyRelation, stream: IO[bytes]) -> None:
    import polars as pl

    separator = b"["
    for frame in _frames(answer):
        numbers = {name: _as_number(dtype) for name, dtype in frame.schema.items()}
        text = frame.cast(pl.Schema(numbers)).write_ndjson().rstrip("\n")
        if text:
            stream.write(separator + b"\n" + plain_json(text.replace("\n", ",\n")).encode())
            separator = b","
    stream.write(b"[]\n" if separator == b"[" else b"\n]\n")


def _write_parquet(answer: duckdb.DuckDBPyRelation, stream: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    reader = answer.to_arrow_reader(FEW_ROWS)
    with pq.ParquetWriter(stream, reader.schema, compression="zstd") as writer:
        for batch in _batches(reader):
            writer.write_batch(batch)
