from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.errors import DataError, UsageError
from ecomdata.vectors import ArrayVectors, NearPairs, near_pairs
from tests.vectors.reference import similarities

SEARCHES = ("exact", "cells")


def _planted(rows: int, dim: int, groups: int, spread: float = 0.2, seed: int = 0) -> np.ndarray:
    """Rows around centres, a few to each, of any length."""
    rng = np.random.default_rng(seed)
    array = rng.standard_normal((groups, dim))[rng.integers(0, groups, rows)]
    array = array + spread * rng.standard_normal((rows, dim))
    return (array * rng.uniform(0.1, 10.0, (rows, 1))).astype(np.float32)


def _pairs(found: NearPairs) -> set[tuple[int, int]]:
    return set(zip(found.one.tolist(), found.other.tolist(), strict=True))


def _expected(array: np.ndarray, threshold: float) -> set[tuple[int, int]]:
    scores = np.triu(similarities(array, array, "cosine"), 1)
    ones, others = np.nonzero(scores >= threshold)
    return set(zip(ones.tolist(), others.tolist(), strict=True))


@given(st.integers(0, 200), st.integers(0, 90), st.sampled_from([0.5, 0.9, 0.99]))
@settings(max_examples=30, deadline=None)
def test_exact_pairs_are_those_of_brute_force(seed: int, rows: int, threshold: float) -> None:
    """All of them and no other, with the cosine of float64, in order."""
    array = _planted(rows, 6, 30, seed=seed)
    found = near_pairs(ArrayVectors(array), threshold, search="exact", jobs=1)
    assert _pairs(found) == _expected(array, threshold)
    assert [*zip(found.one, found.other, strict=True)] == sorted(_pairs(found))
    scores = similarities(array, array, "cosine")
    np.testing.assert_allclose(found.cosine, scores[found.one, found.other], atol=2e-7)
    assert (found.recall, found.crowded, found.search) == (1.0, 0, "exact")


def test_exact_pairs_over_several_tiles_are_those_of_brute_force() -> None:
    """Tiles beside the diagonal, on it, and one that is not full; in memory and in a file."""
    array = _planted(2300, 2000, 1500)
    held = near_pairs(ArrayVectors(array), 0.9)
    assert held.search == "exact"
    assert _pairs(held) == _expected(array, 0.9)
    spilled = near_pairs(ArrayVectors(array), 0.9, memory="1MB")
    np.testing.assert_array_equal(spilled.one, held.one)
    np.testing.assert_array_equal(spilled.cosine, held.cosine)


def test_cells_find_nearly_all_and_say_how_many() -> None:
    """No pair is false or comes twice, and the recall that is measured is about the true one."""
    array = _planted(3000, 24, 1200, spread=0.28)
    exact, cells = (near_pairs(ArrayVectors(array), 0.9, search=search) for search in SEARCHES)
    assert len(exact.one) > 1500
    assert _pairs(cells) <= _pairs(exact)
    assert len(_pairs(cells)) == len(cells.one)
    recall = len(cells.one) / len(exact.one)
    assert recall > 0.98
    assert cells.asked > 300
    assert cells.recall == pytest.approx(recall, abs=0.02)
    again = near_pairs(ArrayVectors(array), 0.9, search="cells", jobs=1)
    np.testing.assert_array_equal(again.one, cells.one)
    np.testing.assert_array_equal(again.other, cells.other)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_crowd_does_not_give_pairs_by_its_square(search: Any) -> None:
    """Of 1,500 vectors that are all near to each other each has pairs, most of them with the first ones."""
    array = (1.0 + 1e-3 * np.random.default_rng(0).standard_normal((1500, 8))).astype(np.float32)
    found = near_pairs(ArrayVectors(array), 0.9, search=search)
    assert len(found.one) <= 64 * 2 * 1500
    assert set(range(1500)) == {*found.one.tolist(), *found.other.tolist()}
    assert found.crowded == 1500
    if search == "exact":
        assert {(0, other) for other in range(1, 1500)} <= _pairs(found)


@pytest.mark.parametrize("search", SEARCHES)
def test_only_pairs_that_count_are_found(search: Any) -> None:
    """And those that do not count take no room from them: not of a crowd's rows either."""
    for groups in (3, 1):
        array = _planted(1200, 5, groups, spread=0.01)
        found = near_pairs(
            ArrayVectors(array),
            0.9,
            search=search,
            allowed=lambda low, high: (low // 3 == 90) & (high >= 1190),
        )
        expected = {(low, high) for low, high in _expected(array, 0.9) if low // 3 == 90 and high >= 1190}
        assert _pairs(found) == expected
        assert (found.recall, found.crowded) == (1.0, 0)


@pytest.mark.parametrize("search", SEARCHES)
def test_what_is_near_to_a_lower_side_is_found_however_many_are_near_above(search: Any) -> None:
    """Of three sides, in a dense region: pairs with the third hide no row of the second from the first."""
    side = np.repeat([0, 1, 2], [100, 900, 3000])
    array = np.abs(np.random.default_rng(0).standard_normal((len(side), 8))).astype(np.float32)
    found = near_pairs(
        ArrayVectors(array), 0.9, search=search, allowed=lambda low, high: side[low] < side[high]
    )
    near = similarities(array, array[:100], "cosine") >= 0.9
    leaking = np.flatnonzero(near.any(axis=1) & (side == 1))
    assert {*leaking.tolist()} == {*found.other[side[found.one] == 0].tolist()} & {*range(100, 1000)}


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_and_zero_vectors_have_no_pairs(search: Any, rows: int) -> None:
    """A zero vector is near to nobody, itself included."""
    found = near_pairs(ArrayVectors(np.zeros((rows, 3))), 0.1, search=search)
    assert (len(found.one), found.recall) == (0, 1.0)


def test_copies_of_any_length_are_pairs_at_one() -> None:
    """A cosine is never above 1."""
    array = np.array([[0.1, 0.7], [1e-20, 7e-20], [1e10, 7e10], [-0.1, -0.7]], np.float32)
    found = near_pairs(ArrayVectors(array), 1.0 - 1e-6)
    assert _pairs(found) == {(0, 1), (0, 2), (1, 2)}
    assert found.cosine.max() <= 1.0


def test_wrong_options_and_values_are_named() -> None:
    """Each with what it may be."""
    array = _planted(20, 3, 3)
    for threshold in (0.0, 1.1, float("nan")):
        with pytest.raises(UsageError, match="is no threshold"):
            near_pairs(ArrayVectors(array), threshold)
    with pytest.raises(UsageError, match="search 'some' is none"):
        near_pairs(ArrayVectors(array), 0.9, search="some")
    array[4, 1] = np.inf
    with pytest.raises(DataError, match="vector 5 has a value that is NaN or infinite"):
        near_pairs(ArrayVectors(array), 0.9)
