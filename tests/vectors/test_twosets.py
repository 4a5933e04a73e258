"""Fréchet distance and MMD, beside SciPy and scikit-learn, and where the answer is known."""

import numpy as np
import pytest
from scipy import linalg, stats
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

from ecomdata.vectors.twosets import frechet, mmd


def moments(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance."""
    return vectors.mean(axis=0), np.atleast_2d(np.cov(vectors, rowvar=False))


def test_frechet_of_normals_along_axes_is_a_sum_of_squares() -> None:
    """Diagonal covariances: sum of (m1 - m2)^2 + (s1 - s2)^2 over the axes."""
    one, other = np.array([1.0, 2.0, 0.0]), np.array([0.0, 2.0, 5.0])
    first, second = np.array([1.0, 4.0, 0.5]), np.array([2.0, 1.0, 0.5])
    expected = ((one - other) ** 2).sum() + ((first - second) ** 2).sum()
    found = frechet(one, np.diag(first**2), other, np.diag(second**2))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("rows", [200, 2, 9])
def test_frechet_is_what_singular_values_give(rows: int) -> None:
    """The trace of the root is the nuclear norm of A B', A and B the centred rows; of any rank."""
    rng = np.random.default_rng(rows)
    one = rng.normal(size=(rows, 8)) @ rng.normal(size=(8, 8)) + 1
    other = rng.normal(size=(rows + 30, 8)) @ rng.normal(size=(8, 8))
    (m1, c1), (m2, c2) = moments(one), moments(other)
    a, b = (one - m1) / np.sqrt(rows - 1), (other - m2) / np.sqrt(rows + 29)
    expected = ((m1 - m2) ** 2).sum() + np.trace(c1 + c2) - 2 * linalg.svdvals(a @ b.T).sum()
    assert frechet(m1, c1, m2, c2) == pytest.approx(expected, rel=1e-6)
    if rows > 8:
        root = linalg.sqrtm(c1 @ c2).real
        textbook = ((m1 - m2) ** 2).sum() + np.trace(c1 + c2 - 2 * root)
        assert frechet(m1, c1, m2, c2) == pytest.approx(textbook)
    assert frechet(m2, c2, m1, c1) == pytest.approx(frechet(m1, c1, m2, c2), rel=1e-6)


def test_frechet_of_a_set_and_itself_is_nothing() -> None:
    """Also of all-equal vectors, which have no spread; and it is never below zero."""
    mean, covariance = moments(np.random.default_rng(0).normal(size=(50, 6)))
    assert frechet(mean, covariance, mean, covariance) == pytest.approx(0, abs=1e-9)
    assert frechet(mean, 0 * covariance, mean, 0 * covariance) == 0.0


def reference(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Unbiased MMD^2 and bandwidth, term by term."""
    both = np.concatenate([one, other])
    between = euclidean_distances(both)[np.triu_indices(len(both), 1)]
    bandwidth = float(np.median(between))
    gamma = 1 / (2 * bandwidth**2)
    m, n = len(one), len(other)
    xx, yy = rbf_kernel(one, gamma=gamma), rbf_kernel(other, gamma=gamma)
    found = (xx.sum() - np.trace(xx)) / (m * (m - 1)) + (yy.sum() - np.trace(yy)) / (n * (n - 1))
    return float(found - 2 * rbf_kernel(one, other, gamma=gamma).mean()), bandwidth


@pytest.mark.parametrize(("m", "n"), [(40, 25), (2, 2), (2, 30)])
def test_mmd_is_the_unbiased_estimate(m: int, n: int) -> None:
    """Estimate and bandwidth agree with scikit-learn's kernel summed pair by pair."""
    rng = np.random.default_rng(m)
    one, other = rng.normal(size=(m, 5)) + 0.3, rng.normal(size=(n, 5))
    found = mmd(one, other, permutations=19)
    squared, bandwidth = reference(one, other)
    assert found.squared == pytest.approx(squared, abs=1e-12)
    assert found.bandwidth == pytest.approx(bandwidth)
    assert (found.rows, found.others, found.permutations) == (m, n, 19)


def test_mmd_far_from_the_origin_is_the_same() -> None:
    """A mean that is large beside the spread costs no precision."""
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(30, 4)), rng.normal(size=(30, 4)) + 0.5
    near, far = mmd(one, other, permutations=0), mmd(one + 1e5, other + 1e5, permutations=0)
    assert far.squared == pytest.approx(near.squared, abs=1e-8)


def test_the_p_value_counts_divisions_as_scipy_does() -> None:
    """Beside scipy.stats.permutation_test on the same statistic, within what random divisions differ by."""
    rng = np.random.default_rng(4)
    one, other = rng.normal(size=(12, 3)) + 0.45, rng.normal(size=(14, 3))
    _, bandwidth = reference(one, other)
    kernel = rbf_kernel(np.concatenate([one, other]), gamma=1 / (2 * bandwidth**2))

    def statistic(rows: np.ndarray, others: np.ndarray) -> float:
        a, b = rows.astype(int), others.astype(int)
        xx, yy, xy = kernel[np.ix_(a, a)], kernel[np.ix_(b, b)], kernel[np.ix_(a, b)]
        within = (xx.sum() - len(a)) / (len(a) * (len(a) - 1)) + (yy.sum() - len(b)) / (len(b) * (len(b) - 1))
        return float(within - 2 * xy.mean())

    tested = stats.permutation_test(
        (np.arange(12), np.arange(12, 26)), statistic, n_resamples=999, alternative="greater", rng=rng
    )
    assert mmd(one, other, seed=1).p_value == pytest.approx(tested.pvalue, abs=0.05)


def test_the_p_value_is_uniform_where_there_is_no_difference() -> None:
    """Over 200 pairs of samples of one distribution, p has the uniform distribution."""
    rng = np.random.default_rng(5)
    values = [
        mmd(rng.normal(size=(12, 2)), rng.normal(size=(15, 2)), permutations=99, seed=trial).p_value
        for trial in range(200)
    ]
    assert stats.kstest(values, "uniform").pvalue > 0.01
    assert np.mean(np.array(values) <= 0.05) == pytest.approx(0.05, abs=0.04)


def test_two_distributions_are_told_apart() -> None:
    """The least p that the permutations can give; the same seed gives the same result."""
    rng = np.random.default_rng(6)
    one, other = rng.normal(size=(60, 3)), rng.normal(size=(60, 3)) + 1
    found = mmd(one, other, permutations=199, seed=2)
    assert found.p_value == 1 / 200
    assert found == mmd(one, other, permutations=199, seed=2)


def test_a_bandwidth_there_is_though_most_rows_are_equal() -> None:
    """Where the median distance is 0, it is the median of those above."""
    one = np.zeros((20, 2))
    other = np.vstack([np.zeros((18, 2)), [[3.0, 4.0], [3.0, 4.0]]])
    found = mmd(one, other, permutations=19)
    assert found.bandwidth == pytest.approx(5)
    assert found.squared is not None


@pytest.mark.parametrize(
    ("m", "n", "why"), [(0, 5, "0 and 5"), (5, 1, "5 and 1"), (4, 4, "all vectors are equal")]
)
def test_where_there_is_no_estimate_it_says_why(m: int, n: int, why: str) -> None:
    """Fewer than two rows on a side, or all equal: None with a reason."""
    found = mmd(np.full((m, 3), 0.1), np.full((n, 3), 0.1))
    assert (found.squared, found.p_value) == (None, None)
    assert why in found.reason
