"""How the columns of a table are filled: nulls, ranges, distributions. Each column is read twice.

The first pass counts nulls and finds ranges; the second counts the values in each bar. Both keep a few
numbers a column, so memory does not grow with the rows. Bars span round steps between about the first and
the 99th hundredth, and one more on each side holds the rest: a long tail does not squeeze all into one bar.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from ecomdata.sqltext import quoted
from ecomdata.validating.asking import Asker, NotRunError
from ecomdata.validating.results import Bar, ColumnProfile, TableProfile

_BARS: Final = 24
_WORDS: Final = 12
"""The most different texts that get a bar each. So few values are counted, not estimated."""
_TOGETHER: Final = 64
"""Counts that are asked for at once: those by value take DuckDB 5 MB each, of however few rows."""
_LONGEST: Final = 60
"""Characters of a text that stand at its bar."""

_NUMBER: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)")
_TIME: Final = re.compile(r"TIMESTAMP.*|DATE")
_SECONDS: Final = (1, 60, 900, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000, 315_360_000)
"""What a bar of times may span."""

Kind = Literal["number", "time", "text", "list", "other"]


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, the kind of its values, and that kind in words."""

    name: str
    kind: Kind
    words: str
    whole: bool = False

    @property
    def cell(self) -> str:
        """The column in SQL."""
        return quoted(self.name)

    @property
    def number(self) -> str:
        """What its bars are ordered by, in SQL: a value, seconds since 1970, a length."""
        if self.kind == "list":
            return f"CAST(len({self.cell}) AS DOUBLE)"
        if self.kind == "time":
            return f"epoch({self.cell})"  # null where it is infinite; isfinite takes no TIMESTAMPTZ_NS
        return f"CASE WHEN isfinite({self.cell}) THEN CAST({self.cell} AS DOUBLE) END"


@dataclass(frozen=True, slots=True)
class _Range:
    """What the first pass finds of a column that has numbers."""

    low: float
    high: float
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class _Bins:
    """Equal steps from ``start``; what lies before or behind them is counted as -1 and ``count``."""

    start: float
    step: float
    count: int


def profiled(asker: Asker, table: str, *, distributions: bool) -> TableProfile:
    """How the columns of a table are filled; without ``distributions`` their nulls alone."""
    where = f"the columns of {table}"
    columns = [_column(name, kind) for name, kind in asker.columns(table).items()]
    counts = ["count(*)", *(f"count({column.cell})" for column in columns)]
    rows, *there = asker.values(where, _select(table, counts))
    profiles = [
        ColumnProfile(
            name=column.name,
            type=column.words,
            nulls=rows - count,
            measure="length" if column.kind == "list" else "value",
        )
        for column, count in zip(columns, there, strict=True)
    ]
    if distributions and rows:
        with suppress(NotRunError):  # the nulls are counted all the same
            profiles = _with_bars(asker, table, columns, profiles, rows)
    return TableProfile(table=table, rows=rows, columns=tuple(profiles))


def _with_bars(
    asker: Asker, table: str, columns: Sequence[_Column], profiles: Sequence[ColumnProfile], rows: int
) -> list[ColumnProfile]:
    where = f"the columns of {table}"
    found = asker.values(where, _select(table, [part for column in columns for part in _facts(column)]))
    facts = [found[at : at + 6] for at in range(0, len(found), 6)]
    ranges = [None if low is None else _Range(low, high, *cut) for *_, low, high, cut in facts]
    bins = [
        _bins(column, reach) if reach and not _has_words(column, fact[0]) else None
        for column, reach, fact in zip(columns, ranges, facts, strict=True)
    ]
    counters = [
        part
        for column, wanted, fact in zip(columns, bins, facts, strict=True)
        for part in (_counter(column, wanted, fact[0]), _exactly(column, wanted, fact[0]))
    ]
    groups = [counters[at : at + _TOGETHER] for at in range(0, len(counters), _TOGETHER)]
    counted = [count for group in groups for count in asker.values(where, _select(table, group))]
    return [
        _filled(profile, column, (_different(fact[0], few, rows - profile.nulls), *fact[1:]), wanted, count)
        for profile, column, fact, wanted, count, few in zip(
            profiles, columns, facts, bins, counted[::2], counted[1::2], strict=True
        )
    ]


def _filled(
    profile: ColumnProfile,
    column: _Column,
    fact: Sequence[Any],
    bins: _Bins | None,
    counted: Mapping[Any, int] | None,
) -> ColumnProfile:
    """The profile with what both passes found."""
    distinct, low, high, *_ = fact
    if bins is None and counted is not None:
        return replace(profile, distinct=len(counted), bars=_word_bars(column, counted))
    bars = _bars(column, bins, counted or {}) if bins else ()
    return replace(profile, distinct=distinct, low=low, high=high, bars=bars)


def _select(table: str, parts: Sequence[str]) -> str:
    return f"SELECT {', '.join(parts)} FROM {quoted(table)}"  # noqa: S608 - names are quoted


def _column(name: str, kind: str) -> _Column:
    if _NUMBER.fullmatch(kind):
        whole = kind not in {"FLOAT", "DOUBLE"} and not kind.startswith("DECIMAL")
        return _Column(name, "number", "integer" if whole else "number", whole)
    if _TIME.fullmatch(kind):
        return _Column(name, "time", "date" if kind == "DATE" else "timestamp")
    if kind in {"VARCHAR", "BOOLEAN"} or kind.startswith("ENUM"):
        return _Column(
            name, "text", {"VARCHAR": "text", "BOOLEAN": "true or false"}.get(kind, "one of a few words")
        )
    if kind.endswith("[]"):
        return _Column(name, "list", "list", whole=True)
    return _Column(name, "other", kind.partition("(")[0].lower())


def _facts(column: _Column) -> list[str]:
    """Six SQL parts: distinct values, least and greatest as text, as numbers, and near the ends."""
    if column.kind == "other":
        return ["NULL"] * 6
    if column.kind == "text":
        return [f"approx_count_distinct({column.cell})", *["NULL"] * 5]
    shown = f"len({column.cell})" if column.kind == "list" else column.cell
    number = column.number
    distinct = "NULL" if column.kind == "list" else f"approx_count_distinct({column.cell})"
    ends = [f"CAST({end}({shown}) AS VARCHAR)" for end in ("min", "max")]
    return [
        distinct,
        *ends,
        f"min({number})",
        f"max({number})",
        f"reservoir_quantile({number}, [0.01, 0.99])",
    ]


def _has_words(column: _Column, distinct: int | None) -> bool:
    """Whether each of its values gets a bar, or none does: codes and ids are not counted along a scale."""
    few = distinct is not None and distinct <= _WORDS
    return column.name.endswith("_id") or (few and column.kind == "number" and not column.whole)


def _bins(column: _Column, reach: _Range) -> _Bins:
    low, high = reach.first, reach.last
    if reach.high - reach.low < _BARS and column.whole:
        return _Bins(reach.low, 1.0, int(reach.high - reach.low) + 1)
    if high <= low:
        low, high = reach.low, reach.high
    step = _step(column, (high - low) / _BARS)
    start = math.floor(low / step) * step
    return _Bins(start, step, max(1, math.floor((high - start) / step) + 1))


def _step(column: _Column, least: float) -> float:
    """The next round step: 1, 2 or 5 times a power of ten, or a span of time."""
    if column.kind == "time":
        fitting = [seconds for seconds in _SECONDS if seconds >= least]
        return float(fitting[0]) if fitting else least
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)
    return max(1.0, step) if column.whole else step


def _counter(column: _Column, bins: _Bins | None, distinct: int | None) -> str:
    if bins:
        place = f"floor(({column.number} - {bins.start!r}) / {bins.step!r})"
        within = f"CAST(greatest(-1, least({bins.count}, {place})) AS INTEGER)"
        # Both functions pass over nulls, and would count them at an end.
        return f"histogram({within}) FILTER ({column.number} IS NOT NULL)"
    if column.kind in {"text", "number"} and distinct is not None and distinct <= _WORDS:
        # Whole: texts that begin alike are different ones.
        return f"histogram(CAST({column.cell} AS VARCHAR))"
    return "NULL"


def _exactly(column: _Column, bins: _Bins | None, distinct: int | None) -> str:
    """How many different values there are, where few and without bars of words: estimates miss one or two."""
    few = bins is not None and distinct is not None and distinct <= _WORDS
    return f"count(DISTINCT {column.cell})" if few else "NULL"


def _different(estimate: int | None, counted: int | None, filled: int) -> int | None:
    """How many different values there are; an estimate may lie above what there can be."""
    return counted if estimate is None or counted is not None else min(estimate, filled)


def _word_bars(column: _Column, counted: Mapping[Any, int]) -> tuple[Bar, ...]:
    """A bar for every value: numbers in their order, words with the most frequent first."""
    number = column.kind == "number"
    order = sorted(counted.items(), key=lambda item: (float(item[0]) if number else -item[1], str(item[0])))
    return tuple(Bar(low=_cut(word), high=_cut(word), rows=count) for word, count in order)


def _cut(word: str) -> str:
    return word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…"


def _bars(column: _Column, bins: _Bins, counted: Mapping[Any, int]) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    for place in range(-1, bins.count + 1):
        rows = counted.get(place, 0)
        outside = place in {-1, bins.count}
        if outside and not rows:
            continue
        start = bins.start + place * bins.step
        low = "" if place == -1 else _shown(column, start, bins.step)
        high = "" if place == bins.count else _shown(column, start + bins.step, bins.step)
        single = column.whole and bins.step == 1 and not outside
        bars.append(Bar(low=low, high=low if single else high, rows=rows))
    return tuple(bars)


def _shown(column: _Column, value: float, step: float) -> str:
    if column.kind == "time":
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
        except OverflowError:
            return f"{value:,.0f} s from 1970"
        return moment.strftime("%Y-%m-%d" if step >= 86_400 else "%Y-%m-%d %H:%M:%S")
    digits = max(0, -math.floor(math.log10(step))) if step < 1 else 0
    return f"{value:,.{digits}f}"
