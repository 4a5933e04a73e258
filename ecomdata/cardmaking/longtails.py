"""Pictures of how unevenly rows are spread: few items, users or codes have most of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from ecomdata.cardmaking.drawing import Axis, Line, lines, percent
from ecomdata.cardmaking.subject import Picture, Subject

Sizes = Sequence[tuple[int, int]]
"""From the largest: a number of rows, and how many have so many."""

_LEAST: Final = 10
_LEVELS: Final = 4


def activity(subject: Subject) -> Picture | None:
    """Events or reviews per item and per user."""
    keys = {f"{one}s": f"{one}_id" for one in ("item", "product", "user") if subject.has(f"{one}_id")}
    return _picture(subject, keys, "Long tail of {all}", f"{subject.word} per {{one}}")


def categories(subject: Subject) -> Picture | None:
    """Items per category, where categories have numbers and no names."""
    if not subject.has("category_id") or subject.has("category_path"):
        return None
    return _picture(
        subject, {"categories": "category_id"}, "Items per category", "items per category", "categories"
    )


def code_use(subject: Subject) -> Picture | None:
    """How often each code of each level is used, and how many items share a whole semantic id."""
    if not subject.has("codes"):
        return None
    ((depth,),) = subject.rows(f"SELECT max(len(codes)) FROM {subject.relation}")  # noqa: S608 - quoted
    levels = range(1, min(depth or 0, _LEVELS) + 1)
    keys = {f"level {level}": f"codes[{level}]" for level in levels}
    keys |= {"whole ids": "array_to_string(codes, '-')"}
    return _picture(subject, keys, "Use of the codes", "items per code", "code-use")


def _picture(
    subject: Subject, keys: Mapping[str, str], title: str, measure: str, name: str = "long-tail"
) -> Picture | None:
    """A line for each key: how many rows its values have, by rank.

    In title and measure stand ``{all}`` and ``{one}`` for the keys that have a line.
    """
    sizes = {what: _sizes(subject, key) for what, key in keys.items()}
    # Where all have the same number, there is nothing to see.
    sizes = {what: found for what, found in sizes.items() if len(found) > 1 and _number(found) >= _LEAST}
    if not sizes:
        return None
    title = title.format(all=" and ".join(sizes))
    measure = measure.format(one=" or ".join(what[:-1] for what in sizes))
    drawn = [_line(what, found) for what, found in sizes.items()]
    word = measure.partition(" ")[0]
    notes = [f"the top 1 % of {what} have {percent(_top(found))}" for what, found in list(sizes.items())[-2:]]
    notes[0] = f"of all {word}, {notes[0]}"
    head = subject.head(title, *notes)
    ranked = f"rank of the {next(iter(sizes))}" if len(sizes) == 1 else "rank"
    x = Axis(title=f"{ranked}, from the most frequent", scale="log")
    png = lines(head, drawn, x, Axis(title=measure, scale="log"))
    said = " ".join(_said(what, found, word) for what, found in sizes.items())
    alt = f"{head.title}: {measure} by rank, on logarithmic scales. {said}"
    return Picture(subject.name(name), head.title, alt, png)


def _sizes(subject: Subject, key: str) -> Sizes:
    query = (
        f"SELECT n, count(*) FROM (SELECT count(*) AS n FROM {subject.relation} WHERE {key} IS NOT NULL"  # noqa: S608
        f" GROUP BY {key}) GROUP BY n ORDER BY n DESC"
    )
    return [(size, count) for size, count in subject.rows(query)]


def _number(sizes: Sizes) -> int:
    return sum(count for _, count in sizes)


def _top(sizes: Sizes, share: float = 0.01) -> float:
    """The share of all rows that the largest 1 % have, one at least."""
    total = sum(size * count for size, count in sizes)
    left = math.ceil(_number(sizes) * share)
    top = 0
    for size, count in sizes:
        top += size * min(count, left)
        left -= min(count, left)
    return top / total


def _line(what: str, sizes: Sizes) -> Line:
    x: list[float] = []
    y: list[float] = []
    rank = 0
    for size, count in sizes:
        x += [rank + 1, rank + count] if count > 1 else [rank + 1]
        y += [size, size] if count > 1 else [size]
        rank += count
    return Line(name=what, x=x, y=y)


def _said(what: str, sizes: Sizes, word: str) -> str:
    number, most = _number(sizes), sizes[0][0]
    average = sum(size * count for size, count in sizes) / number
    return (
        f"{what}: {number:,}, with {average:,.1f} {word} on average and {most:,} at most;"
        f" the top 1 % have {percent(_top(sizes))}."
    )
