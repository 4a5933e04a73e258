"""Batches of rows, bounded in rows and in bytes."""

from __future__ import annotations

from itertools import pairwise

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.arrowbatches import FEW_ROWS, gathered

MOST = 32 << 20


@given(
    counts=st.lists(st.integers(0, 50), max_size=30),
    most=st.integers(1, 120),
    width=st.sampled_from([1, 300_000]),
)
def test_the_same_rows_in_larger_batches(counts: list[int], most: int, width: int) -> None:
    """All rows, in order, in as few batches as the two bounds allow."""
    text = pa.scalar("x" * width)
    numbers = pa.array(range(sum(counts)), pa.int64())
    given_ = [
        pa.record_batch({"n": numbers[sum(counts[:at]) :][:count], "t": pa.repeat(text, count)})
        for at, count in enumerate(counts)
    ]
    made = list(gathered(given_, most))
    assert [n for batch in made for n in batch["n"].to_pylist()] == list(range(sum(counts)))
    largest = max((batch.nbytes for batch in given_), default=0)
    assert all(batch.nbytes <= max(MOST, largest + 1_000) for batch in made)
    assert all(batch.num_rows <= max(most, *counts) for batch in made)
    for before, after in pairwise(made):
        assert before.num_rows + after.num_rows > most or before.nbytes + after.nbytes > MOST


def test_wide_rows_of_a_query() -> None:
    """Twenty thousand rows of ten kilobytes never lie in memory together."""
    answer = duckdb.sql("SELECT i, repeat('x', 10_000) AS t FROM range(20_000) AS r(i)")
    batches = list(gathered(answer.to_arrow_reader(FEW_ROWS), 100_000))
    assert sum(batch.num_rows for batch in batches) == 20_000
    assert max(batch.nbytes for batch in batches) < MOST
