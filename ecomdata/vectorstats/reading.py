"""The vectors that have a part in a figure, and samples of them, read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from ecomdata.vectors.blocks import Floats, Ints, Marks, Vectors

BLOCK_BYTES: Final = 1 << 22
"""Of vectors at a time."""


class Usable:
    """The finite ones among vectors, or those that also have a direction.

    Args:
        vectors: All of them.
        rows: How many are usable; it is known from their moments.
        directed: Whether zero vectors are left out too.
    """

    def __init__(self, vectors: Vectors, rows: int, *, directed: bool) -> None:
        self._vectors = vectors
        self.rows = rows
        self._directed = directed

    @property
    def dim(self) -> int:
        """See :class:`Vectors`."""
        return self._vectors.dim

    @property
    def all_of_them(self) -> bool:
        """Whether none is left out."""
        return self.rows == self._vectors.rows

    def blocks(self, rows: int) -> Iterator[Floats]:
        """See :class:`Vectors`; blocks that lose rows are smaller."""
        for block in self._vectors.blocks(rows):
            if self.all_of_them:
                yield block
                continue
            good = self.marks(block)
            if good.any():
                yield np.ascontiguousarray(block[good])

    def marks(self, block: Floats) -> Marks:
        """Which of a block of all vectors are usable."""
        good = np.asarray(np.isfinite(block).all(axis=1), np.bool_)
        if self._directed:
            good &= block.any(axis=1)
        return good

    def places(self, wanted: Ints) -> Ints:
        """Where usable vectors stand among all of them.

        Args:
            wanted: ``(n,)``, rising: their numbers among the usable ones, from 0.
        """
        if self.all_of_them:
            return wanted
        found: list[Ints] = []
        first = before = 0
        for block in self._vectors.blocks(block_rows(self.dim)):
            good = np.flatnonzero(self.marks(block))
            here = wanted[np.searchsorted(wanted, before) : np.searchsorted(wanted, before + len(good))]
            found.append(good[here - before] + first)
            first += len(block)
            before += len(good)
        return np.concatenate(found) if found else wanted[:0]


def block_rows(dim: int) -> int:
    """Vectors in a block of 4 MB."""
    return max(1, BLOCK_BYTES // (4 * max(dim, 1)))


def drawn(rows: int, size: int, seed: int) -> Ints:
    """``(size,)``: so many different numbers below ``rows``, in rising order; all where there are no more."""
    if size >= rows:
        return np.arange(rows, dtype=np.int64)
    chosen = np.random.default_rng(seed).choice(rows, size, replace=False, shuffle=False)
    return np.sort(chosen).astype(np.int64)


def gathered(vectors: Vectors, wanted: Ints) -> Floats:
    """``(n, dim)``: the vectors with these numbers, which are in rising order."""
    parts = [np.empty((0, vectors.dim), np.float32)]
    first = 0
    for block in vectors.blocks(block_rows(vectors.dim)):
        low, high = np.searchsorted(wanted, [first, first + len(block)])
        if high > low:
            parts.append(block[wanted[low:high] - first])
        first += len(block)
        if high == len(wanted):
            break
    return np.concatenate(parts)
