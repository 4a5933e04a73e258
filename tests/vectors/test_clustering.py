from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from ecomdata.errors import DataError, UsageError
from ecomdata.vectors import ArrayVectors, Clustering, kmeans


def _groups(groups: int, each: int, dim: int = 12, spread: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Rows around so many centres, mixed, and the group of each."""
    rng = np.random.default_rng(5)
    labels = rng.permutation(np.repeat(np.arange(groups), each))
    centres = rng.standard_normal((groups, dim)) + 3.0
    return (centres[labels] + spread * rng.standard_normal((len(labels), dim))).astype(np.float32), labels


def _is_coherent(found: Clustering, array: np.ndarray) -> None:
    """Labels are those of the nearest centroid, and sizes and inertia are those of the labels."""
    wide = array.astype(np.float64)
    squares = ((wide[:, None] - found.centroids[None].astype(np.float64)) ** 2).sum(-1)
    best = squares.min(1)
    chosen = squares[np.arange(len(wide)), found.labels]
    np.testing.assert_allclose(chosen, best, atol=1e-5 * max(float(best.max()), 1e-6))
    np.testing.assert_array_equal(found.sizes, np.bincount(found.labels, minlength=len(found.centroids)))
    assert found.inertia == pytest.approx(float(chosen.sum()), rel=1e-4, abs=1e-6)


def test_groups_that_lie_apart_are_found() -> None:
    """Each is a cluster, and centroids are the means."""
    array, labels = _groups(7, 300)
    found = kmeans(ArrayVectors(array), 7)
    assert adjusted_rand_score(labels, found.labels) == 1.0
    _is_coherent(found, array)
    means = [array[found.labels == label].astype(np.float64).mean(0) for label in range(7)]
    np.testing.assert_allclose(found.centroids, means, rtol=1e-5)


def test_the_inertia_is_about_that_of_scikit_learn() -> None:
    """On rows without any groups; both stop at a local optimum."""
    array = np.random.default_rng(2).standard_normal((4000, 16)).astype(np.float32)
    found = kmeans(ArrayVectors(array), 20, rounds=50)
    peer = KMeans(20, n_init=1, random_state=0).fit(array.astype(np.float64))
    assert found.inertia <= peer.inertia_ * 1.01
    _is_coherent(found, array)


def test_by_cosine_lengths_do_not_count() -> None:
    """Rows that point the same way are one cluster, and centroids have length 1."""
    array, labels = _groups(5, 200)
    array -= 3.0
    array *= np.random.default_rng(0).uniform(0.01, 100.0, (len(array), 1)).astype(np.float32)
    found = kmeans(ArrayVectors(array), 5, metric="cosine")
    assert adjusted_rand_score(labels, found.labels) > 0.95
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1.0, rtol=1e-6)


def test_the_same_seed_gives_the_same_clusters() -> None:
    """Bit by bit, whatever the number of threads; another seed draws others."""
    array = np.random.default_rng(1).standard_normal((3000, 8)).astype(np.float32)
    one, two = (kmeans(ArrayVectors(array), 9, seed=3, jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.centroids, two.centroids)
    assert one.inertia == two.inertia
    assert kmeans(ArrayVectors(array), 9, seed=4).inertia != one.inertia


def test_memory_does_not_change_the_clusters() -> None:
    """20 MB of rows, in memory and in a file."""
    array = np.random.default_rng(1).standard_normal((2500, 2000)).astype(np.float32)
    held, spilled = (kmeans(ArrayVectors(array), 3, rounds=2, memory=memory) for memory in ("2GB", "1MB"))
    np.testing.assert_array_equal(held.labels, spilled.labels)
    np.testing.assert_array_equal(held.centroids, spilled.centroids)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_as_many_clusters_as_there_are_rows(k: int) -> None:
    """One each, and nothing is left of the inertia."""
    array = np.arange(k * 2, dtype=np.float32).reshape(k, 2) ** 2
    found = kmeans(ArrayVectors(array), k)
    assert sorted(found.labels) == [*range(k)]
    assert found.inertia == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_fewer_different_rows_than_clusters_leave_some_empty(metric: Any) -> None:
    """It ends, and no cluster without rows says that it has some."""
    array = np.repeat(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), 20, axis=0)
    found = kmeans(ArrayVectors(array), 6, metric=metric)
    assert sorted(found.sizes[found.sizes > 0]) == [20, 20]
    assert found.inertia == pytest.approx(0.0, abs=1e-9)
    equal = kmeans(ArrayVectors(np.full((30, 4), 0.1)), 3, metric=metric)
    assert sorted(equal.sizes) == [0, 0, 30]
    assert equal.inertia == pytest.approx(0.0, abs=1e-9)


def test_a_cluster_that_loses_its_rows_takes_the_farthest() -> None:
    """With many seeds some start badly; none ends with an empty cluster while rows differ."""
    array, _ = _groups(12, 6, dim=2, spread=0.4)
    for seed in range(25):
        assert kmeans(ArrayVectors(array), 30, seed=seed).sizes.min() > 0


def test_zero_vectors_are_clustered_too() -> None:
    """By cosine they are equally far from all."""
    array = np.array([[0, 0], [0, 0], [1, 0], [0, 1]], np.float32)
    found = kmeans(ArrayVectors(array), 2, metric="cosine")
    assert found.sizes.sum() == 4
    assert np.isfinite(found.centroids).all()


def test_what_cannot_be_clustered_is_refused() -> None:
    """Too few rows, wrong options, and values that are no numbers."""
    array = np.ones((3, 2), np.float32)
    for k in (0, 4):
        with pytest.raises(UsageError, match=f"3 vectors do not make {k} clusters"):
            kmeans(ArrayVectors(array), k)
    with pytest.raises(UsageError, match="no metric 'inner'"):
        kmeans(ArrayVectors(array), 1, metric="inner")
    with pytest.raises(UsageError, match="at least 1 round"):
        kmeans(ArrayVectors(array), 1, rounds=0)
    array[1, 1] = np.nan
    with pytest.raises(DataError, match="vector 2 has a value that is NaN or infinite"):
        kmeans(ArrayVectors(array), 1)
