"""Two sets of vectors beside each other, or the splits of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import polars as pl

from ecomdata.errors import UsageError
from ecomdata.vectors.blocks import Floats, Vectors
from ecomdata.vectors.moments import Moments
from ecomdata.vectors.twosets import frechet, mmd
from ecomdata.vectorstats.figures import Comparison
from ecomdata.vectorstats.labels import LabelColumn, Labels
from ecomdata.vectorstats.reading import Usable, drawn, gathered

MOST_ROWS: Final = 1000
"""Rows drawn of each side for MMD: kernels of all of them take 32 MB each."""
MOST_SPLITS: Final = 6


@dataclass(frozen=True, slots=True)
class Side:
    """Vectors to compare.

    Attributes:
        name: What they are called.
        vectors: All of them.
        found: Their moments.
    """

    name: str
    vectors: Vectors
    found: Moments

    @property
    def usable(self) -> Usable:
        """Those whose values are all finite."""
        return Usable(self.vectors, self.found.finite, directed=False)


class OfSplit:
    """The vectors of one split.

    Args:
        vectors: All of them.
        labels: The split of each, in the same order.
        column: The column of splits.
        split: Which of them.
        rows: How many it has.
    """

    def __init__(self, vectors: Vectors, labels: Labels, column: LabelColumn, split: str, rows: int) -> None:
        self._vectors = vectors
        self._labels = labels
        self._column = column
        self._split = split
        self.rows = rows

    @property
    def dim(self) -> int:
        """See :class:`Vectors`."""
        return self._vectors.dim

    def blocks(self, rows: int) -> Iterator[Floats]:
        """See :class:`Vectors`; blocks are as large as they come."""
        held = pl.Series(dtype=pl.String)
        waiting = self._labels.batches(self._column)
        for block in self._vectors.blocks(rows):
            while len(held) < len(block):
                held = pl.concat([held, next(waiting)])
            mine = (held[: len(block)] == self._split).fill_null(value=False).to_numpy()
            held = held[len(block) :]
            if mine.any():
                yield np.ascontiguousarray(block[mine])


def splits_of(
    vectors: Vectors, labels: Labels, column: LabelColumn, moments: Callable[[Vectors], Moments]
) -> list[Side]:
    """The splits that a column divides vectors into, the largest first, with their moments.

    Raises:
        UsageError: it has one value, or too many to be a column of splits.
    """
    counted: dict[str, int] = {}
    for batch in labels.batches(column):
        for value, rows in batch.drop_nulls().value_counts().iter_rows():
            counted[value] = counted.get(value, 0) + rows
            if len(counted) > MOST_SPLITS:
                raise UsageError(
                    f"{column.name} has more than {MOST_SPLITS} values: those are no splits",
                    hint="name a column with few values, such as split",
                )
    if len(counted) < 2:
        values = ", ".join(map(repr, counted)) or "no value"
        raise UsageError(
            f"{column.name} does not split anything: it has {values}",
            hint="name a column with two values or more",
        )
    order = sorted(counted, key=lambda value: (-counted[value], value))
    parts = [(value, OfSplit(vectors, labels, column, value, counted[value])) for value in order]
    return [Side(f"{column.name}={value}", part, moments(part)) for value, part in parts]


def compared(sides: list[Side], *, seed: int, note: str = "") -> tuple[Comparison, ...]:
    """Every two of some sides beside each other."""
    samples = {side.name: _sample(side, seed) for side in sides}
    return tuple(
        _compared(one, other, samples[one.name], samples[other.name], seed=seed, note=note)
        for one, other in combinations(sides, 2)
    )


def _sample(side: Side, seed: int) -> Floats:
    return gathered(side.usable, drawn(side.found.finite, MOST_ROWS, seed))


def _compared(one: Side, other: Side, sample: Floats, others: Floats, *, seed: int, note: str) -> Comparison:
    rows, other_rows = one.found.finite, other.found.finite
    distance, reason = None, ""
    if min(rows, other_rows) < 2:
        reason = f"each side needs two vectors, and there are {rows:,} and {other_rows:,}"
    else:
        first, second = one.found, other.found
        distance = frechet(first.mean, first.covariance, second.mean, second.covariance)
    few = ""
    if min(rows, other_rows) <= one.found.dim:
        few = (
            f"with {min(rows, other_rows):,} vectors of {one.found.dim:,} numbers the Fréchet distance comes "
            "out too large"
        )
    return Comparison(
        one=one.name,
        other=other.name,
        rows=rows,
        others=other_rows,
        frechet=distance,
        mmd=mmd(sample.astype(np.float64), others.astype(np.float64), seed=seed),
        note="; ".join(filter(None, (note, few))),
        reason=reason,
    )
