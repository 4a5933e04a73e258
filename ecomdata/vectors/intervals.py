"""Intervals that hold a figure of all rows with 95 % confidence, from a sample of them. No library needed."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Interval = tuple[float, float]
"""The lower and the upper end."""
_Z: Final = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def of_share(hits: int, rows: int) -> Interval | None:
    """Wilson's score interval of a share, within 0 and 1; None of no rows.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    if rows < 1:
        return None
    share, z2 = hits / rows, _Z * _Z
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z / (1 + z2 / rows) * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    # At the ends the formula is exact and its rounding is not.
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == rows else middle + half)


def of_mean(values: npt.NDArray[np.float64]) -> Interval | None:
    """The normal interval of a mean, mean +- 1.96 s / sqrt(n); None of fewer than two values.

    By the central limit theorem; s is the standard deviation with n - 1.
    """
    if len(values) < 2:
        return None
    mean, half = float(values.mean()), _Z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return mean - half, mean + half


def of_rate(total: float, rows: int) -> Interval:
    """The interval of a rate when ``rows`` exponential waits take ``total`` together.

    Twice the rate times the total is chi-squared with 2n degrees of freedom; its quantiles are taken from
    Wilson & Hilferty's cube root of a normal ("The distribution of chi-square", PNAS 1931), which for ten
    waits and more is right to 0.2 %.
    """
    degrees = 2 * rows
    spread = 2 / (9 * degrees)

    def quantile(z: float) -> float:
        return degrees * float((1 - spread + z * math.sqrt(spread)) ** 3)

    return quantile(-_Z) / (2 * total), quantile(_Z) / (2 * total)
