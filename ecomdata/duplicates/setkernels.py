"""The compiled loops over sets of n-grams: MinHash signatures, bands, pairs, verification and clusters.

Different texts are nodes, numbered as they come. Node i has the sorted values from ``edges[i]`` to
``edges[i + 1]`` of ``grams``. A pair is one number: the lesser node in the upper 32 bits, the greater below.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ecomdata.compiled import as_int64, compiled, inlined
from ecomdata.texts import gramhashes
from ecomdata.texts.fingerprintkernels import NOBODY
from ecomdata.texts.gramhashes import (
    DATA,
    INTS,
    LONGS,
    WORDS,
    Bytes,
    Floats,
    Ints,
    Longs,
    Node,
    Words,
    shared,
)

CROWD: Final = 32
"""Nodes under one key that are all compared with one another; beyond, with leaders alone."""
LEADERS: Final = 64
"""Leaders of a crowd at most."""
_32: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)


@compiled(f"int64({LONGS}, {INTS}, {WORDS}, {WORDS}, uint32[:, ::1])")
def signatures(grams: Longs, edges: Ints, factors: Words, terms: Words, out: Words) -> int:
    """MinHash: the least value of each hash function over each set, into (nodes, functions).

    Function i is ``factors[i] * gram + terms[i]`` of the gram's lower 32 bits, modulo 2**32.
    """
    functions = len(factors)
    for node in range(len(edges) - 1):
        for number in range(functions):
            out[node, number] = NOBODY
        for at in range(edges[node], edges[node + 1]):
            gram = np.uint32(grams[at])
            for number in range(functions):
                value = np.uint32(factors[number] * gram + terms[number])
                out[node, number] = min(out[node, number], value)
    return functions


@compiled("int64(uint32[:, ::1], int64, uint32[:, ::1])")
def band_keys(signed: Words, rows: int, out: Words) -> int:
    """One key of 32 bits for each band of so many rows, into (bands, nodes).

    FNV-1a over the numbers, then the last step of MurmurHash3 (fmix32).
    """
    for node in range(out.shape[1]):
        for band in range(out.shape[0]):
            key = np.uint32(0x811C9DC5)
            for row in range(band * rows, (band + 1) * rows):
                key = np.uint32((key ^ signed[node, row]) * np.uint32(0x01000193))
                key ^= key >> np.uint32(15)
            key = np.uint32((key ^ (key >> np.uint32(16))) * np.uint32(0x85EBCA6B))
            key = np.uint32((key ^ (key >> np.uint32(13))) * np.uint32(0xC2B2AE35))
            out[band, node] = key ^ (key >> np.uint32(16))
    return len(out)


@inlined
def _crosses(low: Bytes, high: Bytes, one: Node, other: Node) -> bool:
    """Whether two nodes have rows of different sides; without sides everything may be paired."""
    return len(low) == 0 or not (low[one] == high[one] == low[other] == high[other])


@compiled(f"UniTuple(int64, 3)(uint64[::1], int64, {DATA}, {DATA}, uint64[::1], int64[:, ::1])", gramhashes)
def list_pairs(
    band: Longs, at: int, low: Bytes, high: Bytes, out: Longs, crowds: Ints
) -> tuple[int, int, int]:
    """All pairs of nodes under the same key, from a place on, as far as there is room for them.

    Args:
        band: Keys (upper 32 bits) with their nodes, sorted.
        at: Where to begin.
        low: The lowest side of each node; empty where there are no sides.
        high: The highest.
        out: Filled with pairs; has room for those of one key.
        crowds: Filled with where keys with more than CROWD nodes begin and end.

    Returns:
        Where to go on, and how many pairs and crowds there are.
    """
    count = 0
    many = 0
    room = CROWD * (CROWD - 1) // 2
    while at < len(band) and count + room <= len(out):
        end = at + 1
        while end < len(band) and band[end] >> _32 == band[at] >> _32:
            end += 1
        if end - at > CROWD:
            crowds[many, 0] = at
            crowds[many, 1] = end
            many += 1
        else:
            for first in range(at, end - 1):
                for second in range(first + 1, end):
                    one, other = np.int64(band[first] & _LOW), np.int64(band[second] & _LOW)
                    if _crosses(low, high, one, other):
                        out[count] = (np.uint64(one) << _32) | np.uint64(other)
                        count += 1
        at = end
    return at, count, many


@compiled(f"int64({LONGS}, {LONGS}, {INTS}, float64, float64[::1])", gramhashes)
def verify(pairs: Longs, grams: Longs, edges: Ints, threshold: float, out: Floats) -> int:
    """The Jaccard similarity of each pair, 0 where it is below the threshold; how many are not."""
    count = 0
    for number in range(len(pairs)):
        one, other = np.int64(pairs[number] >> _32), np.int64(pairs[number] & _LOW)
        out[number] = shared(grams, edges, one, other, threshold)
        count += out[number] > 0.0
    return count


@compiled(
    f"UniTuple(int64, 2)(uint64[::1], uint32[::1], int64, {DATA}, {DATA}, {LONGS}, {INTS}, "
    "float64, uint64[::1])",
    gramhashes,
)
def lead(  # noqa: PLR0913, PLR0917
    crowd: Longs,
    leaders: Words,
    known: int,
    low: Bytes,
    high: Bytes,
    grams: Longs,
    edges: Ints,
    threshold: float,
    out: Longs,
) -> tuple[int, int]:
    """Pair each node of a crowd with the first leader that is near; one near to none becomes a leader.

    Args:
        crowd: A part of the nodes under one key, in order.
        leaders: Room for LEADERS, the first ``known`` of them found in the parts before.
        known: How many there are.
        low: As in :func:`list_pairs`.
        high: The same.
        grams: The sets.
        edges: Where they begin.
        threshold: What is near.
        out: Filled with pairs; has room for one for each node.

    Returns:
        How many leaders and how many pairs there are.
    """
    count = 0
    for place in range(len(crowd)):
        node = np.int64(crowd[place] & _LOW)
        alone = True
        for number in range(known):
            leader = np.int64(leaders[number])
            if shared(grams, edges, leader, node, threshold) > 0.0:
                alone = False
                if _crosses(low, high, leader, node):
                    out[count] = (np.uint64(leader) << _32) | np.uint64(node)
                    count += 1
                    break
        if alone and known < len(leaders):
            leaders[known] = node
            known += 1
    return known, count


@compiled(
    f"int64(uint32[::1], int64[::1], uint32[::1], {LONGS}, {INTS}, float64, uint32[::1], uint32[::1])",
    gramhashes,
)
def gather(
    order: Words,
    starts: Ints,
    others: Words,
    grams: Longs,
    edges: Ints,
    threshold: float,
    kept: Words,
    queue: Words,
) -> int:
    """Gather clusters around the nodes that are rather kept, along pairs, and never farther than near.

    A node joins the cluster of a kept node where a chain of pairs leads to it whose members are all near
    to the kept node itself. What a chain leads to beyond that stays for a cluster of its own.

    Args:
        order: Nodes, those rather kept first.
        starts: Where the neighbours of each node begin in ``others``.
        others: Neighbours.
        grams: The sets.
        edges: Where they begin.
        threshold: What is near.
        kept: The kept node of each node; NOBODY before.
        queue: Room for all nodes.

    Returns:
        How many clusters there are, those of one node counted too.
    """
    count = 0
    for place in range(len(order)):
        node = as_int64(order[place])
        if kept[node] != NOBODY:
            continue
        count += 1
        kept[node] = node
        queue[0] = node
        head, tail = 0, 1
        while head < tail:
            member = queue[head]
            head += 1
            for at in range(starts[member], starts[member + 1]):
                other = as_int64(others[at])
                if kept[other] == NOBODY and shared(grams, edges, node, other, threshold) > 0.0:
                    kept[other] = node
                    queue[tail] = other
                    tail += 1
    return count
