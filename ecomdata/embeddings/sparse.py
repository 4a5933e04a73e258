"""Sparse matrices, and the few largest singular values of one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar, cast

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ecomdata.embeddings.gramcounts import Columns, Floats, multiply
from ecomdata.texts.gramhashes import Ints

_Real = TypeVar("_Real", np.float32, np.float64)
_PIECE: Final = 512
"""Rows of a product that a thread makes at a time."""
_ROUNDS: Final = 3
_BESIDES: Final = 16
"""Directions that are followed besides those wanted, as Halko et al. advise (5 to 10; they are cheap)."""
_NOTHING: Final = 1e-3
"""Singular values below this share of the largest are float32's noise."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse matrix by rows; see :mod:`ecomdata.embeddings.gramcounts`.

    Attributes:
        columns: The column of each value.
        edges: Where each row begins and the last ends, rows + 1.
        values: The values.
        width: How many columns there are.
    """

    columns: Columns
    edges: Ints
    values: Floats
    width: int

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def rest(self) -> tuple[Ints, Floats]:
        """Edges and values."""
        return self.edges, self.values

    def transposed(self) -> Sparse:
        """The same, columns as rows."""
        order = np.argsort(self.columns, kind="stable")
        rows = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.edges))
        sizes = np.bincount(self.columns, minlength=self.width)
        edges = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return Sparse(rows[order], edges, self.values[order], len(self))

    def times(self, right: Floats, jobs: int) -> Floats:
        """The product with (width, n), by so many threads; the same bits however many."""
        out = np.empty((len(self), right.shape[1]), np.float32)

        def piece(first: int) -> None:
            last = min(first + _PIECE, len(self))
            multiply(self.columns, self.edges, self.values, right, first, last, out)

        starts = range(0, len(self), _PIECE)
        if jobs == 1 or len(starts) < 2:
            for first in starts:
                piece(first)
            return out
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(piece, starts))
        return out


def right_singular_vectors(
    matrix: Sparse, rank: int, *, seed: int, jobs: int
) -> tuple[Floats, npt.NDArray[np.float64]]:
    """The right singular vectors of the largest singular values of a sparse matrix, and those values.

    Subspace iteration from random directions (from all, where there are few), made orthogonal again after
    each product: algorithms 4.4 and 5.1 of Halko, Martinsson and Tropp, Finding structure with randomness
    (SIAM Review 53, 2011). The largest component of each vector is positive.

    Args:
        matrix: (n, width).
        rank: How many; fewer come back where the matrix has no more.
        seed: The directions to start from.
        jobs: Threads.

    Returns:
        (width, rank) float32 and (rank) float64, the largest first.
    """
    with threadpool_limits(1, "blas"):  # the same bits, however many threads it would take
        return _iterated(matrix, rank, seed, jobs)


def _iterated(matrix: Sparse, rank: int, seed: int, jobs: int) -> tuple[Floats, npt.NDArray[np.float64]]:
    back = matrix.transposed()
    most = min(rank + _BESIDES, len(matrix), matrix.width)
    start = np.eye(matrix.width, dtype=np.float32)
    if most < matrix.width:
        start = np.random.default_rng(seed).standard_normal((matrix.width, most), dtype=np.float32)
    left = _orthogonal(matrix.times(start, jobs)) if most < len(matrix) else np.eye(most, dtype=np.float32)
    for _ in range(_ROUNDS):
        right = _orthogonal(back.times(left, jobs))
        left = _orthogonal(matrix.times(right, jobs))
    exact = _orthogonal(left.astype(np.float64))
    # What is left is small: the squares of the singular values, and how the vectors turn into those wanted.
    product = back.times(exact.astype(np.float32), jobs).astype(np.float64)
    squares, turned = np.linalg.eigh(product.T @ product)
    squares, turned = squares[::-1], turned[:, ::-1]
    kept = min(rank, int(np.count_nonzero(squares > _NOTHING**2 * squares[0])))
    values = np.sqrt(squares[:kept])
    vectors = product @ (turned[:, :kept] / values)
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(kept)]
    return np.ascontiguousarray(vectors * np.sign(largest), np.float32), values


def _orthogonal(columns: npt.NDArray[_Real]) -> npt.NDArray[_Real]:
    """An orthonormal basis of what the columns span, as far as their precision can tell.

    Through the small matrix of their inner products (Stathopoulos and Wu, SIAM Journal on Scientific
    Computing 23, 2002): matrix products take a tenth of the time of LAPACK's QR where columns are long.
    Between two rounds float32 is enough, as only the span counts.
    """
    squares, turned = np.linalg.eigh((columns.T @ columns).astype(np.float64))
    kept = squares > _NOTHING**2 * squares[-1]
    turning = (turned[:, kept] / np.sqrt(squares[kept])).astype(columns.dtype)
    return cast("npt.NDArray[_Real]", columns @ turning)
