from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import UsageError
from ecomdata.progress import Silent
from tests.exporting.stalls import NAME, NOON, load, market

__all__ = ["market"]

COLUMNS = ["userID", "itemID", "rating", "timestamp"]


def _export(path: Path, **options: Any) -> ed.Export:
    return ed.export(NAME, path, format="recommenders", **options)


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    """The four names, ids as they are, 1 for every event, seconds, null where there is no time."""
    rows = [{"user_id": 'a,"b'}, {"timestamp": None}, {"item_id": None}]
    load(tmp_path, rows)
    done = [_export(tmp_path / f"ratings{suffix}") for suffix in (".csv", ".parquet")]
    frame = pd.read_csv(tmp_path / "ratings.csv")
    assert list(frame) == COLUMNS
    assert frame["userID"].tolist() == ['a,"b', "u1"]
    assert frame["rating"].tolist() == [1.0, 1.0]
    assert frame["timestamp"][0] == NOON.timestamp()
    parquet = pl.read_parquet(tmp_path / "ratings.parquet")
    assert parquet.columns == COLUMNS
    assert parquet.rows() == pl.read_csv(tmp_path / "ratings.csv").rows()
    assert done[0].notes == done[1].notes == {"rows without a user or an item, left out": 1}


def test_parquet_holds_what_lines_cannot(tmp_path: Path) -> None:
    """Ids with tabs go into Parquet as they are."""
    load(tmp_path, [{"item_id": "a\tb\n"}])
    _export(tmp_path / "ratings.parquet")
    assert pl.read_parquet(tmp_path / "ratings.parquet")["itemID"].to_list() == ["a\tb\n"]


def test_a_spreadsheet_runs_no_id(tmp_path: Path) -> None:
    """An apostrophe before what it would take for a formula, counted, unless told; Parquet needs none."""
    ids = ["=HYPERLINK(0)", "-5", "@sum", "'+1+1", "plain", "\uff1d1"]
    load(tmp_path, [*({"user_id": one} for one in ids), {"item_id": "+cmd|' /C calc'!A0"}])
    done = _export(tmp_path / "guarded.csv")
    frame = pl.read_csv(tmp_path / "guarded.csv", infer_schema=False)
    assert frame["userID"].to_list() == ["'=HYPERLINK(0)", "-5", "'@sum", "''+1+1", "plain", "'\uff1d1", "u1"]
    assert frame["itemID"][-1] == "'+cmd|' /C calc'!A0"
    assert list(done.notes.values()) == [5]
    for file, options in (("plain.csv", {"guard": False}), ("plain.parquet", {})):
        assert not _export(tmp_path / file, **options).notes
    assert pl.read_csv(tmp_path / "plain.csv", infer_schema=False)["userID"].to_list() == [*ids, "u1"]
    assert pl.read_parquet(tmp_path / "plain.parquet")["userID"].to_list() == [*ids, "u1"]
    with pytest.raises(UsageError, match="--no-guard says nothing to recbole"):
        ed.export(NAME, tmp_path / "folder", format="recbole", guard=False)


def test_events_are_rated(tmp_path: Path) -> None:
    """A number for each event, those that are not named left out."""
    load(tmp_path, [{}, {"event": "purchase"}, {"event": "cart"}])
    done = _export(tmp_path / "r.csv", ratings={"purchase": 5.0, "view": 0.5})
    assert pd.read_csv(tmp_path / "r.csv")["rating"].tolist() == [0.5, 5.0]
    assert done.notes == {"rows of other events, left out": 1}


def test_reviews_are_ratings(tmp_path: Path) -> None:
    """Stars that people gave, with ids in their own type and times in seconds."""
    release = ed.load("banglishrev", sample=True, limit=200)
    done = ed.export("banglishrev", tmp_path / "r.parquet", format="recommenders")
    reviews = release["reviews"].lazy().collect().drop_nulls(["user_id", "product_id"])
    frame = pl.read_parquet(tmp_path / "r.parquet")
    assert frame["rating"].to_list() == reviews["rating"].cast(pl.Float64).to_list()
    assert frame["userID"].to_list() == reviews["user_id"].to_list()
    assert frame["timestamp"].to_list() == [
        None if us is None else us / 1e6 for us in reviews["posted_at"].dt.epoch("us")
    ]
    assert done.files[0].rows == frame.height


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    """As far as the table's files are read, with the rows that were written."""
    release = load(tmp_path, [{"user_id": f"u{at}"} for at in range(100)])
    told: list[int] = []

    class Hearing(Silent):
        def start(self, title: str, total: int) -> None:
            assert title == "r.csv"
            told.append(total)

        def advance(self, *, size: int = 0, rows: int = 0) -> None:
            told.extend((size, rows))

    _export(tmp_path / "r.csv", reporter=Hearing())
    size = sum(path.stat().st_size for path in release["events"].paths)
    assert told == [size, size, 100]


def test_wrong_requests(tmp_path: Path) -> None:
    """A file that is neither, reviews without users, and stars that cannot be given again."""
    load(tmp_path, [{}])
    with pytest.raises(UsageError, match=r"neither \.csv nor \.parquet"):
        _export(tmp_path / "ratings.tsv")
    ed.load("vimrhp", sample=True, limit=50)
    with pytest.raises(UsageError, match="no table in which"):
        ed.export("vimrhp", tmp_path / "r.csv", format="recommenders")
