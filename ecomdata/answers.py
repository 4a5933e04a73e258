"""Writing the answer to a query: a table to look at, or data to work with."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Literal

from ecomdata.console import plain, plain_json
from ecomdata.durable import aside
from ecomdata.errors import UsageError
from ecomdata.spreadsheets import guarded
from ecomdata.sqltext import quoted
from ecomdata.store import writing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import duckdb
    import polars as pl
    import pyarrow as pa

Form = Literal["table", "csv", "json", "parquet"]
_BATCH_ROWS: Final = 100_000
_TEXT: Final = re.compile(r"\b(BIT|INTERVAL|TIME WITH TIME ZONE|UNION|BIGNUM|VARIANT|GEOMETRY)\b")
_TEXT_OUTSIDE_PARQUET: Final = re.compile(rf"\bBLOB\b|{_TEXT.pattern}")
"""Types of DuckDB that the written form, or polars on the way there, does not have; their text is written."""


def write_answer(
    answer: duckdb.DuckDBPyRelation, form: str, output: Path | None, *, guard: bool = True
) -> None:
    """Write an answer to a file or to stdout.

    Args:
        answer: What :func:`ecomdata.catalog.ask` gives.
        form: ``table``, ``csv``, ``json`` (an array of objects) or ``parquet``.
        output: A file, or None for stdout. On a terminal no control character of the data gets through.
        guard: Guard texts in CSV that a spreadsheet would run, as :func:`ecomdata.spreadsheets.guarded` does.

    Raises:
        UsageError: Parquet for a terminal, or two columns of one name.
    """
    if form == "table":
        text = plain(str(answer))
        if output is None:
            print(text)  # noqa: T201
        else:
            with _target(output) as stream:
                stream.write(f"{text}\n".encode())
        return
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="give a file with --output")
    answer = _writable(answer, form)
    with _target(output) as stream:
        if form == "csv":
            for number, frame in enumerate(_frames(answer)):
                flat = _flat(frame)
                text = (guarded(flat) if guard else flat).write_csv(include_header=not number)
                stream.write((plain(text) if output is None and sys.stdout.isatty() else text).encode())
        elif form == "json":
            _write_json(answer, stream)
        else:
            _write_parquet(answer, stream)


def _writable(answer: duckdb.DuckDBPyRelation, form: str) -> duckdb.DuckDBPyRelation:
    """The answer with types that the form has."""
    twice = sorted({name for name in answer.columns if answer.columns.count(name) > 1})
    if twice:
        raise UsageError(
            f"two columns of the answer are called {' and '.join(twice)}", hint="name them apart with AS"
        )
    unknown = _TEXT if form == "parquet" else _TEXT_OUTSIDE_PARQUET
    columns: list[str] = []
    for place, (name, kind) in enumerate(zip(answer.columns, map(str, answer.types), strict=True), start=1):
        value = f"#{place}"  # by place: DuckDB takes names that differ in case only for one
        if unknown.search(kind):
            value = f"CAST({value} AS VARCHAR)"
        elif form == "csv" and "MAP(" in kind:
            value = f"CAST(to_json({value}) AS VARCHAR)"
        columns.append(f"{value} AS {quoted(name)}")
    return answer.project(", ".join(columns))


@contextmanager
def _target(output: Path | None) -> Generator[IO[bytes]]:
    """The output file, which appears whole or not at all, or stdout."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():  # a device or a pipe, which no file may take the place of
        with writing(output), output.open("wb") as stream:
            yield stream
        return
    with aside(output) as temporary:
        with writing(output), temporary.open("wb") as stream:
            yield stream
        temporary.replace(output)


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches of an answer, which DuckDB makes as they are read.

    Raises:
        UsageError: the query failed on the way.
    """
    import pyarrow as pa

    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (pa.ArrowException, OSError) as error:
            raise UsageError(str(error), hint="the query failed over some of the rows") from error
        yield batch


def _frames(answer: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
    """The answer in frames; at least one, so that a header is always written."""
    import polars as pl

    reader = answer.to_arrow_reader(_BATCH_ROWS)
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
        pl.struct(pl.col(n).alias("v")).struct.json_encode().str.slice(5).str.head(-1).alias(n)
        for n in nested
    ]
    return frame.with_columns(packed)


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Decimals, such as DuckDB's sum of integers, as numbers; polars would write them as texts."""
    import polars as pl

    decimals = {name: dtype for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal)}
    return frame.with_columns(
        pl.col(name).cast(pl.Float64 if dtype.scale else pl.Int128) for name, dtype in decimals.items()
    )


def _write_json(answer: duckdb.DuckDBPyRelation, stream: IO[bytes]) -> None:
    separator = b"["
    for frame in _frames(answer):
        text = frame.pipe(_numbers).write_ndjson().rstrip("\n")
        if text:
            stream.write(separator + b"\n" + plain_json(text.replace("\n", ",\n")).encode())
            separator = b","
    stream.write(b"[]\n" if separator == b"[" else b"\n]\n")


def _write_parquet(answer: duckdb.DuckDBPyRelation, stream: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    reader = answer.to_arrow_reader(_BATCH_ROWS)
    with pq.ParquetWriter(stream, reader.schema, compression="zstd") as writer:
        for batch in _batches(reader):
            writer.write_batch(batch)
