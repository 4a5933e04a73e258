"""Writing frames into Parquet shards of equal size, whatever sizes the frames come in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from ecomdata.durable import sync_folder
from ecomdata.manifest import WrittenFile
from ecomdata.store import writing

_ROW_GROUP_BYTES: Final = 32 << 20
"""A writer holds several row groups at a time: with 64 MiB, 80 to 100 MB more at the peak, and no faster."""
_MOST_BYTES: Final = 4 * _ROW_GROUP_BYTES
"""Where a row group grows beyond, as rows became wider, the shard ends; rows that vary a little end none."""
_SHARD_BYTES: Final = 1 << 30
_MAX_ROW_GROUP: Final = 1 << 17
_MIN_ROW_GROUP: Final = 1 << 6
_ZSTD_LEVEL: Final = 1
"""A third less time to write than level 3, for files 7 % larger (docs/decisions/0003-parquet-writing.md)."""
_WEIGHED: Final = 1 << 12
"""Rows whose width stands for that of all; fewer where they take up more than a row group may."""
_READ_SIZE: Final = 1 << 20


def sha256_file(path: Path, *, stop: Callable[[], bool] = lambda: False) -> str:
    """The sha256 of a file's bytes, in hex; of some of them when ``stop`` says so on the way."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_READ_SIZE))  # one for all: new memory is cleared each time
    with path.open("rb", buffering=0) as file:
        while not stop() and (count := file.readinto(buffer)):
            digest.update(buffer[:count])
    return digest.hexdigest()


class _Slices:
    """Takes rows off a stream of frames, and puts back what was not wanted yet."""

    def __init__(self, frames: Iterator[pl.DataFrame]) -> None:
        self._frames = frames
        self._rest: pl.DataFrame | None = None
        self.failure: BaseException | None = None

    def take(self, rows: int, group: int) -> Iterator[pl.DataFrame]:
        """Frames with ``rows`` rows in all; fewer at the end, and where a row group's rows are too wide.

        Failures are kept for :meth:`reraise`.
        """
        fits = _Fits(group)
        try:
            while rows and (frame := self._next()) is not None:
                most = min(rows, frame.height)
                taken = fits.rows(frame[:most])
                if taken < frame.height:
                    self._rest = frame[taken:]
                    frame = frame[:taken]
                rows = 0 if fits.full else rows - taken
                if frame.height:
                    yield frame
        except GeneratorExit:
            raise
        except BaseException as failure:  # noqa: BLE001 - polars would turn it into its own error and lose the hint
            self.failure = failure

    def _next(self) -> pl.DataFrame | None:
        if self._rest is not None:
            frame, self._rest = self._rest, None
            return frame
        return next(self._frames, None)

    def peek(self, rows: int = 1) -> pl.DataFrame | None:
        """The next frames as one, ``rows`` rows or what there is, without taking them; None at the end."""
        held: list[pl.DataFrame] = []
        height = 0
        while height < rows and (frame := self._next()) is not None:
            held.append(frame)
            height += frame.height
        self._rest = pl.concat(held) if height else None
        return self._rest

    def reraise(self) -> None:
        """Raise what the stream of frames raised, if it did."""
        if self.failure is not None:
            raise self.failure


def write_shards(
    frames: Iterator[pl.DataFrame],
    schema: pl.Schema,
    folder: Path,
    *,
    stem: str = "part",
) -> tuple[WrittenFile, ...]:
    """Write frames into ``folder/stem-00000.parquet`` and so on, at least one, hashed and on disk.

    Row groups take about 32 MiB and shards 1 GiB of memory when read, at most; both are counted in rows, from
    the width of a shard's first ones, and the shard ends early where later ones are so much wider that a row
    group takes 128 MiB. So the same rows give the same bytes however they were cut.

    Args:
        frames: Frames of the given schema, read as they are needed.
        schema: Columns and types.
        folder: Made if it is not there; recorded paths are relative to the one it is in.
        stem: First part of the file names.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    slices = _Slices(frames)
    written: list[tuple[Path, Future[str], int]] = []
    with ThreadPoolExecutor(1, thread_name_prefix="sha256") as hashing:
        while not written or slices.peek() is not None:
            path = folder / f"{stem}-{len(written):05d}.parquet"
            rows = _write_shard(slices, schema, path)
            written.append((path, hashing.submit(sha256_file, path), rows))
    with writing(folder):
        sync_folder(folder)
    return tuple(
        WrittenFile(
            path=path.relative_to(folder.parent).as_posix(),
            size=path.stat().st_size,
            sha256=digest.result(),
            rows=rows,
        )
        for path, digest, rows in written
    )


def _width_of_first(slices: _Slices) -> int:
    """Bytes of a row, as the first ones have them; no more rows are held for it than fit into a row group."""
    few = slices.peek(_MIN_ROW_GROUP)
    if few is None:
        return 1
    width = _width(few.head(_MIN_ROW_GROUP))
    rows = min(_WEIGHED, _ROW_GROUP_BYTES // width)
    if rows <= _MIN_ROW_GROUP:
        return width
    more = slices.peek(rows)
    return width if more is None else _width(more.head(rows))


def _width(frame: pl.DataFrame) -> int:
    """Bytes of a row, from the values alone: polars' own estimate counts what else is in their buffers."""
    return max(1, frame.to_arrow().nbytes // frame.height)


class _Fits:
    """Counts rows into row groups of ``group`` rows, until one is too large: then it is ``full``."""

    def __init__(self, group: int) -> None:
        self.full = False
        self._group = group
        self._rows = 0
        self._bytes = 0

    def rows(self, frame: pl.DataFrame) -> int:
        """How many rows of the next frame there are up to the one with which a row group is too large."""
        varying = [_bytes_of(pl.col(name), dtype) for name, dtype in frame.schema.items() if _varies(dtype)]
        if not varying:
            return frame.height
        sizes = frame.select(pl.sum_horizontal(varying).cast(pl.Int64)).to_series()
        start = 0
        while start < frame.height:
            of_group = sizes[start : start + self._group - self._rows]
            size = self._bytes + int(of_group.sum())
            if size > _MOST_BYTES:
                fitting = of_group.cum_sum() + self._bytes <= _MOST_BYTES
                self.full = True
                return start + int(fitting.sum()) + 1
            start += len(of_group)
            self._rows += len(of_group)
            self._bytes = size
            if self._rows == self._group:
                self._rows = self._bytes = 0
        return frame.height


def _varies(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.Struct):
        return any(_varies(field.dtype) for field in dtype.fields if isinstance(field.dtype, pl.DataType))
    return isinstance(dtype, pl.String | pl.Binary | pl.List)


def _bytes_of(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Bytes of each value of a column: of a text its own, of any other that is not made of others 8."""
    if isinstance(dtype, pl.Struct):
        kinds = [(field.name, field.dtype) for field in dtype.fields]
        return pl.sum_horizontal(
            _bytes_of(values.struct.field(name), kind)
            for name, kind in kinds
            if isinstance(kind, pl.DataType)
        )
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.DataType):
        inner = dtype.inner
        if _varies(inner):
            return values.list.eval(_bytes_of(pl.element(), inner)).list.sum()
        return values.list.len() * 8
    if isinstance(dtype, pl.String):
        return values.str.len_bytes()
    if isinstance(dtype, pl.Binary):
        return values.bin.size()
    return pl.lit(8)


def _write_shard(slices: _Slices, schema: pl.Schema, path: Path) -> int:
    """Write one file's rows, bring it to disk, and return how many they are."""
    width = _width_of_first(slices)
    fitting = max(1, _ROW_GROUP_BYTES // width)
    group = min(_MAX_ROW_GROUP, max(_MIN_ROW_GROUP, 1 << (fitting.bit_length() - 1)))
    rows = max(1, _SHARD_BYTES // (width * group)) * group
    lists = [dtype.inner for dtype in schema.values() if isinstance(dtype, pl.List)]
    counts = sum(inner.is_integer() for inner in lists)
    encode = _by_pyarrow if counts > len(lists) - counts else _by_polars
    try:
        with writing(path):
            count = encode(slices.take(rows, group), schema, path, group)
    finally:
        # What reading raised is about the raw file; it must not be taken for a failure to write.
        slices.reraise()
    with writing(path), path.open("rb") as file:
        os.fsync(file.fileno())
    return count


def _by_polars(frames: Iterator[pl.DataFrame], schema: pl.Schema, path: Path, group: int) -> int:
    count = 0
    if any(dtype.is_nested() for dtype in schema.values()):
        frames = _groups(frames, group)

    def produce(
        _columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        nonlocal count
        for frame in frames:
            count += frame.height
            yield frame

    register_io_source(produce, schema=schema).sink_parquet(
        path,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        row_group_size=group,
        engine="streaming",
    )
    return count


def _by_pyarrow(frames: Iterator[pl.DataFrame], schema: pl.Schema, path: Path, group: int) -> int:
    """For tables with lists of integers, which polars spells out where pyarrow makes a dictionary of them.

    Runs of counts take a sixth of the space (docs/decisions/0009-lists-that-unfold.md).
    """
    import pyarrow.parquet as pq

    count = 0
    types = pl.DataFrame(schema=schema).to_arrow().schema
    with (
        pq.ParquetWriter(path, types, compression="zstd", compression_level=_ZSTD_LEVEL) as writer,
        ThreadPoolExecutor(1, thread_name_prefix="encode") as encoding,
    ):
        before: Future[None] | None = None
        for rows in _groups(frames, group):
            if before is not None:
                before.result()
            before = encoding.submit(writer.write_table, rows.to_arrow(), row_group_size=group)
            count += rows.height
        if before is not None:
            before.result()
    return count


def _groups(frames: Iterator[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of ``size`` rows, each in memory of its own.

    Pages are cut where pieces end and, by polars, where the memory behind lists suggests, which of a slice is
    that of all it was cut from.
    """
    held: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        left = frame
        while height + left.height >= size:
            taken = size - height
            yield _alone([*held, left[:taken]])
            held = []
            height, left = 0, left[taken:]
        if left.height:
            held.append(left)
            height += left.height
    if held:
        yield _alone(held)


def _alone(pieces: list[pl.DataFrame]) -> pl.DataFrame:
    frame = pl.concat(pieces)
    if frame.n_chunks() > 1:
        return frame.rechunk()
    return frame.select(pl.all().gather(pl.int_range(pl.len())))
