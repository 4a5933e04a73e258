"""How far apart two sets of vectors are: the Fréchet distance, and MMD with a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PERMUTATIONS: Final = 999
_AT_ONCE: Final = 64
"""Permutations worked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mmd:
    """The maximum mean discrepancy of two samples, and how likely it is where there is no difference.

    Attributes:
        squared: The unbiased estimate of MMD^2 (it may be below zero): the mean of k(x, x') over pairs of
            different rows of the one sample, plus that of the other, less twice the mean of k(x, y) between
            them; no unit. k(x, y) = exp(-|x - y|^2 / (2 s^2)). Gretton, Borgwardt, Rasch, Schölkopf & Smola,
            "A kernel two-sample test", JMLR 2012, lemma 6.
        p_value: The share of ``permutations`` random divisions of all rows into samples of the same sizes,
            this one among them, whose estimate is at least as large: (1 + b) / (1 + permutations). Phipson &
            Smyth, "Permutation p-values should never be zero", 2010.
        bandwidth: s, the median Euclidean distance of all pairs of different rows (that heuristic is Gretton
            et al.'s, section 8), of pairs at a distance where most have none; in the unit of the vectors.
        rows: Rows of the one sample.
        others: Rows of the other.
        permutations: Divisions tried.
        reason: Why the figures are None; empty where they are there.
    """

    squared: float | None = None
    p_value: float | None = None
    bandwidth: float | None = None
    rows: int = 0
    others: int = 0
    permutations: int = 0
    reason: str = ""


def frechet(mean: Floats, covariance: Floats, other_mean: Floats, other_covariance: Floats) -> float:
    """The squared Fréchet distance of normal distributions with these moments; squared unit of the vectors.

    ``|m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1^(1/2) C2 C1^(1/2))^(1/2))``. Dowson & Landau, "The Fréchet
    distance between multivariate normal distributions", 1982; squared, as FID has it (Heusel et al., "GANs
    trained by a two time-scale update rule", 2017). From few rows it comes out too large: of two samples of
    the same it is above zero.

    Args:
        mean: ``(d,)``.
        covariance: ``(d, d)``.
        other_mean: ``(d,)``.
        other_covariance: ``(d, d)``.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # The trace of a root is the sum of roots of eigenvalues; root' C2 root has those of C1^(1/2) C2 C1^(1/2).
    both = np.linalg.eigvalsh(root.T @ other_covariance @ root)
    apart = mean - other_mean
    traces = float(np.trace(covariance) + np.trace(other_covariance))
    squared = float(apart @ apart) + traces - 2 * float(np.sqrt(np.maximum(both, 0.0)).sum())
    return max(squared, 0.0)


def mmd(one: Floats, other: Floats, *, permutations: int = PERMUTATIONS, seed: int = 0) -> Mmd:
    """The unbiased MMD^2 of two samples under a Gaussian kernel, with a permutation test; see :class:`Mmd`.

    Takes memory for three square matrices of all rows.

    Args:
        one: ``(m, d)``.
        other: ``(n, d)``.
        permutations: Random divisions that it is compared with.
        seed: The same seed gives the same divisions.
    """
    m, n = len(one), len(other)
    if min(m, n) < 2:
        return Mmd(rows=m, others=n, reason=f"each side needs two vectors, and there are {m} and {n}")
    squares = _squared_distances(np.concatenate([one, other]))
    bandwidth = _median_distance(squares)
    if bandwidth is None:
        return Mmd(rows=m, others=n, reason="all vectors are equal: there is no distance to measure by")
    kernel = np.exp(squares / (-2 * bandwidth**2))
    np.fill_diagonal(kernel, 0.0)
    found = _estimates(kernel, m, _sides(m, n, 0, np.random.default_rng(seed)))[0]
    rng = np.random.default_rng(seed)
    beyond = 0
    for start in range(0, permutations, _AT_ONCE):
        sides = _sides(m, n, min(_AT_ONCE, permutations - start), rng)
        # A division into the same two halves differs by rounding, and counts.
        beyond += int((_estimates(kernel, m, sides) >= found - 1e-12).sum())
    return Mmd(
        squared=float(found),
        p_value=(1 + beyond) / (1 + permutations),
        bandwidth=bandwidth,
        rows=m,
        others=n,
        permutations=permutations,
    )


def _squared_distances(rows: Floats) -> Floats:
    """``(n, n)``; from their middle, as far from it the difference of large squares would be all rounding."""
    rows = rows - rows.mean(axis=0)
    lengths = np.einsum("ij,ij->i", rows, rows)
    squares: Floats = lengths[:, None] + lengths[None, :] - 2 * (rows @ rows.T)
    # What is nothing beside the lengths is rounding: the same vector twice.
    squares[squares < 1e-12 * max(float(lengths.max()), np.finfo(float).tiny)] = 0.0
    return squares


def _median_distance(squares: Floats) -> float | None:
    between = squares[np.triu_indices(len(squares), 1)]
    middle = float(np.median(between))
    if middle > 0:
        return float(np.median(np.sqrt(between)))
    apart = between[between > 0]
    return float(np.median(np.sqrt(apart))) if len(apart) else None


def _sides(m: int, n: int, count: int, rng: np.random.Generator) -> Floats:
    """``(m + n, count)``: 1 where a row is of the first sample in a random division; the true one where 0."""
    true = np.r_[np.ones(m), np.zeros(n)][:, None]
    return rng.permuted(np.repeat(true, count, axis=1), axis=0) if count else true


def _estimates(kernel: Floats, m: int, sides: Floats) -> Floats:
    """MMD^2 of each division, of a kernel whose diagonal is 0."""
    n = len(kernel) - m
    sums: Floats = kernel.sum(axis=1)
    within: Floats = np.einsum("ij,ij->j", sides, kernel @ sides)
    from_one = sums @ sides
    between = from_one - within
    others = sums.sum() - from_one - between
    found: Floats = within / (m * (m - 1)) + others / (n * (n - 1)) - 2 * between / (m * n)
    return found
