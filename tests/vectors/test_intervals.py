"""Intervals, beside SciPy's."""

import numpy as np
import pytest
from scipy import stats

from ecomdata.vectors.intervals import of_mean, of_rate, of_share


@pytest.mark.parametrize(("hits", "rows"), [(0, 1), (1, 1), (0, 20), (20, 20), (3, 50), (499, 1000)])
def test_a_share_has_wilsons_interval(hits: int, rows: int) -> None:
    """The same as scipy.stats.binomtest(...).proportion_ci(method="wilson")."""
    expected = stats.binomtest(hits, rows).proportion_ci(method="wilson")
    assert of_share(hits, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_share_of_nothing_has_none() -> None:
    """No rows, no interval; and of one value there is no spread."""
    assert of_share(0, 0) is None
    assert of_mean(np.array([1.0])) is None


def test_a_mean_has_the_normal_interval() -> None:
    """The same as scipy's normal distribution around the mean with the standard error."""
    values = np.random.default_rng(0).exponential(size=300)
    expected = stats.norm.interval(0.95, values.mean(), stats.sem(values))
    assert of_mean(values) == pytest.approx(expected)


@pytest.mark.parametrize("rows", [10, 40, 5000])
def test_a_rate_has_the_chi_squared_interval(rows: int) -> None:
    """Within 0.2 % of the exact quantiles."""
    expected = stats.chi2.ppf([0.025, 0.975], 2 * rows) / (2 * 7.5)
    assert of_rate(7.5, rows) == pytest.approx(tuple(expected), rel=0.002)
