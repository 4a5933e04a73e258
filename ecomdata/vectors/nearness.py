"""How near rows are to their nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.vectors.intervals import Interval, of_share

THRESHOLDS: Final = (0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_BINS: Final = 40
_ROUNDING: Final = 1e-6
"""What a cosine of single-precision numbers may be off by: the same vector twice has 0.9999999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """Rows that have another row at least so near.

    Attributes:
        threshold: The least cosine.
        rows: Rows of those looked at.
        share: Of those looked at; 0 to 1.
        interval: 95 % of the share; None where all rows were looked at.
    """

    threshold: float
    rows: int
    share: float
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """The cosine of each row and the other row that is nearest to it.

    Attributes:
        rows: Rows looked at.
        mean: The mean cosine; -1 to 1.
        quantiles: Share of the rows -> the cosine that it stays at or below, by linear interpolation
            (Hyndman & Fan, "Sample quantiles in statistical packages", 1996, type 7).
        edges: Where the bins of the histogram begin, and the last ends.
        counts: Rows in each bin.
        near_duplicates: How many are near-duplicates of another, by threshold.
        reason: Why there are no figures; empty where they are there.
    """

    rows: int = 0
    mean: float | None = None
    quantiles: dict[str, float]
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    near_duplicates: tuple[NearDuplicates, ...] = ()
    reason: str = ""


def nearness_of(
    cosines: npt.NDArray[np.floating],
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    sampled: bool = True,
) -> Nearness:
    """What the cosines of rows and their nearest neighbours are like; see :class:`Nearness`.

    Args:
        cosines: ``(n,)``.
        thresholds: At which near-duplicates are counted; a millionth below counts too, for rounding.
        sampled: Whether the rows were drawn from more; those that are all have no intervals.
    """
    values = np.clip(cosines.astype(np.float64), -1.0, 1.0)
    rows = len(values)
    if not rows:
        return Nearness(quantiles={}, reason="no row has another to be near to")
    low = float(np.floor(values.min() * 20) / 20)
    counts, edges = np.histogram(values, bins=_BINS, range=(min(low, 0.95), 1.0))
    return Nearness(
        rows=rows,
        mean=float(values.mean()),
        quantiles={str(q): float(np.quantile(values, q)) for q in QUANTILES},
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        near_duplicates=tuple(_at(values, threshold, sampled=sampled) for threshold in thresholds),
    )


def _at(values: npt.NDArray[np.float64], threshold: float, *, sampled: bool) -> NearDuplicates:
    hits, rows = int((values >= threshold - _ROUNDING).sum()), len(values)
    interval = of_share(hits, rows) if sampled else None
    return NearDuplicates(threshold=threshold, rows=hits, share=hits / rows, interval=interval)
