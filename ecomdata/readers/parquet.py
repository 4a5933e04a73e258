"""Parquet, row group by row group, with the declared types."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.exceptions import PanicException, PolarsError

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.foreign import require_sound
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, integer_limits, rejections, rows_as_json
from ecomdata.readers.loose import json_objects, loosely

_TYPES: Final = "give the columns upstream's own types, or load the files as upstream released them"
_BLOCK_BYTES: Final = 48 << 20
"""Bytes of memory that the rows read at a time take; a larger row group is read in pieces."""
_WIDTHS: Final = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT96": 12}
"""Bytes of a value in memory, by physical type; 8 for others."""
_COPIES: Final = 2
"""How often lists are held, once as they were decoded and once while they are checked."""
_DENSEST: Final = 8
"""How many times its share of a block a piece may take where values repeat; honest files stay below 5."""
_DAMAGE: Final = (PolarsError, PanicException, pa.ArrowException, OSError, ValueError)
"""What the libraries raise over damaged bytes; polars may also panic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet:
    """A reader of Parquet files. Types may be narrower than declared, or spelt otherwise, but never lossy.

    A map is declared as the list of its entries, objects with ``key`` and ``value``; polars may leave out all
    but the last of those with one key.

    Attributes:
        block_bytes: Bytes of memory that the rows read at a time take.
        rest: The declared column that takes every column that is not declared, as a JSON object; null where
            there is none. Without it such a column is drift.
        loose: Declared columns that may come in any type that says the same: numbers and times for text,
            lists of whole floats for lists of integers. A row whose value does not is rejected.
    """

    block_bytes: int = _BLOCK_BYTES
    rest: str = ""
    loose: tuple[str, ...] = ()

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check names and types against the footer."""
        self._open(file.local(), file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the footer, then yield row groups, the large ones in pieces."""
        path = file.local()
        metadata, plan = self._open(path, file.name, columns)
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        scale = file.size / max(1, sum(group.total_byte_size for group in groups))

        def rest() -> Iterator[Block]:
            start = 0
            for number, group in enumerate(groups):
                for rows, frame in self._pieces(path, file.name, number, group, start):
                    size = group.total_byte_size * scale * rows / max(1, group.num_rows)
                    yield Block(int(size), partial(_parse, frame, plan))
                start += group.num_rows

        return rest()

    def _pieces(
        self, path: Path, where: str, number: int, group: pq.RowGroupMetaData, start: int
    ) -> Iterator[tuple[int, Callable[[], pl.DataFrame]]]:
        """How many rows each piece of a row group has, and what reads it."""
        columns = [group.column(i) for i in range(group.num_columns)]
        unfolded = _COPIES * _bytes(column for column in columns if "." in column.path_in_schema)
        whole = max(group.total_byte_size, unfolded, _bytes(columns) / _DENSEST)
        pieces = ceil(whole / self.block_bytes)
        pieces = max(1, min(group.num_rows, pieces))
        if unfolded > self.block_bytes:
            yield from _in_turn(path, where, number, ceil(group.num_rows / pieces), start)
            return
        edges = [start + group.num_rows * piece // pieces for piece in range(pieces + 1)]
        for low, high in pairwise(edges):
            yield high - low, partial(_slice, path, where, low, high - low)

    def _open(self, path: Path, where: str, columns: Columns) -> tuple[pq.FileMetaData, _Plan]:
        """The footer, and how the file's columns become the declared ones.

        Raises:
            DriftError: names or types are not the declared ones.
            DataError: the file is truncated or not Parquet, or claims what cannot be.
        """
        require_sound(path, where)
        try:
            metadata = pq.read_metadata(path)
            schema = pl.scan_parquet(path, glob=False).collect_schema()
        except _DAMAGE as error:
            raise DataError(
                f"{where}: not a whole Parquet file ({_first_line(error)})",
                hint="the download may have been cut off; get the file again and compare sizes with upstream",
            ) from error
        names = self._names(list(schema), where, columns)
        plan = _Plan(columns, self.rest, {} if not self.rest else names)
        wrong: list[str] = []
        for name, found in names.items():
            wanted = columns.dtypes[name]
            if (plain := _lossless(pl.col(found), schema[found], wanted)) is not None:
                plan.selection.append(plain.alias(name))
            elif name in self.loose and (pair := loosely(pl.col(found), schema[found], wanted)):
                plan.selection.append(pair[0].alias(name))
                if pair[1] is not None:
                    plan.fine[name] = pair[1]
            else:
                wrong.append(f"{name} is {schema[found]}, declared {wanted}")
        if wrong:
            raise DriftError(
                where, found=list(schema), missing=(), extra=(), detail="; ".join(wrong), hint=_TYPES
            )
        return metadata, plan

    def _names(self, found: list[str], where: str, columns: Columns) -> dict[str, str]:
        """Declared name -> name in the file."""
        if self.rest:
            return columns.pick(found, where, rest=self.rest)
        return dict(zip(columns.match(found, where), found, strict=True))


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the frames of a file become batches.

    Attributes:
        columns: What is declared.
        rest: The declared column that takes the others, or empty.
        taken: With ``rest``: declared name -> name in the file.
        selection: The declared columns, made of the file's.
        fine: Declared name -> whether its value in a row says what the file says.
    """

    columns: Columns
    rest: str
    taken: Mapping[str, str]
    selection: list[pl.Expr] = field(default_factory=list[pl.Expr])
    fine: dict[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])


def _bytes(columns: Iterable[pq.ColumnChunkMetaData]) -> int:
    """Bytes of memory that their values take, texts apart; on disk runs of a value take next to none."""
    return sum(column.num_values * _WIDTHS.get(column.physical_type, 8) for column in columns)


def _lossless(column: pl.Expr, found: pl.DataType, wanted: pl.DataType) -> pl.Expr | None:
    """The column as the declared type, or None where that could lose something."""
    if found == wanted:
        return column
    if _same_when_cast(found, wanted):
        return column.cast(wanted)
    if isinstance(found, pl.Datetime) and isinstance(wanted, pl.Datetime):
        if found.time_unit == "ns" or wanted.time_unit != "us":
            return None
        if found.time_zone != wanted.time_zone:
            if {found.time_zone, wanted.time_zone} != {None, "UTC"}:
                return None
            column = column.dt.replace_time_zone(wanted.time_zone)
        return column.cast(wanted)
    return None


def _same_when_cast(found: pl.DataType, wanted: pl.DataType) -> bool:
    if isinstance(found, pl.List | pl.Array) and isinstance(wanted, pl.List):
        item, declared = found.inner, wanted.inner
        if isinstance(item, pl.DataType) and isinstance(declared, pl.DataType):
            return item == declared or _same_when_cast(item, declared)
    if isinstance(found, pl.Map):  # which no schema can declare; its entries are objects in a list
        return wanted == pl.List(pl.Struct({"key": found.key, "value": found.value}))
    halves = found == pl.Float16 and wanted.is_float()
    floats = halves or (found == pl.Float32 and wanted == pl.Float64)
    texts = isinstance(found, pl.Categorical | pl.Enum) and wanted == pl.String
    return _widens(found, wanted) or floats or texts or found == pl.Null


def _widens(found: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether every value of the one integer type is a value of the other."""
    if not (found.is_integer() and wanted.is_integer()):
        return False
    low, high = integer_limits(found)
    least, greatest = integer_limits(wanted)
    return least <= low and high <= greatest


def _slice(path: Path, where: str, start: int, rows: int) -> pl.DataFrame:
    """Rows of a file, read on their own."""
    with _damage_named(where, start, rows):
        frame = pl.scan_parquet(path, glob=False).slice(start, rows).collect()
        if frame.height != rows:
            raise ValueError(f"there are {frame.height:,}")
        return frame


def _in_turn(
    path: Path, where: str, group: int, rows: int, start: int
) -> Iterator[tuple[int, Callable[[], pl.DataFrame]]]:
    """The rows of a row group, so many at a time, each decoded once and held until it is parsed.

    A slice has to pass over all that stands before it in its row group: where that unfolds into many
    pieces, it takes longer than the pieces themselves.
    """
    with ExitStack() as stack:
        with _damage_named(where, start, rows):
            file = stack.enter_context(pq.ParquetFile(path))
            batches = file.iter_batches(rows, row_groups=[group], use_threads=False)
            left = file.metadata.row_group(group).num_rows
        while left:
            with _damage_named(where, start, min(rows, left)):
                batch = next(batches, None)
                if batch is None:
                    raise ValueError("there are no more")
                batch.validate(full=True)  # pyarrow takes texts for UTF-8 unseen, and polars believes it
            yield batch.num_rows, partial(pl.DataFrame, batch)
            start, left = start + batch.num_rows, left - batch.num_rows


@contextmanager
def _damage_named(where: str, start: int, rows: int) -> Generator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise DataError(
            f"{where}: rows {start + 1} to {start + rows} cannot be read ({_first_line(error)})",
            hint="the file is damaged; get it again and compare its size with upstream's",
        ) from error


def _parse(load: Callable[[], pl.DataFrame], plan: _Plan) -> Batch:
    frame = load()
    whole = frame.select(plan.selection)
    others = frame.drop(plan.taken.values()) if plan.rest else pl.DataFrame()
    if others.width:
        whole = whole.with_columns(json_objects(others).alias(plan.rest))
    whole = plan.columns.complete(whole)
    batch = Batch(
        frame=whole,
        span=frame.height,
        raw=partial(rows_as_json, whole),
        unverified=frozenset(others.columns),
        taken=plan.columns.places(plan.taken, rest=plan.rest) if plan.rest else frozenset(),
    )
    return _without_unfit(batch, frame, plan.fine) if plan.fine else batch


def _without_unfit(batch: Batch, frame: pl.DataFrame, fine: Mapping[str, pl.Expr]) -> Batch:
    """The batch, with those rows rejected whose values do not say the same in the declared type."""
    fits = frame.select(expression.alias(name) for name, expression in fine.items())
    keep = fits.select(pl.all_horizontal(pl.all())).to_series()
    if keep.all():
        return batch
    bad: list[int] = (~keep).arg_true().to_list()
    reasons = [[f"{name}: not whole numbers" for name in fits.columns if not fits[name][row]] for row in bad]
    rejected = rejections(bad, reasons, rows_as_json(frame, bad))
    good = batch.frame.filter(keep)
    rows = keep.arg_true().cast(pl.Int64)
    return replace(batch, frame=good, rows=rows, rejected=rejected, raw=partial(rows_as_json, good))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
