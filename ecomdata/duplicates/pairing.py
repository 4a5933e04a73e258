"""Pairs of nodes that are near: candidates band by band, each verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ecomdata.duplicates import setkernels
from ecomdata.duplicates.devices import Computing
from ecomdata.duplicates.how import How
from ecomdata.duplicates.nodes import Nodes
from ecomdata.progress import Reporter
from ecomdata.texts.gramhashes import Bytes, Floats, Ints, Longs, Words
from ecomdata.threads import Engine, Threads, ahead

_ROOM: Final = 1 << 17
"""Pairs verified at a time: some milliseconds, so that Ctrl-C is heard."""
_CHUNK: Final = 1 << 15
"""Nodes of a crowd paired at a time."""
_MOST_BITS: Final = 8
_32: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Sides:
    """The lowest and the highest side (split, or dataset) that each node has rows of; empty without."""

    low: Bytes
    high: Bytes

    @classmethod
    def none(cls) -> Sides:
        """Every node may be paired with every other."""
        return cls(np.empty(0, np.uint8), np.empty(0, np.uint8))


@dataclass(frozen=True, slots=True)
class _Comparing:
    """What the nodes of a band are compared by, wherever that is done."""

    nodes: Nodes
    sides: Sides
    how: How
    device: Computing

    def band(self, given: tuple[Words, Longs]) -> Longs:
        """The near pairs of a band, of its keys and the pairs that are known."""
        return _of_band(*given, self.nodes, self.sides, self.how, self.device)


def near_pairs(
    nodes: Nodes,
    sides: Sides,
    how: How,
    device: Computing,
    reporter: Reporter,
    engine: Engine = Threads,
) -> tuple[Longs, Floats]:
    """All pairs that share a band and are as near as the threshold, sorted, with their similarity.

    Of more than ``CROWD`` nodes under one key, each is compared with leaders alone (see
    :func:`setkernels.lead`), so that the work grows with the nodes and not with their square.
    """
    found = np.empty(0, np.uint64)
    comparing = _Comparing(replace(nodes, bands=[]), sides, how, device)
    # Most pairs come again band by band; what the bands before have found is not compared again.
    bands = ((nodes.bands.pop(0), found) for _ in range(len(nodes.bands)))
    with engine(how.jobs) as pool:
        for pairs in ahead(pool, comparing.band, bands):
            found = _united(found, pairs)
            reporter.advance(rows=nodes.count)
    return found, similarities(found, nodes, device)


def similarities(pairs: Longs, nodes: Nodes, device: Computing) -> Floats:
    """The similarity of any pairs, 0 where it is below the threshold."""
    parts = [
        device.similarities(pairs[start : start + _ROOM], nodes.grams, nodes.edges)
        for start in range(0, len(pairs), _ROOM)
    ]
    return np.concatenate([np.empty(0, np.float64), *parts])


def as_pairs(ones: Words, others: Words) -> Longs:
    """Two nodes each as one number."""
    found = ones.astype(np.uint64)
    found <<= _32
    found |= others
    return found


def halves(pairs: Longs) -> tuple[Ints, Ints]:
    """Both nodes of each pair."""
    return (pairs >> _32).astype(np.int64), (pairs & _LOW).astype(np.int64)


def _united(some: Longs, others: Longs) -> Longs:
    merged = np.sort(np.concatenate([some, others]), kind="stable")  # both are runs, which it merges
    fresh = np.ones(len(merged), np.bool_)
    np.not_equal(merged[1:], merged[:-1], out=fresh[1:])
    return merged[fresh]


def _of_band(keys: Words, known: Longs, nodes: Nodes, sides: Sides, how: How, device: Computing) -> Longs:
    """The near pairs of a band, most of those that are known left out."""
    found: list[Longs] = [np.empty(0, np.uint64)]
    room = np.empty(_ROOM, np.uint64)
    for band in _sorted_parts(keys, how):
        crowds = np.empty((len(band) // setkernels.CROWD + 1, 2), np.int64)
        at = 0
        while at < len(band):
            at, count, many = setkernels.list_pairs(band, at, sides.low, sides.high, room, crowds)
            pairs = np.sort(room[:count])
            if len(known):
                places = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
                pairs = pairs[known[places] != pairs]
            near = device.similarities(pairs, nodes.grams, nodes.edges) > 0.0
            found.append(pairs[near])
            for start, stop in crowds[:many]:
                found += _of_crowd(band[start:stop], nodes, sides, how)
    return _united(found[0], np.concatenate(found))


def _sorted_parts(keys: Words, how: How) -> Iterator[Longs]:
    """Keys with their nodes, sorted, in as many parts (by the keys' upper bits) as memory asks for."""
    needed = len(keys) * 16 * how.jobs
    bits = min((needed * 16 // how.budget).bit_length(), _MOST_BITS)
    for part in range(1 << bits):
        if bits:
            chosen = np.flatnonzero(keys >> np.uint32(32 - bits) == part).astype(np.uint32)
            band = as_pairs(keys[chosen], chosen)
        else:
            band = as_pairs(keys, np.arange(len(keys), dtype=np.uint32))
        band.sort()
        yield band


def _of_crowd(crowd: Longs, nodes: Nodes, sides: Sides, how: How) -> Iterator[Longs]:
    leaders = np.empty(setkernels.LEADERS, np.uint32)
    known = 0
    for start in range(0, len(crowd), _CHUNK):
        part = crowd[start : start + _CHUNK]
        out = np.empty(len(part), np.uint64)
        known, count = setkernels.lead(
            part, leaders, known, sides.low, sides.high, nodes.grams, nodes.edges, how.threshold, out
        )
        # Leaders come first in the crowd, and nodes under one key are sorted: the lesser is the upper half.
        yield out[:count]
