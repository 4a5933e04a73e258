"""Vectors that are the same, put back where each of them was compared but once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecomdata.vectors.blocks import Floats, Ints


class Copies:
    """The copies of each row of a matrix of different vectors.

    Args:
        row_of: (vectors,) which row is each vector's.
        rows: How many rows there are.
    """

    def __init__(self, row_of: npt.NDArray[np.uint32], rows: int) -> None:
        self._vectors: Ints = np.argsort(row_of, kind="stable")
        """Of row after row, lowest first."""
        self._counts: Ints = np.bincount(row_of, minlength=rows)
        self._starts: Ints = np.cumsum(self._counts) - self._counts

    def best(self, rows: Ints, similarity: Floats, k: int, left_out: Ints | None) -> tuple[Ints, Floats]:
        """The k most similar vectors of each list, lowest first among equals.

        Args:
            rows: (n, c) lists of rows, which have at least k copies together.
            similarity: (n, c) theirs.
            k: How many.
            left_out: (n,) a vector that does not count for each list.
        """
        flat = rows.reshape(-1)
        wanted = np.minimum(self._counts[flat], k + 1)  # one more, for one may be left out
        before = np.cumsum(wanted) - wanted
        shifts: Ints = np.repeat(before - self._starts[flat], wanted)
        ids = self._vectors[np.arange(len(shifts)) - shifts]
        scores = np.repeat(similarity.reshape(-1), wanted)
        lists = np.repeat(np.arange(rows.size) // rows.shape[1], wanted)
        if left_out is not None:
            counts = ids != left_out[lists]
            ids, scores, lists = ids[counts], scores[counts], lists[counts]
        order = np.lexsort((ids, -scores, lists))
        firsts = np.searchsorted(lists, np.arange(len(rows)))  # they ascend, before and after
        chosen = order[firsts[:, None] + np.arange(k)]
        return ids[chosen], scores[chosen]
