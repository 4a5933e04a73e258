"""Compiled loops over vectors: what the array API lacks, on the processor."""

from __future__ import annotations

from typing import Final

import numpy as np

from ecomdata.compiled import compiled, inlined
from ecomdata.vectors.blocks import Floats, Ints, Reals

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
