"""Krippendorff's alpha and Cohen's kappa, each from its library, with bootstrap intervals by item.

Both are one less observed by expected disagreement, and the observed one is a matrix that is summed over
items. So a resample is a weighted sum of the matrices that the items have; the tests hold what is made of it
against the library's word on the same items.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from ecomdata.annotating.measuring.estimates import (
    FEWEST,
    Estimate,
    Floats,
    none,
    percentiles,
    with_interval,
)
from ecomdata.annotating.measuring.matrices import MOST_CELLS, Matrices
from ecomdata.annotating.measuring.units import Units, Whole

Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["linear", "quadratic"]
NO_PAIR: Final = "no item has two answers"
ONE_VALUE: Final = "all answers are the same, so no disagreement could be expected by chance"


def alpha(units: Units, level: Level, *, seed: int = 0) -> Estimate:
    """Krippendorff's alpha (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability).

    The figure is the ``krippendorff`` package's, but for spans, where units have weights, which it does not
    know, and where it would take too much memory, which grows with the square of the number of values: there
    the same formula is worked out here.

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
    given = counts.any(axis=0)
    if np.count_nonzero(given) < 2:
        return none(n, ONE_VALUE)
    counts, scale = counts[:, given], _scale(units.domain, level)[given]
    coincidences = _coincidences(counts, weights, owners)
    if np.all(weights == 1) and counts.size * len(scale) <= MOST_CELLS:
        import krippendorff

        value = float(krippendorff.alpha(value_counts=counts, value_domain=scale, level_of_measurement=level))
    else:
        value = float(alphas(coincidences.total()[None], scale, level)[0])
    if n < FEWEST:
        return Estimate(value=value, n=n, reason="too few items for an interval")
    draws = coincidences.resampled(lambda sums: alphas(sums, scale, level), seed)
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
    observed, by_chance = ((one * distances).sum(axis=(1, 2)) for one in (coincidences, expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - (everything[:, 0, 0] - 1) * observed / by_chance


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
    given, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    rows, columns = np.split(codes, 2)
    confusions = Matrices(owners, rows, columns, weight.astype(np.float64), size=len(given))
    draws = confusions.resampled(lambda sums: kappas(sums, given.astype(np.float64), weights), seed)
    return with_interval(value, *percentiles(draws), n=n)


def kappas(confusions: Floats, scale: Floats, weights: Weights | None) -> Floats:
    """Kappa of each confusion matrix, n x V x V; not finite where nothing is expected.

    Args:
        confusions: The matrices.
        scale: (V,) the places of their values, which say how far apart two are.
        weights: How disagreements weigh by that.
    """
    far = np.abs(scale[:, None] - scale[None])
    distances = {"linear": far, "quadratic": far**2}[weights] if weights else (far > 0).astype(np.float64)
    rows, columns = confusions.sum(axis=2), confusions.sum(axis=1)
    everything = rows.sum(axis=1)
    expected = rows[:, :, None] * columns[:, None, :]
    observed, by_chance = ((one * distances).sum(axis=(1, 2)) for one in (confusions, expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - everything * observed / by_chance


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


def _coincidences(counts: Whole, weights: Whole, owners: Whole) -> Matrices:
    """The coincidence matrices of the items: each unit adds all pairs of its values, in both orders."""
    unit, value = np.nonzero(counts)
    different = np.count_nonzero(counts, axis=1)
    one = np.repeat(np.arange(len(unit)), different[unit])
    begins = np.cumsum(different) - different
    within = np.arange(len(one)) - np.repeat(np.cumsum(different**2) - different**2, different**2)
    other = begins[unit[one]] + within % different[unit[one]]
    unit, row, column = unit[one], value[one], value[other]
    times = counts[unit, row] * (counts[unit, column] - (row == column))
    amounts = times * (weights / (counts.sum(axis=1) - 1))[unit]
    return Matrices(owners[unit], row, column, amounts, size=counts.shape[1])


def _paired(units: Units, one: int, other: int) -> tuple[Whole, Whole, Whole, Whole]:
    """What each of two people said of the units of which both spoke, with weights and items."""
    mine, theirs = np.flatnonzero(units.annotator == one), np.flatnonzero(units.annotator == other)
    _, left, right = np.intersect1d(
        units.unit[mine], units.unit[theirs], assume_unique=True, return_indices=True
    )
    mine, theirs = mine[left], theirs[right]
    return units.value[mine], units.value[theirs], units.weight[mine], units.item[mine]
