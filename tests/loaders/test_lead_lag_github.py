"""lead-lag/github: upstream's wide rows, its own splits, and what breaks the checks is said and kept."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ecomdata as ed
from ecomdata.errors import DataError

LISTS = ("pushes_w_creates", "pushes", "stars", "forks")
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("platforms", pa.list_(pa.string())),
        ("created_date", pa.timestamp("ms")),
        *((f"first_{name}", pa.float64()) for name in ("create", "push", "star", "fork")),
        *((f"cumulative_{name}", pa.list_(pa.int64())) for name in LISTS),
    ]
)
"""Upstream's columns as the card at 2473a17 has them, written down here a second time on purpose."""

Steps = dict[int, int]


class Real(NamedTuple):
    """A row of the Hub's viewer; its lists as the days on which they change."""

    id: str
    platforms: list[str]
    created: date
    firsts: tuple[int | None, int | None, int | None, int | None]
    steps: tuple[Steps, Steps, Steps, Steps]


VIEWER = (
    Real("0-0-1/holds", ["cargo"], date(2018, 6, 12), (0, None, None, None), ({0: 2}, {}, {}, {})),
    Real(
        "11ways/create-alchemy",
        ["npm"],
        date(2019, 7, 6),
        (None, 1317, None, None),
        ({1317: 1}, {1317: 1}, {}, {}),
    ),
    Real(
        "13d-io/maybe-just-maybe",
        ["npm"],
        date(2018, 9, 23),
        (0, 0, 12, None),
        ({0: 3, 3: 4, 7: 5, 8: 10}, {0: 1, 3: 2, 7: 3, 8: 8}, {12: 1}, {}),
    ),
    Real(
        "17twenty/storage",
        ["go"],
        date(2016, 10, 13),
        (None, 1431, None, None),
        ({1431: 1}, {1431: 1}, {}, {}),
    ),
    Real(
        "23andMe/Yamale",
        ["homebrew", "pypi", "conda"],
        date(2014, 1, 27),
        (23, 15, 15, 15),
        ({15: 1, 16: 2, 23: 4}, {15: 1, 16: 2, 23: 3}, {15: 1}, {15: 1}),
    ),
    Real(
        "335g/rustiff",
        ["cargo"],
        date(2018, 5, 5),
        (122, 125, 135, 1006),
        ({122: 1, 125: 3}, {125: 2}, {135: 1}, {1006: 1}),
    ),
    Real("youngwind/jquery.cursor", ["bower"], date(2016, 3, 5), (None,) * 4, ({}, {}, {}, {})),
    Real("zacclark/exam", ["rubygems"], date(2012, 10, 9), (None,) * 4, ({}, {}, {}, {})),
)
"""Rows of LeadLagForecasting/llf_github, split train, CC BY 4.0, by the authors of arXiv 2511.03877.

Published are ids, platforms, dates, firsts, and how cumulative_pushes_w_creates begins. The other lists, and
every list from where the viewer cuts it off, are made up so that the firsts fit.
"""


def days_of(steps: Steps, length: int) -> list[int]:
    """Counts up to each day, given the days on which they change."""
    counts = np.zeros(length, np.int64)
    for day, count in sorted(steps.items()):
        counts[day:] = count
    return [int(count) for count in counts]


def row(real: Real, **changed: Any) -> dict[str, Any]:
    """A raw row, observed until the end of 2024."""
    length = (date(2024, 12, 31) - real.created).days + 1
    values: dict[str, Any] = {
        "id": real.id,
        "platforms": real.platforms,
        "created_date": datetime(*real.created.timetuple()[:3]),  # noqa: DTZ001 - upstream's has no zone
        **dict(zip(("first_create", "first_push", "first_star", "first_fork"), real.firsts, strict=True)),
    }
    lists = {f"cumulative_{n}": days_of(steps, length) for n, steps in zip(LISTS, real.steps, strict=True)}
    return {**values, **lists, **changed}


def write(folder: Path, *rows: dict[str, Any], name: str = "train-00000-of-00176.parquet") -> Path:
    """A shard of upstream's."""
    path = folder / "data" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), path)
    return path


def series(folder: Path) -> pl.DataFrame:
    """The table that a load makes of a folder."""
    return ed.load("lead-lag/github", source=folder, force=True)["series"].lazy().collect()


YAMALE = VIEWER[4]


def test_a_packed_shard_has_its_split(tmp_path: Path) -> None:
    """The .gz at its end is no part of the name that says it."""
    path = write(tmp_path, row(YAMALE))
    (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert series(tmp_path)["split"].to_list() == ["train"]


def test_the_rows_of_the_viewer_pass_their_checks(tmp_path: Path) -> None:
    """All eight, each value under its canonical name and type, with nothing lost."""
    write(tmp_path, *map(row, VIEWER))
    frame = series(tmp_path)
    assert frame["violations"].to_list() == [[]] * 8
    assert frame["unit_id"].to_list() == [real.id for real in VIEWER]
    found = frame.row(4, named=True)
    given = row(YAMALE)
    assert found["created_date"] == date(2014, 1, 27)
    assert found["created_at"] == given["created_date"]
    assert (found["split"], found["observed_days"], found["inferred_birth"]) == ("train", 3992, False)
    for name in (*(f"cumulative_{name}" for name in LISTS), "platforms", "first_push", "first_create"):
        assert found[name] == given[name]
    assert found["cumulative_pushes_w_creates"][:25] == [0] * 15 + [1] + [2] * 7 + [4] * 2
    starts = {"0-0-1/holds": [2] * 9, "13d-io/maybe-just-maybe": [3, 3, 3, 4, 4, 4, 4, 5, 10]}
    for unit, start in starts.items():
        assert frame.filter(unit_id=unit)["cumulative_pushes_w_creates"][0].to_list()[:9] == start


def changed_list(name: str, day: int, count: int | None) -> dict[str, Any]:
    """The row of Yamale with another count on one day."""
    days = list(row(YAMALE)[f"cumulative_{name}"])
    days[day] = count
    return row(YAMALE, **{f"cumulative_{name}": days})


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        (changed_list("stars", 100, 0), ["cumulative_stars_decreases"]),
        (changed_list("stars", 0, -1), ["cumulative_stars_negative"]),
        (changed_list("forks", 3990, None), ["cumulative_forks_has_nulls", "cumulative_forks_decreases"]),
        (changed_list("pushes", 3991, 9), ["pushes_above_pushes_w_creates"]),
        (
            row(YAMALE, cumulative_forks=[0]),
            ["lengths_differ", "first_fork_is_not_the_first", "labelled_shorter_than_horizon"],
        ),
        (row(YAMALE, cumulative_stars=None), ["lengths_differ"]),
        (row(YAMALE, first_star=14.0), ["first_star_is_not_the_first"]),
        (row(YAMALE, first_star=16.0), ["first_star_is_not_the_first"]),
        (row(YAMALE, first_star=15.5), ["first_star_is_not_the_first"]),
        (row(YAMALE, first_star=9999.0), ["first_star_is_not_the_first"]),
        (row(YAMALE, first_star=-1.0), ["first_star_is_not_the_first"]),
        (row(YAMALE, first_star=float("nan")), ["first_star_is_not_the_first"]),
        (row(YAMALE, first_star=None), ["first_star_is_not_the_first"]),
        (row(YAMALE, first_create=15.0), ["first_create_is_not_the_first"]),
        (row(VIEWER[6], first_fork=0.0), ["first_fork_is_not_the_first"]),
        (row(YAMALE, created_date=datetime(2014, 1, 27, 5)), ["created_not_at_midnight"]),  # noqa: DTZ001
    ],
)
def test_what_breaks_a_check_is_said_and_kept(
    tmp_path: Path, broken: dict[str, Any], names: list[str]
) -> None:
    """The row is there as it was, with the names of the checks; its neighbours are not blamed."""
    write(tmp_path, row(VIEWER[0]), broken, row(VIEWER[7]))
    frame = series(tmp_path)
    assert [sorted(found) for found in frame["violations"].to_list()] == [[], sorted(names), []]
    for name in LISTS:
        assert frame[f"cumulative_{name}"].to_list()[1] == broken[f"cumulative_{name}"]


@pytest.mark.parametrize(
    ("split", "days", "names"),
    [
        ("val", 1825, []),
        ("labeled_test", 1824, ["labelled_shorter_than_horizon"]),
        ("unlabeled_test", 1824, []),
        ("unlabeled_test", 1825, ["unlabelled_not_shorter_than_horizon"]),
        ("train_extra", 10, []),
        ("train_extra", 0, []),
    ],
)
def test_a_split_says_how_long_units_were_observed(
    tmp_path: Path, split: str, days: int, names: list[str]
) -> None:
    """Labels need five years, which units without labels do not have; anomalies may have any length."""
    lists = {f"cumulative_{name}": [0] * days for name in LISTS}
    write(tmp_path, row(VIEWER[6], **lists), name=f"{split}-00001-of-00002.parquet")
    frame = series(tmp_path)
    assert frame.select("split", "observed_days", "violations").row(0) == (split, days, names)


def test_views_cut_inputs_and_labels(tmp_path: Path) -> None:
    """The first days and the count after five years, as slices of the lists have them."""
    young = {f"cumulative_{name}": [1] * 100 for name in LISTS}
    raw = [*map(row, VIEWER), row(VIEWER[6], id="zz/young", **young)]
    write(tmp_path, *raw)
    ed.load("lead-lag/github", source=tmp_path)
    counts = {name: [np.array(one[f"cumulative_{name}"]) for one in raw] for name in LISTS}
    labels = ed.sql("SELECT * FROM lead_lag_github.labels ORDER BY unit_id")
    assert labels["unit_id"].to_list() == [real.id for real in VIEWER]
    for name in ("pushes_w_creates", "stars", "forks"):
        assert labels[name].to_list() == [days[1824] for days in counts[name][:-1]]
    inputs = ed.sql("SELECT * FROM lead_lag_github.lookback_30 ORDER BY unit_id")
    for name in ("pushes_w_creates", "stars", "forks"):
        assert inputs[f"{name}_input"].to_list() == [days[:30].tolist() for days in counts[name]]
    assert inputs["forks_label"].to_list() == [*labels["forks"], None]
    assert ed.sql("FROM lead_lag_github.lookback_365").height == len(VIEWER)
    week = ed.sql("SELECT * FROM lead_lag_github.lookback(7, 90) ORDER BY unit_id")
    assert week["stars_input"].to_list() == [days[:7].tolist() for days in counts["stars"]]
    assert week["forks_label"].to_list() == [days[89] for days in counts["forks"]]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("cumulative_stars", pa.array([[0, 1]], pa.large_list(pa.int32()))),
        ("cumulative_stars", pa.array([[0, 1]], pa.list_(pa.field("item", pa.uint8())))),
        ("cumulative_stars", pa.array([[0, 1]], pa.list_(pa.int64(), 2))),
        ("platforms", pa.array([["npm"]], pa.list_(pa.dictionary(pa.int32(), pa.string())))),
        ("created_date", pa.array([datetime(2020, 1, 1)], pa.timestamp("us"))),  # noqa: DTZ001
    ],
)
def test_types_may_be_spelt_otherwise(tmp_path: Path, column: str, values: pa.Array[Any]) -> None:
    """Narrower integers, other kinds of lists, finer times: whatever loses nothing."""
    path = write(tmp_path, row(VIEWER[6]))
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, values), path)
    frame = series(tmp_path)
    name = "created_at" if column == "created_date" else column
    assert frame[name].to_list() == values.to_pylist()


def test_lists_of_another_type_are_drift(tmp_path: Path) -> None:
    """Counts that are no integers would be guessed at; the error names the column and both types."""
    path = write(tmp_path, row(YAMALE))
    table = pq.read_table(path)
    index = table.schema.get_field_index("cumulative_stars")
    pq.write_table(table.set_column(index, "cumulative_stars", pa.array([["1"]])), path)
    with pytest.raises(DataError, match=r"cumulative_stars is List\(String\), declared List\(Int64\)"):
        series(tmp_path)


def test_a_column_less_is_drift(tmp_path: Path) -> None:
    """metadata.json says platform where the files say platforms: near names are named."""
    path = write(tmp_path, row(YAMALE))
    pq.write_table(pq.read_table(path).rename_columns({"platforms": "platform"}), path)
    with pytest.raises(DataError, match="platform may be platforms under another name"):
        series(tmp_path)


def test_a_truncated_file_is_an_error(tmp_path: Path) -> None:
    """It is named, and nothing is loaded."""
    path = write(tmp_path, row(YAMALE))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"train-00000-of-00176\.parquet is a truncated Parquet file"):
        series(tmp_path)


def test_a_unit_without_id_is_rejected(tmp_path: Path) -> None:
    """It cannot be named; its row is in the quarantine with all it holds."""
    write(tmp_path, row(YAMALE), row(YAMALE, id=None))
    release = ed.load("lead-lag/github", source=tmp_path)
    assert release["series"].rejected().select("row", "reasons").row(0) == (2, ["unit_id is null"])


def test_the_sample_has_the_hazards() -> None:
    """All five splits in order of id, silent units, several registries, anomalies where upstream has them."""
    frame = ed.load("lead-lag/github", sample=True)["series"].lazy().collect()
    assert set(frame["split"]) == {"train", "val", "labeled_test", "unlabeled_test", "train_extra"}
    for _, units in frame.group_by("split"):
        assert units["unit_id"].is_sorted()
    assert frame["unit_id"].is_unique().all()
    silent = frame.filter(pl.all_horizontal(pl.col("^first_.*$").is_null()))
    assert silent.height
    assert silent["cumulative_pushes_w_creates"].list.max().to_list() == [0] * silent.height
    assert frame["platforms"].list.len().max() == 2
    broken = frame.filter(pl.col("violations").list.len() > 0)
    assert set(broken["split"]) == {"train_extra"}
    assert {"lengths_differ", "cumulative_stars_decreases"} <= set(broken["violations"].explode())
