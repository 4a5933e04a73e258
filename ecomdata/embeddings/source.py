"""The texts to encode: one column of a table in the store, read a row group at a time."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from ecomdata.embedded import ROW, VECTOR
from ecomdata.embeddings.arrays import has_text
from ecomdata.errors import UsageError
from ecomdata.languages.summaries import TEXTS
from ecomdata.registry import loader
from ecomdata.release import Release, TableData

_RESERVED: Final = frozenset({ROW, VECTOR, "model", "dim", "text"})
SAMPLE_TEXTS: Final = 20_000
"""Texts that an encoder may learn from."""
_SAMPLE_LONGEST: Final = 2_000
"""Characters of each that count."""
_SAMPLE_BYTES: Final = 6_000_000
"""Learning takes about 90 bytes of memory for each of them."""
_AT_ONCE: Final = 1 << 15


@dataclass(frozen=True, slots=True)
class Source:
    """A column of texts of a table.

    Attributes:
        data: The table.
        column: The column.
        rows: Its rows, or fewer where only the first are wanted.
    """

    data: TableData
    column: str
    rows: int

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that identify a row: the declared key, else the canonical id that comes first."""
        declared = loader(self.data.dataset).table(self.data.name).key
        usual = [name for name in self.data.record.canonical[:1] if name.endswith("_id")]
        return tuple(name for name in declared or usual if name not in _RESERVED)

    def frames(self, start: int = 0) -> Iterator[pl.DataFrame]:
        """Keys and ``text`` of the rows from ``start`` (from 0) on, row group by row group."""
        import pyarrow.parquet as pq

        first = 0
        names = list(dict.fromkeys((*self.keys, self.column)))
        for path in self.data.paths:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    height = file.metadata.row_group(group).num_rows
                    if first + height > start and first < self.rows:
                        read = pl.DataFrame(file.read_row_group(group, names))
                        frame = read.select(*self.keys, pl.col(self.column).cast(pl.String).alias("text"))
                        yield frame[max(0, start - first) : self.rows - first]
                    first += height

    def sample(self, seed: int) -> pl.Series:
        """Some of the texts, the same ones under one seed, in an order of their own; long ones are cut.

        Each text that is neither null nor blank is given a number by lot, and the lowest are taken: one
        reading, whatever there is between them.
        """
        rng = np.random.default_rng(seed)
        held = pl.DataFrame(schema={"text": pl.String, "lot": pl.Float64})
        for frame in self.frames():
            for part in frame.iter_slices(_AT_ONCE):
                lots = part.select("text", lot=pl.Series(rng.random(part.height)))
                some = lots.filter(pl.Series(has_text(part["text"])))
                cut = some.with_columns(pl.col("text").str.slice(0, _SAMPLE_LONGEST))
                held = pl.concat([held, cut]).bottom_k(SAMPLE_TEXTS, by="lot")
        texts = held.sort("lot")["text"]
        within = texts.str.len_bytes().cast(pl.Int64).cum_sum() <= _SAMPLE_BYTES
        return texts.filter(within)


def choose(release: Release, table: str | None, column: str | None, limit: int | None) -> Source:
    """The column that is named, or the only one that usually holds text.

    Raises:
        UsageError: there is no such table or column, or it holds no strings, or none is named and there
            are several, or none. Near names are offered.
    """
    tables = [_table(release, table)] if table is not None else list(release.values())
    if column is None:
        chosen = [(data, TEXTS[data.record.kind]) for data in tables if data.record.kind in TEXTS]
        chosen = [(data, name) for data, name in chosen if name in data.record.columns]
    else:
        chosen = [(data, column) for data in tables if column in data.record.columns]
    if len(chosen) != 1:
        raise _which(release, tables, column, chosen)
    data, name = chosen[0]
    if not _is_text(data, name):
        raise UsageError(
            f"{data.dataset} {data.name}.{name} holds {data.record.columns[name]}, not strings",
            hint=f"columns of strings are {_columns_of([data])}",
        )
    return Source(data, name, len(data) if limit is None else min(limit, len(data)))


def _table(release: Release, name: str) -> TableData:
    near = difflib.get_close_matches(name, list(release), n=2, cutoff=0.5)
    if name not in release and near:
        raise UsageError(
            f"{release.manifest.dataset} has no table {name!r} in this release",
            hint=f"did you mean {' or '.join(near)}?",
        )
    return release[name]


def _which(
    release: Release, tables: list[TableData], column: str | None, chosen: list[tuple[TableData, str]]
) -> UsageError:
    dataset = release.manifest.dataset
    if chosen:
        places = ", ".join(f"--table {data.name} --column {name}" for data, name in chosen)
        return UsageError(f"{dataset} has several columns of text", hint=f"choose one: {places}")
    if column is None:
        return UsageError(
            f"{dataset} has no column of running text that is known as such",
            hint=f"choose one with --table and --column: {_columns_of(tables)}",
        )
    where = f"{dataset} {tables[0].name}" if len(tables) == 1 else dataset
    names = sorted({name for data in tables for name in data.record.columns})
    near = difflib.get_close_matches(column, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"columns of strings are {_columns_of(tables)}"
    return UsageError(f"{where} has no column {column!r}", hint=hint)


def _is_text(data: TableData, column: str) -> bool:
    return data.record.columns[column].partition("(")[0] in {"String", "Enum", "Categorical"}


def _columns_of(tables: list[TableData]) -> str:
    names = [f"{data.name}.{name}" for data in tables for name in data.record.columns if _is_text(data, name)]
    return ", ".join(names) or "none"
