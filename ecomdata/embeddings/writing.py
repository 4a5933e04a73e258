"""Writing a set shard by shard, so that a run that ends half-way is taken up by the next.

    HOME/embeddings/<dataset>/<release>/.<set>-<plan>/part-00000.parquet and .json, ...

The folder becomes ``<set>`` when all is there. Beside each shard stands what it holds, with its hash: a shard
whose bytes are those is kept, any other is made again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from ecomdata.durable import sync_folder, write_durably
from ecomdata.embedded import ROW, VECTOR
from ecomdata.embeddings.encoders import Encoder, encoded
from ecomdata.embeddings.source import Source
from ecomdata.manifest import WrittenFile
from ecomdata.plainjson import read_json
from ecomdata.progress import Reporter
from ecomdata.shards import sha256_file
from ecomdata.store import writing

if TYPE_CHECKING:
    import pyarrow as pa

_SHARD_ROWS: Final = 1 << 14
_MOST_SHARDS: Final = 1 << 9
_GROUP_ROWS: Final = 1 << 12
_AT_ONCE: Final = 1 << 13
"""Texts that an encoder gets together."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A finished shard: its file, and how many of its rows have no vector."""

    file: WrittenFile
    nulls: int


class SetWriter:
    """Writes the shards of a set into a folder.

    Args:
        source: The texts.
        encoder: What makes vectors of them.
        folder: Where; it may hold shards already.
        reporter: Hears of progress.
    """

    def __init__(self, source: Source, encoder: Encoder, folder: Path, reporter: Reporter) -> None:
        self._source = source
        self._encoder = encoder
        self._folder = folder
        self._reporter = reporter
        # A long column in few files; a short one in shards that are made again in little time.
        self._per_shard = _SHARD_ROWS * -(-source.rows // (_SHARD_ROWS * _MOST_SHARDS)) or _SHARD_ROWS
        self._schema = {
            ROW: pl.Int64(),
            **{name: _dtype(source, name) for name in source.keys},
            VECTOR: pl.Array(pl.Float32(), encoder.dim),
            "model": pl.String(),
            "dim": pl.Int64(),
        }
        self.kept = 0

    def write(self) -> list[Shard]:
        """Write what is missing, and return all shards, in order."""
        count = max(1, -(-self._source.rows // self._per_shard))
        shards = list(_until_none(map(self._finished, range(count))))
        self.kept = sum(shard.file.rows for shard in shards)
        if self.kept:
            self._reporter.say(f"note: {self.kept:,} rows of an earlier run are kept")
        self._reporter.start(f"{self._source.data.name}.{self._source.column}", 0)
        frames = _Frames(self._source.frames(self.kept))
        for number in range(len(shards), count):
            with writing(self._folder):
                shards.append(self._shard(number, frames))
        self._reporter.finish()
        return shards

    def _finished(self, number: int) -> Shard | None:
        """A shard of an earlier run, if its bytes are what was written then."""
        path = self._folder / _name(number)
        try:
            value: dict[str, Any] = read_json(path.with_suffix(".json"))
            shard = Shard(WrittenFile(**value["file"]), int(value["nulls"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        whole = path.is_file() and path.stat().st_size == shard.file.size
        return shard if whole and sha256_file(path) == shard.file.sha256 else None

    def _shard(self, number: int, frames: _Frames) -> Shard:
        import pyarrow.parquet as pq

        path = self._folder / _name(number)
        aside = path.with_name(f".{path.name}.tmp")
        schema = pl.DataFrame(schema=self._schema).to_arrow().schema
        first = number * self._per_shard
        rows = nulls = 0
        stored = {f"{VECTOR}.{leaf}": "NONE" for leaf in ("list.element", "list.item")}
        with pq.ParquetWriter(aside, schema, **_layout(schema, stored)) as writer:
            for frame in frames.take(min(self._per_shard, self._source.rows - first)):
                vectors, missing = encoded(self._encoder, frame["text"])
                table = self._table(frame, vectors, first + rows + 1).to_arrow().cast(schema)
                writer.write_table(table, row_group_size=_GROUP_ROWS)
                rows += frame.height
                nulls += missing
                self._reporter.advance(rows=frame.height)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(self._folder)
        shard = Shard(
            WrittenFile(path=path.name, size=path.stat().st_size, sha256=sha256_file(path), rows=rows), nulls
        )
        write_durably(path.with_suffix(".json"), json.dumps(asdict(shard)))
        return shard

    def _table(self, frame: pl.DataFrame, vectors: pl.Series, first: int) -> pl.DataFrame:
        return frame.select(
            pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(ROW),
            *self._source.keys,
            vectors.alias(VECTOR),
            pl.lit(self._encoder.name).alias("model"),
            pl.lit(self._encoder.dim, pl.Int64).alias("dim"),
        )


def _until_none(found: Iterator[Shard | None]) -> Iterator[Shard]:
    for one in found:
        if one is None:
            return
        yield one


class _Frames:
    """Takes rows off a stream of frames, at most so many at a time."""

    def __init__(self, frames: Iterator[pl.DataFrame]) -> None:
        self._frames = frames
        self._rest: pl.DataFrame | None = None

    def take(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames with so many rows in all."""
        while rows > 0:
            frame = self._rest if self._rest is not None else next(self._frames, None)
            if frame is None:
                return
            most = min(rows, _AT_ONCE)
            self._rest = frame[most:] if frame.height > most else None
            rows -= min(frame.height, most)
            yield frame[:most]


def _name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _layout(schema: pa.Schema, stored: dict[str, str]) -> dict[str, Any]:
    """Vectors as they are: they hardly shrink, and are read again and again. The rest is compressed."""
    names = [name for name in schema.names if name != VECTOR]
    return {
        "compression": {**dict.fromkeys(names, "ZSTD"), **stored},
        "use_dictionary": [name for name in names if name != ROW],
    }


def _dtype(source: Source, name: str) -> pl.DataType:
    declared = pl.scan_parquet(source.data.paths[0], glob=False).collect_schema()
    return declared[name]


def put_in_place(folder: Path, target: Path) -> None:
    """Make a folder that is whole the set, in the place of one before."""
    with writing(target):
        for leftover in folder.glob("part-*.json"):
            leftover.unlink()
        sync_folder(folder)
        old = target.with_name(f".old-{target.name}")
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        folder.rename(target)
        sync_folder(target.parent)
        shutil.rmtree(old, ignore_errors=True)
