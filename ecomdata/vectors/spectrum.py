"""The spectrum of a covariance matrix: how many directions vectors spread in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SHARES: Final = (0.9, 0.99)
"""Shares of the variance for which dimensions are counted."""
ROUNDING: Final = 1e-12
"""Variance below this share of the mean squared length is rounding of numbers, not variance of vectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """The eigenvalues of a covariance matrix, and what follows from them.

    Attributes:
        eigenvalues: From the largest, none below zero; in squared units of the vectors.
        total: Their sum: the variance in all directions together.
        effective_rank: exp(H), H = -sum(p ln p), p the eigenvalues as shares of their sum; in dimensions,
            from 1 to their number. Roy & Vetterli, "The effective rank", EUSIPCO 2007, of the covariance
            matrix, whose singular values are its eigenvalues.
        dimensions: Share of the variance -> the least number of principal directions that have it.
        reason: Why the figures are None; empty where they are there.
    """

    eigenvalues: tuple[float, ...] = ()
    total: float | None = None
    effective_rank: float | None = None
    dimensions: Mapping[str, int | None]
    reason: str = ""


def spectrum_of(covariance: npt.NDArray[np.float64], *, rows: int, length: float) -> Spectrum:
    """The spectrum of a covariance matrix.

    Args:
        covariance: ``(d, d)``, symmetric.
        rows: How many vectors it is of.
        length: Their mean squared length, ``E |x|^2``: variance that is nothing beside it is rounding.
    """
    none: dict[str, int | None] = dict.fromkeys(map(str, SHARES))
    if rows < 2:
        return Spectrum(dimensions=none, reason=f"too few vectors for a variance: {rows}")
    eigenvalues = np.maximum(np.linalg.eigvalsh(covariance)[::-1], 0.0)
    total = float(eigenvalues.sum())
    if total <= length * ROUNDING:
        return Spectrum(total=0.0, dimensions=none, reason="all vectors are equal: they have no variance")
    shares = eigenvalues / total
    running = np.cumsum(shares)
    # The last of a sum of shares may stop short of 1 by rounding, and no further direction has the rest.
    dims = {
        str(share): min(int(np.searchsorted(running, share - 1e-12)) + 1, len(shares)) for share in SHARES
    }
    return Spectrum(
        eigenvalues=tuple(eigenvalues.tolist()),
        total=total,
        effective_rank=float(np.exp(entropy(shares))),
        dimensions=dims,
    )


def entropy(shares: npt.NDArray[np.float64]) -> float:
    """Shannon's entropy of shares that come to 1, in nats; nothing of what has no share.

    Shannon, "A mathematical theory of communication", 1948.
    """
    some = shares[shares > 0]
    return 0.0 - float((some * np.log(some)).sum())  # of one share 0, not -0
