"""What docs/add-a-dataset.md says of upstreams that are less simple does as it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ecomdata as ed
from tests.docs.test_add_a_dataset import ROOT, example

EXPLODED = "SELECT session_id, unnest(events, recursive := true) FROM sessions"
LOADER = f'''
class RawSessions(dy.Schema):
    """A line."""

    session = dy.Int64(nullable=True)
    events = dy.String(nullable=True)
    others = dy.String(nullable=True)


class Sessions(dy.Schema):
    """A session."""

    session_id = dy.Int64(nullable=False)
    split = dy.String(nullable=False)
    others = dy.String(nullable=True)
    events = dy.List(dy.Struct({{"aid": dy.Int64(), "ts": dy.Int64()}}), nullable=False)


class Clicks(dy.Schema):
    """An event."""

    session_id = dy.Int64(nullable=False)
    aid = dy.Int64(nullable=False)
    ts = dy.Int64(nullable=False)


def sessions(raw: pl.LazyFrame) -> pl.LazyFrame:
    """With their events as lists."""
    events = pl.List(pl.Struct({{"aid": pl.Int64, "ts": pl.Int64}}))
    return raw.select(
        "split", "others", session_id="session", events=pl.col("events").str.json_decode(events)
    ).select(Sessions.column_names())


SESSIONS = Raw(
    files=("*.jsonl",),
    reader=JsonLines(rest="others", loose=("events",)),
    schema=RawSessions,
    normalize=sessions,
    path=r"(?P<split>train|test)\\.jsonl$",
)
DATASETS = (
    replace(
        DATASETS[0],
        tables=(
            Table(name="sessions", schema=Sessions, grain="a session", raws=(SESSIONS,)),
            Table(name="events", schema=Clicks, grain="an event", derive="{EXPLODED}"),
        ),
    ),
)
'''


@pytest.mark.usefixtures("home")
def test_sessions_with_their_events_become_a_row_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nested JSON lines, keys that nobody listed, the split in the name, and a query that takes it apart."""
    page = (ROOT / "docs" / "add-a-dataset.md").read_text()
    assert EXPLODED in page
    mine = tmp_path / "mine" / "toy.py"
    mine.parent.mkdir()
    head = "from dataclasses import replace\nfrom ecomdata.readers import JsonLines\n"
    mine.write_text(head + example()["loaders/toy.py"] + LOADER)
    monkeypatch.setenv("ECOMDATA_LOADERS", str(mine.parent))
    lines = [
        {"session": 1, "events": [{"aid": 5, "ts": 7}, {"aid": 6, "ts": 8}]},
        {"session": 2, "events": [{"aid": 5, "ts": 9}], "device": "phone"},
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    release = ed.load("toy", source=tmp_path / "train.jsonl")
    assert release["events"].lazy().collect().rows() == [(1, 5, 7), (1, 6, 8), (2, 5, 9)]
    found = release["sessions"].lazy().select("split", "others").collect().rows()
    assert found == [("train", None), ("train", '{"device": "phone"}')]


LITERALS = '''
class RawLine(dy.Schema):
    """A line."""

    line = dy.String(nullable=True)


class Plays(dy.Schema):
    """A play."""

    item_id = dy.String(nullable=False)
    hours = dy.Float64(nullable=True)


PLAYS = Raw(
    files=("*.json",),
    reader=Delimited(header="absent", delimiters=("\\x01",), rest=True),
    schema=RawLine,
    normalize=plays,
)
DATASETS = (
    replace(DATASETS[0], tables=(Table(name="plays", schema=Plays, grain="a play", raws=(PLAYS,)),)),
)
'''


@pytest.mark.usefixtures("home")
def test_literals_of_python_are_read_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quotes of both kinds, None, a number among texts; a line that is no literal goes to quarantine."""
    section = (ROOT / "docs" / "add-a-dataset.md").read_text().partition("### Literals of Python")[2]
    shown = section.partition("```python\n")[2].partition("```")[0]
    mine = tmp_path / "mine" / "toy.py"
    mine.parent.mkdir()
    mine.write_text(f"from dataclasses import replace\n{example()['loaders/toy.py']}{shown}{LITERALS}")
    monkeypatch.setenv("ECOMDATA_LOADERS", str(mine.parent))
    lines = [
        "{u'product_id': '1', 'hours': 0.5, 'text': \"it's\", 'page': None}",
        "{'product_id': '2', 'hours': 'long'}",
        "{'product_id': __import__('os').name}",
        "{'product_id': {1, 2}}",
        "[" * 300,
    ]
    (tmp_path / "plays.json").write_text("".join(f"{line}\n" for line in lines))
    release = ed.load("toy", source=tmp_path / "plays.json")
    assert release["plays"].lazy().collect().rows() == [("1", 0.5), ("2", None)]
    assert release["plays"].rejected()["row"].to_list() == [3, 4, 5]


DATED = '''
class RawDays(dy.Schema):
    """A line."""

    user = dy.Int64(nullable=True)
    day = dy.String(nullable=True)


class Days(dy.Schema):
    """A day."""

    user_id = dy.Int64(nullable=False)
    day = dy.Date(nullable=True)


day = pl.col("day")
DAYS = Raw(
    files=("*.csv",),
    reader=Delimited(),
    schema=RawDays,
    normalize=lambda raw: raw.select(user_id="user", day=day.str.to_date(strict=False)),
    rejects=REJECTS,
)
DATASETS = (replace(DATASETS[0], tables=(Table(name="days", schema=Days, grain="a day", raws=(DAYS,)),)),)
'''


@pytest.mark.usefixtures("home")
def test_what_does_not_convert_is_told_from_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a nullable column, by the expression on the page: an empty cell stays, and no date is rejected."""
    page = (ROOT / "docs" / "add-a-dataset.md").read_text()
    rejects = page.partition("`Raw(rejects=")[2].partition(")`")[0]
    mine = tmp_path / "mine" / "toy.py"
    mine.parent.mkdir()
    days = DATED.replace("REJECTS", rejects)
    mine.write_text(f"from dataclasses import replace\n{example()['loaders/toy.py']}{days}")
    monkeypatch.setenv("ECOMDATA_LOADERS", str(mine.parent))
    (tmp_path / "days.csv").write_text("user,day\n1,2024-01-31\n2,\n3,2024-02-31\n")
    release = ed.load("toy", source=tmp_path / "days.csv")
    assert release["days"].lazy().select("user_id").collect().to_series().to_list() == [1, 2]
    assert release["days"].rejected().select("row", "reasons").rows() == [(4, ["no date"])]
