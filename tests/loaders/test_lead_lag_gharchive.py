"""GH Archive's events in their three shapes, and the series counted from them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from ecomdata.release import Release

TIMELINE = {
    "created_at": "2014-06-01T17:05:33-07:00",
    "payload": {"action": "started"},
    "type": "WatchEvent",
    "actor": "someone",
    "repository": {"id": 7, "owner": "Some", "name": "Thing", "created_at": "2012-01-01T00:00:00-08:00"},
}
"""In the afternoon in California, and the next day in UTC."""


def event(kind: str, when: str, name: str = "a/b", number: int = 1, **payload: object) -> dict[str, object]:
    """An event as the Events API gives it."""
    return {
        "id": "1",
        "type": kind,
        "actor": {"id": 1, "login": "someone"},
        "repo": {"id": number, "name": name},
        "payload": payload,
        "created_at": when,
    }


def load(folder: Path, events: list[dict[str, object]], name: str = "") -> Release:
    """Load one hour of that name, or one for each day of the events."""
    hours: dict[str, bytes] = {}
    for one in events:
        hour = name or f"{str(one['created_at'])[:10]}-3.json.gz"
        hours[hour] = hours.get(hour, b"") + json.dumps(one).encode() + b"\n"
    for hour, data in hours.items():
        (folder / hour).write_bytes(gzip.compress(data) if hour.endswith(".gz") else data)
    return ed.load("lead-lag/gharchive", source=folder)


def test_the_hundred_real_events(real: Path) -> None:
    """50 pushes, 13 stars, 6 forks and 21 creations; the ten others are dropped by a declared rule."""
    release = ed.load("lead-lag/gharchive", source=real / "gharchive")
    counted = Counter(release["events"].lazy().collect()["event"].to_list())
    assert counted == {"push": 50, "star": 13, "fork": 6, "create": 21}
    assert sum(release.manifest.tables["events"].dropped.values()) == 10
    series = release["series"].lazy().collect()
    assert [series[f"cumulative_{c}"].list.last().sum() for c in ("pushes", "stars", "forks", "creates")] == [
        50,
        13,
        6,
        21,
    ]
    assert "someone@" not in series.write_json() + release["events"].lazy().collect().write_json()


def test_the_timeline_shape_is_read_in_utc(tmp_path: Path) -> None:
    """Owner and name make the name, Pacific time is taken off, and there is no id of the event."""
    events = load(tmp_path, [TIMELINE], "2014-06-01-17.json")["events"].lazy().collect()
    assert events.rows(named=True) == [
        {
            "repo_name": "Some/Thing",
            "event": "star",
            "timestamp": datetime(2014, 6, 2, 0, 5, 33, tzinfo=UTC),
            "repo_id": 7,
            "ref_type": None,
            "repo_created_at": datetime(2012, 1, 1, 8, tzinfo=UTC),
            "event_id": None,
        }
    ]


def test_the_shape_since_october_2025_counts_the_same(tmp_path: Path) -> None:
    """A push without commits is one push, a fork with an action is a fork."""
    when = "2025-10-20T07:00:00Z"
    release = load(
        tmp_path, [event("PushEvent", when, push_id=1), event("ForkEvent", when, action="forked", forkee={})]
    )
    assert release["events"].lazy().collect()["event"].to_list() == ["push", "fork"]


def test_a_series_starts_where_the_repository_was_created(tmp_path: Path) -> None:
    """Days without events repeat the count, and every series ends on the record's last day."""
    series = (
        load(
            tmp_path,
            [
                event("CreateEvent", "2019-11-25T10:00:00Z", ref_type="repository"),
                event("CreateEvent", "2019-11-25T10:00:01Z", ref_type="branch"),
                event("PushEvent", "2019-11-27T00:00:00Z"),
                event("PushEvent", "2019-11-27T23:59:59Z"),
                event("ForkEvent", "2019-11-29T12:00:00Z"),
                event("WatchEvent", "2019-11-28T12:00:00Z", "c/d", 2, action="started"),
            ],
        )["series"]
        .lazy()
        .collect()
    )
    created, seen = series.rows(named=True)
    assert created["unit_id"] == "a/b"
    assert created["created_date"] == date(2019, 11, 25)
    assert not created["inferred_birth"]
    assert created["cumulative_pushes"] == [0, 0, 2, 2, 2]
    assert created["cumulative_creates"] == [2, 2, 2, 2, 2]
    assert created["cumulative_forks"] == [0, 0, 0, 0, 1]
    assert (created["first_pushes"], created["first_forks"], created["first_stars"]) == (2.0, 4.0, None)
    assert created["observed_days"] == 5
    assert seen["created_date"] == date(2019, 11, 28)
    assert seen["inferred_birth"]
    assert seen["cumulative_stars"] == [1, 1]


def test_a_birth_before_the_record_is_told_and_not_filled_with_zeros(tmp_path: Path) -> None:
    """What happened between the creation and the record's first day is not known."""
    row = load(tmp_path, [TIMELINE], "2014-06-01-17.json")["series"].lazy().collect().row(0, named=True)
    assert row["said_created"] == date(2012, 1, 1)
    assert row["created_date"] == date(2014, 6, 2)
    assert row["inferred_birth"]


def test_names_and_ids_are_kept_apart(tmp_path: Path) -> None:
    """A renamed repository has two names with one id, and is two series."""
    release = load(
        tmp_path,
        [
            event("PushEvent", "2019-11-25T10:00:00Z", "a/old", 5),
            event("PushEvent", "2019-11-26T10:00:00Z", "a/new", 5),
        ],
    )
    assert release["names"].lazy().collect().select("repo_name", "repo_id").rows() == [
        ("a/new", 5),
        ("a/old", 5),
    ]
    assert release["series"].lazy().collect()["unit_id"].to_list() == ["a/new", "a/old"]


def test_what_is_not_an_event_is_rejected_and_the_rest_counted(tmp_path: Path) -> None:
    """No type, a time without a zone, a name that is none: each with its reason."""
    release = load(
        tmp_path,
        [
            event("PushEvent", "2019-11-27T03:00:00Z"),
            {**event("PushEvent", "2019-11-27T03:00:00Z"), "type": None},
            event("PushEvent", "2019-11-27 03:00"),
            event("PushEvent", "2019-11-27T03:00:00Z", "nobody"),
            event("WatchEvent", "2019-11-27T03:00:00Z", action="stopped"),
        ],
    )
    record = release.manifest.tables["events"]
    assert (record.read, record.written, record.rejected) == (5, 1, 3)
    assert dict(record.dropped) == {"a WatchEvent with another action than started": 1}
    assert release["events"].rejected().select("row", "reasons").rows() == [
        (2, ["event is null"]),
        (3, ["created_at is no usable time"]),
        (4, ["repo_name does not have the expected form"]),
    ]


@pytest.mark.parametrize("year", ["1970", "2100", "9999"])
def test_an_event_of_another_year_than_the_file_is_rejected(tmp_path: Path, year: str) -> None:
    """It would draw out every series, and what the record begins or ends with."""
    days = ("2019-11-26T23:59:59.5Z", "2019-11-27T03:00:00Z", "2019-11-28T00:00:00Z")
    events = [event("PushEvent", when) for when in (*days, f"{year}-11-27T03:00:00Z")]
    release = load(tmp_path, events, "2019-11-27-3.json.gz")
    assert release["series"].lazy().collect()["cumulative_pushes"].to_list() == [[1, 2, 3]]
    assert release["events"].rejected().select("row", "reasons").rows() == [
        (4, ["created_at is days away from the hour that the file's name says"])
    ]


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    """The name of an hour alone is not enough."""
    (tmp_path / "2019-11-27-3.json").write_text('{"a": 1}\n')
    with pytest.raises(DataError, match="created_at"):
        ed.load("lead-lag/gharchive", source=tmp_path)


def test_labels_and_lookbacks_are_cut_where_the_user_says(tmp_path: Path) -> None:
    """Inputs are the first days, the label is the count on day ``horizon``, null for younger units."""
    load(
        tmp_path,
        [
            event("CreateEvent", "2019-11-20T10:00:00Z", ref_type="repository"),
            event("PushEvent", "2019-11-21T00:00:00Z"),
            event("ForkEvent", "2019-11-23T12:00:00Z"),
            event("PushEvent", "2019-11-25T00:00:00Z"),
            event("PushEvent", "2019-11-23T00:00:00Z", "c/d", 2),
        ],
    )
    found = ed.sql("select * from lead_lag_gharchive.lookback(2, 4) order by unit_id")
    assert found["pushes_input"].to_list() == [[0, 1], [1, 1]]
    assert found["forks_label"].to_list() == [1, None]
    assert ed.sql("select unit_id, pushes, forks from lead_lag_gharchive.labels_at(4)").rows() == [
        ("a/b", 1, 1)
    ]


def test_labels_inside_their_inputs_are_refused(tmp_path: Path) -> None:
    """A label within the input is no forecast, and places below 1 would be counted from the end."""
    load(tmp_path, [event("PushEvent", f"2019-11-2{day}T00:00:00Z") for day in range(5)])
    for days in ("3, 3", "4, 2", "0, 2", "-1, 2"):
        with pytest.raises(UsageError, match="horizon is more than days"):
            ed.sql(f"select * from lead_lag_gharchive.lookback({days})")  # noqa: S608
    for horizon in ("0", "-1"):
        with pytest.raises(UsageError, match="horizon is 1 at least"):
            ed.sql(f"select * from lead_lag_gharchive.labels_at({horizon})")  # noqa: S608


def test_hours_that_are_missing_show_in_the_coverage(tmp_path: Path) -> None:
    """Each day has the number of hours with events."""
    release = load(tmp_path, [event("PushEvent", f"2019-11-27T0{hour}:00:00Z") for hour in (1, 1, 3)])
    assert release["coverage"].lazy().collect().rows() == [(date(2019, 11, 27), 2, 3)]


def test_a_sample_of_a_few_rows_loads(tmp_path: Path) -> None:
    """The line that breaks off is never all that a file has."""
    ed.sample("lead-lag/gharchive", tmp_path / "raw", rows=7)
    record = ed.load("lead-lag/gharchive", source=tmp_path / "raw").manifest.tables["events"]
    assert (record.rejected, record.read) == (2, 12)


def test_the_sample_has_three_shapes(tmp_path: Path) -> None:
    """Offsets of 2014, ids of 2015 on, no commits in 2025."""
    files = ed.sample("lead-lag/gharchive", tmp_path / "raw", rows=500)
    assert [path.name for path in files] == [
        "2014-12-31-22.json.gz",
        "2014-12-31-23.json.gz",
        "2015-01-01-0.json.gz",
        "2019-11-27-3.json.gz",
        "2025-10-20-7.json.gz",
    ]
    release = ed.load("lead-lag/gharchive", source=tmp_path / "raw")
    events = release["events"].lazy().collect()
    assert events.filter(pl.col("event_id").is_null())["timestamp"].dt.year().unique().to_list() == [2014]
    assert release.manifest.tables["events"].rejected == 5
