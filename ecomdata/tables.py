"""Writing the tables of one release, each row accounted for."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from ecomdata.checks import check
from ecomdata.columns import listed
from ecomdata.declare import Table
from ecomdata.derive import Origin, derived_frames
from ecomdata.errors import DataError
from ecomdata.manifest import Mapped, TableRecord
from ecomdata.options import Options
from ecomdata.pipeline import Assigned, Quarantine, TableReader, Tally, count_reasons, without_dropped
from ecomdata.progress import Reporter
from ecomdata.readers.base import rejections, rows_as_json
from ecomdata.readers.textblocks import NOT_UTF8
from ecomdata.shards import write_shards
from ecomdata.threads import Engine, Threads

_NOT_COLUMNS: Final = "these are not the columns upstream publishes, or not in its order"
_NOT_ROWS: Final = "they come of its query (derive): what that gives is not what the table's schema allows"
_NOT_TEXT: Final = (
    "load the files as upstream released them; where upstream writes CSV in another encoding, its loader "
    "says so: Delimited(encoding=...)"
)


class TableWriter:
    """Writes tables into the folder of a release that nobody sees yet.

    Args:
        dataset: The dataset's name, for messages.
        folder: The release's folder.
        options: How to load.
        reporter: Hears of progress.
    """

    def __init__(self, dataset: str, folder: Path, options: Options, reporter: Reporter) -> None:
        self._dataset = dataset
        self._folder = folder
        self._options = options
        self._reporter = reporter
        self.records: dict[str, TableRecord] = {}

    def read(self, table: Table, assigned: list[Assigned], engine: Engine = Threads) -> Mapping[str, int]:
        """Write a table from raw files, parsed by an engine, and return how many rows each file gave."""
        self._reporter.start(table.name, _content_size(assigned))
        quarantine = self._quarantine(table)
        options = self._options
        reader = TableReader(
            table,
            assigned,
            quarantine,
            self._reporter,
            jobs=options.jobs,
            limit=options.limit,
            engine=engine,
        )
        self._write(table, reader.frames(), reader.tally, quarantine)
        return reader.tally.files

    def derive(self, table: Table, absent: Sequence[Table] = (), origin: Origin | None = None) -> None:
        """Write a table from those written before and from those of ``origin``, the dataset it is made from.

        ``absent`` are the tables that had no raw files.
        """
        self._reporter.start(table.name, 0)
        quarantine = self._quarantine(table)
        tally = Tally()
        frames = derived_frames(
            table, self.records, self._folder, memory=self._options.memory, absent=absent, origin=origin
        )
        self._write(table, self._checked(table, frames, tally, quarantine), tally, quarantine)

    def _quarantine(self, table: Table) -> Quarantine:
        return Quarantine(self._folder / "quarantine", table.name)

    def _checked(
        self, table: Table, frames: Iterable[pl.DataFrame], tally: Tally, quarantine: Quarantine
    ) -> Iterator[pl.DataFrame]:
        """Derived rows pass the same check as read ones, and declared rules leave some out."""
        for frame in frames:
            kept, dropped = without_dropped(frame, table.drops)
            checked = check(kept.frame, table.schema)
            if checked.bad:
                bad = kept.places.gather(checked.bad).to_list()
                rows = [tally.read + 1 + position for position in bad]
                rejected = rejections(rows, checked.reasons, rows_as_json(frame, bad))
                quarantine.add(f"derived:{table.name}", rejected)
                count_reasons(tally.reasons, rejected)
            tally.read += frame.height
            tally.dropped.update(dropped)
            tally.rejected += len(checked.bad)
            tally.written += checked.good.height
            self._reporter.advance(rows=frame.height)
            yield checked.good

    def _write(
        self, table: Table, frames: Iterator[pl.DataFrame], tally: Tally, quarantine: Quarantine
    ) -> None:
        """Write a table's rows and account for them."""
        started = time.monotonic()
        types = {name: column.dtype for name, column in table.schema.columns().items()}
        files = write_shards(frames, pl.Schema(types), self._folder / table.name)
        quarantine.flush()
        self._reporter.finish()
        self._judge(table, tally)
        mapped = _mapped(table, tally)
        for kind in mapped:
            self._reporter.say(f"note: {self._dataset} {table.name}: {_said(kind)}")
        columns = {name: str(dtype) for name, dtype in types.items()}
        self.records[table.name] = TableRecord(
            kind=table.kind,
            canonical=table.canonical,
            description=table.description,
            columns=columns,
            schema_sha256=sha256_json(columns),
            read=tally.read,
            written=tally.written,
            rejected=tally.rejected,
            reasons=dict(tally.reasons.most_common()),
            dropped=dict(tally.dropped),
            files=files,
            quarantine=tuple(quarantine.files),
            seconds=round(time.monotonic() - started, 3),
            unverified=tuple(sorted(tally.unverified)),
            mapped=mapped,
        )

    def _judge(self, table: Table, tally: Tally) -> None:
        """Check that no row is lost, and that what was read is what it should be."""
        name = f"{self._dataset} {table.name}"
        tally.balance(name)
        worst = ", ".join(f"{reason} ({count:,})" for reason, count in tally.reasons.most_common(3))
        if tally.rejected and not tally.written:
            hint = _NOT_TEXT if worst.startswith(NOT_UTF8) else _NOT_ROWS if table.derive else _NOT_COLUMNS
            raise DataError(f"{name}: all {tally.rejected:,} rows rejected: {worst}", hint=hint)
        if self._options.strict and tally.rejected:
            raise DataError(
                f"{name}: {tally.rejected:,} of {tally.read:,} rows rejected: {worst}",
                hint="load without --strict to keep the good rows and see the others in quarantine",
            )
        if tally.unverified:
            keys = listed(sorted(tally.unverified))
            self._reporter.say(f"note: {name}: unverified upstream, kept as JSON: {keys}")
        if not tally.written:
            dropped = tally.dropped.total()
            why = f"all {dropped:,} that were read were dropped" if dropped else "its raw files hold none"
            self._reporter.say(f"note: {name} has no rows; {why}")


def _mapped(table: Table, tally: Tally) -> tuple[Mapped, ...]:
    """What was taken for the declared columns, files with the same names together."""
    order = list(dict.fromkeys(name for raw in table.raws for name in raw.columns.names))
    kinds: dict[frozenset[tuple[str, str]], list[str]] = {}
    for file, places in tally.taken.items():
        kinds.setdefault(frozenset(places), []).append(file)
    mapped: list[Mapped] = []
    for taken, files in kinds.items():
        columns: dict[str, list[str]] = {}
        for name, found in sorted(taken, key=lambda pair: (order.index(pair[0]), pair[1])):
            columns.setdefault(name, []).extend([found] if found else [])
        mapped.append(
            Mapped(
                files=tuple(files),
                columns={name: tuple(found) for name, found in columns.items() if found},
                absent=tuple(name for name, found in columns.items() if not found),
            )
        )
    return tuple(mapped)


def _said(mapped: Mapped) -> str:
    first, *more = mapped.files
    files = f"{first} and {len(more):,} more files" if more else first
    pairs = [
        listed([name]) if found == (name,) else f"{name} (as {listed(found)})"
        for name, found in mapped.columns.items()
    ]
    absent = f"; not found: {listed(mapped.absent)}" if mapped.absent else ""
    return f"columns of {files}: {', '.join(pairs)}{absent}"


def _content_size(assigned: Iterable[Assigned]) -> int:
    """Bytes that will be read, decompressed; 0 where some file does not say."""
    lengths = [one.file.length for one in assigned]
    return sum(lengths) if all(lengths) else 0


def sha256_json(value: object) -> str:
    """A hash of JSON-ready values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
