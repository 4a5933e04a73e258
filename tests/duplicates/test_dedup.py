from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGINT

import numpy as np
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from tests.toys import toyshop, write_clicks, write_pages  # noqa: F401

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
NAME = "shop/clicks"
LONG = "this thing came after a week and works very well indeed"


def _load(folder: Path, may: Sequence[str], june: Sequence[str] = ()) -> ed.Release:
    """Clicks with these notes, in two months."""
    for month, notes in (("202305", may), ("202306", june)):
        lines = [
            f"1,{number},{'view' if number % 2 else 'cart'},2,{note}" for number, note in enumerate(notes)
        ]
        write_clicks(folder, lines, f"{month}/clicks.csv")
    return ed.load(NAME, source=folder)


def _dedup(**options: object) -> ed.Deduplication:
    return ed.dedup(NAME, table="events", column="note", **options)


def _table(found: ed.Deduplication, name: str) -> pl.DataFrame:
    return pl.read_parquet(Path(found.folder) / f"{name}.parquet")


def test_what_is_found_is_kept_and_nothing_else_changes(tmp_path: Path, home: Path) -> None:
    """Pairs with their similarity, clusters with the kept row, counts; the release is as it was."""
    release = _load(tmp_path, ["other", LONG, "", f"{LONG}!", LONG.upper(), "short"])
    before = {path: path.read_bytes() for path in (home / "store").rglob("*") if path.is_file()}
    found = _dedup(by=["event"])
    assert (found.texts, found.empty, found.clusters, found.removed) == (6, 1, 1, 2)
    assert _table(found, "pairs").rows() == [(1, 3, 0.8), (1, 4, 1.0)]
    assert _table(found, "clusters").rows() == [(1, 1, True, 1.0), (1, 3, False, 0.8), (1, 4, False, 1.0)]
    assert _table(found, "counts").rows() == [
        ("table", "events", 6, 2, 2 / 6),
        ("event", "cart", 3, 1, 1 / 3),
        ("event", "view", 3, 1, 1 / 3),
    ]
    assert Path(found.folder).is_relative_to(home / "duplicates" / "shop" / "clicks" / release.folder.name)
    assert json.loads((Path(found.folder) / "summary.json").read_text())["removed"] == 2
    assert before == {path: path.read_bytes() for path in (home / "store").rglob("*") if path.is_file()}
    assert _dedup(by=["event"]).folder == found.folder
    assert not list((home / "duplicates").rglob(".writing*"))


def test_what_was_found_is_never_missing_while_it_is_found_again(tmp_path: Path) -> None:
    """Another process that looked for the same may be reading it just then."""
    _load(tmp_path / "raw", ["red shoe", "red shoe", "blue hat"])
    clusters = Path(_dedup().folder) / "clusters.parquet"
    ended, missed = threading.Event(), list[bool]()

    def watch() -> None:
        while not ended.is_set():
            if not clusters.exists():
                missed.append(True)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(5):
        _dedup()
    ended.set()
    watcher.join(30)
    assert not missed
    assert [path.name for path in clusters.parent.parent.iterdir()] == [clusters.parent.name]


def test_what_a_killed_run_left_goes(tmp_path: Path) -> None:
    """A folder half-written is gone after the next run."""
    _load(tmp_path, ["other", LONG, f"{LONG}!"])
    folder = Path(_dedup().folder)
    aside = folder.with_name(".writing-0123abcd")
    aside.mkdir()
    (aside / "pairs.parquet").write_bytes(b"half")
    assert Path(_dedup().folder) == folder
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_apply_makes_a_release_without_the_rows(tmp_path: Path, run_cli: RunCli) -> None:
    """Its manifest balances and says why, derived tables follow, the old release remains, both verify."""
    old = _load(tmp_path, [LONG, "a b", f"{LONG} now", "A  b", "c"])
    found = _dedup(apply=True, max_removed=0.5)
    new = ed.open(NAME)
    assert new.folder.name == found.applied != old.folder.name
    assert old["events"].lazy().collect().height == 5
    assert new["events"].lazy().collect()["note"].to_list() == [LONG, "a b", "c"]
    assert new["events"].lazy().collect().schema == old["events"].lazy().collect().schema
    assert new["events"].arrow().schema == old["events"].arrow().schema
    assert new["items"].lazy().collect()["item_id"].to_list() == [0, 1, 4]
    record = new.manifest.tables["events"]
    assert record.dropped == {"duplicate of a kept row (note: word:3, Jaccard >= 0.8)": 2}
    assert record.read == record.written + record.rejected + sum(record.dropped.values()) == 5
    (applied,) = new.manifest.options["dedup"]
    assert (applied["column"], applied["threshold"]) == ("note", 0.8)
    assert not ed.verify(NAME).differences
    assert "duplicates were left out" in ed.validate(NAME).loaded
    assert run_cli("sql", "select count(*) n from shop_clicks.events", "--format", "csv").stdout == "n\n3\n"
    again = _dedup(apply=True)
    assert (again.removed, again.applied) == (0, "")
    assert ed.open(NAME).folder == new.folder
    assert ed.load(NAME, source=tmp_path).folder == old.folder


def test_applying_twice_counts_both(tmp_path: Path) -> None:
    """The second rule stands beside the first, and the sum is that of the rows read."""
    _load(tmp_path, ["a b c", "a b c", f"{LONG} x", f"{LONG} y", "d"])
    _dedup(apply=True, method="exact")
    _dedup(apply=True, max_removed=0.5, keep="longest", ngrams="char:5", threshold=0.7)
    record = ed.open(NAME).manifest.tables["events"]
    assert sorted(record.dropped.values()) == [1, 1]
    assert record.read == record.written + 2 == 5
    assert len(ed.open(NAME).manifest.options["dedup"]) == 2
    assert not ed.verify(NAME).differences


def test_the_newest_stays_by_the_column_that_says_when(tmp_path: Path) -> None:
    """Of the same text, the row with the greatest number; the release then has that one."""
    _load(tmp_path, [LONG, "b", LONG, "c", f"{LONG}!"])
    found = _dedup(keep="newest", newest_by="item_id", apply=True, max_removed=0.5)
    assert _table(found, "clusters").rows() == [(4, 4, True, 1.0), (4, 0, False, 0.8), (4, 2, False, 0.8)]
    assert ed.open(NAME)["events"].lazy().collect()["item_id"].to_list() == [1, 3, 4]


def test_too_many_are_never_removed_unless_told(tmp_path: Path, run_cli: RunCli) -> None:
    """Of the whole table, and of a month of 100 rows or more; what was found is kept all the same."""
    different = [f"note {number} of {number**3} about {number**2}" for number in range(300)]
    release = _load(tmp_path, different, ["again"] * 40 + different[:60])
    with pytest.raises(
        DataError, match=r"month 202306 would lose 99 of 100 rows \(99.0%\), more than 30.0%"
    ) as error:
        _dedup(apply=True, by=["month"])
    assert "--max-removed" in error.value.hint
    assert ed.open(NAME).folder == release.folder
    found = _dedup(by=["month"])
    assert [(group.by, group.value, group.removed) for group in found.stopped] == [("month", "202306", 99)]
    arguments = ("dedup", NAME, "--table", "events", "--column", "note", "--apply")
    assert run_cli(*arguments, "--max-removed", "0.1", code=3).stdout == ""
    assert json.loads(run_cli(*arguments, "--json").stdout)["removed"] == 99


def test_leakage_between_splits(tmp_path: Path) -> None:
    """Rows of the larger split go that the smaller one has too; what is twice in one split stays."""
    _load(tmp_path, [LONG, "x y", "x y", "own", "other"], ["X y", f"{LONG}.", "alone"])
    found = _dedup(split_column="month")
    assert _table(found, "clusters").filter(~pl.col("kept")).rows() == [
        (5, 1, False, 1.0, "202305"),
        (5, 2, False, 1.0, "202305"),
        (6, 0, False, 0.8, "202305"),
    ]
    pairs = _table(found, "pairs").sort("row").rows()
    assert pairs == [
        (0, "202305", 6, "202306", 0.8),
        (1, "202305", 5, "202306", 1.0),
        (2, "202305", 5, "202306", 1.0),
    ]
    shares = _table(found, "counts").select("by", "value", "removed").rows()
    assert shares == [("table", "events", 3), ("month", "202305", 3), ("month", "202306", 0)]
    assert _dedup(split_column="month", apply=True, max_removed=0.6).removed == 3
    assert ed.open(NAME)["events"].lazy().collect()["note"].to_list() == [
        "own",
        "other",
        "X y",
        f"{LONG}.",
        "alone",
    ]


def test_leakage_against_another_table(tmp_path: Path) -> None:
    """Rows go that the other table has too; the other table is not touched, nor what is twice in this one."""
    _load(tmp_path / "clicks", ["page one", "b", "twice", "twice"])
    ed.load("shop/pages", source=write_pages(tmp_path / "pages", ["z", "Page  one", "z"]))
    found = _dedup(against="shop/pages.views.item_id", method="exact")
    assert (found.texts, found.removed) == (7, 1)
    assert _table(found, "pairs").rows() == [
        (0, "shop/clicks.events.note", 1, "shop/pages.views.item_id", 1.0)
    ]
    rows = _table(found, "clusters").select("cluster", "row", "kept", "side").rows()
    assert rows == [
        (1, 1, True, "shop/pages.views.item_id"),
        (1, 0, False, "shop/clicks.events.note"),
    ]
    page = tmp_path / "page.html"
    _dedup(against="shop/pages.views.item_id", report=page)
    assert "row 1 stays" in page.read_text()


def test_titles_that_stand_in_both_parts_of_oa_mine(real: Path) -> None:
    """Three titles of OA-Mine stand in its test and in its train part, and two twice in train."""
    parts = [pl.read_ndjson(real / "oa_mine" / f"{part}.jsonl")["input"] for part in ("test", "train")]
    sides = np.repeat(np.arange(2, dtype=np.uint8), [len(part) for part in parts])
    for method in ("exact", "near"):
        found = ed.find_duplicates(parts, sides=sides, method=method)
        same = found.pairs.filter(pl.col("jaccard") == 1.0)
        assert [(test, train - len(parts[0])) for test, train, _ in same.iter_rows()] == [
            (405, 1295),
            (411, 1199),
            (437, 1191),
        ]
        repeats = ed.find_duplicates(parts[1], method=method).pairs
        assert repeats.filter(pl.col("jaccard") == 1.0).select("row", "other").rows() == [
            (1102, 1142),
            (1193, 1258),
        ]


def test_the_page_shows_texts_as_texts(tmp_path: Path) -> None:
    """Markup and control characters of the data are shown, not obeyed; long texts are cut; all is in it."""
    evil = "<script>alert(1)</script> \x1b]0;title\x07 \u202e good value for the money you pay here today"
    _load(tmp_path, [evil, f"{evil} again", "x" * 5000, "X" * 5000])
    page = tmp_path / "page.html"
    _dedup(report=page)
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not {"\x1b", "\u202e", "\x07"} & set(text)
    assert "<mark>" in text
    assert "more" in text
    assert len(text) < 20_000
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")


def test_a_threshold_may_be_numpy_s(tmp_path: Path) -> None:
    """It stands in the summary as a number."""
    _load(tmp_path, ["a b c d", "a b c d"])
    assert _dedup(threshold=np.float32(0.5)).options["threshold"] == 0.5


def test_the_page_writes_bengali_and_emoji_as_they_are(tmp_path: Path) -> None:
    """Joiners cannot be seen, but say how letters are written: no word is broken by their numbers."""
    text = "এই র\u200d্যাম অনেক ভালো দাম কম এবং ডেলিভারি দ্রুত \U0001f926\u200d\u2642\ufe0f"
    _load(tmp_path, [text, text])
    page = tmp_path / "page.html"
    _dedup(report=page)
    shown = page.read_text("utf-8")
    assert shown.count(text) == 2
    assert '@font-face { font-family: "Ecomdata Sans Bengali"; src: url(data:font/woff' in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"column": "nota"}, "no column 'nota'"),
        ({"column": "price"}, "holds Float64, not texts"),
        ({"table": "clicks"}, "no table 'clicks'"),
        ({"by": ["x"]}, "no column 'x'"),
        ({"keep": "newest"}, "which row is newest"),
        ({"keep": "newest", "newest_by": "note"}, "no times"),
        ({"keep": "best"}, "keep 'best'"),
        ({"split_column": "event", "against": "shop/clicks.items"}, "exclude each other"),
        ({"split_column": "user_id"}, "one value only"),
        ({"split_column": "month", "keep": "longest"}, "not the longest"),
        ({"against": "shop/clicks.events"}, "compared with itself"),
        ({"against": "shop/clicks"}, "names no table"),
        ({"against": "shop/pages.views"}, "not loaded"),
        ({"threshold": 0.0}, "threshold"),
        ({"ngrams": "word"}, "no n-grams"),
        ({"ngrams": "word:65"}, "not made"),
        ({"normalize": ["nfkc"]}, "'nfkc'"),
        ({"memory": "much"}, "amount of memory"),
        ({"max_removed": 1.5}, "no share"),
        ({"jobs": 0}, "jobs"),
        ({"by": "nowhere"}, "no column 'nowhere'"),
        ({"memory": 10**9}, "amount of memory"),
        ({"report": "nowhere/page.html"}, "is no folder"),
        ({"report": "."}, "is a folder"),
        ({"newest_by": "item_id"}, "--newest-by says nothing where the first is kept"),
        ({"method": "exact", "ngrams": "char:5"}, "--ngrams says nothing to --method exact"),
        ({"method": "semantic", "ngrams": "char:5"}, "--ngrams says nothing"),
        ({"method": "semantic", "normalize": []}, "--normalize says nothing"),
        ({"embeddings": "events_note_lsa"}, "--embeddings says nothing to --method near"),
        ({"encoder": "sentence-transformers:x"}, "--encoder says nothing"),
        ({"search": "cells"}, "--search says nothing"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(tmp_path: Path, options: dict[str, object], said: str) -> None:
    """Before anything is read, with what to do."""
    _load(tmp_path, ["a", "b"], ["c"])
    with pytest.raises(UsageError, match=said) as error:
        ed.dedup(NAME, **{"table": "events", "column": "note", **options})
    assert error.value.hint


def test_lists_are_no_splits(tmp_path: Path) -> None:
    """And what the column holds is told."""
    ed.load("shop/pages", source=write_pages(tmp_path))
    with pytest.raises(UsageError, match=r"shop/pages views tags holds List.*, no splits"):
        ed.dedup("shop/pages", table="views", column="item_id", split_column="tags")


def test_the_command_says_what_it_found_and_where(tmp_path: Path, run_cli: RunCli) -> None:
    """Data on stdout, in words or as JSON; a misspelt dataset gets its near name."""
    _load(tmp_path, [LONG, LONG, "x"])
    arguments = ("dedup", NAME, "--table", "events", "--column", "note")
    done = run_cli(*arguments, "--normalize", "", "--by", "month", "--report", str(tmp_path / "page.html"))
    assert "3 texts (0 empty), 1 clusters, 1 rows are duplicates" in done.stdout
    folder = Path(done.stdout.strip().splitlines()[-1])
    assert {file.name for file in folder.iterdir()} == {
        "clusters.parquet",
        "counts.parquet",
        "pairs.parquet",
        "summary.json",
    }
    assert "1 rows are duplicates; nothing goes without --apply" in done.stdout
    assert json.loads(run_cli(*arguments, "--json").stdout)["counts"][0]["removed"] == 1
    assert "did you mean shop/clicks" in run_cli("dedup", "shop/click", *arguments[2:], code=2).stderr
    assert "pip install" in run_cli(*arguments, "--device", "cuda", code=2).stderr
    _load(tmp_path, [LONG, "x"])
    assert "0 rows are duplicates; nothing goes\n" in run_cli(*arguments, "--apply").stdout


def test_ctrl_c_ends_a_search() -> None:
    """At once, though all threads are at work."""
    code = (
        "import itertools, polars as pl, ecomdata as ed\n"
        "texts = pl.Series([f'text number {i} of {i * i}' for i in range(20000)])\n"
        "print('go', flush=True)\n"
        "ed.find_duplicates(itertools.repeat(texts))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "go\n"
        time.sleep(2)
        child.send_signal(SIGINT)
        _, err = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in err.splitlines()[-1]
