from __future__ import annotations

import json
from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.personaldata import Findings, personal_data, scan
from tests.conftest import RunCli
from tests.personaldata.boards import Row, load_board
from tests.personaldata.planted import planted

PHONE, MAIL = "01712345678", "someone@gmail.com"


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ed.Release:
    """A board with something in every place that can hold text, and much that is nothing."""
    (token,) = (one.value for one in planted(1, 1) if one.spelling == "github")
    rows: list[Row] = [
        {
            "post_id": f"138{i:08d}",
            "number": i,
            "text": f"post {i}",
            "items": str(13_000_000_000 + 77_777_777 * i),
        }
        for i in range(200)
    ]
    rows[3]["text"] = f"call {PHONE} or +8801812345678, {MAIL}"
    rows[5]["text"] = f"write {MAIL}"
    rows[7]["tags"] = ["good", f"tk {PHONE}", None]
    rows[9]["author"] = {"name": f"x ({MAIL})", "age": 3}
    rows[11]["replies"] = [{"body": "no", "score": 0.5}, {"body": token, "score": None}]
    rows[13]["extra"] = json.dumps({"note": f"a\n{PHONE}"})
    return load_board(monkeypatch, tmp_path / "raw", rows)


def test_findings_are_counted_by_column_and_kind(board: ed.Release) -> None:
    """In texts, lists, structs and JSON; rows with any, and how often; nothing where there is no text."""
    found = scan(board, ed.loader("board"))
    assert {(one.place, one.kind, one.sort): (one.rows, one.occurrences) for one in found} == {
        ("posts.text", "phone", "BD"): (1, 2),
        ("posts.text", "email", ""): (2, 2),
        ("posts.tags", "phone", "BD"): (1, 1),
        ("posts.author", "email", ""): (1, 1),
        ("posts.replies", "token", "github"): (1, 1),
        ("posts.extra", "phone", "BD"): (1, 1),
    }
    assert found.scanned["posts"].columns == (
        "post_id",
        "text",
        "tags",
        "author",
        "replies",
        "extra",
        "items",
    )
    assert found.scanned["counts"].columns == ()
    assert (found.columns, found.scanned["posts"].rows) == (7, 200)


def test_ids_are_no_numbers(board: ed.Release) -> None:
    """Eleven digits in a declared key, or all through a column of which most are no numbers, are ids."""
    found = scan(board, ed.loader("board"))
    assert found.scanned["posts"].ids == ("items", "post_id")
    assert not [one for one in found if one.column in {"items", "post_id"}]


@pytest.mark.parametrize(("share", "are_phones"), [(0.05, False), (1.0, True)])
def test_a_column_of_digits_is_judged_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, share: float, are_phones: bool
) -> None:
    """Numbers of which few look like telephone numbers are ids; those that all do are not."""
    rows = [{"text": f"138{i:08d}" if i < 400 * share else f"777{i:08d}"} for i in range(400)]
    found = scan(load_board(monkeypatch, tmp_path / "raw", rows), ed.loader("board"))
    assert bool(found) is are_phones
    assert ("text" in found.scanned["posts"].ids) is not are_phones


JUNK = ["1111111", "11111111", "99999999", "10000000", "12345678"]


@pytest.mark.parametrize(
    ("column", "values", "phones"),
    [
        ("text", [*(f"fine {i}" for i in range(20)), *JUNK, PHONE, "01812345678"], 2),
        ("text", [None, None, *JUNK, PHONE, "01812345678", "ok\nfine"], 0),
        ("tags", [["good", PHONE], [*JUNK, "fine", "late", None], ["nice"] * 6], 1),
        ("tags", [[PHONE, *JUNK], None, ["nice"]], 0),
        ("replies", [[{"body": text, "score": None} for text in (*JUNK, "01812345678")]], 0),
    ],
)
def test_a_few_bare_numbers_among_texts_are_no_ids(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, column: str, values: list[object], phones: int
) -> None:
    """Junk of digits hides no number in a column of free text; where most texts are digits, they are ids."""
    release = load_board(monkeypatch, tmp_path / "raw", [{column: value} for value in values])
    found = scan(release, ed.loader("board"))
    assert sum(one.occurrences for one in found) == phones
    assert (column in found.scanned["posts"].ids) is (phones == 0)


def test_no_value_is_kept(board: ed.Release, home: Path) -> None:
    """What is kept in the home and shown as JSON holds no value that was found."""
    found = personal_data("board")
    (kept,) = home.glob("personal-data/board/*.json")
    for text in (kept.read_text("utf-8"), json.dumps(found.as_dict()), repr(found)):
        assert PHONE not in text
        assert MAIL not in text
    assert found == scan(board, ed.loader("board"))
    assert Findings.parse(found.as_text(), "here") == found


def test_a_release_is_scanned_once(
    board: ed.Release, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was found is taken from the home, until the release is another one or the file is damaged."""
    first = personal_data("board")
    (kept,) = home.glob("personal-data/board/*.json")
    for path in board["posts"].paths:
        path.rename(path.with_suffix(".away"))
    assert personal_data("board") == first
    for path in board["posts"].paths:
        path.with_suffix(".away").rename(path)
    for damaged in ("", "{}", "[]", kept.read_text("utf-8").replace("occurrences", "x"), "\0"):
        kept.write_text(damaged, "utf-8")
        assert personal_data("board") == first
    load_board(monkeypatch, tmp_path / "other", [{"text": "nothing"}])
    assert not personal_data("board")


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_release_is_told(board: ed.Release, damage: str) -> None:
    """What cannot be read was not looked at, and so is an error that says how to mend it."""
    (path,) = board["posts"].paths
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.unlink()
    with pytest.raises(ed.DataError, match="cannot be read") as told:
        personal_data("board")
    assert "ecomdata verify board" in told.value.hint


def test_the_command_shows_counts_and_no_value(board: ed.Release, run_cli: RunCli) -> None:
    """A table for people, JSON for machines; exit code 0, and 3 with --strict; no value in either."""
    assert board
    shown = run_cli("personal-data", "board")
    as_json = run_cli("personal-data", "board", "--json")
    strict = run_cli("personal-data", "board", "--strict", code=3)
    assert "posts.text" in shown.stdout
    assert "7 text columns" in shown.stdout
    assert json.loads(as_json.stdout)["found"][0]["table"] == "posts"
    for done in (shown, as_json, strict):
        assert PHONE not in done.stdout + done.stderr
        assert MAIL not in done.stdout + done.stderr


def test_an_unknown_name_is_told(run_cli: RunCli) -> None:
    """A dataset that is not loaded, or not known, is wrong usage."""
    assert "hint:" in run_cli("personal-data", "merec", code=2).stderr
    assert "ecomdata load merrec" in run_cli("personal-data", "merrec", code=2).stderr
