"""Compiled loops over vectors: what the array API lacks, on the processor."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.compiled import compiled, inlined
from ecomdata.vectors.blocks import Floats, Ints, Marks, Reals

Counts = npt.NDArray[np.int32]
Nodes = npt.NDArray[np.uint32]
NONE: Final = 0xFFFFFFFF
"""No row."""

_CHUNK: Final = 64
"""Scores that are compared at once, before any of them is looked at."""


@inlined
def _insert(scores: Floats, ids: Ints, row: int, score: np.float32, name: int) -> None:
    """Put one into a row's list, which is sorted: highest score first, lowest id first among equals."""
    at = scores.shape[1] - 1
    if score < scores[row, at] or (score == scores[row, at] and name > ids[row, at]):
        return
    while at > 0 and (
        scores[row, at - 1] < score or (scores[row, at - 1] == score and ids[row, at - 1] > name)
    ):
        scores[row, at] = scores[row, at - 1]
        ids[row, at] = ids[row, at - 1]
        at -= 1
    scores[row, at] = score
    ids[row, at] = name


@compiled("void(float32[:, ::1], int64, int64, int64, float32[:, ::1], int64[:, ::1])")
def enter_rows(tile: Floats, first_row: int, first: int, count: int, scores: Floats, ids: Ints) -> None:
    """Enter the scores of a tile into the lists of its rows.

    Args:
        tile: (r, c) or larger; the score of row i and candidate j.
        first_row: The number of the first row; a candidate of the same number is left out.
        first: The number of the first candidate.
        count: How many candidates there are, c.
        scores: (r, k) the best so far.
        ids: (r, k) whose they are.
    """
    last = scores.shape[1] - 1
    for row in range(len(scores)):
        least = scores[row, last]
        for start in range(0, count, _CHUNK):
            stop = min(start + _CHUNK, count)
            hit = False
            for at in range(start, stop):
                hit |= tile[row, at] >= least
            if hit:
                for at in range(start, stop):
                    if tile[row, at] >= least and first_row + row != first + at:
                        _insert(scores, ids, row, tile[row, at], first + at)
                        least = scores[row, last]


@compiled(
    "void(float32[:, ::1], int64, int64, float32[:, ::1], int64[:, ::1], float32[:, ::1], int64[:, ::1])"
)
def enter_both(
    tile: Floats, first_row: int, first: int, scores: Floats, ids: Ints, scores2: Floats, ids2: Ints
) -> None:
    """Enter the scores of a tile into the lists of its rows and into those of its columns, in one go.

    Args:
        tile: (r, c) or larger.
        first_row: The number of the first row.
        first: The number of the first column.
        scores: (r, k) the best of the rows so far.
        ids: (r, k) whose they are.
        scores2: (c, k) the best of the columns so far.
        ids2: (c, k) whose they are.
    """
    last = scores.shape[1] - 1
    columns = len(scores2)
    lowest = scores2[:, last].copy()
    for row in range(len(scores)):
        least = scores[row, last]
        for start in range(0, columns, _CHUNK):
            stop = min(start + _CHUNK, columns)
            hit = False
            for at in range(start, stop):
                hit |= (tile[row, at] >= least) | (tile[row, at] >= lowest[at])
            if hit:
                for at in range(start, stop):
                    score = tile[row, at]
                    if score >= least:
                        _insert(scores, ids, row, score, first + at)
                        least = scores[row, last]
                    if score >= lowest[at]:
                        _insert(scores2, ids2, at, score, first_row + row)
                        lowest[at] = scores2[at, last]


@compiled("void(float32[:, ::1], float32[:, ::1], int64[:, ::1], boolean, float64[:, ::1])")
def measure(rows: Floats, others: Floats, places: Ints, distances: bool, out: Reals) -> None:  # noqa: FBT001 - numba
    """The inner product, or minus the squared distance, of each row and its neighbours, in float64.

    Args:
        rows: (n, dim).
        others: (m, dim).
        places: (n, k) which of the others.
        distances: Distances, and not inner products.
        out: (n, k) filled.
    """
    for row in range(len(rows)):
        for at in range(places.shape[1]):
            other = places[row, at]
            total = 0.0
            for value in range(rows.shape[1]):
                one, two = np.float64(rows[row, value]), np.float64(others[other, value])
                total += -(one - two) * (one - two) if distances else one * two
            out[row, at] = total


@compiled("void(float32[:, ::1], int64[::1], float64[:, ::1], int64[::1])")
def gather_sums(rows: Floats, labels: Ints, sums: Reals, counts: Ints) -> None:
    """Add each row to the sum of its label; ``sums`` is (k, dim)."""
    for row in range(len(rows)):
        label = labels[row]
        counts[label] += 1
        for value in range(rows.shape[1]):
            sums[label, value] += rows[row, value]


@compiled("void(float32[:, ::1], float32[:, ::1], int64[::1], int64[::1], float64[::1])")
def measure_pairs(rows: Floats, others: Floats, ones: Ints, twos: Ints, out: Reals) -> None:
    """The inner product of row ``ones[i]`` with other ``twos[i]``, in float64, into ``out``."""
    for pair in range(len(ones)):
        one, two = ones[pair], twos[pair]
        total = 0.0
        for value in range(rows.shape[1]):
            total += np.float64(rows[one, value]) * np.float64(others[two, value])
        out[pair] = total


@compiled("void(int64[::1], int64[::1], int64, int32[::1], boolean[::1])")
def admit(ones: Ints, twos: Ints, most: int, counts: Counts, out: Marks) -> None:
    """Mark the pairs that either of the two has room for, in order, and count them for both.

    Args:
        ones: One of each pair.
        twos: The other.
        most: Pairs that a row has room for; it may get more, for the sake of others.
        counts: The pairs of each row so far.
        out: Marked.
    """
    for pair in range(len(ones)):
        one, two = ones[pair], twos[pair]
        out[pair] = counts[one] < most or counts[two] < most
        if out[pair]:
            counts[one] += 1
            counts[two] += 1


@compiled(
    "int64(uint32[::1], int64[::1], uint32[::1], float32[:, ::1], int64[::1], float64, uint32[::1], "
    "uint32[::1])"
)
def gather(
    order: Nodes,
    starts: Ints,
    others: Nodes,
    vectors: Floats,
    places: Ints,
    threshold: float,
    kept: Nodes,
    queue: Nodes,
) -> int:
    """Gather clusters around the rows that are rather kept, along pairs, and never farther than near.

    A row joins the cluster of a kept row where a chain of pairs leads to it whose members are all near to the
    kept row itself. What a chain leads to beyond that stays for a cluster of its own.

    Args:
        order: Rows, those rather kept first.
        starts: Where the neighbours of each row begin in ``others``.
        others: Neighbours.
        vectors: (n, dim), of length 1.
        places: Where the vector of each row that has neighbours stands among them.
        threshold: The least inner product of what is near.
        kept: The kept row of each row; 0xFFFFFFFF before.
        queue: Room for all rows.

    Returns:
        How many clusters there are, those of one row counted too.
    """
    count = 0
    for place in range(len(order)):
        row = order[place]
        if kept[row] != NONE:
            continue
        count += 1
        kept[row] = row
        queue[0] = row
        head, tail = 0, 1
        while head < tail:
            member = queue[head]
            head += 1
            for at in range(starts[member], starts[member + 1]):
                other = others[at]
                if kept[other] != NONE:
                    continue
                total = 0.0
                for value in range(vectors.shape[1]):
                    total += np.float64(vectors[places[row], value]) * np.float64(
                        vectors[places[other], value]
                    )
                if total >= threshold:
                    kept[other] = row
                    queue[tail] = other
                    tail += 1
    return count
