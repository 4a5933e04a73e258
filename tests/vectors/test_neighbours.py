from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import NearestNeighbors

from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.vectors import ArrayVectors, nearest
from ecomdata.vectors.computing import Best, Cpu, Place
from tests.vectors.conftest import Listener
from tests.vectors.reference import neighbours, similarities, without_itself

METRICS = ("cosine", "inner", "euclidean")


def _rows(count: int, dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("count", "dim", "k"), [(1500, 40, 10), (70, 3, 69), (2, 1, 1), (130, 300, 5)])
def test_neighbours_of_a_set_are_those_of_float64(metric: Any, count: int, dim: int, k: int) -> None:
    """Over several blocks, over part of one, and where all others are asked for."""
    array = _rows(count, dim)
    found = nearest(None, ArrayVectors(array), k, metric=metric)
    scores = without_itself(similarities(array, array, metric))
    np.testing.assert_array_equal(found.ids, neighbours(scores.astype(np.float32).astype(np.float64), k))
    expected = np.take_along_axis(scores, found.ids, 1)
    size = 1.0 if metric == "cosine" else float(np.abs(expected).max())
    np.testing.assert_allclose(found.similarity, expected, atol=2e-7 * size, rtol=0)


@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_in_a_gallery_are_those_of_float64(metric: Any) -> None:
    """Queries and gallery differ in their rows; a query may be in the gallery too and is not left out."""
    gallery = _rows(1200, 24)
    queries = np.concatenate([gallery[:40], _rows(33, 24, seed=1)])
    found = nearest(ArrayVectors(queries), ArrayVectors(gallery), 4, metric=metric)
    scores = similarities(queries, gallery, metric)
    np.testing.assert_array_equal(found.ids, neighbours(scores, 4))
    np.testing.assert_allclose(
        found.similarity, np.take_along_axis(scores, found.ids, 1), rtol=2e-6, atol=2e-6
    )
    if metric != "inner":
        np.testing.assert_array_equal(found.ids[:40, 0], np.arange(40))


def test_distances_are_those_of_scikit_learn() -> None:
    """A second reference; far from the origin, where float32 alone would see nothing but noise."""
    array = (_rows(400, 8).astype(np.float64) + 1000.0).astype(np.float32)
    found = nearest(None, ArrayVectors(array), 3, metric="euclidean")
    peer = NearestNeighbors(n_neighbors=4, algorithm="kd_tree").fit(array.astype(np.float64))
    distances, ids = peer.kneighbors()
    np.testing.assert_array_equal(found.ids, ids[:, :3])
    np.testing.assert_allclose(-found.similarity, distances[:, :3], rtol=1e-4)


@given(
    arrays(np.int8, st.tuples(st.integers(3, 90), st.integers(1, 4)), elements=st.integers(-2, 2)),
    st.integers(1, 2),
    st.sampled_from(METRICS),
)
@settings(max_examples=60, deadline=None)
def test_of_equals_the_lowest_id_comes_first(array: np.ndarray, k: int, metric: Any) -> None:
    """Whole numbers have many ties (and zero vectors), and their products are exact."""
    found = nearest(None, ArrayVectors(array.astype(np.float32)), k, metric=metric, jobs=1)
    scores = without_itself(similarities(array, array, metric)).astype(np.float32)
    expected = np.take_along_axis(scores, neighbours(scores.astype(np.float64), k), 1)
    np.testing.assert_allclose(found.similarity, expected, atol=1e-6, rtol=1e-6)
    if metric == "inner":
        np.testing.assert_array_equal(found.ids, neighbours(scores.astype(np.float64), k))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("count", [6, 100, 1100])
def test_equal_vectors_have_the_lowest_ids_for_neighbours(metric: Any, count: int) -> None:
    """All equal, in one block and in several: every row has the same similarity to every other."""
    array = np.repeat(_rows(1, 50), count, axis=0)
    found = nearest(None, ArrayVectors(array), 3, metric=metric)
    expected = np.tile([0, 1, 2], (count, 1))
    expected[:4] = [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    np.testing.assert_array_equal(found.ids, expected)
    assert len(np.unique(found.similarity)) == 1


@given(st.data(), st.sampled_from(METRICS), st.integers(0, 1 << 16), st.booleans())
@settings(max_examples=60, deadline=None)
def test_copies_come_in_their_order_whatever_blas_makes_of_their_products(
    data: st.DataObject, metric: Any, seed: int, queried: bool
) -> None:
    """More copies than candidates are kept, of some vectors, among others; zeros of either sign are one."""
    base = _rows(12, 7, seed)
    base[0] = 0.0
    which = np.array(data.draw(st.lists(st.integers(0, 11), min_size=3, max_size=120)))
    array = base[which]
    array[::2][which[::2] == 0] = -0.0
    k = data.draw(st.integers(1, len(which) - 1))
    scores = similarities(base, base, metric)[which][:, which]
    if queried:
        found = nearest(ArrayVectors(array), ArrayVectors(array), k, metric=metric)
    else:
        scores = without_itself(scores)
        found = nearest(None, ArrayVectors(array), k, metric=metric)
    expected = neighbours(scores.astype(np.float32).astype(np.float64), k)
    np.testing.assert_array_equal(found.ids, expected)


@pytest.mark.parametrize("metric", METRICS)
def test_a_crowd_of_copies_hides_nobody(metric: Any) -> None:
    """3,000 copies, from a file too: beside them each row has its own neighbours, and the lowest of them."""
    array = _rows(4200, 1100)  # 18 MB, of which 1,200 rows are held, or none
    array[600:3600] = array[5]
    found = nearest(None, ArrayVectors(array), 4, metric=metric)
    spilled = nearest(None, ArrayVectors(array), 4, metric=metric, memory="1MB")
    np.testing.assert_array_equal(spilled.ids, found.ids)
    np.testing.assert_array_equal(found.ids[700], [5, 600, 601, 602])
    different = np.r_[:600, 3600:4200]
    alone = nearest(None, ArrayVectors(array[different]), 4, metric=metric)
    nobody = ~(alone.ids == 5).any(axis=1)
    nobody[5] = False
    assert nobody.sum() > 1000
    np.testing.assert_array_equal(found.ids[different[nobody]], different[alone.ids[nobody]])


def test_copies_that_lie_far_apart_are_each_others_neighbours() -> None:
    """Each row comes again in another block; the cosine of copies is 1, and no other is."""
    array = _rows(1300, 32)
    found = nearest(None, ArrayVectors(np.concatenate([array, array])), 2)
    np.testing.assert_array_equal(found.ids[:, 0], (np.arange(2600) + 1300) % 2600)
    np.testing.assert_array_equal(found.similarity[:, 0] > 1 - 1e-6, True)
    assert found.similarity.max() <= 1.0
    assert found.similarity[:, 1].max() < 0.95


def test_a_zero_vector_has_the_cosine_zero_with_all() -> None:
    """So it comes before what points away, and after what points the same way."""
    array = np.array([[1, 0], [0, 0], [-1, 0], [2, 0]], np.float32)
    found = nearest(None, ArrayVectors(array), 3)
    np.testing.assert_array_equal(found.ids, [[3, 1, 2], [0, 2, 3], [1, 0, 3], [0, 1, 2]])
    np.testing.assert_array_equal(found.similarity[:2], [[1, 0, -1], [0, 0, 0]])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_named(metric: Any, bad: float) -> None:
    """The first row that has one, from 1."""
    array = _rows(20, 3)
    array[[6, 9], 1] = bad
    with pytest.raises(DataError, match=r"vector 7 has a value that is NaN or infinite, as have 2 of the 20"):
        nearest(None, ArrayVectors(array), 2, metric=metric)


def test_vectors_too_long_for_float32_are_refused_unless_by_cosine() -> None:
    """Their products would be infinite."""
    array = np.array([[1e20, 1.0], [1e25, 1e25], [1.0, 1e20]], np.float32)
    with pytest.raises(DataError, match="float32 cannot hold its products"):
        nearest(None, ArrayVectors(array), 1, metric="inner")
    np.testing.assert_array_equal(nearest(None, ArrayVectors(array), 1).ids[:, 0], [1, 0, 1])


def test_fewer_rows_than_k_are_refused() -> None:
    """With both numbers; of a set against itself one is not its own neighbour."""
    five = ArrayVectors(_rows(5, 2))
    with pytest.raises(UsageError, match="5 neighbours are asked for, and there are 4") as error:
        nearest(None, five, 5)
    assert error.value.hint == "ask for at most 4"
    assert nearest(five, five, 5).ids.shape == (5, 5)
    for rows in (0, 1):
        with pytest.raises(UsageError, match="there are 0 vectors"):
            nearest(None, ArrayVectors(_rows(rows, 2)), 1)


def test_without_queries_there_are_no_neighbours() -> None:
    """Nothing in, nothing out."""
    found = nearest(ArrayVectors(np.empty((0, 2))), ArrayVectors(_rows(5, 2)), 3)
    assert found.ids.shape == found.similarity.shape == (0, 3)


def test_wrong_options_are_named() -> None:
    """Each with what it may be."""
    five = ArrayVectors(_rows(5, 2))
    with pytest.raises(UsageError, match="metric 'manhattan' is none"):
        nearest(None, five, 1, metric="manhattan")
    with pytest.raises(UsageError, match="there are no 0 nearest"):
        nearest(None, five, 0)
    with pytest.raises(UsageError, match="queries have 3 values and the gallery's vectors 2"):
        nearest(ArrayVectors(_rows(5, 3)), five, 1)
    with pytest.raises(UsageError, match="not an amount of memory"):
        nearest(None, five, 1, memory="some")


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_vectors_beyond_memory_go_to_a_file_and_the_result_is_the_same(metric: Any) -> None:
    """25 MB of vectors with hardly any memory granted: the file is read in any order."""
    array = _rows(1100, 3000)
    held = nearest(None, ArrayVectors(array), 3, metric=metric, memory="2GB")
    spilled = nearest(None, ArrayVectors(array), 3, metric=metric, memory="1MB")
    np.testing.assert_array_equal(spilled.ids, held.ids)
    np.testing.assert_array_equal(spilled.similarity, held.similarity)


def test_one_thread_and_several_find_the_same() -> None:
    """Bit by bit, in whatever order the blocks are done."""
    array = np.repeat(_rows(700, 16), 3, axis=0)
    one, many = (nearest(None, ArrayVectors(array), 5, jobs=jobs) for jobs in (1, 3))
    np.testing.assert_array_equal(one.ids, many.ids)
    np.testing.assert_array_equal(one.similarity, many.similarity)


class Tight(Cpu):
    """A processor whose memory holds tiles of at most so many rows."""

    name = "cuda"

    def __init__(self, most: int) -> None:
        super().__init__(1)
        self._most = most

    def enter(self, tile: Any, place: Place, rows: Best, columns: Best | None) -> None:
        """As much as memory holds."""
        if max(tile.shape) > self._most:
            raise MemoryError
        super().enter(tile, place, rows, columns)


@pytest.mark.parametrize("queries", [None, 900])
def test_where_memory_runs_out_blocks_are_halved(queries: int | None, listener: Listener) -> None:
    """The user is told at each halving, and the result is the same."""
    array = _rows(2000, 8)
    asked = None if queries is None else ArrayVectors(_rows(queries, 8, seed=3))
    found = nearest(asked, ArrayVectors(array), 4, device=Tight(300), reporter=listener)
    assert listener.said == [
        "note: cuda ran out of memory at blocks of 1,024 rows; going on with 512",
        "note: cuda ran out of memory at blocks of 512 rows; going on with 256",
    ]
    np.testing.assert_array_equal(found.ids, nearest(asked, ArrayVectors(array), 4).ids)


def test_where_memory_is_too_small_for_any_block_it_is_an_error(listener: Listener) -> None:
    """It says what to do."""
    with pytest.raises(EcomdataError, match="too little memory free") as error:
        nearest(None, ArrayVectors(_rows(500, 4)), 2, device=Tight(10), reporter=listener)
    assert "--device cpu" in error.value.hint
