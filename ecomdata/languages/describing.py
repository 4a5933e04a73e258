"""The languages of the text columns of what is loaded, written beside the store and summed up."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow.parquet as pq

from ecomdata.durable import sync_folder, write_durably
from ecomdata.errors import UsageError
from ecomdata.languages.classifier import Classifier, from_file
from ecomdata.languages.detecting import LID_SCHEMA, SCHEMA, told
from ecomdata.languages.summaries import TEXTS, ColumnLanguages, Share, folder_of
from ecomdata.languages.tagging import SHARES, TAGS
from ecomdata.pathnames import file_to_write
from ecomdata.progress import Reporter, Silent
from ecomdata.release import Release, TableData, open_release
from ecomdata.store import home_folder, writing

if TYPE_CHECKING:
    import os

ROW: Final = "row_id"
"""The column with the number of the row in the table, from 1, in the order of its shards."""


def describe_languages(
    name: str,
    *,
    table: str | None = None,
    column: str | None = None,
    output: str | os.PathLike[str] | None = None,
    lid: str | os.PathLike[str] | None = None,
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> list[ColumnLanguages]:
    """Tell the language of each text in columns of a loaded dataset, a batch at a time, and sum it up.

    For each column a Parquet file is written, with the columns of :func:`detect_languages` and ``row_id``;
    it appears whole or not at all.

    Args:
        name: A loaded dataset.
        table: One of its tables; default: all reviews, items, products and media.
        column: A column of strings; default: the canonical text column of each table.
        output: The file to write; default: HOME/languages/DATASET/RELEASE/TABLE.COLUMN.parquet.
        lid: A fastText model whose word is added; see :func:`detect_languages`.
        home: Where the store is.
        reporter: Hears of progress.

    Raises:
        UsageError: the dataset is not loaded, or has no such table or column of text, or ``output``
            would be in a folder that is not there, or no file is called ``lid``.
        DataError: ``lid`` is no model that can be used.
    """
    target = None if output is None else file_to_write(output)
    release = open_release(name, home=home)
    release.require_files()
    chosen = _chosen(release, table, column)
    if target is not None and len(chosen) > 1:
        columns = ", ".join(f"{data.name}.{text}" for data, text in chosen)
        raise UsageError(f"one --output, and columns {columns}", hint="choose with --table and --column")
    folder = folder_of(home_folder(home), name, release.folder.name)
    second = from_file(lid) if lid is not None else None
    found: list[ColumnLanguages] = []
    for data, text in chosen:
        path = target or folder / f"{data.name}.{text}.parquet"
        work = _Work(data, text, path, second=second, reporter=reporter or Silent())
        found.append(work.done(release.folder.name, summarised=target is None))
    return found


def _chosen(release: Release, table: str | None, column: str | None) -> list[tuple[TableData, str]]:
    tables = [release[table]] if table is not None else list(release.values())
    if column is not None:
        having = [data for data in tables if column in data.record.columns]
        if not having:
            raise UsageError(
                f"{release.manifest.dataset} has no column {column!r}"
                + (f" in its table {table}" if table else ""),
                hint=f"columns of strings are {_columns_of(tables)}",
            )
        for data in having:
            if not _is_text(data, column):
                kind = data.record.columns[column]
                raise UsageError(
                    f"{data.name}.{column} holds {kind}, not strings",
                    hint=f"columns of strings are {_columns_of(tables)}",
                )
        return [(data, column) for data in having]
    usual = [(data, TEXTS[data.record.kind]) for data in tables if data.record.kind in TEXTS]
    found = [(data, text) for data, text in usual if text in data.record.columns and _is_text(data, text)]
    if not found:
        raise UsageError(
            f"{release.manifest.dataset} has no column of running text that is known as such",
            hint=f"choose one with --table and --column: {_columns_of(tables)}",
        )
    return found


def _is_text(data: TableData, column: str) -> bool:
    return data.record.columns[column].partition("(")[0] in {"String", "Enum", "Categorical"}


def _columns_of(tables: list[TableData]) -> str:
    names = [f"{data.name}.{name}" for data in tables for name in data.record.columns if _is_text(data, name)]
    return ", ".join(names) or "none"


class _Work:
    """One column on its way: read in batches, told, written and counted."""

    def __init__(
        self, data: TableData, column: str, path: Path, *, second: Classifier | None, reporter: Reporter
    ) -> None:
        self._data = data
        self._column = column
        self._path = path
        self._second = second
        self._reporter = reporter
        self._rows: Counter[tuple[str, str]] = Counter()
        self._sure: Counter[tuple[str, str]] = Counter()
        self._scripts = dict.fromkeys(SHARES, 0.0)
        self._written = 0
        self._lettered = 0

    def done(self, release: str, *, summarised: bool) -> ColumnLanguages:
        """Write the file and return the summary, which is written beside it as JSON where asked for."""
        temporary = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex[:8]}.tmp")
        with writing(self._path):
            if summarised:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._write(temporary)
                temporary.replace(self._path)
                sync_folder(self._path.parent)
            finally:
                temporary.unlink(missing_ok=True)
        summary = self._summary(release)
        if summarised:
            text = json.dumps(summary.as_dict(), ensure_ascii=False, indent=1)
            with writing(self._path):
                write_durably(self._path.with_suffix(".json"), text)
        return summary

    def _write(self, path: Path) -> None:
        schema = {ROW: pl.Int64()} | SCHEMA | (LID_SCHEMA if self._second else {})
        arrow = pl.DataFrame(schema=schema).to_arrow().schema
        size = sum(file.stat().st_size for file in self._data.paths)
        self._reporter.start(f"{self._data.name}.{self._column}", size)
        with pq.ParquetWriter(path, arrow, compression="zstd", compression_level=1) as writer:
            for texts in self._batches():
                frame = told(texts, self._second)
                first = self._written + 1
                numbers = pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True)
                writer.write_table(frame.insert_column(0, numbers.alias(ROW)).to_arrow().cast(arrow))
                self._count(frame)
                self._reporter.advance(size=size * frame.height // max(1, len(self._data)), rows=frame.height)
        self._reporter.finish()

    def _batches(self) -> Iterator[pl.Series]:
        """The texts of one row group after the other: the store makes them small, however long texts are."""
        for path in self._data.paths:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    read = file.read_row_group(group, [self._column])
                    yield pl.DataFrame(read).to_series().cast(pl.String)

    def _count(self, frame: pl.DataFrame) -> None:
        self._written += frame.height
        told = frame.drop_nulls("language")
        tags = told.group_by("language", pl.col("parts").list.join("+")).agg(
            pl.len().alias("rows"), pl.col("confidence").cast(pl.Float64).sum()
        )
        for language, parts, rows, sure in tags.iter_rows():
            key = (str(language), str(parts) if language == "mixed" else "")
            self._rows[key] += rows
            self._sure[key] += sure
        lettered = told.select(SHARES).filter(pl.sum_horizontal(SHARES) > 0)
        self._lettered += lettered.height
        sums = lettered.select(pl.all().cast(pl.Float64).sum()).row(0)
        for name, total in zip(SHARES, sums, strict=True):
            self._scripts[name] += total

    def _summary(self, release: str) -> ColumnLanguages:
        told = sum(self._rows.values())
        by_tag: dict[str, tuple[int, float]] = {}
        for (language, parts), rows in self._rows.items():
            before = by_tag.get(language, (0, 0.0))
            by_tag[language] = before[0] + rows, before[1] + self._sure[language, parts]
        mixed = {
            f"mixed:{parts}": (rows, self._sure["mixed", parts])
            for (language, parts), rows in self._rows.items()
            if language == "mixed"
        }
        return ColumnLanguages(
            dataset=self._data.dataset,
            release=release,
            table=self._data.name,
            column=self._column,
            path=str(self._path),
            rows=self._written,
            nulls=self._written - told,
            languages=_sorted(by_tag, told),
            mixed=_sorted(mixed, told),
            scripts={name: round(v / max(1, self._lettered), 6) for name, v in self._scripts.items()},
        )


def _sorted(found: Mapping[str, tuple[int, float]], told: int) -> tuple[Share, ...]:
    order = sorted(found, key=lambda tag: (-found[tag][0], TAGS.index(tag) if tag in TAGS else 0, tag))
    return tuple(
        Share(language=tag, rows=rows, share=round(rows / told, 6), confidence=round(sure / rows, 6))
        for tag, (rows, sure) in ((tag, found[tag]) for tag in order)
    )
