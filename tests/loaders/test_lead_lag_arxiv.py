"""lead-lag/arxiv: columns are looked for under hints and the user's own names; the rest is kept and said."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from tests.conftest import RunCli

PAPER: dict[str, Any] = {
    "id": "0704.0001",
    "id2": 17,
    "publication_time": datetime(2014, 3, 5, 18, 30),  # noqa: DTZ001 - upstream's zone is not known
    "submitted_date": "2014-03-04",
    "category": "hep-ph",
    "cumulative_citations": [0, 0, 1, 1],
    "cumulative_accesses": [0, 5, 9, 9],
    "cumulative_citations_offset": 0.5,
}
"""Invented, with the names of the hints."""


def write(folder: Path, *papers: dict[str, Any], name: str = "papers.parquet") -> Path:
    """A file of papers, as its name says."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        pl.DataFrame(papers).write_parquet(path)
    else:
        lines = "".join(json.dumps(paper, default=str) + "\n" for paper in papers).encode()
        path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    return path


def series(folder: Path, aliases: Mapping[str, list[str]] | None = None) -> pl.DataFrame:
    """The table that a load makes of a folder."""
    return ed.load("lead-lag/arxiv", source=folder, aliases=aliases)["series"].lazy().collect()


def without(*names: str, **added: Any) -> dict[str, Any]:
    """The paper with some columns less and others more."""
    return {name: value for name, value in PAPER.items() if name not in names} | added


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.jsonl.gz", "a.ndjson"])
def test_a_paper_under_the_hints_names(tmp_path: Path, name: str) -> None:
    """Whatever the container, the same row comes out, and nothing of it is lost."""
    write(tmp_path, PAPER, name=name)
    found = series(tmp_path).row(0, named=True)
    assert json.loads(found.pop("unverified")) == {
        "id2": 17,
        "submitted_date": "2014-03-04",
        "cumulative_citations_offset": 0.5,
    }
    assert found.pop("published_raw").startswith("2014-03-05 18:30:00")
    assert found == {
        "unit_id": "0704.0001",
        "created_date": date(2014, 3, 5),
        "split": None,
        "observed_days": 4,
        "inferred_birth": False,
        "first_accesses": 1.0,
        "first_citations": 2.0,
        "cumulative_accesses": [0, 5, 9, 9],
        "cumulative_citations": [0, 0, 1, 1],
        "category": "hep-ph",
        "daily_accesses": None,
        "daily_citations": None,
        "violations": [],
    }


def test_the_load_says_what_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each kind of file: what was found and under which name; the manifest has it too."""
    write(tmp_path, PAPER, name="train.parquet")
    write(tmp_path, PAPER, name="val.parquet")
    write(tmp_path, without("cumulative_citations", views=[1]), name="odd.jsonl")
    release = ed.load("lead-lag/arxiv", source=tmp_path, aliases={"daily_accesses": ["views"]})
    said = capsys.readouterr().err
    assert (
        "columns of train.parquet and 1 more files: id, published (as publication_time), category, "
        "cumulative_accesses, cumulative_citations; not found: daily_accesses, daily_citations" in said
    )
    assert "columns of odd.jsonl: " in said
    assert "daily_accesses (as views); not found: cumulative_citations, daily_citations" in said
    assert "kept as JSON: cumulative_citations_offset, id2, submitted_date" in said
    odd, plain = release["series"].record.mapped
    assert odd.columns["daily_accesses"] == ("views",)
    assert plain.files == ("train.parquet", "val.parquet")
    assert plain.absent == ("daily_accesses", "daily_citations")


def test_the_users_names_go_before_the_hints(tmp_path: Path, run_cli: RunCli) -> None:
    """--alias takes a column that is called otherwise; what it takes the place of is kept as JSON."""
    write(tmp_path / "raw", without("id", "cumulative_accesses", paper="hep-th/9901001", hits=[1, 2]))
    aliases = ("id=paper", "published=submitted_date", "cumulative_accesses=hits")
    options = [part for alias in aliases for part in ("--alias", alias)]
    run_cli("load", "lead-lag/arxiv", "--source", tmp_path / "raw", *options)
    found = ed.open("lead-lag/arxiv")["series"].lazy().collect().row(0, named=True)
    assert (found["unit_id"], found["created_date"]) == ("hep-th/9901001", date(2014, 3, 4))
    assert found["cumulative_accesses"] == [1, 2]
    assert "publication_time" in json.loads(found["unverified"])


def test_an_alias_of_no_column_is_wrong_usage(tmp_path: Path) -> None:
    """The error lists the columns there are."""
    with pytest.raises(UsageError, match="no raw column accesses") as caught:
        series(tmp_path, {"accesses": ["hits"]})
    assert "cumulative_accesses" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
@pytest.mark.parametrize(
    ("paper", "missing"),
    [
        ({"paper": "0704.0001", "cumulative_accesses": [1]}, "missing: id"),
        (
            {"id": "0704.0001", "acesses": [1]},
            "missing: one of cumulative_accesses, cumulative_citations, daily_accesses, daily_citations",
        ),
    ],
)
def test_a_file_without_what_is_needed_is_drift(
    tmp_path: Path, name: str, paper: dict[str, Any], missing: str
) -> None:
    """No id, or no channel at all: the error lists what was found and says how to name a column."""
    write(tmp_path, paper, name=name)
    with pytest.raises(DataError) as caught:
        series(tmp_path)
    assert missing[:30] in str(caught.value)
    assert f"found: {', '.join(paper)}" in str(caught.value)
    assert "--alias COLUMN=NAME" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2014-03-05", date(2014, 3, 5)),
        ("2014-03-05T23:59:59+02:00", date(2014, 3, 5)),
        (date(2014, 3, 5), date(2014, 3, 5)),
        ("Wed, 5 Mar 2014", None),
        ("2014-02-31", None),
        (1394044200, None),
        (None, None),
    ],
)
def test_a_time_is_a_day_only_where_it_is_understood(tmp_path: Path, given: object, day: date | None) -> None:
    """What is no ISO date is not guessed at; either way it stays beside the day as it was."""
    write(tmp_path, without("publication_time", publication_time=given))
    row = series(tmp_path).row(0, named=True)
    assert row["created_date"] == day
    assert row["published_raw"] == (None if given is None else str(given))


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_daily_counts_are_added_up(tmp_path: Path, name: str) -> None:
    """Where only they are given; where both are, upstream's own sums stand."""
    daily = {"daily_accesses": [2, 0, 3], "daily_citations": [9, 9, 9, 9]}
    write(tmp_path, without("cumulative_accesses", **daily), name=name)
    row = series(tmp_path).row(0, named=True)
    assert row["cumulative_accesses"] == np.cumsum(daily["daily_accesses"]).tolist()
    assert row["cumulative_citations"] == PAPER["cumulative_citations"]
    assert {name: row[name] for name in daily} == daily
    assert row["violations"] == ["lengths_differ"]


@pytest.mark.parametrize(
    ("name", "place"), [("a.parquet", "cumulative_accesses"), ("a.jsonl", "cumulative_accesses[0]")]
)
def test_floats_are_counts_where_they_are_whole(tmp_path: Path, name: str, place: str) -> None:
    """A paper with half an access is rejected, with its number and all it holds."""
    odd = without("cumulative_accesses", "id", id="1501.00001", cumulative_accesses=[0.5, 1.0])
    write(tmp_path, {**PAPER, "cumulative_accesses": [0.0, 5.0, 9.0, None]}, odd, name=name)
    release = ed.load("lead-lag/arxiv", source=tmp_path)
    frame = release["series"].lazy().collect()
    assert frame["cumulative_accesses"].to_list() == [[0, 5, 9, None]]
    assert frame["violations"].to_list()[0][0] == "cumulative_accesses_has_nulls"
    rejected = release["series"].rejected()
    assert rejected["row"].to_list() == [2]
    assert f"{place}: " in rejected["reasons"].to_list()[0][0]
    assert json.loads(rejected["raw"][0])["cumulative_accesses"] == [0.5, 1.0]


def test_a_paper_without_any_list_is_kept(tmp_path: Path) -> None:
    """Though it is alone: there is nothing to check about lists that are not there."""
    write(tmp_path, without("cumulative_citations", cumulative_accesses=None), name="a.jsonl")
    row = series(tmp_path).row(0, named=True)
    assert (row["cumulative_accesses"], row["violations"]) == (None, [])


def test_lists_of_text_are_drift(tmp_path: Path) -> None:
    """They are no counts; the error names the column and both types."""
    write(tmp_path, without("cumulative_accesses", cumulative_accesses=["1", "2"]))
    with pytest.raises(DataError, match=r"cumulative_accesses is List\(String\), declared List\(Int64\)"):
        series(tmp_path)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"cumulative_accesses": [0, 5, 4, 9]}, ["cumulative_accesses_decreases"]),
        ({"cumulative_citations": [-1, 0, 0, 0]}, ["cumulative_citations_negative"]),
        ({"cumulative_citations": [0, 1]}, ["lengths_differ"]),
        ({"cumulative_citations": []}, ["lengths_differ"]),
    ],
)
def test_what_breaks_a_check_is_said_and_kept(
    tmp_path: Path, changed: dict[str, list[int]], names: list[str]
) -> None:
    """The row is there as it was, with the names of the checks; the one before it is not blamed."""
    write(tmp_path, PAPER, {**PAPER, **changed})
    frame = series(tmp_path)
    assert frame["violations"].to_list() == [[], names]
    ((name, values),) = changed.items()
    assert frame[name].to_list()[1] == values


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.parquet", "train"),
        ("data/val-00000-of-00002.parquet", "val"),
        ("arxiv_labeled_test.jsonl.gz", "labeled_test"),
        ("unlabeled_test/part.0.parquet", "unlabeled_test"),
        ("train/train_extra.jsonl", "train_extra"),
        ("training.parquet", None),
        ("test.parquet", None),
    ],
)
def test_a_split_is_what_the_path_names(tmp_path: Path, name: str, split: str | None) -> None:
    """One of the five names, between marks; of two, the last."""
    write(tmp_path, PAPER, name=name)
    assert series(tmp_path)["split"].to_list() == [split]


@pytest.mark.parametrize(
    ("place", "split"), [("val/arxiv", None), ("my-train/arxiv", None), ("train/val", "val")]
)
def test_folders_above_the_source_name_no_split(tmp_path: Path, place: str, split: str | None) -> None:
    """Where the user keeps the files says nothing; the folder that is given is part of what is given."""
    write(tmp_path / place, PAPER)
    assert series(tmp_path / place)["split"].to_list() == [split]


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
@pytest.mark.parametrize("number", [1501.0001, True])
def test_an_id_is_text(tmp_path: Path, name: str, number: float) -> None:
    """1501.00010 as a number is another paper's id."""
    write(tmp_path, {**PAPER, "id": number}, name=name)
    with pytest.raises(DataError, match=r"id is (Float64|Boolean), declared String|id: … is not str"):
        series(tmp_path)


def test_what_is_not_known_keeps_its_spelling(tmp_path: Path) -> None:
    """Numbers of JSON lines stay as they are written, also those that no float can hold."""
    numbers = '{"a": 1.10, "b": [1e999, 12345678901234567890.123], "c": 1E5, "d": "\\u00e9", "e": null}'
    text = f'{{"id": "0704.0001", "daily_accesses": [1.0], "category": 1.50, "x": {numbers}}}\n'
    (tmp_path / "a.jsonl").write_text(text)
    row = series(tmp_path).row(0, named=True)
    assert row["unverified"] == f'{{"x": {numbers}}}'
    assert (row["category"], row["daily_accesses"]) == ("1.50", [1])


def test_categories_may_be_lists(tmp_path: Path) -> None:
    """Then they are kept as JSON."""
    write(tmp_path, without("category", category=["hep-ph", "hep-ex"]))
    assert series(tmp_path)["category"].to_list() == ['["hep-ph","hep-ex"]']


def test_views_cut_inputs_and_labels(tmp_path: Path) -> None:
    """The first days and the count after five years, as slices of the lists have them."""
    rng = np.random.default_rng(0)
    counts = {name: np.cumsum(rng.poisson(0.1, (3, 2000)), axis=1) for name in ("accesses", "citations")}
    papers = [
        without(id=f"1501.{i}", **{f"cumulative_{name}": days[i].tolist() for name, days in counts.items()})
        for i in range(3)
    ]
    papers[2] |= {f"cumulative_{name}": days[2, :90].tolist() for name, days in counts.items()}
    write(tmp_path, *papers)
    series(tmp_path)
    labels = ed.sql("SELECT * FROM lead_lag_arxiv.labels ORDER BY unit_id")
    assert labels["citations"].to_list() == counts["citations"][:2, 1824].tolist()
    inputs = ed.sql("SELECT * FROM lead_lag_arxiv.lookback_30 ORDER BY unit_id")
    assert inputs["accesses_input"].to_list() == counts["accesses"][:, :30].tolist()
    assert inputs["citations_label"].to_list() == [*labels["citations"], None]
    week = ed.sql("SELECT * FROM lead_lag_arxiv.lookback(7, 90) ORDER BY unit_id")
    assert week["citations_input"].to_list() == counts["citations"][:, :7].tolist()
    assert week["citations_label"].to_list() == counts["citations"][:, 89].tolist()


def test_the_sample_has_what_is_not_known() -> None:
    """Both containers, both styles of ids, both kinds of counts, and columns nobody knows the meaning of."""
    release = ed.load("lead-lag/arxiv", sample=True)
    frame = release["series"].lazy().collect()
    assert set(frame["split"]) == {"train", "val", "labeled_test", "unlabeled_test", "train_extra"}
    assert frame["unit_id"].is_unique().all()
    assert frame["unit_id"].str.contains("hep-th/").sum()
    assert frame["violations"].list.len().sum() == 0
    assert frame["daily_accesses"].null_count() == frame.height - (frame["split"] == "unlabeled_test").sum()
    assert release["series"].record.unverified == ("cumulative_citations_offset", "id2", "submitted_date")
