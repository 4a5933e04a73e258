"""TwoNN on manifolds of known dimension, and beside another way to compute it."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import NearestNeighbors

from ecomdata.vectors.intrinsic import IntrinsicDimension, two_nn


def distances(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """To the two nearest other rows, by scikit-learn in float64."""
    found = NearestNeighbors(n_neighbors=3, algorithm="kd_tree").fit(vectors).kneighbors()[0]
    return found[:, 0], found[:, 1]


def estimated(vectors: np.ndarray) -> IntrinsicDimension:
    """By TwoNN."""
    return two_nn(*distances(vectors))


@pytest.mark.parametrize(("dim", "within"), [(1, 0.05), (2, 0.05), (5, 0.12)])
def test_a_plane_has_its_own_dimension_not_that_of_the_space(dim: int, within: float) -> None:
    """A cube of d dimensions turned into 40 is found to have d, or a little less for all its walls."""
    rng = np.random.default_rng(dim)
    turned = np.linalg.qr(rng.normal(size=(40, dim)))[0].T
    found = estimated(rng.uniform(size=(2000, dim)) @ turned + 3)
    assert found.dimension == pytest.approx(dim, rel=within)
    assert found.likelihood == pytest.approx(dim, rel=within)
    assert (found.ratios, found.left_out, found.reason) == (2000, 0, "")


def test_the_slope_is_that_of_a_regression_through_the_origin() -> None:
    """The paper's fit, done with scikit-learn: the smallest 90 % of mu against the empirical distribution."""
    first, second = distances(np.random.default_rng(5).normal(size=(400, 7)))
    mu = np.sort(second / first)
    share = np.arange(1, 401) / 400
    line = LinearRegression(fit_intercept=False).fit(np.log(mu[:360, None]), -np.log(1 - share[:360]))
    found = two_nn(first, second)
    assert found.dimension == pytest.approx(line.coef_[0])
    assert found.likelihood == pytest.approx(399 / np.log(mu).sum())


def test_nineteen_of_twenty_intervals_hold_the_dimension() -> None:
    """Of 300 samples of ratios that are Pareto-distributed of dimension 6, about 95 % of intervals do."""
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(300):
        found = two_nn(np.ones(80), 1 + rng.pareto(6, 80))
        assert found.interval is not None
        held += found.interval[0] <= 6 <= found.interval[1]
    assert held / 300 == pytest.approx(0.95, abs=0.035)


def test_a_row_that_is_there_twice_is_left_out() -> None:
    """A ratio over no distance tells nothing; it is counted, and the others give the estimate."""
    vectors = np.random.default_rng(6).uniform(size=(300, 2))
    first, second = distances(vectors)
    found = two_nn(np.append(first, [0.0, 0.0]), np.append(second, [0.0, 0.4]))
    assert (found.ratios, found.left_out) == (300, 2)
    assert found.dimension == two_nn(first, second).dimension


def test_equidistant_rows_have_no_dimension() -> None:
    """The corners of a simplex are all as far from each other: there is no ratio to fit."""
    found = estimated(np.eye(20))
    assert found.dimension is None
    assert "as far away as the first" in found.reason


@pytest.mark.parametrize("rows", [0, 1, 2, 9])
def test_a_few_rows_have_no_dimension(rows: int) -> None:
    """Fewer than ten ratios are too few, and the reason says how many there are."""
    found = two_nn(np.full(rows, 1.0), np.full(rows, 2.0))
    assert found.dimension is None
    assert f": {rows} of the 10 needed" in found.reason


def test_equal_rows_have_no_dimension() -> None:
    """All equal: every row is left out, and the reason says so."""
    found = two_nn(np.zeros(50), np.zeros(50))
    assert (found.ratios, found.left_out) == (0, 50)
    assert "the same as another are 50" in found.reason


def test_distances_that_are_not_numbers_are_left_out() -> None:
    """Infinite and NaN distances give no ratio."""
    first = np.append(np.full(12, 1.0), [np.inf, np.nan])
    found = two_nn(first, np.append(np.linspace(1.1, 2, 12), [np.inf, 1.0]))
    assert (found.ratios, found.left_out) == (12, 2)
