"""The path of CUDA, run by torch on the processor: the same results as NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ecomdata.vectors import ArrayVectors, kmeans, moments, near_pairs, nearest
from ecomdata.vectors.computing import Best, Place, Torch
from tests.vectors.conftest import Listener

torch = pytest.importorskip("torch", reason="torch is not installed (extra embed): make test-embed has it")
METRICS = ("cosine", "inner", "euclidean")


def _rows(count: int, dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


def _torch(side: int = 512) -> Torch:
    made = Torch("cpu")
    made.side = side
    return made


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("side", [128, 1 << 14])
def test_neighbours_are_those_of_numpy(metric: Any, side: int) -> None:
    """In many blocks and in one; with copies, so that equals meet within blocks and between them."""
    array = _rows(900, 20)
    array[200:260] = array[3]
    array[800:850] = array[700]
    for queries in (None, ArrayVectors(array[:250])):
        ours = nearest(queries, ArrayVectors(array), 6, metric=metric, device="cpu")
        found = nearest(queries, ArrayVectors(array), 6, metric=metric, device=_torch(side))
        np.testing.assert_array_equal(found.ids, ours.ids)
        np.testing.assert_array_equal(found.similarity, ours.similarity)


@pytest.mark.parametrize("count", [5, 300])
def test_equal_vectors_have_the_lowest_ids_for_neighbours(count: int) -> None:
    """``torch.topk`` alone gives any of the equals."""
    array = np.repeat(_rows(1, 9), count, axis=0)
    found = nearest(None, ArrayVectors(array), 3, device=_torch(64))
    np.testing.assert_array_equal(found.ids[3:], np.tile([0, 1, 2], (count - 3, 1)))
    np.testing.assert_array_equal(found.ids[:3], [[1, 2, 3], [0, 2, 3], [0, 1, 3]])


def test_negative_scores_and_zeros_are_ordered_among_equals() -> None:
    """Keys of whole numbers keep the order of floats below zero, and take both zeros for one."""
    best = Best(torch.full((1, 3), -np.inf), torch.full((1, 3), 1 << 40))
    tile = torch.tensor([[-2.0, -1.0, -0.0, 0.0, -1.0, -0.0, -1.0]])
    _torch().enter(tile, Place(-1 << 62, 10, 7), best, None)
    assert best.ids.tolist() == [[12, 13, 15]]
    _torch().enter(torch.tensor([[-3.0, 0.0]]), Place(-1 << 62, 0, 2), best, None)
    assert best.ids.tolist() == [[1, 12, 13]]


def test_moments_and_clusters_are_those_of_numpy() -> None:
    """Float64 sums on both; labels from float32 scores."""
    array = _rows(2000, 12)
    ours, found = (moments(ArrayVectors(array), device=device) for device in ("cpu", _torch()))
    np.testing.assert_allclose(found.covariance, ours.covariance, atol=1e-12)
    one, two = (kmeans(ArrayVectors(array), 7, device=device) for device in ("cpu", _torch()))
    assert two.inertia == pytest.approx(one.inertia, rel=1e-5)
    np.testing.assert_allclose(two.centroids, one.centroids, atol=1e-4)


class Small(Torch):
    """A card whose memory is gone where a tile is large."""

    def _merged(self, tile: Any, first: int, best: Best) -> Best:
        if len(tile) > 300:
            raise torch.OutOfMemoryError
        return super()._merged(tile, first, best)


def test_where_the_card_has_no_memory_left_blocks_are_halved(listener: Listener) -> None:
    """It goes on, says so, and finds the same."""
    array = _rows(1500, 8)
    device = Small("cpu")
    device.side = 1024
    found = nearest(None, ArrayVectors(array), 5, device=device, reporter=listener)
    np.testing.assert_array_equal(found.ids, nearest(None, ArrayVectors(array), 5, device="cpu").ids)
    assert [text.split("going on with ")[1] for text in listener.said] == ["512", "256"]


def test_products_are_in_full_float32_while_at_work() -> None:
    """Whatever the process has chosen is so again afterwards."""
    torch.set_float32_matmul_precision("high")
    try:
        with _torch().at_work():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize("search", ["exact", "cells"])
def test_pairs_are_those_of_numpy(search: Any) -> None:
    """Tile by tile and cell by cell."""
    rng = np.random.default_rng(0)
    array = rng.standard_normal((400, 9))[rng.integers(0, 400, 1500)] + 0.1 * rng.standard_normal((1500, 9))
    ours, found = (
        near_pairs(ArrayVectors(array), 0.95, search=search, device=device) for device in ("cpu", _torch(128))
    )
    assert len(ours.one) > 1000
    if search == "exact":
        np.testing.assert_array_equal(found.one, ours.one)
        np.testing.assert_array_equal(found.other, ours.other)
        np.testing.assert_array_equal(found.cosine, ours.cosine)
    assert found.recall > 0.98
