"""From raw files to the rows of one table: parse, normalise and check side by side, deliver in order."""

from __future__ import annotations

import io
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import polars as pl

from ecomdata.checks import check, own_code, reason_class
from ecomdata.columns import DriftError
from ecomdata.declare import Dataset, Raw, Table
from ecomdata.errors import DataError, EcomdataError
from ecomdata.manifest import WrittenFile
from ecomdata.progress import Reporter
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import REJECTED, Batch, Block, no_rejections, rejections
from ecomdata.shards import write_shards
from ecomdata.sources.matching import matches_tail
from ecomdata.sources.plan import NothingFoundError, some, telling
from ecomdata.threads import Engine, Pool, Threads, ahead

QUARANTINE: Final = pl.Schema([("source_file", pl.String()), *REJECTED.items()])
"""Columns of a quarantine file. ``row`` counts from 1; in text files it is the line."""

_QUARANTINE_BYTES: Final = 32 << 20
_MAX_REASONS: Final = 50


class Assigned(NamedTuple):
    """A raw file and the kind of raw file it was found to be."""

    file: RawFile
    raw: Raw


@dataclass(slots=True)
class Tally:
    """What became of a table's rows. ``read == written + rejected + dropped`` always holds."""

    read: int = 0
    written: int = 0
    rejected: int = 0
    dropped: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])
    files: Counter[str] = field(default_factory=Counter[str])
    unverified: set[str] = field(default_factory=set[str])
    taken: dict[str, set[tuple[str, str]]] = field(default_factory=dict[str, set[tuple[str, str]]])

    def balance(self, table: str) -> None:
        """Raise when the accounting identity does not hold: rows were lost or made up."""
        if self.read != self.written + self.rejected + self.dropped.total():
            raise EcomdataError(
                f"{table}: {self.read} rows read, but {self.written} written, {self.rejected} rejected and "
                f"{self.dropped.total()} dropped",
                hint="this is a fault in ecomdata; please report it",
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One block, normalised and checked.

    ``counted`` is its rows as a limit counts them: without the lines that the format itself leaves out.
    """

    good: pl.DataFrame
    rejected: pl.DataFrame
    dropped: Counter[str]
    read: int
    counted: int
    span: int
    size: int
    unverified: frozenset[str]
    taken: frozenset[tuple[str, str]]


class Quarantine:
    """Collects rejected rows and writes them in shards, so that any number of them fits in memory."""

    def __init__(self, folder: Path, table: str) -> None:
        self._folder = folder
        self._table = table
        self._held: list[pl.DataFrame] = []
        self._bytes = 0
        self.files: list[WrittenFile] = []

    def add(self, source_file: str, rejected: pl.DataFrame) -> None:
        """Keep rejected rows of one file."""
        if rejected.height:
            named = rejected.select(pl.lit(source_file).alias("source_file"), *REJECTED.names())
            # A copy: the rows may be views into the memory of a whole block, which they would keep.
            self._held.append(pl.DataFrame.deserialize(io.BytesIO(named.serialize())))
            self._bytes += int(self._held[-1].estimated_size())
            if self._bytes >= _QUARANTINE_BYTES:
                self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            stem = f"{self._table}-{len(self.files):03d}"
            frames = iter([pl.concat(self._held)])
            self.files += write_shards(frames, QUARANTINE, self._folder, stem=stem)
            self._held = []
            self._bytes = 0


class TableReader:
    """Reads one table's raw files into checked frames, in order.

    Args:
        table: The table.
        assigned: Its raw files.
        quarantine: Where rejected rows go.
        reporter: Hears of rows and bytes.
        jobs: Blocks worked on at a time.
        limit: Rows to read at most, or None.
        engine: Where blocks are worked on.
    """

    def __init__(
        self,
        table: Table,
        assigned: list[Assigned],
        quarantine: Quarantine,
        reporter: Reporter,
        *,
        jobs: int,
        limit: int | None = None,
        engine: Engine = Threads,
    ) -> None:
        self._table = table
        self._assigned = assigned
        self._quarantine = quarantine
        self._reporter = reporter
        self._jobs = jobs
        self._limit = limit
        self._engine = engine
        self._counted = 0
        self.tally = Tally()

    def frames(self) -> Iterator[pl.DataFrame]:
        """Good rows, frame by frame."""
        with self._engine(self._jobs) as pool:
            for file, raw in self._assigned:
                yield from self._file(pool, file, raw)
                if self._left() == 0:
                    return

    def _file(self, pool: Pool, file: RawFile, raw: Raw) -> Iterator[pl.DataFrame]:
        paths = raw.path_columns(layout_path(file))
        work = partial(process, table=self._table, raw=raw, paths=paths, limit=self._left())
        offset = 1
        begun: deque[Block] = deque()
        for outcome in ahead(pool, work, _noted(raw.reader.blocks(file, raw.columns), begun)):
            block, left = begun.popleft(), self._left()
            if left is not None and outcome.counted > left:
                outcome = work(block, limit=left)  # noqa: PLW2901 - the same block, cut where the limit falls
            rows = outcome.rejected.with_columns(pl.col("row") + offset)
            self._quarantine.add(file.name, rows)
            self._count(file.name, outcome)
            offset += outcome.span
            self._reporter.advance(size=outcome.size, rows=outcome.read)
            if outcome.good.height:
                yield outcome.good
            if self._left() == 0:
                return

    def _left(self) -> int | None:
        return None if self._limit is None else self._limit - self._counted

    def _count(self, name: str, outcome: Outcome) -> None:
        tally = self.tally
        self._counted += outcome.counted
        tally.read += outcome.read
        tally.written += outcome.good.height
        tally.rejected += outcome.rejected.height
        tally.dropped.update(outcome.dropped)
        tally.files[name] += outcome.read
        tally.unverified |= outcome.unverified
        if outcome.taken:
            tally.taken.setdefault(name, set()).update(outcome.taken)
        if outcome.rejected.height:
            count_reasons(tally.reasons, outcome.rejected)


def count_reasons(reasons: Counter[str], rejected: pl.DataFrame) -> None:
    """Count rejected rows by class of reason; beyond fifty classes the rest is counted as one."""
    counts = rejected.select(pl.col("reasons").explode()).to_series().value_counts().sort("reasons")
    for reason, count in counts.iter_rows():
        known = reason_class(reason)
        if known not in reasons and len(reasons) >= _MAX_REASONS:
            known = "other reasons"
        reasons[known] += count


def _noted(blocks: Iterator[Block], begun: deque[Block]) -> Iterator[Block]:
    for block in blocks:
        begun.append(block)
        yield block


def process(
    block: Block, *, table: Table, raw: Raw, paths: dict[str, str | None], limit: int | None = None
) -> Outcome:
    """Parse one block, leave out what the declared rules drop, normalise it and check it."""
    batch = block.parse()
    if limit is not None and batch.frame.height + batch.rejected.height > limit:
        batch = _head(batch, limit)
    frame = batch.frame.with_columns(
        pl.lit(value, dtype=pl.String).alias(name) for name, value in paths.items()
    )
    with own_code(f"{table.name}: drops and rejects of {raw.schema.__name__}"):
        kept, left_out = without_dropped(frame, raw.drops)
        kept, refused = _without_refused(batch, kept, raw.rejects)
    dropped = Counter(batch.dropped) + left_out
    with own_code(f"{table.name}: normalize of {raw.schema.__name__}"):
        normal = raw.normalize(kept.frame.lazy()).collect()
    if normal.height != kept.frame.height:
        raise EcomdataError(
            f"{table.name}: normalize made {normal.height} rows of {kept.frame.height}",
            hint="normalize must keep rows one for one; declare rows to leave out under drops",
        )
    checked = check(normal, table.schema)
    rejected = batch.rejected
    if checked.bad or refused.height:
        bad = _rejections(batch, kept.places, checked.bad, checked.reasons)
        rejected = pl.concat([rejected, refused, bad]).sort("row")
    read = checked.good.height + rejected.height + dropped.total()
    counted = batch.frame.height + batch.rejected.height
    return Outcome(
        good=checked.good,
        rejected=rejected,
        dropped=dropped,
        read=read,
        counted=counted,
        span=batch.span,
        size=block.size,
        unverified=batch.unverified,
        taken=batch.taken,
    )


class Kept(NamedTuple):
    """The rows of a frame that no rule leaves out, and their places in it."""

    frame: pl.DataFrame
    places: pl.Series


def without_dropped(frame: pl.DataFrame, drops: Mapping[str, pl.Expr]) -> tuple[Kept, Counter[str]]:
    """The rows that no declared rule leaves out, and how many each rule did; the first that fits counts."""
    dropped: Counter[str] = Counter()
    places = pl.int_range(frame.height, eager=True)
    for rule, expression in drops.items():
        unwanted = frame.select(expression.fill_null(value=False)).to_series()
        if unwanted.any():
            dropped[rule] += int(unwanted.sum())
            frame, places = frame.filter(~unwanted), places.filter(~unwanted)
    return Kept(frame, places), dropped


def _without_refused(batch: Batch, kept: Kept, rules: Mapping[str, pl.Expr]) -> tuple[Kept, pl.DataFrame]:
    """The rows that no declared reason rejects, and the others as rejected rows."""
    broken = kept.frame.select(rule.fill_null(value=False).alias(reason) for reason, rule in rules.items())
    if not any(rows.any() for rows in broken):
        return kept, no_rejections()
    refused = broken.select(pl.any_horizontal(pl.all())).to_series()
    reasons = [[name for name, is_so in row.items() if is_so] for row in broken.filter(refused).to_dicts()]
    rejected = _rejections(batch, kept.places, refused.arg_true().to_list(), reasons)
    return Kept(kept.frame.filter(~refused), kept.places.filter(~refused)), rejected


def _head(batch: Batch, limit: int) -> Batch:
    """The first rows of a batch, typed and rejected ones together in the file's order."""
    rows = pl.int_range(batch.frame.height, eager=True) if batch.rows is None else batch.rows
    end = pl.concat([rows.cast(pl.Int64), batch.rejected["row"]]).sort()[limit]
    frame = batch.frame.head(int((rows < end).sum()))
    return replace(batch, frame=frame, rejected=batch.rejected.filter(pl.col("row") < end), dropped={})


def _rejections(batch: Batch, keep: pl.Series, bad: list[int], reasons: list[list[str]]) -> pl.DataFrame:
    positions: list[int] = keep.gather(bad).to_list()
    rows = positions if batch.rows is None else batch.rows.gather(positions).to_list()
    return rejections(rows, reasons, batch.raw(positions))


def layout_path(file: RawFile) -> str:
    """What a pattern on the path sees: the file's name, and the name of the folder above it.

    The folder above is the one that was given, or one that belongs to upstream's layout where that was given
    from its middle; of what the Hub sent it is the repository, as the commit's folder says nothing.
    What is above that is the user's own and says nothing about the data.
    """
    name, place = PurePosixPath(file.name).parts, file.container.parts
    for length in range(len(name), 0, -1):  # the name of an archive's member goes on below its container
        if place[-length:] == name[:length]:
            return "/".join(("", *telling(place[:-length]), *name))
    return f"/{file.name}"


def assign(
    files: Sequence[RawFile],
    tables: Sequence[Table],
    *,
    siblings: Mapping[str, Dataset] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Assigned]]:
    """Table -> its raw files, each with the first declared kind whose columns fit.

    A file that fits none of them, but one of another member of the family (``siblings``), is left to that.

    Raises:
        NothingFoundError: all files were left to other members.
        DriftError: a file has the name of a raw file, but no table declares such columns.
        DataError: a file is damaged, or there are two where upstream has one.
    """
    assigned: dict[str, list[Assigned]] = {table.name: [] for table in tables}
    left: list[str] = []
    for file in files:
        misfits: list[DriftError] = []
        taken = False
        for table in tables:
            match = _fit(file, table)
            if isinstance(match, Raw):
                _require_alone(file, match, assigned[table.name])
                assigned[table.name].append(Assigned(file, match))
                taken = True
            elif match is not None:
                misfits.append(match)
        if misfits and not taken:
            owner = _owner(file, siblings or {})
            if not owner:
                raise min(misfits, key=lambda error: error.distance)
            left.append(f"{file.name} is one of {owner}'s files")
    if left and not any(assigned.values()):
        raise NothingFoundError(f"there are no files of this dataset: {some(left)}", hint="load that instead")
    if left:
        say(f"left alone: {some(left)}")
    return assigned


def _owner(file: RawFile, siblings: Mapping[str, Dataset]) -> str:
    """The member of the family that a file is one of, by name and by columns; empty where there is none."""
    fits = (
        name
        for name, dataset in siblings.items()
        if any(isinstance(_fit(file, table), Raw) for table in dataset.tables)
    )
    return next(fits, "")


def _require_alone(file: RawFile, raw: Raw, others: Sequence[Assigned]) -> None:
    if not raw.single:
        return
    said = raw.path_columns(layout_path(file))
    mine = (one.file for one in others if one.raw is raw)
    other = next((one for one in mine if raw.path_columns(layout_path(one)) == said), None)
    if other is not None:
        raise DataError(
            f"{other.name} and {file.name}: upstream has one such file, and their rows would be mixed",
            hint="load one of them: give it as --source, or choose it with --only",
        )


def _fit(file: RawFile, table: Table) -> Raw | DriftError | None:
    """The kind of raw file it is; else the nearest misfit; None when the name does not fit at all."""
    misfits: list[DriftError] = []
    for raw in table.raws:
        if any(matches_tail(file.name, glob) for glob in raw.files):
            try:
                raw.reader.check(file, raw.columns)
            except DriftError as error:
                misfits.append(error)
            else:
                return raw
    return min(misfits, key=lambda error: error.distance, default=None)
