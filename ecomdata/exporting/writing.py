"""Writing the files of an export: aside, a batch at a time, and under their names when all are whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ecomdata.arrowbatches import FEW_ROWS, gathered
from ecomdata.durable import aside, sync_folder
from ecomdata.exporting.parts import ExportedFile, Part
from ecomdata.interrupts import interruptible
from ecomdata.progress import Reporter
from ecomdata.spreadsheets import guarded
from ecomdata.store import writing

if TYPE_CHECKING:
    import duckdb

_BATCH_ROWS: Final = 1 << 16


def write_parts(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], folder: Path, reporter: Reporter
) -> tuple[ExportedFile, ...]:
    """Write the files below a folder, which is made where it is not there.

    Until all are whole, none has its name; then each takes it, in place of one that is there.

    Raises:
        EcomdataError: the disk is full, or may not be written.
    """
    written: list[ExportedFile] = []
    with writing(folder), ExitStack() as stack:
        waiting: list[tuple[Path, Path]] = []
        for part in parts:
            target = folder / part.file
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(aside(target))
            rows = _write(connection, part, temporary, reporter)
            waiting.append((temporary, target))
            written.append(_exported(target, part, rows, temporary.stat().st_size))
        for temporary, target in waiting:
            temporary.replace(target)
        for place in {target.parent for _, target in waiting}:
            sync_folder(place)
    return tuple(written)


def planned(parts: Sequence[Part], folder: Path) -> tuple[ExportedFile, ...]:
    """The files as they would be written."""
    return tuple(_exported(folder / part.file, part, None, None) for part in parts)


def _exported(path: Path, part: Part, rows: int | None, size: int | None) -> ExportedFile:
    return ExportedFile(path=str(path), rows=rows, bytes=size, columns=part.columns, sources=part.sources)


def _write(connection: duckdb.DuckDBPyConnection, part: Part, path: Path, reporter: Reporter) -> int:
    rows = 0
    reporter.start(part.file, part.size)
    with path.open("xb") as file, interruptible(connection):
        reader: pa.RecordBatchReader = connection.sql(part.query).to_arrow_reader(FEW_ROWS)
        with _adding(file, part, reader.schema) as add:
            for batch in gathered(reader, _BATCH_ROWS):
                add(batch)
                rows += batch.num_rows
                reporter.advance(size=part.size * batch.num_rows // max(1, part.rows), rows=batch.num_rows)
        file.flush()
        os.fsync(file.fileno())
    reporter.finish()
    return rows


@contextmanager
def _adding(file: IO[bytes], part: Part, schema: pa.Schema) -> Generator[Callable[[pa.RecordBatch], None]]:
    """What adds rows to the file: as Parquet, or as lines below the head."""
    if part.file.endswith(".parquet"):
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            yield writer.write_batch
        return
    if part.head:
        file.write(f"{part.head}\n".encode())
    yield partial(_add_lines, file, part)


def _add_lines(file: IO[bytes], part: Part, batch: pa.RecordBatch) -> None:
    """Lines of fields, or whole lines; in quotes only what holds a quotation mark or the separator."""
    frame = pl.DataFrame(batch)
    if part.separator:
        frame = guarded(frame) if part.guard else frame
        frame.write_csv(file, include_header=False, separator=part.separator)
        return
    lines: Any = frame.to_series().str.join("\n").item()
    file.write(f"{lines}\n".encode())
