"""One table on a card: its columns, how they are filled, and what was left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from ecomdata.cardmaking.escaping import Markdown, code, plain
from ecomdata.declare import Dataset, Table
from ecomdata.manifest import Manifest, TableRecord
from ecomdata.overview import type_name
from ecomdata.validating import Validation
from ecomdata.validating.results import Bar, ColumnProfile, TableProfile, share_text

_WORDS_SHOWN: Final = 5
_FEWEST_ROWS: Final = 10
"""A value is shown only where so many rows have it: in a short table a frequent one may be one person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A row of the table of columns."""

    name: str
    type: str
    unit: str
    nulls: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A row of the statistics."""

    name: str
    distinct: str
    low: str
    high: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Rows that were read and not written."""

    table: str
    how: str
    why: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table as a card shows it."""

    name: str
    about: str
    record: TableRecord
    dropped: int
    columns: Sequence[Column]
    measured: Sequence[Filled]
    left_out: Sequence[LeftOut]


def shown_table(
    name: str, dataset: Dataset, manifest: Manifest, found: Validation, private: Collection[tuple[str, str]]
) -> Shown:
    """A table of a release, in the words of its declaration, with the numbers of a validation.

    Of ``private`` columns (table, column), in which personal data were found, no value is shown.
    """
    record = manifest.tables[name]
    profile = next(one for one in found.profiles if one.table == name)
    declared = next((table for table in dataset.tables if table.name == name), None)
    grain = f" One row is {plain(declared.grain)}." if declared else ""
    rows = f"{profile.rows:,} row{'' if profile.rows == 1 else 's'}"
    more = [plain(part) for part in declared.paragraphs[1:]] if declared else []
    return Shown(
        name=name,
        about=Markdown("\n\n".join([f"{plain(record.description)}{grain} {rows}.", *more])),
        record=record,
        dropped=sum(record.dropped.values()),
        columns=_columns(profile, record, declared),
        measured=[
            _filled(column, profile.rows, values=(name, column.name) not in private)
            for column in profile.columns
            if profile.rows
        ],
        left_out=[
            *(LeftOut(table=name, how="rejected", why=why, rows=n) for why, n in record.reasons.items()),
            *(LeftOut(table=name, how="dropped", why=why, rows=n) for why, n in record.dropped.items() if n),
        ],
    )


def _columns(profile: TableProfile, record: TableRecord, declared: Table | None) -> list[Column]:
    """The columns as they are stored; what an older declaration had is not described any more."""
    types = {name: type_name(c.dtype) for name, c in declared.schema.columns().items()} if declared else {}
    return [
        Column(
            name=column.name,
            type=types.get(column.name, record.columns[column.name]),
            unit=declared.units.get(column.name, "") if declared else "",
            nulls=_share(column.nulls, profile.rows),
            description=declared.described.get(column.name, "") if declared else "",
        )
        for column in profile.columns
    ]


def _share(part: int, rows: int) -> str:
    return share_text(part / rows) if part and rows else "0%"


def _filled(column: ColumnProfile, rows: int, *, values: bool) -> Filled:
    # Who is in the data, most often or at all, is nobody's business, whatever the id.
    shown = values and not column.name.endswith("user_id")
    ends = shown or column.measure == "length"
    frequent = (bar for bar in column.bars if shown and bar.rows >= _FEWEST_ROWS)
    most = sorted(frequent, key=lambda bar: -bar.rows)[:_WORDS_SHOWN]
    return Filled(
        name=column.name,
        distinct="" if column.distinct is None else f"{column.distinct:,}",
        low=code(column.low) if ends and column.low is not None else "",
        high=code(column.high) if ends and column.high is not None else "",
        words=Markdown(", ".join(_word(bar, rows) for bar in most)),
    )


def _word(bar: Bar, rows: int) -> str:
    return f"{code(bar.low)} {_share(bar.rows, rows)}"
