"""taobao/user-behavior: every quirk of the file in its real spelling."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.loaders.taobao.user_behavior import DATASET, WORDS

FIRST_ROWS = (
    "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,pv,1511561733\n1,2576651,149192,pv,1511572885\n"
)
"""The first rows of the published file."""


def _load(folder: Path, text: str, name: str = "UserBehavior.csv") -> ed.Release:
    (folder / name).write_text(text, encoding="utf-8")
    return ed.load("taobao/user-behavior", source=folder)


def _frame(release: ed.Release) -> pl.DataFrame:
    return release["interactions"].lazy().collect()


def test_the_published_file_has_no_header(tmp_path: Path) -> None:
    """The first line is a row: ids stay integers, the times are UTC."""
    frame = _frame(_load(tmp_path, FIRST_ROWS))
    assert frame.row(0, named=True) == {
        "user_id": 1,
        "item_id": 2268318,
        "event": "view",
        "event_raw": "pv",
        "timestamp": datetime(2017, 11, 24, 17, 21, 10, tzinfo=UTC),
        "category_id": 2520377,
        "in_window": True,
    }
    assert frame.height == 3
    assert frame.schema["user_id"] == frame.schema["item_id"] == frame.schema["category_id"] == pl.Int64


def test_a_header_that_a_copy_added_is_tolerated(tmp_path: Path) -> None:
    """A head of the real file is around under its own name, with a header line added."""
    text = "user_id,item_id,category_id,behavior_type,timestamp\n" + FIRST_ROWS
    assert _frame(_load(tmp_path, text, "raw_user_behavior_sample.csv"))["item_id"].to_list() == [
        2268318,
        2333346,
        2576651,
    ]


def test_every_behaviour_has_its_event(tmp_path: Path) -> None:
    """pv, cart, fav and buy are view, cart, favourite and purchase; upstream's word is kept."""
    rows = "".join(f"1,2,3,{word},1511544070\n" for word in WORDS)
    frame = _frame(_load(tmp_path, rows))
    assert dict(zip(frame["event_raw"], frame["event"], strict=True)) == {
        "pv": "view",
        "cart": "cart",
        "fav": "favourite",
        "buy": "purchase",
    }


def test_an_unknown_behaviour_is_rejected_with_its_row(tmp_path: Path) -> None:
    """A word upstream does not have never becomes an event; the line is in quarantine."""
    release = _load(tmp_path, FIRST_ROWS + "1,2,3,share,1511544070\n")
    rejected = release["interactions"].rejected()
    assert rejected["row"].to_list() == [4]
    assert rejected["raw"].to_list() == ["1,2,3,share,1511544070"]
    assert _frame(release).height == 3


@pytest.mark.parametrize(
    ("seconds", "inside"),
    [(1511539199, False), (1511539200, True), (1512316799, True), (1512316800, False)],
)
def test_the_window_is_nine_days_of_beijing_time(tmp_path: Path, seconds: int, inside: bool) -> None:
    """25 November 00:00:00 to 3 December 2017 23:59:59 in UTC+8, both included."""
    frame = _frame(_load(tmp_path, f"1,2,3,pv,{seconds}\n"))
    assert frame["in_window"].to_list() == [inside]


def test_the_window_opens_at_midnight_in_shanghai(tmp_path: Path) -> None:
    """The wall clock is UTC+8; what is stored is UTC."""
    frame = _frame(_load(tmp_path, "1,2,3,pv,1511539200\n"))
    local = frame["timestamp"].dt.convert_time_zone(DATASET.table("interactions").time_zone)
    assert str(local[0]) == "2017-11-25 00:00:00+08:00"


def test_odd_times_are_kept_and_marked(tmp_path: Path) -> None:
    """Negative, tiny and far future times are data: 55,576 rows of the published file are like that."""
    rows = [f"1,2,3,pv,{seconds}\n" for seconds in (-2134949234, 44016, 2122867355, 9999999999)]
    frame = _frame(_load(tmp_path, "".join(rows)))
    assert frame["timestamp"].dt.epoch("s").to_list() == [-2134949234, 44016, 2122867355, 9999999999]
    assert not frame["in_window"].any()


def test_a_time_that_no_date_can_hold_is_rejected(tmp_path: Path) -> None:
    """Seconds beyond the year 9999 would wrap round; they go to quarantine instead."""
    release = _load(tmp_path, FIRST_ROWS + "1,2,3,pv,9223372036854775\n")
    assert release["interactions"].rejected()["row"].to_list() == [4]


def test_an_item_keeps_every_category_it_has(tmp_path: Path) -> None:
    """The category belongs to the row, not to the item."""
    frame = _frame(_load(tmp_path, "1,2,3,pv,1511544070\n1,2,4,pv,1511544071\n"))
    assert frame["category_id"].to_list() == [3, 4]


def test_exact_duplicates_are_kept(tmp_path: Path) -> None:
    """The published file has 49 of them; leaving them out is the user's choice."""
    assert _frame(_load(tmp_path, "1,2,3,pv,1511544070\n" * 2)).height == 2


def _sampled(folder: Path, rows: int, seed: int = 0) -> pl.DataFrame:
    DATASET.sample(folder, rows, seed)
    names = ["user", "item", "category", "event", "time"]
    return pl.read_csv(folder / "UserBehavior.csv", has_header=False, new_columns=names)


def test_the_sample_is_laid_out_like_the_published_file(tmp_path: Path) -> None:
    """No header, exactly the rows asked for, users in string order, times ascending inside a user."""
    frame = _sampled(tmp_path, 20_000)
    assert frame.height == 20_000
    users = frame["user"].rle().struct.field("value").cast(pl.String).to_list()
    assert users == sorted(users)
    assert len(users) == frame["user"].n_unique()
    assert (frame.select(pl.col("time").diff().over("user")).to_series().drop_nulls() >= 0).all()


def test_the_sample_has_the_shapes_and_the_dirt_of_the_published_file(tmp_path: Path) -> None:
    """Long-tailed items, every behaviour, odd times, duplicates and items with several categories."""
    frame = _sampled(tmp_path, 100_000)
    assert set(frame["event"].unique()) == set(WORDS)
    assert 0.88 < (frame["event"] == "pv").mean() < 0.91
    odd = frame.filter(~pl.col("time").is_between(1511539200, 1512316799))
    assert 30 < odd.height < 90
    assert (odd["time"] < 0).any()
    assert frame.is_duplicated().any()
    categories = frame.group_by("item").agg(pl.col("category").n_unique())["category"]
    assert categories.max() == 2
    counts = frame["item"].value_counts(sort=True)["count"]
    assert counts.head(len(counts) // 100).sum() > 0.05 * frame.height


def test_a_sample_that_spans_slabs_has_its_rows_once(tmp_path: Path) -> None:
    """Rows are written a million at a time; the cut shows nowhere."""
    frame = _sampled(tmp_path, 1_050_000)
    assert frame.height == 1_050_000
    assert len(frame["user"].rle()) == frame["user"].n_unique()


def test_nothing_of_a_sample_is_rejected() -> None:
    """Its dirty rows all parse, as the published file's do."""
    release = ed.load("taobao/user-behavior", sample=True)
    assert release["interactions"].record.rejected == 0
    assert set(_frame(release)["event"].unique()) == {"view", "cart", "favourite", "purchase"}


def test_figures_are_about_the_whole_file(tmp_path: Path) -> None:
    """They are not held against the head of it that is around under its own name."""
    _load(tmp_path, FIRST_ROWS, name="raw_user_behavior_sample.csv")
    figures = ed.validate("taobao/user-behavior").figures
    assert {figure.status for figure in figures} == {"not applicable"}
    assert "raw_user_behavior_sample.csv was loaded too" in figures[0].reason
