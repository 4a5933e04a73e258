from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.published import Published
from tests.conftest import RunCli
from tests.hub.conftest import Publish
from tests.hub.repo import Repo
from tests.hub.server import Hub

EVENTS = "events/part-00000.parquet"
THERE = "hf://datasets/acme/merrec"


@pytest.fixture
def mine(stocked: Path, tmp_path: Path) -> Path:
    """A home of one's own, to damage."""
    return Path(
        shutil.copytree(stocked / "store" / "merrec", tmp_path / "mine" / "store" / "merrec")
    ).parents[1]


@pytest.fixture
def repo(hub: Hub, publish: Publish) -> Repo:
    """Published merrec."""
    publish()
    hub.requests.clear()
    return hub.repos["acme/merrec"]


def _whats(found: ed.Verification) -> set[tuple[str, str]]:
    return {(one.path, one.what) for one in found.differences}


def _change(repo: Repo, **changes: bytes | None) -> None:
    named = {path.replace("__", "/") + ".parquet": content for path, content in changes.items()}
    files = {**repo.files(), **named}
    repo.commit({path: content for path, content in files.items() if content is not None})


def test_the_store_and_the_hub_agree(hub: Hub, repo: Repo, stocked: Path) -> None:
    """Same release, files, bytes and rows, here and there; the Hub's files are not downloaded for it."""
    here, there = ed.verify("merrec", home=stocked), ed.verify(THERE)
    assert (here.differences, there.differences) == ((), ())
    assert here.release == there.release
    assert here.rows == there.rows == ed.open("merrec", home=stocked).manifest.rows
    assert there.place == f"{THERE}@{repo.branches['main']}"
    assert (here.hashed, there.hashed) == (True, False)
    reads = [request for request in hub.asked("GET", "/resolve/") if request.path.endswith(".parquet")]
    assert reads
    assert all("range" in request.headers for request in reads)


def test_full_downloads_and_hashes(hub: Hub, repo: Repo) -> None:
    """A Hub that lists the right hash but sends other bytes is found out by --full alone."""
    there = repo.files()[EVENTS]
    wrong = bytearray(there.content)
    wrong[50] ^= 1
    listed = repo.listed(repo.branches["main"], EVENTS)["lfs"]
    _change(repo, events__part__00000=None)
    repo.commit({**repo.files(), EVENTS: bytes(wrong)})
    repo.lies[EVENTS] = {"lfs": listed}
    assert hub.url
    assert not ed.verify(THERE).differences
    assert _whats(ed.verify(THERE, full=True)) == {(EVENTS, "sha256")}


def test_a_revision(repo: Repo) -> None:
    """A tag or a commit is verified as it was."""
    first = repo.branches["main"]
    tag = next(iter(repo.tags))
    repo.commit({"README.md": b"everything is gone"})
    assert not ed.verify(f"{THERE}@{tag}").differences
    assert not ed.verify(f"{THERE}@{first}").differences
    with pytest.raises(ed.DataError, match=r"has no ecomdata\.json"):
        ed.verify(THERE)


def test_what_differs_on_the_hub_is_named(repo: Repo) -> None:
    """A missing, a strange and a changed file: each with its path, what is wrong, and both values."""
    other = pl.DataFrame({"a": [1, 2]})
    other.write_parquet(path := Path("other.parquet").absolute())
    content = path.read_bytes()
    path.unlink()
    repo.commit(
        {
            **{name: blob for name, blob in repo.files().items() if name != "items/part-00000.parquet"},
            EVENTS: content,
            "events/part-00009.parquet": content,
        }
    )
    found = ed.verify(THERE)
    assert {("items/part-00000.parquet", "missing"), ("events/part-00009.parquet", "unexpected")} <= _whats(
        found
    )
    assert {what for path, what in _whats(found) if path == EVENTS} == {"size", "sha256", "rows", "schema"}
    rows = next(one for one in found.differences if one.what == "rows")
    assert (rows.expected, rows.found) == ("300", "2")
    schema = {(one.expected, one.found) for one in found.differences if one.what == "schema"}
    assert ("a: no column", "a: Int64") in schema
    assert ("item_id: Int64", "item_id: no column") in schema or (
        "item_id: String",
        "item_id: no column",
    ) in schema


def test_a_manifest_that_does_not_agree_with_itself(repo: Repo) -> None:
    """Rows that do not add up and a schema with another hash are differences of the manifest."""
    said = json.loads(repo.files()["ecomdata.json"].content)
    said["tables"]["events"]["read"] += 1
    said["tables"]["items"]["columns"]["extra"] = "Int64"
    repo.commit({**repo.files(), "ecomdata.json": json.dumps(said).encode()})
    assert {("rows of events", "manifest"), ("schema of items", "manifest")} <= _whats(ed.verify(THERE))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[]", "is not what ecomdata publishes"),
        (b"\xff", "is not what ecomdata publishes"),
        (b'{"format": 99}', "written by a newer ecomdata"),
    ],
)
def test_an_unreadable_manifest(repo: Repo, content: bytes, words: str) -> None:
    """It is an error that says so."""
    repo.commit({**repo.files(), "ecomdata.json": content})
    with pytest.raises(ed.EcomdataError, match=words):
        ed.verify(THERE)


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "events/../../x"])
def test_a_manifest_with_paths_out_of_the_repository(repo: Repo, path: str) -> None:
    """It is refused before any of them is read."""
    said = json.loads(repo.files()["ecomdata.json"].content)
    said["tables"]["events"]["files"][0]["path"] = path
    repo.commit({**repo.files(), "ecomdata.json": json.dumps(said).encode()})
    with pytest.raises(ed.DataError, match="is no file"):
        ed.verify(THERE)


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(max_size=5), value, max_size=3),
        max_leaves=5,
    )
)
def test_any_json_is_a_manifest_or_an_error_of_ours(value: object) -> None:
    """Nothing that stands in a published manifest raises anything else."""
    for whole in (value, {"format": 1, "tables": value, "raw": value}):
        with pytest.raises(ed.EcomdataError):
            Published.parse(json.dumps(whole).encode(), "here")


def test_what_differs_in_the_store_is_named(mine: Path) -> None:
    """A flipped byte, a missing file and one that nobody wrote."""
    release = ed.open("merrec", home=mine)
    path = release["events"].paths[0]
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    (path.parent / "part-00007.parquet").write_bytes(content)
    release["items"].paths[0].unlink()
    assert _whats(ed.verify("merrec", home=mine)) == {
        (EVENTS, "sha256"),
        ("events/part-00007.parquet", "unexpected"),
        ("items/part-00000.parquet", "missing"),
    }


def test_a_truncated_file(mine: Path) -> None:
    """Its size and hash differ, and it is no Parquet file any more."""
    path = ed.open("merrec", home=mine)["events"].paths[0]
    os.truncate(path, 1000)
    assert {what for _, what in _whats(ed.verify("merrec", home=mine))} == {"size", "sha256", "schema"}


def test_the_command(hub: Hub, repo: Repo, mine: Path, run_cli: RunCli) -> None:
    """What was compared is on stdout; a difference ends with 3 and names file and both values."""
    assert hub.url
    assert "as its manifest says" in run_cli("verify", "merrec", "--home", mine).stdout
    repo.commit({**repo.files(), EVENTS: b"PAR1 no more"})
    bad = run_cli("verify", THERE, code=3)
    assert EVENTS in bad.stdout
    assert "12 bytes" in bad.stdout
    said = json.loads(run_cli("verify", THERE, "--json", code=3).stdout)
    assert said["ok"] is False
    assert {"path", "what", "expected", "found"} == set(said["differences"][0])


def test_what_cannot_be_verified(hub: Hub) -> None:
    """Nothing loaded, no such repository, a folder of one: errors of use."""
    assert hub.url
    for name in ("merrec", "hf://datasets/acme/none", f"{THERE}/events", "hf://merrec"):
        with pytest.raises(ed.UsageError):
            ed.verify(name)
