"""Krippendorff's alpha and Cohen's kappa, each from its library, with bootstrap intervals by item.

Both are one less observed by expected disagreement, and the observed one is a matrix that is summed over
items. So a resample is a weighted sum of the matrices that the items have, and a thousand of them are one
multiplication of matrices; the tests hold each of them against the library's word on the same items.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
# (since krippendorff and scikit-learn carry few types)
from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from ecomdata.annotating.measuring.estimates import (
    FEWEST,
    RESAMPLES,
    Estimate,
    Floats,
    none,
    percentiles,
    with_interval,
)
from ecomdata.annotating.measuring.units import Units, Whole

Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["linear", "quadratic"]
_BATCH: Final = 4_000_000
NO_PAIR: Final = "no item has two answers"
ONE_VALUE: Final = "all answers are the same, so no disagreement could be expected by chance"


def alpha(units: Units, level: Level, *, seed: int = 0) -> Estimate:
    """Krippendorff's alpha (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability).

    The figure is the ``krippendorff`` package's, but for spans: there units have weights, which it does not
    know, and the same formula is worked out here.

    Args:
        units: What was said; units of which one person spoke alone say nothing and are left out.
        level: Of measurement. The scale of ``interval`` is the domain's numbers.
        seed: Of the resampling.

    Returns:
        With ``n`` the number of items that at least two people answered.
    """
    counts, weights, owners = _counted(units)
    n = len(np.unique(owners))
    if not n:
        return none(0, NO_PAIR)
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return none(n, ONE_VALUE)
    coincidences = _coincidences(counts, weights, owners)
    scale = _scale(units.domain, level)
    if np.all(weights == 1):
        import krippendorff

        value = float(krippendorff.alpha(value_counts=counts, value_domain=scale, level_of_measurement=level))
    else:
        value = float(alphas(coincidences.sum(axis=0)[None], scale, level)[0])
    if n < FEWEST:
        return Estimate(value=value, n=n, reason="too few items for an interval")
    draws = _resampled(coincidences, lambda sums: alphas(sums, scale, level), seed)
    return with_interval(value, *percentiles(draws), n=n)


def alphas(coincidences: Floats, scale: Floats, level: Level) -> Floats:
    """Alpha of each coincidence matrix, n x V x V; not finite where nothing is expected."""
    totals = coincidences.sum(axis=-1)
    everything = totals.sum(axis=-1)[:, None, None]
    expected = totals[:, :, None] * totals[:, None, :]
    expected = expected - np.eye(len(scale)) * totals[:, None, :]
    if level == "nominal":
        distances = 1 - np.eye(len(scale))[None]
    else:
        # The ordinal metric is the squared distance of the values' mid-ranks.
        ranks = np.cumsum(totals, axis=-1) - totals / 2 if level == "ordinal" else scale[None]
        distances = (ranks[:, :, None] - ranks[:, None, :]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = 1 - (everything[:, 0, 0] - 1) * (coincidences * distances).sum(axis=(1, 2)) / (
            expected * distances
        ).sum(axis=(1, 2))
    return found


def kappa(units: Units, one: int, other: int, *, weights: Weights | None = None, seed: int = 0) -> Estimate:
    """Cohen's kappa of two annotators (Cohen 1960; weighted: Cohen 1968), from scikit-learn.

    Args:
        units: What was said.
        one: The first annotator's number.
        other: The second's.
        weights: How disagreements between values weigh by their distance in the domain; None: all alike.
        seed: Of the resampling.

    Returns:
        With ``n`` the number of items that both answered.
    """
    first, second, weight, owners = _paired(units, one, other)
    n = len(np.unique(owners))
    if not n:
        return none(0, "no item has an answer of both")
    if len(np.unique(np.concatenate([first, second]))) < 2:
        return none(n, ONE_VALUE)
    from sklearn import metrics

    size = len(units.domain)
    value = float(
        metrics.cohen_kappa_score(
            first, second, labels=np.arange(size), weights=weights, sample_weight=weight
        )
    )
    if n < FEWEST:
        return Estimate(value=value, n=n, reason="too few items for an interval")
    _, places = np.unique(owners, return_inverse=True)
    confusions = np.zeros((n, size, size))
    np.add.at(confusions, (places, first, second), weight)
    return with_interval(
        value, *percentiles(_resampled(confusions, lambda sums: kappas(sums, weights), seed)), n=n
    )


def kappas(confusions: Floats, weights: Weights | None) -> Floats:
    """Kappa of each confusion matrix, n x V x V; not finite where nothing is expected."""
    places = np.arange(confusions.shape[-1], dtype=np.float64)
    far = np.abs(places[:, None] - places[None])
    distances = {"linear": far, "quadratic": far**2}[weights] if weights else (far > 0).astype(np.float64)
    rows, columns = confusions.sum(axis=2), confusions.sum(axis=1)
    everything = rows.sum(axis=1)
    expected = rows[:, :, None] * columns[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = 1 - everything * (confusions * distances).sum(axis=(1, 2)) / (
            expected * distances
        ).sum(axis=(1, 2))
    return found


def _scale(domain: tuple[str, ...], level: Level) -> Floats:
    """The numbers that the values stand for: themselves on an interval scale, else their places."""
    if level == "interval":
        return np.array([float(value) for value in domain])
    return np.arange(len(domain), dtype=np.float64)


def _counted(units: Units) -> tuple[Whole, Whole, Whole]:
    """For each unit with two answers or more: how often each value was given, its weight, its item."""
    kept, first, places = np.unique(units.unit, return_index=True, return_inverse=True)
    counts = np.zeros((len(kept), len(units.domain)), dtype=np.int64)
    np.add.at(counts, (places, units.value), 1)
    paired = counts.sum(axis=1) > 1
    return counts[paired], units.weight[first][paired], units.item[first][paired]


def _coincidences(counts: Whole, weights: Whole, owners: Whole) -> Floats:
    """The coincidence matrix of each item."""
    _, places = np.unique(owners, return_inverse=True)
    size = counts.shape[1]
    found = np.zeros((int(places.max()) + 1, size, size))
    pairs = counts[:, :, None] * counts[:, None, :] - np.eye(size, dtype=np.int64) * counts[:, None, :]
    np.add.at(found, places, pairs * (weights / (counts.sum(axis=1) - 1))[:, None, None])
    return found


def _paired(units: Units, one: int, other: int) -> tuple[Whole, Whole, Whole, Whole]:
    """What each of two people said of the units of which both spoke, with weights and items."""
    mine, theirs = np.flatnonzero(units.annotator == one), np.flatnonzero(units.annotator == other)
    _, left, right = np.intersect1d(
        units.unit[mine], units.unit[theirs], assume_unique=True, return_indices=True
    )
    mine, theirs = mine[left], theirs[right]
    return units.value[mine], units.value[theirs], units.weight[mine], units.item[mine]


def _resampled(matrices: Floats, statistic: Callable[[Floats], Floats], seed: int) -> Floats:
    """A statistic of resamples of items. Items with the same matrix are drawn together, as a multinomial."""
    flat = matrices.reshape(len(matrices), -1)
    patterns, times = np.unique(flat, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    batch = max(1, _BATCH // len(patterns))
    found: list[Floats] = []
    for start in range(0, RESAMPLES, batch):
        drawn = rng.multinomial(len(flat), times / len(flat), min(batch, RESAMPLES - start))
        found.append(statistic((drawn @ patterns).reshape(-1, *matrices.shape[1:])))
    return np.concatenate(found)
