"""A release as Python sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.canonical import EVENT
from tests.conftest import ROOT
from tests.toys import good_clicks, toyshop, write_clicks, write_pages  # noqa: F401


@pytest.fixture
def release(tmp_path: Path) -> ed.Release:
    """Three good clicks and a bad one."""
    return ed.load("shop/clicks", source=write_clicks(tmp_path, [*good_clicks(3), "x,1,view,,"]))


def test_it_is_a_mapping_of_tables(release: ed.Release) -> None:
    """With the tables in their declared order."""
    assert list(release) == ["events", "items"]
    assert len(release) == 2
    assert "events" in release
    assert "clicks" not in release
    assert len(release["events"]) == 3
    assert repr(release["events"]) == "<shop/clicks events: 3 rows, 6 columns>"
    assert "shop/clicks" in repr(release)


def test_an_unknown_table_is_named(release: ed.Release) -> None:
    """With those there are."""
    with pytest.raises(ed.UsageError, match="no table 'clicks'") as caught:
        release["clicks"]
    assert caught.value.hint == "its tables are events, items"
    with pytest.raises(KeyError):
        release["clicks"]
    assert release.get("clicks") is None


def test_lazy_is_typed_by_the_schema(release: ed.Release) -> None:
    """The very types that the loader declares, enums included."""
    schema = ed.loader("shop/clicks").table("events").schema
    frame = release["events"].lazy().collect()
    assert dict(frame.schema) == {name: column.dtype for name, column in schema.columns().items()}
    assert frame.schema["event"] == EVENT
    schema.validate(frame)


def test_arrow_reads_the_same(release: ed.Release) -> None:
    """As a dataset, without loading it all."""
    table = release["events"].arrow().to_table(columns=["user_id", "price"])
    assert table.to_pydict() == {"user_id": [1, 2, 3], "price": [0.5, 1.5, 2.5]}


def test_hugging_face_reads_the_same(
    release: ed.Release, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a ``datasets.Dataset``."""
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    dataset = release["events"].hf()
    assert dataset.num_rows == 3
    assert dataset[0]["item_id"] == 0


def test_a_table_without_rows_is_one_in_hugging_face_too(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the features that it has with rows."""
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    full = ed.load("shop/clicks", source=write_clicks(tmp_path / "full", good_clicks(1)))
    empty = ed.load("shop/clicks", source=write_clicks(tmp_path / "empty", []), home=tmp_path / "home")
    assert empty["events"].hf().num_rows == 0
    assert empty["events"].hf().features == full["events"].hf().features


def test_threads_read_with_hugging_face_at_once(release: ed.Release, home: Path) -> None:
    """In a process that has not yet: its bars take their lock away from one another."""
    code = """
import sys
import threading
import datasets
import ecomdata as ed
sys.setswitchinterval(1e-6)
table = ed.open("shop/clicks")["events"]
start, rows = threading.Barrier(24), []
def read():
    start.wait()
    rows.append(table.hf().num_rows)
threads = [threading.Thread(target=read) for _ in range(24)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(rows)
"""
    assert release
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(home / "hf")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.splitlines() == [str([3] * 24)], done.stderr


def test_days_in_duckdb_are_those_of_utc(tmp_path: Path) -> None:
    """As in ed.sql, and not those of the machine: here it is six hours later."""
    code = """
import ecomdata as ed
events = ed.open("taobao/user-behavior")["interactions"]
days = events.relation().aggregate("timestamp::date AS day, count(*) AS n", "day").order("day")
query = "SELECT timestamp::date AS day, count(*) AS n FROM interactions GROUP BY day ORDER BY day"
print(days.fetchall() == ed.sql(query).rows())
"""
    ed.load("taobao/user-behavior", sample=True, limit=500)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "Asia/Dhaka"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("damage", ["missing", "cut"])
@pytest.mark.parametrize(
    "work",
    [
        lambda: ed.dedup("shop/clicks", table="events", column="note"),
        lambda: ed.dedup("shop/pages", table="views", column="item_id", against="shop/clicks.events.note"),
        lambda: ed.embed("shop/clicks", table="events", column="note"),
        lambda: ed.describe_languages("shop/clicks", table="events", column="note"),
    ],
)
def test_long_work_on_damaged_files_names_them_first(
    work: Callable[[], object], damage: str, release: ed.Release, tmp_path: Path
) -> None:
    """And says what to do; Arrow's own error was called unexpected."""
    ed.load("shop/pages", source=write_pages(tmp_path / "pages"))
    (path,) = release["events"].paths
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ed.DataError, match=r"part-00000\.parquet (is missing|has 100 bytes)") as caught:
        work()
    assert caught.value.hint.startswith("make them again: ecomdata load shop/clicks --force")


def test_duckdb_reads_the_same(release: ed.Release) -> None:
    """On a connection of its own or on the user's."""
    assert release["events"].relation().aggregate("count(*)").fetchall() == [(3,)]
    with duckdb.connect() as connection:
        events = release["events"].relation(connection)
        assert events.max("price").fetchall() == [(2.5,)]


def test_rejected_rows_are_a_frame(release: ed.Release) -> None:
    """With place, reasons and content; an empty one of the same columns where there are none."""
    rejected = release["events"].rejected()
    assert rejected.rows() == [
        ("202305/clicks.csv", 5, ["user: 'x' is not an integer (int64)"], "x,1,view,,", None)
    ]
    assert release["items"].rejected().schema == rejected.schema
    assert release["items"].rejected().is_empty()


def test_what_is_loaded_can_be_opened(release: ed.Release, tmp_path: Path) -> None:
    """In this home, and not in another."""
    assert ed.open("shop/clicks").folder == release.folder
    with pytest.raises(ed.UsageError, match="is not loaded") as caught:
        ed.open("shop/clicks", home=tmp_path)
    assert caught.value.hint == "run: ecomdata load shop/clicks"


@pytest.mark.parametrize(
    "name",
    [
        "shop/click",
        "shop",
        "nothing",
        "../store/shop/clicks",
        "/shop/clicks",
        "shop/clicks/",
        "/etc",
        "a\0b",
        "",
    ],
)
def test_an_unknown_dataset_cannot_be_opened(release: ed.Release, name: str) -> None:
    """Nor does a name lead out of the store."""
    assert release
    with pytest.raises(ed.UsageError):
        ed.open(name)


def test_a_misspelt_dataset_is_answered_with_near_names() -> None:
    """Not with a load that would fail too."""
    with pytest.raises(ed.UsageError, match="no dataset is called") as caught:
        ed.open("shop/cliks")
    assert "did you mean shop/clicks" in caught.value.hint


def test_lists_come_back_as_lists(tmp_path: Path) -> None:
    """In polars and in Arrow."""
    views = ed.load("shop/pages", source=write_pages(tmp_path))["views"]
    assert views.lazy().collect()["tags"].dtype == pl.List(pl.Int64)
    assert views.arrow().to_table()["tags"].to_pylist() == [[1, 2], [1, 2]]
