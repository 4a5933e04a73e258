"""Row groups are cut by content: nothing is lost, sizes keep to their bounds, boundaries stay."""

from __future__ import annotations

import itertools

import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.publishing.cutting import row_groups

ROWS = pl.DataFrame({"row": range(20_000)}).with_columns(
    text=pl.col("row").cast(pl.String), tags=pl.concat_list("row"), none=pl.lit(None, pl.Int64)
)


def _groups(frame: pl.DataFrame, pieces: list[int], size: int) -> list[pl.DataFrame]:
    ends = [*itertools.accumulate(pieces), frame.height]
    cut = [frame[start:end] for start, end in itertools.pairwise([0, *(min(e, frame.height) for e in ends)])]
    return [pl.DataFrame(group) for group in row_groups((piece.to_arrow() for piece in cut), size)]


@given(
    st.integers(0, 700), st.lists(st.integers(0, 300), max_size=6), st.sampled_from([1, 2, 3, 64, 100, 999])
)
@settings(max_examples=60, deadline=None)
def test_no_row_is_lost_however_they_come(rows: int, pieces: list[int], size: int) -> None:
    """The groups are the same for any pieces, hold all rows in order, and have at most twice the size."""
    frame = ROWS[:rows]
    groups = _groups(frame, pieces, size)
    assert [len(group) for group in groups] == [len(group) for group in _groups(frame, [], size)]
    assert pl.concat([frame.clear(), *groups]).equals(frame)
    assert all(size // 2 < len(group) <= 2 * size for group in groups[:-1])


def test_the_size_is_met_on_the_average() -> None:
    """Groups are as long as they were asked to be, within what chance allows."""
    groups = _groups(ROWS, [], 100)
    assert 80 < ROWS.height / len(groups) < 120


def test_boundaries_stay_where_rows_come_or_go() -> None:
    """After a row that is inserted or taken out, the groups are soon the same again."""
    before = {group["text"].item(0) for group in _groups(ROWS, [], 100)}
    for changed in (ROWS[1:], pl.concat([ROWS[:50], ROWS[9000:9003], ROWS[50:]])):
        after = {group["text"].item(0) for group in _groups(changed, [], 100)}
        assert len(after - before) < 10


def test_rows_that_are_all_the_same_are_cut_all_the_same() -> None:
    """No row is one to end a group with, or all are: the bounds hold; and lists alone are hashed, too."""
    same = pl.DataFrame({"tags": [[1, 2]] * 1000})
    groups = _groups(same, [], 100)
    assert sum(map(len, groups)) == 1000
    assert {len(group) for group in groups[:-1]} <= {51, 200}


def test_a_group_is_in_one_piece() -> None:
    """The writer ends a page where a piece ends, so pieces must not show in the file."""
    tables = (ROWS[start : start + 37].to_arrow() for start in range(0, 1000, 37))
    for group in row_groups(tables, 100):
        assert {column.num_chunks for column in group.columns} == {1}
        assert isinstance(group, pa.Table)
