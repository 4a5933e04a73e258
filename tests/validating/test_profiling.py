"""How the columns of a table are filled, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.sqltext import literal
from ecomdata.validating.asking import Asker
from ecomdata.validating.profiling import profiled
from ecomdata.validating.results import ColumnProfile


def column(series: pl.Series, folder: Path) -> ColumnProfile:
    """The profile of the one column of a table."""
    import duckdb

    path = folder / "part.parquet"
    series.to_frame("c").write_parquet(path)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW t AS FROM read_parquet({literal(str(path))})")
        return profiled(Asker(connection, "1GB"), "t", distributions=True).columns[0]


def bars(series: pl.Series, folder: Path) -> list[tuple[str, str, int]]:
    """Low, high and rows of every bar."""
    return [(bar.low, bar.high, bar.rows) for bar in column(series, folder).bars]


def test_few_whole_numbers_have_a_bar_each(tmp_path: Path) -> None:
    """Those between that do not occur, too; nulls have none."""
    assert bars(pl.Series([1, 1, 3, None]), tmp_path) == [("1", "1", 2), ("2", "2", 0), ("3", "3", 1)]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_of_every_unit_and_zone_have_bars(
    tmp_path: Path, unit: Literal["ms", "us", "ns"], zone: str | None
) -> None:
    """Pandas writes nanoseconds; the bars are in UTC."""
    days = pl.Series(["2024-01-01 12:00", "2024-01-02 12:00", None])
    times = days.str.to_datetime(time_unit=unit, time_zone="UTC")
    times = times.dt.convert_time_zone(zone) if zone else times.dt.replace_time_zone(None)
    found = column(times, tmp_path)
    assert (found.type, found.nulls, found.distinct) == ("timestamp", 1, 2)
    assert sum(bar.rows for bar in found.bars) == 2
    assert found.bars[0].low == "2024-01-01 12:00:00"


def test_few_other_numbers_stand_in_their_order(tmp_path: Path) -> None:
    """Ratings are floats of five values."""
    assert bars(pl.Series([5.0, 5.0, 1.0]), tmp_path) == [("1.0", "1.0", 1), ("5.0", "5.0", 2)]


def test_a_long_tail_is_one_bar(tmp_path: Path) -> None:
    """One value far away does not squeeze all others into one bar, and is counted."""
    found = column(pl.Series([float(i) for i in range(1000)] + [1e12]), tmp_path)
    assert len(found.bars) > 10
    assert (found.bars[-1].high, found.high) == ("", "1000000000000.0")


def test_words_come_by_frequency(tmp_path: Path) -> None:
    """An enumeration, a flag or a few words; of many different texts only their number is told."""
    assert bars(pl.Series(["b", "a", "b"], dtype=pl.Enum(["a", "b"])), tmp_path) == [
        ("b", "b", 2),
        ("a", "a", 1),
    ]
    assert bars(pl.Series([True, False, True]), tmp_path)[0] == ("true", "true", 2)
    found = column(pl.Series([f"text {i}" for i in range(500)]), tmp_path)
    assert not found.bars
    assert found.distinct is not None
    assert 400 < found.distinct < 600


def test_texts_that_begin_alike_are_different(tmp_path: Path) -> None:
    """Each is counted by itself, and one that is cut says so."""
    start = "You recommend items by what a user has clicked before. " * 2
    assert bars(pl.Series([f"{start}{end}" for end in "aab"]), tmp_path) == [
        (f"{start[:60]}…", f"{start[:60]}…", 2),
        (f"{start[:60]}…", f"{start[:60]}…", 1),
    ]
    assert column(pl.Series([f"{start}{end}" for end in "aab"]), tmp_path).distinct == 2


def test_few_numbers_are_counted_and_not_estimated(tmp_path: Path) -> None:
    """DuckDB's estimate of these ten is nine."""
    assert column(pl.Series([5200 + 411_788 * place for place in range(10)] * 3), tmp_path).distinct == 10


def test_there_are_no_more_different_values_than_values(tmp_path: Path) -> None:
    """DuckDB's estimate of these 437 is 458."""
    assert column(pl.Series([*(f"text 3 {place}" for place in range(437)), None]), tmp_path).distinct == 437


def test_a_table_may_have_many_columns(tmp_path: Path) -> None:
    """What they take together does not cost all of them their distributions."""
    import duckdb

    path = tmp_path / "part.parquet"
    pl.DataFrame({f"c{place}": ["a", "b", "b"] for place in range(300)}).write_parquet(path)
    with duckdb.connect(config={"memory_limit": "500MB"}) as connection:
        connection.execute(f"CREATE VIEW t AS FROM read_parquet({literal(str(path))})")
        found = profiled(Asker(connection, "500MB"), "t", distributions=True)
    assert {(one.distinct, [bar.rows for bar in one.bars] == [2, 1]) for one in found.columns} == {(2, True)}


def test_lists_are_counted_by_length(tmp_path: Path) -> None:
    """A null list has no length."""
    found = column(pl.Series([[1], [1, 2], None, []], dtype=pl.List(pl.Int64)), tmp_path)
    assert (found.measure, found.nulls, found.low, found.high) == ("length", 1, "0", "2")
    assert [bar.rows for bar in found.bars] == [1, 1, 1]


def test_times_have_bars_of_round_spans(tmp_path: Path) -> None:
    """A month of seconds is counted by days."""
    times = pl.Series([1_704_067_200 + 3600 * hour for hour in range(24 * 20)])
    found = bars(pl.from_epoch(times).cast(pl.Datetime("us")), tmp_path)
    assert ("2024-01-02", "2024-01-03", 24) in found


@pytest.mark.parametrize(
    "series",
    [
        pl.Series([None, None], dtype=pl.Int64),
        pl.Series([], dtype=pl.Float64),
        pl.Series([float("nan"), float("inf"), float("-inf")]),
        pl.Series([2**63 - 1, -(2**63)]),
        pl.Series([1e308, -1e308, 5e-324, 0.0]),
        pl.Series([2**62, -(2**62)] * 20 + list(range(20)), dtype=pl.Datetime("us")),
        pl.Series([[1.0, 2.0]], dtype=pl.Array(pl.Float32, 2)),
        pl.Series([{"a": 1}]),
        pl.Series([b"\x00"]),
    ],
    ids=str,
)
def test_odd_columns_do_no_harm(series: pl.Series, tmp_path: Path) -> None:
    """Nothing, no numbers, the largest numbers, and types without a distribution."""
    found = column(series, tmp_path)
    assert found.nulls == series.null_count()
    assert sum(bar.rows for bar in found.bars) <= len(series)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.integers(-(2**40), 2**40) | st.integers(0, 50), min_size=1, max_size=80))
def test_every_value_is_in_one_bar(
    tmp_path_factory: pytest.TempPathFactory, values: Sequence[int | None]
) -> None:
    """Whatever the numbers are, the bars hold each of them once and no null."""
    found = column(pl.Series(values, dtype=pl.Int64), tmp_path_factory.mktemp("profile"))
    filled = sum(value is not None for value in values)
    assert sum(bar.rows for bar in found.bars) == filled
    assert found.nulls == len(values) - filled
