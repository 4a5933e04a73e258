from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.vectors import ArrayVectors, Moments, moments
from ecomdata.vectors.computing import Cpu
from tests.vectors.conftest import Listener


def _rows(count: int, dim: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((count, dim)) * rng.uniform(0.1, 3.0, dim) + 0.5).astype(np.float32)


def _is_right(found: Moments, array: np.ndarray) -> None:
    wide = array.astype(np.float64)
    sizes = np.linalg.norm(wide, axis=1)
    scale = max(float(np.abs(wide).max()), 1e-30)
    np.testing.assert_allclose(found.mean, wide.mean(0), atol=1e-12 * scale, rtol=0)
    np.testing.assert_allclose(
        found.covariance, np.cov(wide, rowvar=False).reshape(found.dim, -1), atol=1e-12 * scale**2, rtol=0
    )
    live = sizes > 0
    units = wide[live] / sizes[live, None]
    np.testing.assert_allclose(found.direction, units.mean(0), atol=1e-12, rtol=0)
    assert found.zero == (~live).sum()
    norms = found.norms
    assert (norms.count, norms.least, norms.greatest) == pytest.approx((len(wide), sizes.min(), sizes.max()))
    assert (norms.mean, norms.variance) == pytest.approx((sizes.mean(), sizes.var()), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("count", "dim"), [(2, 1), (5, 30), (3000, 17)])
def test_one_pass_gives_what_numpy_gives(count: int, dim: int) -> None:
    """Mean, covariance, lengths and mean direction, in float64."""
    array = _rows(count, dim)
    found = moments(ArrayVectors(array))
    assert (found.rows, found.finite, found.non_finite, found.first_non_finite) == (count, count, 0, -1)
    _is_right(found, array)


def test_many_blocks_give_what_one_gives() -> None:
    """19 MB in two blocks, far from the origin and with an outlier first."""
    array = _rows(6000, 800) + 100.0
    array[0] = 1e4
    found = moments(ArrayVectors(array))
    _is_right(found, array)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_moments_of_parts_add_up(sizes: list[int], seed: int) -> None:
    """Of any parts, empty ones among them, in order."""
    array = _rows(sum(sizes), 3, seed)
    array[::4] = 0.0
    parts = np.split(array, np.cumsum(sizes)[:-1])
    total = sum((moments(ArrayVectors(part)) for part in parts[1:]), moments(ArrayVectors(parts[0])))
    assert total.rows == len(array)
    if len(array) > 1:
        _is_right(total, array) if np.any(array) else None


def test_equal_vectors_have_no_spread_at_all() -> None:
    """Exactly 0, over several blocks: what is computed from it must not see noise."""
    array = np.repeat(_rows(1, 2048), 2500, axis=0)
    found = moments(ArrayVectors(array))
    assert not found.covariance.any()
    np.testing.assert_array_equal(found.mean, array[0].astype(np.float64))
    assert found.norms.variance == pytest.approx(0.0, abs=1e-20)


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    """NaN and both infinities; the first such row is told, from 0."""
    array = _rows(100, 4)
    good = np.ones(100, np.bool_)
    for row, bad in ((40, np.nan), (41, np.inf), (99, -np.inf)):
        array[row, row % 4] = bad
        good[row] = False
    found = moments(ArrayVectors(array))
    assert (found.rows, found.non_finite, found.finite, found.first_non_finite) == (100, 3, 97, 40)
    _is_right(found, array[good])
    later = moments(ArrayVectors(array[:40])) + moments(ArrayVectors(array[40:]))
    assert later.first_non_finite == 40


@pytest.mark.parametrize("array", [np.empty((0, 3)), np.full((4, 3), np.nan)])
def test_of_nothing_all_is_zero(array: np.ndarray) -> None:
    """No vectors, or none that is finite: no warning, no NaN."""
    found = moments(ArrayVectors(array))
    assert (found.rows, found.finite, found.non_finite, found.zero) == (len(array), 0, len(array), 0)
    assert not found.mean.any()
    assert found.covariance.shape == (3, 3)
    assert not found.covariance.any()
    assert found.norms.count == 0


def test_one_vector_has_no_covariance() -> None:
    """Zeros, and no division by zero."""
    found = moments(ArrayVectors(_rows(1, 3)))
    assert not found.covariance.any()


class Tight(Cpu):
    """A processor whose memory holds so many rows in float64."""

    def put(self, array: Any) -> Any:
        """As much as memory holds."""
        if len(array) > 200:
            raise MemoryError
        return super().put(array)


def test_where_memory_runs_out_blocks_are_halved(listener: Listener) -> None:
    """And nothing is counted twice."""
    array = _rows(3000, 5)
    _is_right(moments(ArrayVectors(array), device=Tight(1), reporter=listener), array)
    assert len(listener.said) == 3
