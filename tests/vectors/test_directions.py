"""Anisotropy, beside the cosines of all pairs."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from ecomdata.vectors.directions import anisotropy_of


def anisotropy(vectors: np.ndarray) -> float | None:
    """Of vectors that are not zero."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return anisotropy_of(units.mean(axis=0), len(units))


@pytest.mark.parametrize(("rows", "dim"), [(60, 5), (2, 3), (9, 1)])
def test_it_is_the_mean_cosine_of_all_pairs(rows: int, dim: int) -> None:
    """Every pair of different rows, by scikit-learn."""
    vectors = np.random.default_rng(rows).normal(size=(rows, dim)) + 0.5
    cosines = cosine_similarity(vectors)[np.triu_indices(rows, 1)]
    assert anisotropy(vectors) == pytest.approx(cosines.mean())


def test_the_ends_are_known() -> None:
    """Vectors that point everywhere have none; those of one direction have 1, whatever their lengths."""
    rng = np.random.default_rng(0)
    assert anisotropy(rng.normal(size=(5000, 8))) == pytest.approx(0, abs=0.002)
    assert anisotropy(np.outer(rng.uniform(1, 9, 30), np.ones(4))) == pytest.approx(1)
    assert anisotropy(np.array([[1.0, 2.0], [-2.0, -4.0]])) == pytest.approx(-1)


@pytest.mark.parametrize("rows", [0, 1])
def test_one_row_has_no_pair(rows: int) -> None:
    """No pair, no figure."""
    assert anisotropy_of(np.ones(3), rows) is None
