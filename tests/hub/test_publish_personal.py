from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
from tests.conftest import RunCli
from tests.hub.conftest import shown_whole
from tests.hub.server import Hub
from tests.hub.writing import TOKEN
from tests.personaldata.boards import Row, load_board
from tests.personaldata.planted import planted

REPO = "acme/board"
PLANTED = planted(23, 1)
COUNTS = Counter(one.kind for one in PLANTED)
Board = Callable[..., ed.Publication]


@pytest.fixture
def board(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Board:
    """Publish a board on which every planted text stands, in several places."""
    assert hub.url
    # Of a column with few different values, a card may show the most frequent ones.
    often = ("nothing", next(one.text for one in PLANTED if one.kind == "email"))
    rows: list[Row] = [
        {"number": i, "text": f"post {i}", "tags": ["good"], "items": often[i % 2]} for i in range(300)
    ]
    for i, one in enumerate(PLANTED):
        rows[i]["text"] = one.text
        rows[i + 100]["tags"] = ["ok", one.text, one.text]
        rows[i + 200]["extra"] = json.dumps({"said": one.text}, ensure_ascii=bool(i % 2))
    load_board(monkeypatch, tmp_path / "raw", rows)

    def run(**options: Any) -> ed.Publication:
        return ed.publish("board", REPO, **options)

    return run


def _counts(publication: ed.Publication) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for one in publication.personal_data.found:
        key = (f"{one.table}.{one.column}", one.kind, one.treatment)
        found[key] = found.get(key, 0) + one.occurrences
    return found


def _everything(hub: Hub) -> list[bytes]:
    """All bytes that the server has got and kept, committed or not, Parquet also as it is when read."""
    repo = hub.repos[REPO]
    blobs = [*repo.objects.values(), *(blob for c in repo.commits.values() for blob in c.files.values())]
    contents = [blob.content for blob in blobs]
    read = [pl.read_parquet(content) for content in contents if content[:4] == b"PAR1"]
    return contents + [frame.write_ndjson().encode() for frame in read]


@pytest.mark.parametrize("dry_run", [False, True])
def test_publishing_stops_at_personal_data(hub: Hub, board: Board, dry_run: bool) -> None:
    """Nothing is asked of the Hub; the message counts by column and kind, the hint shows both ways out."""
    with pytest.raises(ed.DataError, match=r"posts\.text has \d+ e-mail addresses, \d+ private keys") as stop:
        board(dry_run=dry_run)
    for kind, words in (("phone", "telephone numbers"), ("token", "tokens"), ("email", "e-mail addresses")):
        assert f"{COUNTS[kind]} {words}" in str(stop.value)
    assert "--mask" in stop.value.hint
    assert "--accept-personal-data posts.text:email" in stop.value.hint
    assert not [one.value for one in PLANTED if one.value in str(stop.value) + stop.value.hint]
    assert not hub.requests


def test_masked_copies_are_published(hub: Hub, board: Board, tmp_path: Path) -> None:
    """What datasets reads is masked, all else is as in the store, verify agrees, no data lack a card."""
    done = board(mask=True)
    release = ed.open("board")
    here = pl.read_parquet(list(release["posts"].paths))
    files = hub.repos[REPO].files()
    there = pl.concat(
        pl.read_parquet(blob.content) for path, blob in sorted(files.items()) if path.startswith("posts/")
    )
    assert there.schema == here.schema
    assert there.select("post_id", "number", "author").equals(here.select("post_id", "number", "author"))
    assert there["text"][120:].equals(here["text"][120:])
    assert pl.read_parquet(files["counts/part-00000.parquet"].content).equals(
        release["counts"].lazy().collect()
    )
    said = json.loads(files["ecomdata.json"].content)["tables"]
    assert [file["stored_sha256"] for file in said["posts"]["files"]] == [""]
    assert [file["stored_sha256"] for file in said["counts"]["files"]] == [
        file.sha256 for file in release.manifest.tables["counts"].files
    ]
    assert not ed.verify(f"hf://datasets/{REPO}", full=True).differences
    assert not ed.verify("board").differences
    assert shown_whole(hub.repos[REPO])
    assert {treatment for *_, treatment in _counts(done)} == {"masked"}
    script = (
        "import datasets, sys; d = datasets.load_dataset(sys.argv[1], 'posts', split='train');"
        " print(len(d), sum(t.count('[phone]') for t in d['text']))"
    )
    env = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "hf")}
    read = subprocess.run(
        [sys.executable, "-c", script, REPO],
        env={**env, "PATH": "", "HF_HUB_DISABLE_XET": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert read.stdout.split() == ["300", str(COUNTS["phone"])], read.stderr[-2000:]


def test_no_byte_of_what_was_masked_leaves(hub: Hub, board: Board) -> None:
    """Neither data, statistics, dictionaries, cards nor logs hold a value that was planted."""
    board(mask=True)
    contents = _everything(hub)
    assert len(contents) > 4
    leaked = [
        one.spelling
        for one in PLANTED
        for line in one.value.splitlines()
        if any(line.encode() in content for content in contents) and "-----" not in line
    ]
    assert not leaked
    assert not [r for r in hub.requests for one in PLANTED if one.value in r.path]


def test_again_sends_nothing(hub: Hub, board: Board, home: Path) -> None:
    """The masked files are used again; when they are lost, the same are made again."""
    first = board(mask=True)
    (copy,) = home.glob("uploads/board/posts/*.parquet")
    hub.requests.clear()
    second = board(mask=True)
    copy.unlink()
    third = board(mask=True)
    assert first.commit == second.commit == third.commit
    assert not hub.asked("PUT")
    assert copy.is_file()


def test_what_is_accepted_is_published_and_recorded(hub: Hub, board: Board) -> None:
    """By column and kind; what is not accepted still stops, or is masked; the record says which is which."""
    with pytest.raises(ed.DataError, match="tags"):
        board(accept_personal_data=["posts.text"])
    done = board(accept_personal_data=["posts.text", "posts.tags:phone"], mask=True)
    counts = _counts(done)
    assert counts["posts.text", "phone", "accepted"] == COUNTS["phone"]
    assert counts["posts.tags", "phone", "accepted"] == 2 * COUNTS["phone"]
    assert counts["posts.tags", "email", "masked"] == 2 * COUNTS["email"]
    assert counts["posts.extra", "phone", "masked"] == COUNTS["phone"]
    assert counts["posts.items", "email", "masked"] == 150
    said = json.loads(hub.repos[REPO].files()["ecomdata.json"].content)
    assert said["personal_data"] == json.loads(json.dumps(done.as_dict()["personal_data"]))
    there = pl.read_parquet(hub.repos[REPO].files()["posts/part-00000.parquet"].content)
    here = pl.read_parquet(list(ed.open("board")["posts"].paths))
    assert there["text"].equals(here["text"])
    phone = next(one for one in PLANTED if one.kind == "phone")
    mail = next(one for one in PLANTED if one.kind == "email")
    tags = " ".join(str(tag) for row in there["tags"].to_list() for tag in row or [])
    assert phone.value in tags
    assert mail.value not in tags


def test_the_store_goes_up_as_it_is_when_all_is_accepted(hub: Hub, board: Board, home: Path) -> None:
    """With --as-stored no copy is made where nothing is masked; with masks, of these tables alone."""
    board(accept_personal_data=["posts.text", "posts.tags", "posts.extra", "posts.items"], as_stored=True)
    release = ed.open("board")
    content = hub.repos[REPO].files()["posts/part-00000.parquet"].content
    assert content == release["posts"].paths[0].read_bytes()
    assert not (home / "uploads").exists()
    done = board(mask=True, as_stored=True)
    assert [path.parent.name for path in home.glob("uploads/board/*/*.parquet")] == ["posts"]
    assert done.layout.startswith("1 of 2 files")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("post.text", "no text column 'post.text'"),
        ("posts.number", "no text column"),
        ("posts.text:phones", "'phones' is no kind"),
        ("", "no text column ''"),
    ],
)
def test_names_that_are_not_there_are_told(hub: Hub, board: Board, name: str, words: str) -> None:
    """A misspelt column or kind accepts nothing."""
    with pytest.raises(ed.UsageError, match=words):
        board(accept_personal_data=[name])
    assert not hub.repos


def test_a_card_alone_is_not_stopped(hub: Hub, board: Board) -> None:
    """No row leaves, so nothing stops it; the counts are recorded, and no value."""
    done = board(card_only=True)
    assert {treatment for *_, treatment in _counts(done)} == {"withheld"}
    text = b"".join(blob.content for blob in hub.repos[REPO].files().values()).decode()
    assert not [one.spelling for one in PLANTED if one.value in text]


def test_the_command_line_says_it_all_but_no_value(hub: Hub, board: Board, run_cli: RunCli) -> None:
    """Exit code 3 and both ways out; then --mask; no output shows a value."""
    assert board
    command = ("publish", "board", REPO, "--endpoint", hub.url, "-y")
    env = {"HF_TOKEN": TOKEN}
    stopped = run_cli(*command, "--dry-run", code=3, env=env)
    masked = run_cli(*command, "--mask", env=env)
    planned = run_cli(*command, "--dry-run", "--accept-personal-data", "posts.text", "--mask", env=env)
    assert "hint: --mask" in stopped.stderr
    assert f"personal data accepted: posts.text has {COUNTS['email']} e-mail addresses" in planned.stdout
    assert "personal data masked: posts.tags" in planned.stdout
    for done in (stopped, masked, planned):
        said = done.stdout + done.stderr
        assert not [one.spelling for one in PLANTED if one.value in said]
