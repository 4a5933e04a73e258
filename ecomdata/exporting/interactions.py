"""Which table of a release has users and items, and what of it an export takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ecomdata.derive import numbered
from ecomdata.errors import UsageError
from ecomdata.spreadsheets import runs_in_sql
from ecomdata.sqltext import literal, quoted

if TYPE_CHECKING:
    from ecomdata.release import Release, TableData

_KINDS: Final = {"interactions": ("item_id", "timestamp"), "reviews": ("product_id", "posted_at")}
"""Canonical table with users -> its columns of items and of time."""

_CONTROL: Final = r"[\x00-\x1f\x7f]"


@dataclass(frozen=True, slots=True)
class Interactions:
    """A table in which users meet items.

    Attributes:
        table: The table.
        item: Its column of items.
        time: Its column of time, or empty.
        ratings: Event -> rating, where events are to be rated; those that are not named are left out.
    """

    table: TableData
    item: str
    time: str
    ratings: Mapping[str, float]

    @property
    def columns(self) -> Mapping[str, str]:
        """Its columns and their types."""
        return self.table.record.columns

    @property
    def relation(self) -> str:
        """The query of all its rows."""
        return numbered(self.table.paths)

    @property
    def known(self) -> str:
        """Whether a row has a user and an item, in SQL."""
        return f"user_id IS NOT NULL AND {self.item} IS NOT NULL"

    @property
    def wanted(self) -> str:
        """Whether a row is exported, in SQL."""
        if not self.ratings:
            return self.known
        return f"{self.known} AND event IN ({', '.join(map(literal, self.ratings))})"

    @property
    def rating(self) -> str:
        """The rating, in SQL; empty where there is none."""
        if self.ratings:
            cases = " ".join(f"WHEN {literal(event)} THEN {value}" for event, value in self.ratings.items())
            return f"CASE event {cases} END::DOUBLE"
        return "rating::DOUBLE" if "rating" in self.columns else ""

    @property
    def seconds(self) -> str:
        """Unix seconds, in SQL; empty where there is no time."""
        return f"epoch_us({self.time}) / 1e6" if self.time else ""

    @property
    def fatal(self) -> dict[str, str]:
        """Ids that would break a line, and the query that counts them."""
        broken = " OR ".join(f"regexp_matches({quoted(name)}, '{_CONTROL}')" for name in self.texts)
        what = "ids hold tabs or ends of lines"
        return {what: self.count(f"{self.wanted} AND ({broken})")} if broken else {}

    @property
    def formulas(self) -> dict[str, str]:
        """Ids that a spreadsheet would run, and the query that counts the rows of them."""
        runs = " OR ".join(f"({runs_in_sql(quoted(name))})" for name in self.texts)
        what = "ids that a spreadsheet would run, written with an apostrophe before them"
        return {what: self.count(f"{self.wanted} AND ({runs})")} if runs else {}

    @property
    def texts(self) -> list[str]:
        """The columns of ids that are texts."""
        return [name for name in ("user_id", self.item) if is_text(self.columns[name])]

    @property
    def notes(self) -> dict[str, str]:
        """Rows that are left out, and the queries that count them."""
        notes = {"rows without a user or an item, left out": self.count(f"NOT ({self.known})")}
        if self.ratings:
            events = ", ".join(map(literal, self.ratings))
            # A row without a user or an item has been counted.
            notes["rows of other events, left out"] = self.count(f"{self.known} AND event NOT IN ({events})")
        return notes

    def count(self, condition: str) -> str:
        """The query that counts the rows of which a condition in SQL is true."""
        return f"SELECT count(*) FROM ({self.relation}) WHERE {condition}"  # noqa: S608 - quoted names


def interactions_of(release: Release, table: str | None, ratings: Mapping[str, float]) -> Interactions:
    """The table with users and items.

    Raises:
        UsageError: there is none, several, or none of that name; or it has no events to rate.
    """
    known = {data.name: data for data in release.values() if _fits(data)}
    dataset = release.manifest.dataset
    if table is not None and table not in known:
        release[table]  # knows which tables there are
        raise UsageError(
            f"{dataset} {table} has no user_id and item_id in each row",
            hint=f"tables that have: {', '.join(known) or 'none'}",
        )
    if not known:
        raise UsageError(
            f"{dataset} has no table in which each row has a user_id and an item_id",
            hint="read its tables as they are: ecomdata sql, or ed.open",
        )
    if table is None and len(known) > 1:
        raise UsageError(
            f"{dataset} has several tables of users and items", hint=f"choose: --table {' or '.join(known)}"
        )
    data = known[table or next(iter(known))]
    item, time = _KINDS[data.record.kind]
    found = Interactions(data, item, time if time in data.record.columns else "", ratings)
    if ratings and "event" not in data.record.columns:
        raise UsageError(f"{dataset} {data.name} has no events to rate", hint="leave out --rating")
    return found


def is_text(dtype: str) -> bool:
    """Whether a column of such a polars type holds text of any length."""
    return dtype.partition("(")[0] == "String"


def is_number(dtype: str) -> bool:
    """Whether a column of such a polars type holds numbers, or true and false."""
    return dtype.startswith(("Int", "UInt", "Float", "Decimal", "Boolean"))


def cleaned(column: str, dtype: str) -> str:
    """A column as a text without tabs and ends of lines, in SQL."""
    text = f"{column}::VARCHAR"
    return f"regexp_replace({text}, '{_CONTROL}+', ' ', 'g')" if is_text(dtype) else text


def _fits(data: TableData) -> bool:
    needed = _KINDS.get(data.record.kind)
    return needed is not None and {"user_id", needed[0]} <= set(data.record.columns)
