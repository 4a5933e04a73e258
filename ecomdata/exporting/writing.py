"""Writing the files of an export: aside, a batch at a time, and under their names when all are whole."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ecomdata.arrowbatches import FEW_ROWS, gathered
from ecomdata.durable import sync_folder
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
) -> list[ExportedFile]:
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
            aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
            stack.callback(aside.unlink, missing_ok=True)
            rows = _write(connection, part, aside, reporter)
            waiting.append((aside, target))
            size = aside.stat().st_size
            written.append(_exported(target, part, rows, size))
        for aside, target in waiting:
            aside.replace(target)
        for place in {target.parent for _, target in waiting}:
            sync_folder(place)
    return written


def planned(parts: Sequence[Part], folder: Path) -> list[ExportedFile]:
    """The files as they would be written."""
    return [_exported(folder / part.file, part, None, None) for part in parts]


def _exported(path: Path, part: Part, rows: int | None, size: int | None) -> ExportedFile:
    return ExportedFile(path=str(path), rows=rows, bytes=size, columns=part.columns, sources=part.sources)


def _write(connection: duckdb.DuckDBPyConnection, part: Part, path: Path, reporter: Reporter) -> int:
    rows = 0
    reporter.start(part.file, part.size)
    with path.open("xb") as file, interruptible(connection):
        reader: pa.RecordBatchReader = connection.sql(part.query).to_arrow_reader(FEW_ROWS)
        sink = _Parquet(file, reader.schema) if part.file.endswith(".parquet") else _Text(file, part)
        for batch in gathered(reader, _BATCH_ROWS):
            sink.add(batch)
            rows += batch.num_rows
            reporter.advance(size=part.size * batch.num_rows // max(1, part.rows), rows=batch.num_rows)
        sink.close()
        file.flush()
        os.fsync(file.fileno())
    reporter.finish()
    return rows


class _Text:
    """Lines of fields, or whole lines; in quotes only what holds a quotation mark or the separator."""

    def __init__(self, file: IO[bytes], part: Part) -> None:
        self._file = file
        self._separator = part.separator
        self._guard = part.guard
        if part.head:
            file.write(f"{part.head}\n".encode())

    def add(self, batch: pa.RecordBatch) -> None:
        frame = pl.DataFrame(batch)
        if self._separator:
            frame = guarded(frame) if self._guard else frame
            frame.write_csv(self._file, include_header=False, separator=self._separator)
            return
        lines: Any = frame.to_series().str.join("\n").item()
        self._file.write(f"{lines}\n".encode())

    def close(self) -> None:
        """Nothing is held back."""


class _Parquet:
    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def add(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()
