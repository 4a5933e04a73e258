"""Where things stand in the page's pictures: bars, a curve and a map, in units of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from ecomdata.vectorstats.figures import FlatMap
from ecomdata.vectorstats.rows import number

WIDTH: Final = 480
HEIGHT: Final = 160
SIDE: Final = 480
MOST_LABELS: Final = 7
"""Labels with a colour of their own on the map; others share one."""
_MOST_BARS: Final = 160
OTHERS: Final = "others"
NONE_GIVEN: Final = "none given"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, and what it says."""

    x: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the map, and the place of its label among those with a colour."""

    x: float
    y: float
    colour: int


@dataclass(frozen=True, slots=True)
class Legend:
    """A label with its colour and how many points have it."""

    colour: int
    label: str
    count: int


def histogram(edges: Sequence[float], counts: Sequence[int]) -> list[Bar]:
    """A bar for each bin."""
    names = [f"{number(low)} to {number(high)}" for low, high in pairwise(edges)]
    return _bars(counts, names)


def sizes(found: Sequence[int]) -> list[Bar]:
    """A bar for each cluster, from the largest; of very many every so-manieth."""
    every = -(-len(found) // _MOST_BARS)
    shown = range(0, len(found), max(every, 1))
    return _bars([found[place] for place in shown], [f"cluster {place + 1}" for place in shown])


def _bars(counts: Sequence[int], names: Sequence[str]) -> list[Bar]:
    most = max(counts, default=0) or 1
    step = WIDTH / max(len(counts), 1)
    return [
        Bar(
            x=round(place * step, 2),
            width=round(step * 0.9, 2),
            # A bar with any row can be seen.
            height=round(max(count / most * HEIGHT, 1.5), 2) if count else 0.0,
            label=f"{name}: {count:,} rows",
        )
        for place, (count, name) in enumerate(zip(counts, names, strict=True))
    ]


def curve(eigenvalues: Sequence[float]) -> str:
    """The share of the variance in the first so many directions, as points of an SVG polyline."""
    total = sum(eigenvalues) or 1.0
    step = WIDTH / max(len(eigenvalues), 1)
    heights = [HEIGHT, *(HEIGHT * (1 - value / total) for value in accumulate(eigenvalues))]
    return " ".join(f"{place * step:.2f},{height:.2f}" for place, height in enumerate(heights))


def coloured(flat: FlatMap) -> tuple[list[int], list[Legend]]:
    """The colour of each point of a map, and the legend: the most frequent labels, the others, and none."""
    if not flat.labels:
        return [0] * len(flat.points), []
    counted = Counter(label for label in flat.labels if label is not None)
    order = sorted(counted, key=lambda label: (-counted[label], label))
    colours: dict[str | None, int] = {label: place for place, label in enumerate(order[:MOST_LABELS])}
    of_each = [MOST_LABELS + 1 if label is None else colours.get(label, MOST_LABELS) for label in flat.labels]
    numbers = Counter(of_each)
    names = [*order[:MOST_LABELS], *[""] * (MOST_LABELS - len(order)), OTHERS, NONE_GIVEN]
    legend = [Legend(place, names[place], numbers[place]) for place in sorted(numbers)]
    return of_each, legend


def dots(flat: FlatMap) -> list[Dot]:
    """The points of a map in a square, both axes on one scale."""
    most = max((abs(value) for point in flat.points for value in point), default=0.0) or 1.0
    scale = SIDE / 2 / (most * 1.04)
    colours, _ = coloured(flat)
    found = [
        Dot(round(SIDE / 2 + x * scale, 1), round(SIDE / 2 - y * scale, 1), colour)
        for (x, y), colour in zip(flat.points, colours, strict=True)
    ]
    # What comes later lies above: the labels that have a colour of their own.
    return sorted(found, key=lambda dot: dot.colour < MOST_LABELS)
