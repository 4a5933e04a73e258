"""Pictures of what rows are of: events, ratings, languages, categories, domains, prices."""

from __future__ import annotations

import math
from typing import Final

from ecomdata.cardmaking.drawing import Axis, bars, columns, percent
from ecomdata.cardmaking.lettering import label
from ecomdata.cardmaking.subject import Picture, Subject

_MOST_BARS: Final = 12
_MOST_LEVELS: Final = 3


def event_mix(subject: Subject) -> Picture | None:
    """Events by kind, for a table that does not say when they were."""
    if subject.has("timestamp") or not subject.has("event"):
        return None
    return _bars(subject, "CAST(event AS VARCHAR)", "Events by kind", "event-mix")


def languages(subject: Subject) -> Picture | None:
    """Texts by language: upstream's own word, or else what was told of them."""
    if subject.has("language"):
        return _bars(subject, "language", "Languages", "languages")
    told = subject.told
    if told is None or len(told.languages) < 2:
        return None
    rows = [(one.language, one.rows) for one in told.languages]
    total = sum(count for _, count in rows)
    aside = f"{told.nulls:,} have no {told.column}" if told.nulls else ""
    head = subject.head(
        "Languages", f"{subject.word} by the language of {told.column}, as a model tells", aside
    )
    png = bars(head, rows, Axis(title=subject.word), total=total)
    said = ", ".join(f"{tag} {count:,} ({percent(count / total)})" for tag, count in rows)
    alt = f"{head.title} of {total:,} {subject.word}, told by a model from {told.column}. {said}. {aside}"
    return Picture(subject.name("languages"), head.title, alt.strip(), png)


def domains(subject: Subject) -> Picture | None:
    """Media by domain."""
    return _bars(subject, "CAST(domain AS VARCHAR)", "Domains", "domains") if subject.has("domain") else None


def category_mix(subject: Subject) -> Picture | None:
    """Items or products by the first level of their categories that tells any apart."""
    if not subject.has("category_path"):
        return None
    for level in range(1, _MOST_LEVELS + 1):
        title = "Categories" if level == 1 else f"Categories, level {level}"
        picture = _bars(subject, f"category_path[{level}]", title, "categories")
        if picture:
            return picture
    return None


def _bars(subject: Subject, key: str, title: str, name: str) -> Picture | None:
    """The most frequent values, and one bar for all others; nothing where there are fewer than two values."""
    query = (
        f"WITH counted AS (SELECT {key} AS value, count(*) AS n FROM {subject.relation} GROUP BY ALL)"  # noqa: S608
        " SELECT left(value, 300), n, count(value) OVER (), sum(n) OVER () FROM counted"
        f" ORDER BY value IS NULL, n DESC, value LIMIT {_MOST_BARS}"
    )
    found = subject.rows(query)
    if not found or found[0][2] < 2:
        return None
    distinct, total = int(found[0][2]), int(found[0][3])
    rows = [(str(value), int(count)) for value, count, *_ in found if value is not None]
    ((missing,),) = subject.rows(f"SELECT count(*) FROM {subject.relation} WHERE ({key}) IS NULL")  # noqa: S608
    others = total - missing - sum(count for _, count in rows)
    drawn = [*rows]
    drawn += [(f"{distinct - len(rows):,} others", others)] if others else []
    drawn += [("none given", missing)] if missing else []
    head = subject.head(title, f"{distinct:,} different")
    png = bars(head, drawn, Axis(title=subject.word), total=total, rest=len(drawn) - len(rows))
    said = ", ".join(f"{label(value)} {count:,} ({percent(count / total)})" for value, count in drawn[:6])
    alt = f"{head.title}: {total:,} {subject.word}, {distinct:,} values. {said}."
    return Picture(subject.name(name), head.title, alt, png)


def ratings(subject: Subject) -> Picture | None:
    """Reviews by rating."""
    return _scores(subject, "rating", "Ratings") if subject.has("rating") else None


def helpfulness(subject: Subject) -> Picture | None:
    """Reviews by how helpful they were found."""
    return _scores(subject, "helpfulness", "Helpfulness") if subject.has("helpfulness") else None


def _scores(subject: Subject, column: str, title: str) -> Picture | None:
    query = (
        f"SELECT CAST(round({column}) AS BIGINT) AS score, count(*), bool_or({column} <> round({column}))"  # noqa: S608
        f" FROM {subject.relation} WHERE abs({column}) < 1e6 GROUP BY score ORDER BY score"
    )
    found = subject.rows(query)
    if len(found) < 2 or found[-1][0] - found[0][0] > 20:
        return None
    counts = {int(score): int(count) for score, count, _ in found}
    low, high = min(counts), max(counts)
    rows = [(f"{score}", counts.get(score, 0)) for score in range(high, low - 1, -1)]
    total = sum(counts.values())
    mean = sum(score * count for score, count in counts.items()) / total
    missing = len(subject.table) - total
    rounded = "rounded to whole numbers" if any(odd for *_, odd in found) else ""
    aside = f"{missing:,} have none" if missing else ""
    head = subject.head(title, f"{subject.word} by {column}", rounded, aside, f"mean {mean:.2f}")
    png = bars(head, rows, Axis(title=subject.word), total=total)
    said = ", ".join(f"{score}: {count:,} ({percent(count / total)})" for score, count in rows)
    alt = f"{head.title} of {total:,} {subject.word}, mean {mean:.2f}. {said}."
    return Picture(subject.name(f"{column}s" if column == "rating" else column), head.title, alt, png)


def prices(subject: Subject) -> Picture | None:
    """Items by price, on a logarithmic scale."""
    if not subject.has("price"):
        return None
    steps = 10
    query = (
        f"SELECT CAST(floor(log10(price) * {steps}) AS BIGINT) AS step, count(*), min(price), max(price)"  # noqa: S608
        f" FROM {subject.relation} WHERE price > 0 AND isfinite(price) GROUP BY step ORDER BY step"
    )
    found = subject.rows(query)
    if len(found) < 4:
        return None
    counts = {int(step): int(count) for step, count, *_ in found}
    total = sum(counts.values())
    places = range(min(counts), max(counts) + 1)
    edges = [10 ** (place / steps) for place in (*places, places[-1] + 1)]
    unit = _currency(subject)
    middle = _median(counts, total, steps)
    without = len(subject.table) - total
    aside = f"{without:,} have none, or none above zero" if without else ""
    head = subject.head(
        "Prices", f"{subject.word} by price, logarithmic", f"half cost about {middle:,g} or less", aside
    )
    x = Axis(title=f"price ({unit})" if unit else "price", scale="log")
    png = columns(head, edges, [counts.get(p, 0) for p in places], x, Axis(title=subject.word))
    alt = (
        f"Histogram of the prices of {total:,} {subject.word}{f' in {unit}' if unit else ''}, from"
        f" {found[0][2]:,.4g} to {found[-1][3]:,.4g}; half cost about {middle:,g} or less. {aside}"
    )
    return Picture(subject.name("prices"), head.title, alt.strip(), png)


def _median(counts: dict[int, int], total: int, steps: int) -> float:
    passed = 0
    for step in sorted(counts):
        passed += counts[step]
        if passed * 2 >= total:
            return float(f"{math.pow(10, (step + 1) / steps):.2g}")
    return 0.0


def _currency(subject: Subject) -> str:
    """The unit that all prices are in, where the table says so."""
    declared = next(
        (t.units.get("price", "") for t in subject.dataset.tables if t.name == subject.table.name), ""
    )
    if declared or not subject.has("currency"):
        return declared
    found = subject.rows(
        f"SELECT DISTINCT CAST(currency AS VARCHAR) FROM {subject.relation}"  # noqa: S608
        " WHERE currency IS NOT NULL ORDER BY 1 LIMIT 2"
    )
    return label(found[0][0], 10) if len(found) == 1 else ""
