"""Anisotropy: how much vectors point the same way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(slots=True)
class Directions:
    """The sum of the directions of vectors, added to block by block, and what follows from it.

    Attributes:
        rows: Vectors so far, those without a direction not counted.
        total: ``(d,)``: the sum of ``x / |x|``.
    """

    dim: int
    rows: int = 0
    total: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.total = np.zeros(self.dim)

    def add(self, vectors: npt.NDArray[np.floating], lengths: npt.NDArray[np.float64]) -> None:
        """Add vectors ``(n, d)`` that are finite and not zero, and their Euclidean lengths ``(n,)``."""
        self.total += (1.0 / lengths) @ vectors
        self.rows += len(vectors)

    @property
    def anisotropy(self) -> float | None:
        """The mean cosine of two different rows; -1 to 1, 0 where they point everywhere. None of one row.

        ``(|s|^2 - n) / (n (n - 1))``, s the sum of n unit vectors: the cosines of all pairs are the squared
        length of their sum, less the n of rows with themselves. Exact over all pairs. Ethayarajh, "How
        contextual are contextualized word representations?", EMNLP 2019, has it as the mean cosine of pairs
        drawn at random.
        """
        n = self.rows
        if n < 2:
            return None
        return float(self.total @ self.total - n) / (n * (n - 1))
