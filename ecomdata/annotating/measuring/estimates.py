"""A figure with its interval, what it was made of, and, where there is none, why."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.errors import EcomdataError

Floats = NDArray[np.float64]

LEVEL: Final = 0.95
"""The confidence level of every interval."""
RESAMPLES: Final = 1000
FEWEST: Final = 2
"""With fewer values there is no interval."""
_BATCH_VALUES: Final = 4_000_000
"""Values of resamples that are in memory at a time: 32 MB."""


_LIBRARIES: Final = ("krippendorff", "scipy", "sklearn")


def require_libraries() -> None:
    """See that the libraries that statistics come from are there.

    Raises:
        EcomdataError: one is missing.
    """
    for name in _LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise EcomdataError(
                f"measuring takes {name}, which is not installed", hint="pip install 'ecomdata[annotate]'"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure.

    Attributes:
        value: The figure; None where there is none.
        low: The lower end of its interval of 95 %; None where there is none.
        high: The upper end.
        n: How many answers, items or pairs it is made of; for a comparison, those of the first side.
        against: Those of the second side of a comparison; else None.
        reason: Why there is no value, or no interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    against: int | None = None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values; ``against`` and ``reason`` where there are any."""
        found: dict[str, Any] = {"value": self.value, "low": self.low, "high": self.high, "n": self.n}
        if self.against is not None:
            found["against"] = self.against
        if self.reason:
            found["reason"] = self.reason
        return found


def none(n: int, reason: str, *, against: int | None = None) -> Estimate:
    """A figure that does not exist, and why."""
    return Estimate(value=None, n=n, against=against, reason=reason)


def bootstrapped(
    samples: Sequence[Floats], statistic: Callable[..., Any], *, seed: int, against: bool = False
) -> Estimate:
    """A statistic of one sample, or of two, with a percentile interval of SciPy's bootstrap.

    Args:
        samples: Values; each sample is resampled on its own.
        statistic: Takes the samples and ``axis``, and works along it.
        seed: Of the resampling.
        against: Whether the second sample's size is told.
    """
    from scipy import stats

    sizes = [len(sample) for sample in samples]
    other = sizes[1] if against else None
    if 0 in sizes:
        return none(sizes[0], "no answers" if not sizes[0] else "nothing to compare with", against=other)
    value = float(statistic(*samples, axis=-1))
    if not math.isfinite(value):
        return none(sizes[0], "it would be a quotient by zero", against=other)
    if min(sizes) < FEWEST:
        return Estimate(value=value, n=sizes[0], against=other, reason="too few answers for an interval")
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # It has no interval where one resample of a thousand has no such figure; ours leaves that one out.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found: Any = stats.bootstrap(
            tuple(samples),
            statistic,
            n_resamples=RESAMPLES,
            batch=max(1, _BATCH_VALUES // max(sizes)),
            vectorized=True,
            method="percentile",
            confidence_level=LEVEL,
            rng=np.random.default_rng(seed),
        )
    return with_interval(value, *percentiles(found.bootstrap_distribution), n=sizes[0], against=other)


def with_interval(value: float, low: float, high: float, *, n: int, against: int | None = None) -> Estimate:
    """A value with its interval, if it has one."""
    if math.isfinite(low) and math.isfinite(high):
        return Estimate(value=value, low=low, high=high, n=n, against=against)
    return Estimate(value=value, n=n, against=against, reason="resamples have no such figure")


def percentiles(draws: Floats) -> tuple[float, float]:
    """The ends of a percentile interval; draws that have no such figure are left out.

    Where more than one draw in ten has none there is no interval: what is left would say too little. A draw
    without bounds stays, so that an interval which ends among such draws is none.
    """
    kept = draws[~np.isnan(draws)]
    if len(kept) < 0.9 * len(draws) or not len(kept):
        return math.nan, math.nan
    tail = 100 * (1 - LEVEL) / 2
    with np.errstate(invalid="ignore"):
        low, high = np.percentile(kept, [tail, 100 - tail])
    return float(low), float(high)


def proportion(hits: int, n: int) -> Estimate:
    """A share with Wilson's score interval (Wilson 1927, JASA 22), from SciPy."""
    from scipy import stats

    if not n:
        return none(0, "no answers")
    found: Any = stats.binomtest(hits, n).proportion_ci(confidence_level=LEVEL, method="wilson")
    return Estimate(value=hits / n, low=float(found.low), high=float(found.high), n=n)
