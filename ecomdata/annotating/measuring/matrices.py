"""Matrices of items, which are resampled by item.

An item has few of the pairs of values that there can be, so of its matrix only those are held: with a set of
200 labels a whole one has 40,000 cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

import numpy as np

from ecomdata.annotating.measuring.estimates import RESAMPLES, Floats
from ecomdata.annotating.measuring.units import Whole

MOST_CELLS: Final = 4_000_000
"""Cells of matrices that are in memory at a time: 32 MB."""


class Matrices:
    """One matrix for each item, of what is added up in its cells.

    Args:
        owners: (entries,) the item of each entry.
        rows: (entries,) its row.
        columns: (entries,) its column.
        amounts: (entries,) what it adds to that cell, not below 0.
        size: Rows of a matrix, and columns.
    """

    def __init__(self, owners: Whole, rows: Whole, columns: Whole, amounts: Floats, *, size: int) -> None:
        self._size = size
        items, places = np.unique(owners, return_inverse=True)
        self._n = len(items)
        keys, entries = np.unique((places * size + rows) * size + columns, return_inverse=True)
        added: Floats = np.bincount(entries, weights=amounts).astype(np.float64)
        self._places, self._cells = np.divmod(keys[added > 0], size * size)
        self._amounts = added[added > 0]

    def total(self) -> Floats:
        """The sum of all of them, size x size."""
        summed = np.bincount(self._cells, weights=self._amounts, minlength=self._size**2)
        return summed.astype(np.float64).reshape(self._size, self._size)

    def resampled(self, statistic: Callable[[Floats], Floats], seed: int) -> Floats:
        """A statistic of the sums of resamples of the items, n x size x size.

        Items with the same matrix are drawn together, as a multinomial.
        """
        from scipy import sparse

        times, cells, amounts, edges = self._patterns()
        shape = len(times), self._size**2
        patterns: Any = sparse.csr_array((amounts, cells, edges), shape=shape)
        rng = np.random.default_rng(seed)
        batch = max(1, MOST_CELLS // max(shape))
        found: list[Floats] = []
        for start in range(0, RESAMPLES, batch):
            drawn = rng.multinomial(self._n, times / self._n, min(batch, RESAMPLES - start))
            found.append(statistic((drawn @ patterns).reshape(-1, self._size, self._size)))
        return np.concatenate(found)

    def _patterns(self) -> tuple[Whole, Whole, Floats, Whole]:
        """The different matrices in one order: how many items have each, its cells, and where each begins."""
        edges = np.searchsorted(self._places, np.arange(self._n + 1)).tolist()
        entries = list(zip((-self._cells).tolist(), self._amounts.tolist(), strict=True))
        counted = sorted(Counter(tuple(entries[start:end]) for start, end in pairwise(edges)).items())
        cells = np.array([-cell for pattern, _ in counted for cell, _ in pattern], dtype=np.int64)
        amounts = np.array([amount for pattern, _ in counted for _, amount in pattern], dtype=np.float64)
        lengths = [0, *(len(pattern) for pattern, _ in counted)]
        return np.array([n for _, n in counted]), cells, amounts, np.cumsum(lengths)
