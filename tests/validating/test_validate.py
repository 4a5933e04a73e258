"""Figures and rules over a loaded shop: what passes, what fails, and what cannot be said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.registry import loader
from ecomdata.store import Store
from ecomdata.validating.builtin import key_rules
from tests.conftest import ROOT, RunCli
from tests.hub.server import Hub
from tests.validating.shops import FIGURE, NAME, RULE, Shop, ruled, shop

__all__ = ["shop"]

CHEAP = "7,99,purchase,5,"


def statuses(found: ed.Validation) -> dict[str, str]:
    """Status of every figure and rule, by name."""
    return {result.name: result.status for result in (*found.figures, *found.rules)}


def rule(found: ed.Validation, name: str) -> Mapping[str, object]:
    """One rule's result."""
    (result,) = [rule for rule in found.rules if rule.name == name]
    return {
        "status": result.status,
        "breaking": result.breaking,
        "checked": result.checked,
        "rows": result.rows,
    }


def test_a_figure_is_compared_on_a_full_load(shop: Shop) -> None:
    """Twenty clicks are published and found."""
    shop.say(FIGURE)
    shop.load()
    (figure,) = ed.validate(NAME).figures
    assert (figure.status, figure.measured, figure.published, figure.difference) == ("passed", 20, 20, 0)
    assert figure.source == "https://example.org/clicks"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("value = 25", "failed"),
        ("value = 25, tolerance = 0.2", "passed"),
        ("value = 25, tolerance = 0.19", "failed"),
        ('value = 25, severity = "warning"', "warning"),
        ("value = 0, tolerance = 20", "passed"),
    ],
)
def test_a_figure_may_differ_by_its_tolerance(shop: Shop, value: str, status: str) -> None:
    """The difference is a share of what is published, and where that is zero the number itself."""
    shop.say(FIGURE.replace("value = 20", value))
    shop.load()
    assert ed.validate(NAME).figures[0].status == status


def test_a_figure_that_has_no_value_is_missed(shop: Shop) -> None:
    """A mean over no rows is null, and no null is equal to what is published."""
    shop.say(FIGURE.replace("count(*) FROM events", "avg(price) FROM events WHERE user_id < 0"))
    shop.load()
    (figure,) = ed.validate(NAME).figures
    assert (figure.status, figure.measured, figure.difference) == ("failed", None, None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sample": True}, "a synthetic sample was loaded"),
        ({"limit": 5}, "at most 5 rows a table were read"),
        ({"only": "202305/*"}, r"only 202305/\* was loaded, and this is about all of it"),
        ({"tables": ["events"]}, "only these tables were loaded: events"),
    ],
)
def test_figures_are_not_applicable_to_a_part(shop: Shop, options: dict[str, object], reason: str) -> None:
    """On a sample, a limit, a glob or some of the tables they are listed with the reason."""
    shop.say(FIGURE)
    if options.get("sample"):
        ed.load(NAME, sample=True)
    else:
        shop.load(**options)
    (figure,) = ed.validate(NAME).figures
    assert (figure.status, figure.measured) == ("not applicable", None)
    assert re.match(reason, figure.reason), figure.reason


def test_what_lay_in_a_folder_is_not_called_all_of_it(tmp_path: Path, run_cli: RunCli) -> None:
    """Who knows whether upstream has more? Tables without any file are named."""
    ed.load("vimrhp", sample=True)
    assert ed.validate("vimrhp").loaded == "a synthetic sample"
    assert run_cli("sample", "banglishrev", str(tmp_path / "raw"), "--rows", "50").returncode == 0
    ed.load("banglishrev", source=tmp_path / "raw")
    assert ed.validate("banglishrev").loaded == "all that was given"
    for archive in (tmp_path / "raw").rglob("*.zip"):
        archive.unlink()
    ed.load("banglishrev", source=tmp_path / "raw")
    assert ed.validate("banglishrev").loaded == "all that was given; without images"


def test_what_came_from_an_address_is_all_of_that(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror may hold less than upstream, and so may the repository that is taken where none is named."""
    shop.load()
    clicks = (shop.folder / "raw" / "202305" / "clicks.csv").read_bytes()
    with Hub() as hub:
        hub.repo("acme/shop", {"202305/clicks.csv": clicks})
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        ed.load(NAME, source="hf://datasets/acme/shop", force=True)
    assert ed.validate(NAME).loaded == "all of hf://datasets/acme/shop"


def test_a_figure_about_a_part_applies_to_just_that(shop: Shop) -> None:
    """``only`` is met by the same --only, or by a folder that holds no more; other files rule it out."""
    shop.say(FIGURE + 'only = "202305/*"\n')
    shop.load(only="202305/*")
    assert ed.validate(NAME).figures[0].status == "passed"
    shop.load(force=True)
    assert ed.validate(NAME).figures[0].status == "passed"
    june = shop.folder / "raw" / "202306" / "clicks.csv"
    june.parent.mkdir()
    june.write_text("user,item,action,price,note\n1,1,view,1,\n")
    shop.load(force=True)
    assert "202306/clicks.csv was loaded too" in ed.validate(NAME).figures[0].reason


@pytest.mark.parametrize("only", ["202305", "202305/", "202305/**", "202305/*"])
def test_a_folder_is_the_same_part_however_it_is_spelt(shop: Shop, only: str) -> None:
    """``--only`` takes a folder's name for all that is in it; what is deeper in it is more than that part."""
    shop.say(FIGURE + 'only = "202305/*"\n')
    shop.load(only=only)
    assert ed.validate(NAME).figures[0].status == "passed"
    deeper = shop.folder / "raw" / "202305" / "more" / "clicks.csv"
    deeper.parent.mkdir()
    deeper.write_text("user,item,action,price,note\n1,1,view,1,\n")
    shop.load(only=only, force=True)
    assert ed.validate(NAME).figures[0].status == "not applicable"


def test_a_figure_about_more_files_needs_them(shop: Shop) -> None:
    """``files`` names what must have been loaded."""
    shop.say(FIGURE + 'files = ["202305/*", "202306/*"]\n')
    shop.load()
    assert ed.validate(NAME).figures[0].reason == "no raw file 202306/* was loaded"


def test_breaking_rows_are_counted_and_shown(shop: Shop) -> None:
    """A rule knows how many rows break it, of how many, and the first of them as text."""
    shop.say(RULE)
    shop.load([CHEAP, "8,98,purchase,500,", "9,97,purchase,6,"])
    assert rule(ed.validate(NAME), "a purchase is dear") == {
        "status": "failed",
        "breaking": 2,
        "checked": 23,
        "rows": (
            {"user_id": "7", "item_id": "99", "price": "5.0"},
            {"user_id": "9", "item_id": "97", "price": "6.0"},
        ),
    }


def test_only_the_first_rows_and_the_start_of_long_values_are_kept(shop: Shop) -> None:
    """A rule that every row breaks does not fill the memory."""
    shop.say(ruled("SELECT repeat('x', 100000) AS long, NULL AS nothing FROM events"))
    shop.load()
    found = rule(ed.validate(NAME), "a purchase is dear")
    assert found["breaking"] == 20
    rows = found["rows"]
    assert isinstance(rows, tuple)
    assert len(rows) == 5
    assert rows[0] == {"long": "x" * 200 + "…", "nothing": None}


def test_a_warning_is_no_failure(shop: Shop, run_cli: RunCli) -> None:
    """A broken rule of severity warning is reported, and the command succeeds."""
    shop.say(RULE.replace('"error"', '"warning"'))
    shop.load([CHEAP])
    assert statuses(ed.validate(NAME))["a purchase is dear"] == "warning"
    assert "a purchase is dear" in run_cli("validate", NAME).stdout


def test_columns_that_should_be_unique(shop: Shop) -> None:
    """``unique`` shows what stands more than once, and how often."""
    shop.say(RULE.split("sql =", maxsplit=1)[0] + 'unique = ["user_id", "item_id"]')
    shop.load(["7,99,view,1,", "7,99,view,2,"])
    found = rule(ed.validate(NAME), "a purchase is dear")
    assert (found["breaking"], found["rows"]) == (1, ({"user_id": "7", "item_id": "99", "rows": "2"},))


def test_rules_see_the_order_of_the_file(shop: Shop) -> None:
    """``row_id`` numbers the rows of a table as they stood in the file."""
    sql = """SELECT * FROM (SELECT price, lag(price) OVER (ORDER BY row_id) AS before FROM events)
        WHERE price < before"""
    shop.say(ruled(sql))
    shop.load(["1,1,view,3,"])
    assert rule(ed.validate(NAME), "a purchase is dear")["rows"] == ({"price": "3.0", "before": "19.5"},)


@pytest.mark.parametrize("text", ["whole = true\n", ""])
def test_rules_that_need_all_rows_are_not_applicable_to_a_part(shop: Shop, text: str) -> None:
    """Such a rule says so, or reads two tables; the limit would break it where the data do not."""
    sql = (
        "SELECT item_id FROM events" if text else "SELECT item_id FROM events ANTI JOIN items USING (item_id)"
    )
    shop.say(ruled(sql) + text)
    shop.load(limit=5)
    (found,) = [rule for rule in ed.validate(NAME).rules if rule.source]
    assert (found.status, found.breaking) == ("not applicable", None)
    assert found.reason.startswith("at most 5 rows")


def test_rules_over_tables_that_are_not_there(shop: Shop) -> None:
    """Who loads some tables gets the rules of those."""
    shop.say(RULE + ruled("FROM events SEMI JOIN items USING (item_id)", "a purchase is known"))
    shop.load(tables=["events"])
    found = {rule.name: rule for rule in ed.validate(NAME).rules if rule.source}
    assert found["a purchase is dear"].status == "passed"
    assert found["a purchase is known"].reason == "not loaded: items"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nothing FROM events", "nothing"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("FROM events; FROM events", "statement"),
        ("DELETE FROM events", "Only SELECT"),
        ("selec", "syntax"),
        ("SELECT * FROM read_text('/etc/passwd')", "Permission|Cannot access"),
        ("SELECT * FROM glob('/*')", "Permission|Cannot access"),
        ("SELECT error('oh') FROM events", "oh"),
    ],
)
def test_a_query_that_is_wrong_or_reaches_out_is_named(shop: Shop, sql: str, said: str) -> None:
    """A dataset's SQL may read that dataset's tables and nothing else; its mistakes name it."""
    shop.say(ruled(sql))
    shop.load()
    with pytest.raises(ed.EcomdataError, match=said) as caught:
        ed.validate(NAME)
    assert "the rule 'a purchase is dear' of shop/clicks" in str(caught.value)


@pytest.mark.parametrize("sql", ["SELECT 1, 2", "SELECT * FROM range(2)", "SELECT 'x'", "SELECT true"])
def test_a_figure_is_one_number(shop: Shop, sql: str) -> None:
    """A query that gives more, less or something else is a mistake in the file."""
    shop.say(FIGURE.replace("SELECT count(*) FROM events", sql))
    shop.load()
    with pytest.raises(ed.EcomdataError, match="the figure 'clicks' of shop/clicks"):
        ed.validate(NAME)


def test_rejected_rows_are_a_warning_with_their_reasons(shop: Shop) -> None:
    """What went to quarantine is summarised."""
    shop.load(["8,98,purchase,,", "x,1,view,,"])
    found = rule(ed.validate(NAME), "no row was rejected")
    assert (found["status"], found["breaking"]) == ("warning", 2)
    rows = found["rows"]
    assert isinstance(rows, tuple)
    assert {row["table"] for row in rows} == {"events"}
    assert any("priced" in row["reason"] for row in rows)


def test_files_that_are_gone_fail_and_nothing_else_is_said(shop: Shop, home: Path) -> None:
    """Over damaged files no figure is measured: it would be a figure of something else."""
    shop.say(FIGURE + RULE)
    shop.load()
    next((home / "store").rglob("events/*.parquet")).unlink()
    found = ed.validate(NAME)
    assert rule(found, "every file is there, with its size")["status"] == "failed"
    assert found.figures[0].status == "not run"
    assert statuses(found)["a purchase is dear"] == "not run"


def test_rows_that_the_manifest_does_not_tell_of_fail(shop: Shop, home: Path) -> None:
    """Counts that do not add up are an error, whoever changed them."""
    shop.load()
    path = next((home / "store").rglob("manifest.json"))
    manifest = json.loads(path.read_text())
    manifest["tables"]["events"]["written"] -= 1
    path.write_text(json.dumps(manifest))
    name = "rows read = rows written + rejected + dropped, and the files hold the rows written"
    found = rule(ed.validate(NAME), name)
    assert (found["status"], found["breaking"]) == ("failed", 1)


def test_nulls_are_counted_for_every_column(shop: Shop) -> None:
    """Every table is told of, without its distributions unless they are asked for."""
    shop.load()
    (events, items) = ed.validate(NAME).profiles
    assert (events.table, events.rows, items.table) == ("events", 20, "items")
    nulls = {column.name: column.nulls for column in events.columns}
    assert nulls == {"user_id": 0, "item_id": 0, "event": 0, "price": 0, "note": 20, "month": 0}
    assert not any(column.bars for column in events.columns)


def test_memory_that_is_not_enough_to_begin_with_is_said(shop: Shop) -> None:
    """Also where it is nothing that a single check asks for."""
    shop.load()
    with pytest.raises(ed.EcomdataError, match="needs more than 1KB of memory; see --memory"):
        ed.validate(NAME, memory="1KB")


def test_too_little_memory_is_said_and_the_rest_goes_on(shop: Shop) -> None:
    """What cannot be computed is not run, and counts neither as passed nor as failed."""
    heavy = "SELECT count(DISTINCT hash(a.range * 1000000 + b.range)) FROM range(3000) a, range(2000) b"
    shop.say(FIGURE.replace("SELECT count(*) FROM events", heavy) + RULE)
    shop.load()
    found = ed.validate(NAME, memory="2MB")
    assert found.figures[0].status == "not run"
    assert "--memory" in found.figures[0].reason
    assert statuses(found)["a purchase is dear"] == "passed"


def test_declared_keys_are_checked_unless_the_file_says_how(home: Path) -> None:
    """A key gives a warning of its own; a rule over the same columns, in any order, takes its place."""
    ed.load("merrec", sample=True)
    dataset, manifest = loader("merrec"), Store(home).manifest("merrec")
    assert manifest
    (given,) = key_rules(dataset, manifest, [])
    assert (given.table, given.unique, given.severity) == ("items", ("item_id", "snapshot"), "warning")
    graver = replace(given, unique=("snapshot", "item_id"), severity="error")
    assert key_rules(dataset, manifest, [graver]) == ()


PRESS_CTRL_C = f"""
import os, signal, threading
import ecomdata as ed
from ecomdata.progress import Silent

class Impatient(Silent):
    def start(self, title, total):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

try:
    ed.validate({NAME!r}, reporter=Impatient())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_ends_a_long_query(shop: Shop, home: Path) -> None:
    """At once, whatever DuckDB is in the middle of, and no spill folder is left."""
    shop.say(FIGURE.replace("count(*) FROM events", "sum(hash(range)) % 7 FROM range(1000000000000)"))
    shop.load()
    done = subprocess.run(
        [sys.executable, "-c", PRESS_CTRL_C],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
    assert not list(home.glob(".validating-*"))
