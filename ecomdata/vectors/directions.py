"""Anisotropy: how much vectors point the same way."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def anisotropy_of(direction: npt.NDArray[np.float64], rows: int) -> float | None:
    """The mean cosine of two different rows; -1 to 1, 0 where they point everywhere. None of fewer than two.

    ``(n |m|^2 - 1) / (n - 1)``, m the mean of n unit vectors: the cosines of all pairs, a row with itself
    among them, are n^2 |m|^2 together, and the n of a row with itself are 1. So it is exact over all pairs,
    and of a few rows it is not too large, as |m|^2 is. Ethayarajh, "How contextual are contextualized word
    representations?", EMNLP 2019, has it as the mean cosine of pairs drawn at random.

    Args:
        direction: ``(d,)``: m, the mean of the rows divided by their lengths, zero vectors left out.
        rows: n, how many those are.
    """
    if rows < 2:
        return None
    return (rows * float(direction @ direction) - 1) / (rows - 1)
