from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.annotating.database import PROJECT_FILE
from ecomdata.annotating.pool import Choice
from ecomdata.annotating.project import Project
from ecomdata.annotating.starting import init_project
from ecomdata.errors import UsageError
from tests.annotating.projects import task
from tests.conftest import RunCli
from tests.toys import toyshop, write_clicks  # noqa: F401

NAME = "shop/clicks"
NOTES = task(fields=[{"column": "note"}, {"column": "price", "kind": "number"}])


@pytest.fixture
def notes(tmp_path: Path) -> ed.Release:
    """Six clicks, two of which have no note."""
    lines = [
        f"1,{number},view,{number}.5,{note}"
        for number, note in enumerate(("good", "", "<b>&", "ভালো", "", "bad"))
    ]
    return ed.load(NAME, source=write_clicks(tmp_path / "raw", lines))


def _init(folder: Path, *, seed: int = 0, **choice: object) -> Project:
    return init_project(NAME, task=NOTES, out=folder, choice=Choice(**choice), seed=seed)


def test_a_table_is_a_pool(notes: ed.Release, tmp_path: Path) -> None:
    """Each row that has a text, with its number in the table; where it is from is written down."""
    with _init(tmp_path / "p", table="events") as project:
        items = project.items()
        assert items["row_id"].to_list() == [1, 3, 4, 6]
        assert json.loads(items["content"][2]) == {"note": "ভালো", "price": 3.5}
        texts = notes["events"].lazy().collect()["note"]
        shown = [json.loads(content)["note"] for content in items["content"]]
        assert shown == texts.gather(items["row_id"] - 1).to_list()
        facts = [project.meta[name] for name in ("dataset", "release", "table")]
        assert facts == [NAME, notes.folder.name, "events"]


def test_only_some_of_its_rows(notes: ed.Release, tmp_path: Path) -> None:
    """By a condition, which may end in a comment; the first with a text, or some drawn by the seed."""
    assert notes["events"]
    with _init(tmp_path / "a", table="events", where="note <> '' -- no empty ones") as project:
        assert project.items()["row_id"].to_list() == [1, 3, 4, 6]
    with _init(tmp_path / "b", table="events", limit=2) as project:
        assert project.items()["row_id"].to_list() == [1, 3]
    drawn: list[list[int]] = []
    for number, seed in enumerate((1, 1, 2, 3)):
        with _init(
            tmp_path / f"c{number}", table="events", where="note <> ''", limit=2, shuffle=True, seed=seed
        ) as project:
            drawn.append(project.items()["row_id"].to_list())
    assert drawn[0] == drawn[1] == sorted(drawn[0])
    assert len({tuple(rows) for rows in drawn}) > 1


def test_a_query_is_a_pool(notes: ed.Release, tmp_path: Path) -> None:
    """Its rows are numbered as they come, or as its own row_id says; rows without a text are left out."""
    assert notes["events"]
    query = "SELECT note, NULL AS price FROM this.events ORDER BY item_id DESC;"
    with _init(tmp_path / "a", query=query) as project:
        assert project.items()["row_id"].to_list() == [1, 3, 4, 6]
        assert project.item(1).content == {"note": "bad", "price": None}
        assert project.meta["table"] == ""
    query = "SELECT item_id + 100 AS row_id, note, price FROM shop_clicks.events"
    with _init(tmp_path / "b", query=query) as project:
        assert project.items()["row_id"].to_list() == [100, 102, 103, 105]
    blank = "SELECT unnest(['good', chr(10) || chr(9), chr(160) || chr(8203), ' ', '']) AS note, 1 AS price"
    with _init(tmp_path / "c", query=blank) as project:
        assert project.items()["row_id"].to_list() == [1]


def test_clusters_come_from_a_column(notes: ed.Release, tmp_path: Path) -> None:
    """Its values are the clusters' names; a number makes so many of the texts."""
    assert notes["events"]
    with _init(tmp_path / "a", table="events", clusters="item_id") as project:
        assert project.items()["cluster"].to_list() == [0, 1, 2, 3]
        assert json.loads(project.meta["clusters"]) == ["0", "2", "3", "5"]
    with _init(tmp_path / "b", table="events", clusters=2) as project:
        assert set(project.items()["cluster"]) == {0, 1}


def test_known_answers_come_from_a_column(notes: ed.Release, tmp_path: Path) -> None:
    """At most so many of them, drawn by the seed, also where rows are alike; keys, or answers as JSON."""
    assert notes["events"]
    query = (
        "SELECT note, price, CASE note WHEN 'good' THEN 'positive' "
        "WHEN 'bad' THEN '{\"labels\": [\"negative\"]}' END AS known FROM this.events"
    )
    with _init(tmp_path / "a", query=query, gold="known") as project:
        gold = project.items().filter(~project.items()["gold"].is_null())
        assert gold.select("row_id", "gold").rows() == [
            (1, '{"labels":["positive"]}'),
            (6, '{"labels":["negative"]}'),
        ]
        assert "known" not in project.items()["content"][0]
    with _init(tmp_path / "b", query=query, gold="known", gold_items=1) as project:
        assert project.counts().gold == 1
    query = "SELECT 7 AS row_id, note, price, 'positive' AS known FROM this.events"
    with _init(tmp_path / "d", query=query, gold="known", gold_items=2) as project:
        assert (project.counts().gold, project.counts().items) == (1, 4)
    with pytest.raises(UsageError, match=r"known answer of row \d is none: 'view' is not in the label set"):
        _init(tmp_path / "c", query="SELECT note, price, event AS known FROM this.events", gold="known")
    assert not (tmp_path / "c").exists()


def test_known_answers_may_be_numbers(notes: ed.Release, tmp_path: Path) -> None:
    """A column of integers gives keys that are digits; of another set the error names what is not in it."""
    assert notes["events"]
    query = "SELECT note, price, CASE note WHEN 'good' THEN 1 WHEN 'bad' THEN 0 END AS known FROM this.events"
    choice = Choice(query=query, gold="known")
    digits = task(labels=[{"key": "0"}, {"key": "1"}], fields=[{"column": "note"}])
    with init_project(NAME, task=digits, out=tmp_path / "p", choice=choice) as project:
        assert project.items()["gold"].drop_nulls().to_list() == ['{"labels":["1"]}', '{"labels":["0"]}']
    with pytest.raises(
        UsageError, match="known answer of row 1 is none: '1' is not in the label set"
    ) as caught:
        _init(tmp_path / "q", query=query, gold="known")
    assert caught.value.hint == "it has positive, negative"


NO_POOLS = [
    ({}, "a table or a query, one of the two"),
    ({"table": "events", "query": "SELECT 1"}, "one of the two"),
    ({"query": "SELECT 1", "where": "true"}, "--where goes with --table"),
    ({"table": "event"}, "no table 'event'"),
    ({"table": "items"}, "no column 'note', which the task view shows"),
    ({"table": "events", "where": "nope > 1"}, "nope"),
    ({"table": "events", "where": "false"}, "the pool is empty"),
    ({"table": "events", "gold": "notes"}, r"--gold or --clusters names; did you mean 'note'\?"),
    ({"query": "DELETE FROM this.events"}, "read-only"),
    ({"query": "SELECT 1; SELECT 2"}, "one SQL statement"),
    ({"query": "SELECT * FROM read_csv('/etc/passwd')"}, "Permission"),
    ({"query": "SELECT 'a' AS row_id, note, price FROM this.events"}, "the number of a row, not 'a'"),
    ({"query": "SELECT 1::UBIGINT << 63 AS row_id, note, price FROM this.events"}, "not 9223372036854775808"),
    ({"query": "SELECT error('no') AS note, 1 AS price FROM this.events"}, "no"),
]


def test_pools_that_are_none(notes: ed.Release, tmp_path: Path) -> None:
    """The message says why, and nothing is left behind."""
    assert notes["events"]
    for choice, said in NO_POOLS:
        with pytest.raises(UsageError, match=said):
            _init(tmp_path / "p", **choice)
    assert {path.name for path in tmp_path.iterdir()} == {"raw"}


def test_the_commands_from_a_table_to_a_link(notes: ed.Release, tmp_path: Path, run_cli: RunCli) -> None:
    """Init prints the folder, people add the token, status where things stand; as JSON too."""
    assert notes["events"]
    file = tmp_path / "mine.toml"
    text = run_cli("annotate", "tasks", "sentiment").stdout.replace('column = "text"', 'column = "note"')
    file.write_text(text, "utf-8")
    folder = tmp_path / "p"
    arguments = ("annotate", "init", NAME, "--table", "events", "--task", file, "--out", folder)
    assert run_cli(*arguments, "--overlap", "2").stdout == f"{folder}\n"
    assert "holds a project already" in run_cli(*arguments, code=2).stderr
    added = run_cli("annotate", "people", "add", folder, "Ana")
    assert f"next: ecomdata annotate serve {folder}" in added.stderr
    token = added.stdout.strip()
    with Project.open(folder) as project:
        assert project.settings.overlap == 2
        assert project.annotator_by_token(token) == project.annotators()[0]
    status = json.loads(run_cli("annotate", "status", folder, "--json").stdout)
    assert (status["items"], status["task"], status["people"][0]["name"]) == (4, "sentiment", "Ana")
    assert "Ana" in run_cli("annotate", "status", folder).stdout
    assert "helpfulness" in run_cli("annotate", "tasks").stdout


def test_bad_input_on_the_command_line(notes: ed.Release, tmp_path: Path, run_cli: RunCli) -> None:
    """A task with an unknown field, a project of a newer version, a folder without one: a line and a hint."""
    assert notes["events"]
    file = tmp_path / "mine.toml"
    file.write_text('name = "x"\nkind = "labels"\nquestions = "?"\n', "utf-8")
    arguments = ("annotate", "init", NAME, "--table", "events", "--task", file, "--out", tmp_path / "p")
    assert "did you mean 'question'?" in run_cli(*arguments, code=2).stderr
    _init(tmp_path / "q", table="events").close()
    with closing(sqlite3.connect(tmp_path / "q" / PROJECT_FILE)) as opened, opened:
        opened.execute("PRAGMA user_version = 9")
    assert "newer ecomdata" in run_cli("annotate", "status", tmp_path / "q", code=1).stderr
    assert "hint: " in run_cli("annotate", "status", tmp_path, code=2).stderr
