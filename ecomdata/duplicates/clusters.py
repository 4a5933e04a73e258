"""From near pairs of nodes to clusters of rows, each around the row that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from ecomdata.duplicates import setkernels
from ecomdata.duplicates.devices import Computing
from ecomdata.duplicates.how import How
from ecomdata.duplicates.nodes import Nodes
from ecomdata.duplicates.pairing import Sides, as_pairs, halves, similarities
from ecomdata.texts.fingerprintkernels import NOBODY
from ecomdata.texts.gramhashes import Floats, Ints, Longs, Words

_CHUNK: Final = 1 << 15


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows with a row each that they belong to, and how near the two are."""

    row: Ints
    other: Ints
    near: Floats

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        """Several as one, sorted by the other row and then by the row."""
        row = np.concatenate([part.row for part in parts])
        other = np.concatenate([part.other for part in parts])
        order = np.lexsort((row, other))
        return cls(row[order], other[order], np.concatenate([part.near for part in parts])[order])


class Likeness(Protocol):
    """How near nodes are to one another."""

    def gather(self, order: Words, starts: Ints, others: Words, kept: Words, queue: Words) -> None:
        """Gather clusters; see :func:`setkernels.gather`."""
        ...

    def of(self, ones: Ints, others: Ints) -> Floats:
        """How near each node is to another, where they are near."""
        ...

    def missed(self, kept: Ints) -> Longs:
        """Pairs of kept nodes, which are sorted, that are near all the same: no pair was known of them."""
        ...


class Jaccards:
    """By their sets of n-grams.

    Args:
        nodes: The nodes.
        how: How texts are compared.
        device: Where.
    """

    def __init__(self, nodes: Nodes, how: How, device: Computing) -> None:
        self._nodes, self._threshold, self._device = nodes, how.threshold, device

    def gather(self, order: Words, starts: Ints, others: Words, kept: Words, queue: Words) -> None:
        """See :class:`Likeness`."""
        grams, edges = self._nodes.grams, self._nodes.edges
        setkernels.gather(order, starts, others, grams, edges, self._threshold, kept, queue)

    def of(self, ones: Ints, others: Ints) -> Floats:
        """See :class:`Likeness`."""
        pairs = as_pairs(ones.astype(np.uint32), others.astype(np.uint32))
        return similarities(pairs, self._nodes, self._device)

    def missed(self, kept: Ints) -> Longs:
        """See :class:`Likeness`: what bands miss stays missed, and how much that is is known."""
        del kept
        return np.empty(0, np.uint64)


def in_clusters(nodes: Nodes, pairs: Longs, worth: Ints | None, likeness: Likeness) -> Rows:
    """Each row of a cluster with the row that is kept of it (itself, for the kept one).

    Args:
        nodes: The nodes.
        pairs: Those of them that are near.
        worth: For each row, how much it is worth keeping; equal ones, and all without it, by their order.
        likeness: Says how near a member is to the kept one.
    """
    best = nodes.firsts if worth is None else _best(nodes, worth)
    center = np.arange(nodes.count, dtype=np.int64)
    paired = np.zeros(nodes.count, np.bool_)
    for ends in halves(pairs):
        paired[ends] = True
    linked = np.flatnonzero(paired)
    if len(linked):
        rank = (best[linked],) if worth is None else (best[linked], -worth[best[linked]])
        order = linked[np.lexsort(rank)].astype(np.uint32)
        center[linked] = _gathered(nodes, pairs, order, likeness)[linked]
    near = np.ones(nodes.count, np.float64)
    moved = np.flatnonzero(center != np.arange(nodes.count))
    near[moved] = likeness.of(center[moved], moved)
    live = np.flatnonzero(nodes.live)
    of_row = nodes.of_row[live]
    sizes = np.bincount(center[of_row], minlength=nodes.count)
    chosen = sizes[center[of_row]] > 1
    row, node = live[chosen], of_row[chosen]
    return Rows.joined([Rows(row, best[center[node]], near[node])])


def _best(nodes: Nodes, worth: Ints) -> Ints:
    """The row of each node that is worth most, the first of equal ones."""
    rows = np.flatnonzero(nodes.live)
    rows = rows[np.argsort(-worth[rows], kind="stable")][::-1]
    found = np.empty(nodes.count, np.int64)
    found[nodes.of_row[rows]] = rows  # where a place is given several values, the last one stays
    return found


def _gathered(nodes: Nodes, pairs: Longs, order: Words, likeness: Likeness) -> Words:
    """The node around which each linked node's cluster is; no two of these are near."""
    while True:
        kept = _along(nodes, pairs, order, likeness)
        missed = likeness.missed(np.flatnonzero(kept == np.arange(nodes.count)))
        if not len(missed):
            return kept
        pairs = np.concatenate([pairs, missed])


def _along(nodes: Nodes, pairs: Longs, order: Words, likeness: Likeness) -> Words:
    """The same, as far as pairs lead."""
    ones, others = halves(pairs)
    ends = np.concatenate([ones, others])
    neighbours = np.concatenate([others, ones]).astype(np.uint32)
    neighbours = neighbours[np.argsort(ends, kind="stable")]
    starts = np.zeros(nodes.count + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=nodes.count), out=starts[1:])
    kept = np.full(nodes.count, NOBODY, np.uint32)
    queue = np.empty(len(order), np.uint32)
    for start in range(0, len(order), _CHUNK):  # between two of them Ctrl-C is heard
        likeness.gather(order[start : start + _CHUNK], starts, neighbours, kept, queue)
    return kept


def across_sides(nodes: Nodes, pairs: Longs, near: Floats, sides: Sides, side: npt.NDArray[np.uint8]) -> Rows:
    """Each row with the row of a lower side that is nearest to it, the first of equal ones."""
    firsts = nodes.firsts
    live = np.flatnonzero(nodes.live)
    of_row = nodes.of_row[live].astype(np.int64)
    above = side[live] > sides.low[of_row]
    same = Rows(live[above], firsts[of_row[above]], np.ones(int(above.sum())))
    ones, others = halves(pairs)
    node, match = np.concatenate([ones, others]), np.concatenate([others, ones])
    found = np.concatenate([near, near])
    lower = sides.low[match] < sides.low[node]
    node, match, found = node[lower], match[lower], found[lower]
    order = np.lexsort((firsts[match], -found, node))
    node, match, found = node[order], match[order], found[order]
    first = np.ones(len(node), np.bool_)
    np.not_equal(node[1:], node[:-1], out=first[1:])
    nearest = np.full(nodes.count, -1, np.int64)
    nearest[node[first]] = match[first]
    likeness = np.zeros(nodes.count)
    likeness[node[first]] = found[first]
    lowest = ~above & (nearest[of_row] >= 0)
    of_lowest = of_row[lowest]
    return Rows.joined([same, Rows(live[lowest], firsts[nearest[of_lowest]], likeness[of_lowest])])


def in_pairs(
    nodes: Nodes, pairs: Longs, near: Floats, sides: Sides, side: npt.NDArray[np.uint8] | None
) -> Rows:
    """Near nodes as pairs of rows, the first of each; rows with the same text with the first that has it.

    With sides, both rows are of different ones.
    """
    firsts = nodes.firsts
    ones, others = halves(pairs)
    one, other = firsts[ones], firsts[others]
    live = np.flatnonzero(nodes.live)
    of_row = nodes.of_row[live].astype(np.int64)
    again = live != firsts[of_row]
    if side is not None:
        lasts = np.empty(nodes.count, np.int64)
        lasts[of_row] = live
        level = sides.low[ones] == sides.low[others]
        spread = sides.high[others] > sides.low[others]
        other = np.where(level & spread, lasts[others], other)
        one = np.where(level & ~spread, lasts[ones], one)
        again &= side[live] > sides.low[of_row]
    same = Rows(firsts[of_row[again]], live[again], np.ones(int(again.sum())))
    found = Rows.joined([same, Rows(np.minimum(one, other), np.maximum(one, other), near)])
    order = np.lexsort((found.other, found.row))
    return Rows(found.row[order], found.other[order], found.near[order])
