"""Seeded synthetic data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata import sampling


def test_a_stream_depends_on_seed_and_name() -> None:
    """The same seed and names give the same numbers; any other gives others."""
    draws = [
        sampling.stream(*key).integers(0, 2**62)
        for key in ((1, "a"), (1, "a"), (2, "a"), (1, "b"), (1, "a", 0))
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 4


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.2])
def test_the_long_tail_falls_with_the_rank(exponent: float) -> None:
    """Rank 0 is the most frequent, and ranks stay in range."""
    ranks = sampling.long_tail(sampling.stream(0), 1000, 100_000, exponent)
    counts = np.bincount(ranks, minlength=1000)
    assert len(counts) == 1000
    assert counts[0] > counts[10] > counts[500] > 0


@given(
    n=st.integers(1, 300), extra=st.integers(0, 300), low=st.integers(-50, 10**12), seed=st.integers(0, 99)
)
def test_scattered_ids_are_distinct_and_in_range(n: int, extra: int, low: int, seed: int) -> None:
    """However tight the range, no id comes twice."""
    high = low + n + extra - 1
    ids = sampling.scattered_ids(sampling.stream(seed), n, low, high)
    assert len(np.unique(ids)) == n
    assert ids.min() >= low
    assert ids.max() <= high


def test_too_many_ids_for_a_range_are_refused() -> None:
    """Ids are never repeated silently."""
    with pytest.raises(ValueError, match="11 distinct ids"):
        sampling.scattered_ids(sampling.stream(0), 11, 0, 9)


@given(total=st.integers(0, 5000), mean=st.floats(1, 50), seed=st.integers(0, 99))
def test_group_sizes_add_up(total: int, mean: float, seed: int) -> None:
    """The sizes are positive and their sum is the number of rows asked for."""
    sizes = sampling.group_sizes(sampling.stream(seed), total, mean, cap=200)
    assert sizes.sum() == total
    assert (sizes > 0).all()
    assert sizes.max(initial=0) <= 200


def test_group_and_position_of_each_row() -> None:
    """Sizes 2, 3 are rows 0 1 and 0 1 2."""
    sizes = np.array([2, 3])
    assert sampling.groups(sizes).tolist() == [0, 0, 1, 1, 1]
    assert sampling.positions(sizes).tolist() == [0, 1, 0, 1, 2]


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=40), seed=st.integers(0, 99))
def test_runs_never_cross_a_group(sizes: list[int], seed: int) -> None:
    """A session belongs to one user, and all of a user's rows are in sessions."""
    runs, per_group = sampling.split_groups(sampling.stream(seed), np.array(sizes), 5)
    assert (runs > 0).all()
    assert len(per_group) == len(sizes)
    assert np.add.reduceat(runs, np.cumsum(per_group) - per_group).tolist() == sizes


def test_sessions_are_in_time_order() -> None:
    """Starts ascend inside a user, times inside a session, and none passes the end."""
    rng = sampling.stream(0)
    per_user = sampling.group_sizes(rng, 200, 5)
    starts = sampling.session_starts(rng, per_user, 1000, 2000)
    sizes = sampling.group_sizes(rng, 1500, 7)[:200]
    sizes = np.resize(sizes, 200)
    times = sampling.session_times(rng, starts, sizes, gap=30, end=2000)
    frame = pl.DataFrame({"session": sampling.groups(sizes), "time": times})
    assert (frame.select(pl.col("time").diff().over("session")).to_series().drop_nulls() >= 0).all()
    assert np.array_equal(times[sampling.positions(sizes) == 0], starts)
    assert times.max() <= 2000
    users = sampling.groups(per_user)
    assert (np.diff(starts)[np.diff(users) == 0] >= 0).all()


def test_words_come_with_their_weights() -> None:
    """The weights need not add up to 1."""
    words = sampling.choice(sampling.stream(0), {"pv": 9.0, "buy": 1.0, "never": 0.0}, 10_000)
    assert set(words) == {"pv", "buy"}
    assert 0.88 < (words == "pv").mean() < 0.92


@pytest.mark.parametrize(
    ("size", "share", "count"), [(1000, 0.01, 10), (10, 0.001, 1), (10, 0.0, 0), (0, 0.5, 0)]
)
def test_the_share_of_dirty_rows_is_exact(size: int, share: float, count: int) -> None:
    """A small file has one dirty row at least, a clean one none."""
    assert sampling.dirty(sampling.stream(0), size, share).sum() == count


def test_slabs_cover_all_rows() -> None:
    """The last slab is the shorter one."""
    assert list(sampling.slabs(25, 10)) == [10, 10, 5]


def test_appending_with_a_header_puts_one_in_the_middle(tmp_path: Path) -> None:
    """So upstream's files with recurring headers can be made."""
    path = tmp_path / "deep" / "a.csv"
    frame = pl.DataFrame({"a": [1], "b": ["x"]})
    sampling.write_csv(frame, path)
    sampling.write_csv(frame, path, append=True)
    assert path.read_bytes() == b"a,b\n1,x\na,b\n1,x\n"
