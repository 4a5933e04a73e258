"""The spectrum of covariance matrices, beside SciPy's and scikit-learn's."""

import math

import numpy as np
import pytest
from scipy import linalg, stats
from sklearn.decomposition import PCA

from ecomdata.vectors.spectrum import Spectrum, entropy, spectrum_of


def spectrum(vectors: np.ndarray) -> Spectrum:
    """The spectrum of vectors in float64."""
    covariance = np.atleast_2d(np.cov(vectors, rowvar=False)) if len(vectors) > 1 else np.zeros((3, 3))
    return spectrum_of(covariance, rows=len(vectors), length=float((vectors**2).sum(axis=1).mean()))


@pytest.mark.parametrize(("rows", "dim"), [(200, 12), (5, 40), (2, 3), (50, 1)])
def test_it_is_what_a_singular_value_decomposition_gives(rows: int, dim: int) -> None:
    """Eigenvalues, effective rank and variance agree with those of singular values of the centred rows."""
    vectors = np.random.default_rng(rows).normal(size=(rows, dim)) * np.arange(1, dim + 1)
    found = spectrum(vectors)
    values = np.zeros(dim)
    singular = linalg.svdvals(vectors - vectors.mean(axis=0)) ** 2 / (rows - 1)
    values[: len(singular)] = singular
    assert found.eigenvalues == pytest.approx(values, abs=1e-9 * values[0])
    assert found.effective_rank == pytest.approx(math.exp(stats.entropy(values)))
    assert found.total == pytest.approx(vectors.var(axis=0, ddof=1).sum())


def test_dimensions_are_those_that_scikit_learn_keeps() -> None:
    """PCA(n_components=0.9) keeps as many components as are counted for 90 % of the variance; so for 99 %."""
    vectors = np.random.default_rng(1).normal(size=(300, 20)) / np.arange(1, 21)
    found = spectrum(vectors).dimensions
    kept = {str(share): PCA(n_components=share).fit(vectors).n_components_ for share in (0.9, 0.99)}
    assert found == kept


def test_an_isotropic_distribution_has_full_effective_rank() -> None:
    """Equal eigenvalues in d dimensions have effective rank d, and need 90 % of the dimensions for 90 %."""
    found = spectrum_of(np.eye(50) * 3, rows=1000, length=150.0)
    assert found.effective_rank == pytest.approx(50)
    assert found.dimensions == {"0.9": 45, "0.99": 50}
    many = np.random.default_rng(2).normal(size=(20_000, 16))
    assert spectrum(many).effective_rank == pytest.approx(16, rel=0.001)


def test_vectors_on_a_line_have_effective_rank_one() -> None:
    """Rank one is rank one, wherever the line runs."""
    line = np.outer(np.linspace(-1, 1, 30), np.arange(1.0, 9.0)) + 100
    found = spectrum(line)
    assert found.effective_rank == pytest.approx(1, abs=1e-6)
    assert found.dimensions == {"0.9": 1, "0.99": 1}


@pytest.mark.parametrize("vectors", [np.full((9, 3), 0.1), np.zeros((4, 3))])
def test_equal_vectors_have_no_spectrum(vectors: np.ndarray) -> None:
    """Where all vectors are equal nothing is guessed: figures are None, with why, though 0.1 is rounded."""
    found = spectrum(vectors)
    assert (found.total, found.effective_rank) == (0.0, None)
    assert found.dimensions == {"0.9": None, "0.99": None}
    assert "all vectors are equal" in found.reason


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_than_two_vectors_have_no_variance(rows: int) -> None:
    """There is a reason that says how many there are."""
    found = spectrum_of(np.zeros((3, 3)), rows=rows, length=1.0)
    assert found.effective_rank is None
    assert found.reason.endswith(f": {rows}")


def test_entropy_is_scipys() -> None:
    """Shares of nothing add nothing."""
    shares = np.array([0.5, 0.25, 0.25, 0.0])
    assert entropy(shares) == pytest.approx(stats.entropy(shares))
