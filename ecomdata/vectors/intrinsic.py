"""Intrinsic dimension: on how many coordinates vectors lie, however many numbers each has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.vectors.intervals import Interval, of_rate

LEAST: Final = 10
"""With fewer ratios than this there is no estimate."""
KEPT: Final = 0.9
"""The share of ratios that the line is fitted to, the smallest: the paper leaves out the last tenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrinsicDimension:
    """TwoNN: from the ratio mu of each row's distances to its second and first neighbour.

    Attributes:
        dimension: The slope of -ln(1 - F(mu)) over ln mu, a line through the origin fitted to the smallest
            nine tenths of the ratios, F their empirical distribution; in dimensions. Facco, d'Errico,
            Rodriguez & Laio, "Estimating the intrinsic dimension of datasets by a minimal neighborhood
            information", Scientific Reports 2017.
        likelihood: (n - 1) / sum(ln mu): the unbiased estimate from all ratios, which are Pareto-distributed
            where rows are evenly dense; in dimensions. Denti, Doimo, Laio & Mira, "The generalized ratios
            intrinsic dimension estimator", Scientific Reports 2022.
        interval: 95 % of the latter, from n independent ratios.
        ratios: n: rows whose two distances tell something.
        left_out: Rows left out, as their first neighbour is at no distance: the same vector.
        reason: Why the figures are None; empty where they are there.
    """

    dimension: float | None = None
    likelihood: float | None = None
    interval: Interval | None = None
    ratios: int = 0
    left_out: int = 0
    reason: str = ""


def two_nn(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> IntrinsicDimension:
    """Estimate the intrinsic dimension by TwoNN; see :class:`IntrinsicDimension`.

    Args:
        first: ``(n,)``: the Euclidean distance of each row to its nearest other row.
        second: ``(n,)``: to the one after.
    """
    apart = (first > 0) & np.isfinite(first) & np.isfinite(second)
    logs = np.sort(np.log(second[apart] / first[apart]))
    count, left_out = len(logs), int(len(first) - apart.sum())
    if count < LEAST:
        same = f", and the same as another are {left_out:,}" if left_out else ""
        reason = f"too few rows with two different neighbours: {count:,} of the {LEAST} needed{same}"
        return IntrinsicDimension(ratios=count, left_out=left_out, reason=reason)
    kept = logs[: int(count * KEPT)]
    if not kept.any():
        reason = "the second neighbours are as far away as the first"
        return IntrinsicDimension(ratios=count, left_out=left_out, reason=reason)
    rising = -np.log1p(-np.arange(1, len(kept) + 1) / count)
    total = float(logs.sum())
    return IntrinsicDimension(
        dimension=float(kept @ rising / (kept @ kept)),
        likelihood=(count - 1) / total,
        interval=of_rate(total, count),
        ratios=count,
        left_out=left_out,
    )
