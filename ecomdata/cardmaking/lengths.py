"""Pictures of how long histories, lists and texts are."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ecomdata.cardmaking.drawing import Axis, columns, outlines
from ecomdata.cardmaking.subject import Picture, Subject, wide
from ecomdata.sqltext import quoted

if TYPE_CHECKING:
    import polars as pl

_BINS: Final = 40
_MOST_GROUPS: Final = 6

Lengths = Mapping[str, Mapping[int, int]]
"""Group -> length -> how many are so long; the group is empty where there is but one."""


def histories(subject: Subject) -> Picture | None:
    """Items per history, by stage or split."""
    if not subject.has("history"):
        return None
    by = next((column for column in ("stage", "split") if subject.has(column)), "")
    return _listed(subject, "history", by, "History lengths", "items per history")


def image_lists(subject: Subject) -> Picture | None:
    """Images per page, video or clip, or per review."""
    if not subject.has("image_urls"):
        return None
    by = "domain" if subject.has("domain") else ""
    return _listed(subject, "image_urls", by, "Images", f"images per {_one(subject)}")


def texts(subject: Subject) -> Picture | None:
    """Characters per text."""
    if not subject.has("text"):
        return None
    by = "domain" if subject.has("domain") else ""
    return _listed(subject, "text", by, "Text lengths", f"characters per {_one(subject)}")


def titles(subject: Subject) -> Picture | None:
    """Characters per title."""
    if not subject.has("title"):
        return None
    return _listed(subject, "title", "", "Title lengths", "characters per title")


def sessions(subject: Subject) -> Picture | None:
    """Events per session and per sequence."""
    found: dict[str, dict[int, int]] = {}
    for column, name in (("session_id", "sessions"), ("sequence_id", "sequences")):
        if subject.has(column):
            key = quoted(column)
            query = (
                f"SELECT n, count(*) FROM (SELECT count(*) AS n FROM {subject.relation}"  # noqa: S608 - quoted
                f" WHERE {key} IS NOT NULL GROUP BY {key}) GROUP BY n ORDER BY n"
            )
            found[name] = dict(subject.rows(query))
    title = " and ".join(found).capitalize()
    return _drawn(subject, found, title, "events of each", "sessions", "") if found else None


def _one(subject: Subject) -> str:
    return {"reviews": "review", "media": "page, video or clip", "items": "item"}[subject.table.record.kind]


def _listed(subject: Subject, column: str, by: str, title: str, measure: str) -> Picture | None:
    """The lengths of a list or text column, read a few thousand rows at a time."""
    chosen = wide(subject.table, [column, *([by] if by else [])])
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for frame in chosen.frames():
        for group, length, count in _counted(frame, column, by):
            found[group or ""][length] += count
    name = {"image_urls": "images"}.get(column, column)
    return _drawn(subject, found, title, measure, f"{name}-lengths", chosen.note)


def _counted(frame: pl.DataFrame, column: str, by: str) -> list[tuple[str, int, int]]:
    import polars as pl

    value = pl.col(column)
    is_text = frame.schema[column] == pl.String
    length = value.str.len_chars() if is_text else value.list.len()
    group = pl.col(by).cast(pl.String) if by else pl.lit("")
    lengths = frame.select(group.alias("group"), length.cast(pl.Int64).alias("length")).drop_nulls("length")
    return lengths.group_by("group", "length").len().rows()


def _drawn(
    subject: Subject, found: Lengths, title: str, measure: str, name: str, note: str
) -> Picture | None:
    together = sum(map(Counter, found.values()), Counter[int]())
    if len(together) < 3:
        return None
    top, longest = _quantile(together, 0.99), max(together)
    step = max(1, math.ceil((top + 1) / _BINS))
    groups = sorted(found, key=lambda group: (-sum(found[group].values()), group))[:_MOST_GROUPS]
    beyond = f"1 % are longer than {top:,}, up to {longest:,}" if longest > top else ""
    middle = f"median {_quantile(together, 0.5):,}"
    head = subject.head(title, middle, beyond, note)
    edges = [place * step - (0.5 if step == 1 else 0) for place in range((top + step) // step + 1)]
    x = Axis(title=measure)
    drawn = {group or "none given": _shares(found[group], step, len(edges) - 1) for group in groups}
    if len(groups) == 1:
        png = columns(
            head, edges, next(iter(drawn.values())), x, Axis(title=f"share of the {subject.word}", share=True)
        )
    else:
        png = outlines(head, edges, drawn, x, Axis(title="share of each", share=True))
    return Picture(subject.name(name), head.title, _said(found, groups, head.title, measure), png)


def _said(found: Lengths, groups: list[str], title: str, measure: str) -> str:
    parts: list[str] = []
    for group in groups:
        lengths = found[group]
        quartiles = ", ".join(f"{_quantile(lengths, share):,}" for share in (0.25, 0.5, 0.75))
        named = f"{group}: " if group else ""
        parts.append(f"{named}quartiles {quartiles}, at most {max(lengths):,}, in {sum(lengths.values()):,}.")
    return f"{title}: {measure}. {' '.join(parts)}"


def _shares(lengths: Mapping[int, int], step: int, bins: int) -> list[float]:
    """Of all, the share in each bin; what is longer than the last is in none."""
    total = sum(lengths.values())
    counts = [0] * bins
    for length, count in lengths.items():
        if length // step < bins:
            counts[length // step] += count
    return [count / total for count in counts]


def _quantile(counts: Mapping[int, int], share: float) -> int:
    left = sum(counts.values()) * share
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return max(counts)
