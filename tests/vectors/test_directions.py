"""Anisotropy, beside the cosines of all pairs."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from ecomdata.vectors.directions import Directions


def directions(vectors: np.ndarray, block: int = 7) -> Directions:
    """Added to in blocks."""
    found = Directions(vectors.shape[1])
    for start in range(0, len(vectors), block):
        part = vectors[start : start + block]
        found.add(part, np.linalg.norm(part.astype(float), axis=1))
    return found


@pytest.mark.parametrize(("rows", "dim"), [(60, 5), (2, 3), (9, 1)])
def test_it_is_the_mean_cosine_of_all_pairs(rows: int, dim: int) -> None:
    """Every pair of different rows, by scikit-learn."""
    vectors = np.random.default_rng(rows).normal(size=(rows, dim)).astype(np.float32) + 0.5
    cosines = cosine_similarity(vectors.astype(float))[np.triu_indices(rows, 1)]
    assert directions(vectors).anisotropy == pytest.approx(cosines.mean())


def test_the_ends_are_known() -> None:
    """Vectors that point everywhere have none; those of one direction have 1, whatever their lengths."""
    rng = np.random.default_rng(0)
    assert directions(rng.normal(size=(5000, 8))).anisotropy == pytest.approx(0, abs=0.002)
    assert directions(np.outer(rng.uniform(1, 9, 30), np.ones(4))).anisotropy == pytest.approx(1)
    assert directions(np.array([[1.0, 2.0], [-2.0, -4.0]])).anisotropy == pytest.approx(-1)


@pytest.mark.parametrize("rows", [0, 1])
def test_one_row_has_no_pair(rows: int) -> None:
    """No pair, no figure."""
    assert directions(np.ones((rows, 3))).anisotropy is None
