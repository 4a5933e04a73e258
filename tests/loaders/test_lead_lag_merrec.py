"""Series of products, derived from what is loaded of MerRec."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import UsageError
from ecomdata.registry import loader
from tests.conftest import RunCli

RAW = {name: column.dtype for name, column in loader("merrec").tables[0].raws[0].schema.columns().items()}


def shard(folder: Path, events: list[tuple[str | None, str, datetime]]) -> Path:
    """A shard of MerRec with these products, events and times, and nothing else."""
    rows = [
        {"user_id": 1, "item_id": 2, "product_id": product, "event_id": event, "stime": when, "name": "x"}
        for product, event, when in events
    ]
    (folder / "20230501").mkdir(parents=True)
    pl.DataFrame(rows, schema=RAW).write_parquet(folder / "20230501" / "000000000000.parquet")
    return folder


@pytest.fixture
def merrec(tmp_path: Path) -> None:
    """Twenty days of MerRec: a product from the first day on, one born later, and events of none."""
    ed.load(
        "merrec",
        source=shard(
            tmp_path / "raw",
            [
                ("1_1", "item_view", datetime(2023, 5, 1, 3)),  # noqa: DTZ001 - upstream has no zone
                ("2_2", "item_view", datetime(2023, 5, 9, 23)),  # noqa: DTZ001
                ("2_2", "item_like", datetime(2023, 5, 11, 1)),  # noqa: DTZ001
                ("2_2", "item_view", datetime(2023, 5, 11, 2)),  # noqa: DTZ001
                ("2_2", "buy_comp", datetime(2023, 5, 13)),  # noqa: DTZ001
                (None, "item_view", datetime(2023, 5, 14)),  # noqa: DTZ001
            ],
        ),
    )


@pytest.mark.usefixtures("merrec")
def test_a_product_is_born_with_its_first_event() -> None:
    """Counts run from there to the log's last day, and the birth is marked as inferred."""
    release = ed.load("lead-lag/merrec")
    (row,) = release["series"].lazy().collect().rows(named=True)
    assert row["unit_id"] == "2_2"
    assert row["created_date"] == date(2023, 5, 9)
    assert row["inferred_birth"]
    assert row["days_before"] == 8
    assert row["cumulative_views"] == [1, 1, 2, 2, 2, 2]
    assert row["cumulative_likes"] == [0, 0, 1, 1, 1, 1]
    assert row["cumulative_purchases"] == [0, 0, 0, 0, 1, 1]
    assert (row["first_views"], row["first_purchases"], row["first_carts"]) == (0.0, 4.0, None)


@pytest.mark.usefixtures("merrec")
def test_what_is_left_out_is_counted() -> None:
    """Products that may be older than the log, and events without a product, each under its rule."""
    manifest = ed.load("lead-lag/merrec").manifest
    assert dict(manifest.tables["series"].dropped) == {
        "first seen in the first 7 days of the log (left-censored)": 1
    }
    assert dict(manifest.tables["days"].dropped) == {"events without a product_id, one row a day": 1}
    assert {file.name for file in manifest.raw} == {
        "merrec/events/part-00000.parquet",
        "merrec/items/part-00000.parquet",
    }
    assert not manifest.sample


def test_an_event_of_another_year_draws_out_no_series(tmp_path: Path) -> None:
    """It is left out and counted; neither the log's first day nor its last is its own."""
    days = (datetime(1970, 1, 1), datetime(2023, 5, 1), datetime(2023, 5, 9), datetime(2123, 5, 1))  # noqa: DTZ001
    ed.load("merrec", source=shard(tmp_path, [(f"{i}", "item_view", day) for i, day in enumerate(days)]))
    release = ed.load("lead-lag/merrec")
    assert release["series"].lazy().collect().select("unit_id", "days_before", "observed_days").rows() == [
        ("2", 8, 1)
    ]
    assert release.manifest.tables["days"].dropped == {
        "events outside of upstream's six months, one row a product and day": 2
    }


def test_a_log_of_a_week_has_no_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All products may be older than it: said as such, and not as if there were nothing to read."""
    days = (datetime(2023, 5, 1), datetime(2023, 5, 3))  # noqa: DTZ001
    ed.load("merrec", source=shard(tmp_path, [(f"{i}", "item_view", day) for i, day in enumerate(days)]))
    ed.load("lead-lag/merrec")
    assert "series has no rows; all 2 that were read were dropped" in capsys.readouterr().err


@pytest.mark.usefixtures("merrec")
def test_a_lookback_leaves_out_what_was_not_seen_from_birth() -> None:
    """A product with eight days of log before it has no known first nine days."""
    ed.load("lead-lag/merrec")
    rows = ed.sql("select views_input, purchases_label from lead_lag_merrec.lookback(3, 5)").rows()
    assert rows == [([1, 1, 2], 1)]
    assert ed.sql("select * from lead_lag_merrec.lookback(3, 7)")["purchases_label"].to_list() == [None]
    assert not ed.sql("select * from lead_lag_merrec.lookback(9, 20)").height


@pytest.mark.usefixtures("merrec")
def test_it_is_made_again_only_when_merrec_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """The release of MerRec is its revision."""
    first = ed.load("lead-lag/merrec")
    assert ed.load("lead-lag/merrec").folder == first.folder
    assert "already loaded" in capsys.readouterr().err
    assert first.manifest.revision == ed.open("merrec").manifest.release


def test_without_merrec_it_says_what_to_load() -> None:
    """Nothing is guessed, and nothing downloaded."""
    with pytest.raises(UsageError, match="made from merrec, which is not loaded") as caught:
        ed.load("lead-lag/merrec")
    assert "ecomdata load merrec" in caught.value.hint


@pytest.mark.parametrize("options", [{"source": "x"}, {"only": "x"}, {"limit": 5}, {"aliases": {"x": ["y"]}}])
def test_options_about_raw_files_are_refused(options: dict[str, object]) -> None:
    """It has none; the hint names the dataset that has."""
    with pytest.raises(UsageError) as caught:
        ed.load("lead-lag/merrec", **options)
    assert "merrec" in f"{caught.value} {caught.value.hint}"


def test_its_sample_makes_the_merrec_sample_it_needs(run_cli: RunCli) -> None:
    """MerRec itself is not loaded by that, and the release says that it is synthetic."""
    run_cli("load", "lead-lag/merrec", "--sample")
    assert ed.open("lead-lag/merrec").manifest.sample
    with pytest.raises(UsageError):
        ed.open("merrec")


def test_what_is_made_of_a_sample_is_marked_as_one() -> None:
    """Nobody takes it for MerRec later."""
    ed.load("merrec", sample=True)
    assert ed.load("lead-lag/merrec").manifest.sample
