"""Pictures of when things happened."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Final

from ecomdata.cardmaking.drawing import Axis, Line, lines, percent
from ecomdata.cardmaking.subject import Picture, Subject
from ecomdata.sqltext import literal, quoted

_EPOCH: Final = dt.date(1970, 1, 1)
_MANY_YEARS: Final = 40
_YEARS: Final = range(1000, 3000)
"""What a clock says beyond these is not drawn, however often it says so."""
_TAIL: Final = 0.0005
"""Of the rows at each end, how many may be left out: clocks that were wrong stretch the axis to nothing."""
_LEAST: Final = 4
_FORMS: Final = {"hour": "%Y-%m-%d %H:00", "month": "%Y-%m", "year": "%Y"}

Counts = Mapping[str, Mapping[int, int]]
"""What happened -> period -> how often."""


def events_over_time(subject: Subject) -> Picture | None:
    """How many events of each kind, per hour, day, week, month or year."""
    if not subject.has("timestamp", "event"):
        return None
    return _over_time(subject, {"timestamp": ""}, "Events over time", "events")


def reviews_over_time(subject: Subject) -> Picture | None:
    """How many reviews were posted, and how many of the reviewed products were bought."""
    times = {name: name.removesuffix("_at") for name in ("posted_at", "bought_at") if subject.has(name)}
    return _over_time(subject, times, "Reviews over time", "reviews") if times else None


def births(subject: Subject) -> Picture | None:
    """How many units of a lead-lag series were created when."""
    if not subject.has("created_date"):
        return None
    return _over_time(subject, {"created_date": "created"}, "Units by date of creation", "units")


def _over_time(subject: Subject, columns: Mapping[str, str], title: str, word: str) -> Picture | None:
    """A line for each column, or for each event where a column has no name of its own."""
    years = _counts(subject, columns, "year(make_timestamp({us}))")
    total = sum(sum(found.values()) for found in years.values())
    window = _window({what: _within_years(found) for what, found in years.items()})
    if window is None:
        return None
    first, last = _new_year(window[0]), _new_year(window[1])
    unit, counts = "year", {what: _from_1970(found) for what, found in years.items()}
    if window[1] - window[0] < _MANY_YEARS:
        counts = _counts(subject, columns, "floor({us} / 86400e6)", (first, last + 366))
        first, last = _window(counts) or (first, last)
        unit = _unit(last - first + 1, timed="created_date" not in columns)
    if unit == "hour":
        counts = _counts(subject, columns, "floor({us} / 3600e6)", (first * 24, last * 24 + 23))
        first, last = _window(counts) or (first, last)
    return _drawn(subject, _binned(counts, first, last, unit), total, unit, title, word)


def _within_years(found: Mapping[int, int]) -> dict[int, int]:
    return {year: count for year, count in found.items() if year in _YEARS}


def _new_year(year: int) -> int:
    """The first day of a year, counted from 1 January 1970."""
    return (dt.date(year, 1, 1) - _EPOCH).days


def _from_1970(found: Mapping[int, int]) -> dict[int, int]:
    """Counts by year as counts by its first day, without those that no event was in."""
    return {_new_year(year): n for year, n in _within_years(found).items()}


def _counts(
    subject: Subject, columns: Mapping[str, str], period: str, window: tuple[int, int] | None = None
) -> dict[str, dict[int, int]]:
    """How often each thing happened in each period; ``period`` is SQL, with ``{us}`` for microseconds."""
    parts: list[str] = []
    for column, name in columns.items():
        what = literal(name) if name else "CAST(event AS VARCHAR)"
        when = f"CAST({period.format(us=f'epoch_us({quoted(column)})')} AS BIGINT)"
        parts.append(f"SELECT {what} AS what, {when} AS period FROM {subject.relation}")  # noqa: S608
    within = f"BETWEEN {window[0]} AND {window[1]}" if window else "IS NOT NULL"
    # Names are quoted, periods are whole numbers.
    query = (
        f"SELECT coalesce(what, 'no event'), period, count(*) FROM ({' UNION ALL '.join(parts)})"  # noqa: S608
        f" WHERE period {within} GROUP BY ALL ORDER BY ALL"
    )
    found: dict[str, dict[int, int]] = {}
    for what, place, count in subject.rows(query):
        found.setdefault(what, {})[place] = count
    return found


def _window(counts: Counts) -> tuple[int, int] | None:
    """The periods without the few rows at either end that stand apart."""
    totals = sum(map(Counter, counts.values()), Counter[int]())
    if not totals:
        return None
    spare = sum(totals.values()) * _TAIL
    return _beyond(totals, sorted(totals), spare), _beyond(totals, sorted(totals, reverse=True), spare)


def _beyond(totals: Mapping[int, int], periods: list[int], spare: float) -> int:
    for period in periods:
        spare -= totals[period]
        if spare < 0:
            return period
    return periods[-1]


def _unit(days: int, *, timed: bool) -> str:
    if timed and days <= 3:
        return "hour"
    for unit, most in (("day", 200), ("week", 3 * 365), ("month", 20 * 365)):
        if days <= most:
            return unit
    return "year"


def _start(unit: str, period: int) -> float:
    """Where the unit that a day (or hour) is in begins, in days since 1970."""
    if unit == "hour":
        return period / 24
    if unit == "day":
        return period
    if unit == "week":
        return (period - 4) // 7 * 7 + 4  # 5 January 1970 was a Monday
    day = _EPOCH + dt.timedelta(days=period)
    start = day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)
    return (start - _EPOCH).days


def _binned(counts: Counts, first: int, last: int, unit: str) -> dict[str, dict[float, int]]:
    """The counts by unit, the units in which nothing happened included."""
    step = 365 if unit == "year" else 1
    empty = dict.fromkeys((_start(unit, period) for period in (*range(first, last, step), last)), 0)
    binned: dict[str, dict[float, int]] = {}
    for what, found in counts.items():
        line = dict(empty)
        for period, count in found.items():
            start = _start(unit, period)
            if start in line:
                line[start] += count
        if any(line.values()):
            binned[what] = line
    return dict(sorted(binned.items(), key=lambda item: -sum(item[1].values())))


def _drawn(
    subject: Subject,
    binned: Mapping[str, Mapping[float, int]],
    total: int,
    unit: str,
    title: str,
    word: str,
) -> Picture | None:
    if not binned or max(map(len, binned.values())) < _LEAST:
        return None
    drawn = [Line(name=what, x=list(line), y=list(line.values())) for what, line in binned.items()]
    shown = sum(sum(line.y) for line in drawn)
    left = int(total - shown)
    aside = f"not shown: {left:,} before or after ({percent(left / total)})" if left else ""
    totals = sorted(sum(line.y) for line in drawn)
    apart = len(drawn) > 1 and totals[-1] > 12 * max(totals[0], 1)
    scale = Axis(title=f"{word} per {unit}", scale="symlog" if apart else "linear")
    head = subject.head(
        title, f"per {unit}, {_span(drawn[0], unit)}{' UTC' if word != 'units' else ''}", aside
    )
    png = lines(head, drawn, Axis(title="", scale="date", dates=_FORMS.get(unit, "%Y-%m-%d")), scale)
    alt = f"{head.title}, per {unit}, {_span(drawn[0], unit)}{', on a logarithmic scale' if apart else ''}. "
    alt += " ".join(_said(line, word, unit, named=len(drawn) > 1) for line in drawn)
    return Picture(
        subject.name("over-time"), head.title, alt + (f" {aside.capitalize()}." if aside else ""), png
    )


def _said(line: Line, word: str, unit: str, *, named: bool) -> str:
    most = max(range(len(line.y)), key=lambda place: line.y[place])
    said = f"{int(sum(line.y)):,} {word}, at most {int(line.y[most]):,} ({_date(line.x[most], unit)})"
    return f"{line.name}: {said}." if named else f"{said}."


def _span(line: Line, unit: str) -> str:
    return f"{_date(line.x[0], unit)} to {_date(line.x[-1], unit)}"


def _date(day: float, unit: str) -> str:
    when = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
    return when.strftime(_FORMS.get(unit, "%Y-%m-%d"))
