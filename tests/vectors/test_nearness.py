"""The distribution of nearest-neighbour cosines, beside NumPy and SciPy."""

import numpy as np
import pytest
from scipy import stats

from ecomdata.vectors.nearness import nearness_of


def test_quantiles_mean_and_histogram_are_of_all_values() -> None:
    """Quantiles as scipy.stats.mstats has them with alphap = betap = 1; the bins hold every value."""
    values = np.random.default_rng(0).uniform(-0.4, 1, 500)
    found = nearness_of(values)
    wanted = [float(q) for q in found.quantiles]
    expected = stats.mstats.mquantiles(values, wanted, alphap=1, betap=1)
    assert list(found.quantiles.values()) == pytest.approx(list(expected))
    assert found.mean == pytest.approx(values.mean())
    assert sum(found.counts) == found.rows == 500
    assert found.edges[0] <= values.min()
    assert found.edges[-1] == 1.0


def test_near_duplicates_are_counted_at_each_threshold() -> None:
    """Those at the threshold count, also where single precision rounds them just below."""
    values = np.array([1.0, 0.9999995, 0.95, 0.9499, np.float32(0.98), 0.1])
    found = nearness_of(values, thresholds=(0.95, 0.98, 1.0))
    assert [one.rows for one in found.near_duplicates] == [4, 3, 2]
    assert found.near_duplicates[0].share == pytest.approx(4 / 6)
    expected = stats.binomtest(4, 6).proportion_ci(method="wilson")
    assert found.near_duplicates[0].interval == pytest.approx((expected.low, expected.high))


def test_cosines_beyond_one_are_rounding() -> None:
    """They count as 1, and are in the last bin."""
    found = nearness_of(np.array([1.0000001, -1.0000001]))
    assert found.mean == 0.0
    assert sum(found.counts) == 2


def test_no_rows_have_no_distribution() -> None:
    """There is a reason in its place."""
    found = nearness_of(np.empty(0))
    assert (found.mean, found.quantiles, found.near_duplicates) == (None, {}, ())
    assert found.reason
