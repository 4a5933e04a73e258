"""Loading again what was downloaded, kept or loaded before: what is asked for, told and recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.declare import Dataset
from ecomdata.shards import sha256_file
from tests.hub.repo import Repo
from tests.hub.server import Hub
from tests.loopback import Site
from tests.sources import toys
from tests.sources.toys import write, zipped
from tests.toys import HEADER, good_clicks, toyshop, write_clicks  # noqa: F401

NAME = "shop/clicks"
URL = "hf://datasets/acme/clicks"
CSV = "\n".join([HEADER, *good_clicks(3), ""]).encode()
OTHER = CSV.replace(b"1,0,view", b"1,9,view")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub with the clicks of a month, in a zip the second time."""
    monkeypatch.setattr("ecomdata.sources.hub_client.PATIENCE", toys.HASTY)
    with Hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def repo(hub: Hub) -> Repo:
    """Its repository, with one file."""
    return hub.repo("acme/clicks", {"202305/clicks.csv": CSV})


def _load(source: str | Path = URL, **options: object) -> ed.Release:
    return ed.load(NAME, source=source, **options)


def _downloads(hub: Hub) -> int:
    return len(hub.asked("GET", "/resolve/"))


@pytest.mark.parametrize(
    ("path", "other"),
    [("202305/clicks.csv", OTHER), ("all.zip", zipped({"202305/clicks.csv": OTHER}))],
    ids=["small", "archive"],
)
def test_a_kept_file_that_was_changed_is_not_taken_for_upstreams(
    hub: Hub, home: Path, path: str, other: bytes
) -> None:
    """By git's hash or by LFS's; without it, the same command gets the file again."""
    content = CSV if path.endswith(".csv") else zipped({"202305/clicks.csv": CSV})
    hub.repo("acme/clicks", {path: content})
    whole = _load(keep_raw=True)
    (kept,) = (home / "raw").rglob(Path(path).name)
    assert len(content) == len(other)
    kept.write_bytes(other)
    with pytest.raises(ed.DataError, match=path) as error:
        _load(keep_raw=True, force=True)
    assert f"remove {kept}" in error.value.hint
    kept.unlink()
    assert _load(keep_raw=True, force=True).folder == whole.folder


def test_a_kept_file_of_a_web_server_is_compared_with_a_declared_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As upstream's pages give one for some files."""
    known = {"clicks.csv": "7" * 64}

    def known_hashes(_dataset: Dataset) -> dict[str, str]:
        return known

    monkeypatch.setattr("ecomdata.sources.find._known_hashes", known_hashes)
    with Site() as site:
        url = site.put("/clicks.csv", CSV)
        with pytest.raises(ed.DataError, match="expected 7777"):
            _load(url)
        known.clear()
        _load(url, keep_raw=True)
        known["clicks.csv"] = "7" * 64
        with pytest.raises(ed.DataError, match="expected 7777"):
            _load(url, keep_raw=True, force=True)


def test_what_was_downloaded_is_hashed_once(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its way; what was kept is read again for it."""
    hashed: list[Path] = []

    def count(path: Path, **_: object) -> str:
        hashed.append(path)
        return sha256_file(path)

    monkeypatch.setattr("ecomdata.rawhashes.sha256_file", count)
    first = _load(keep_raw=True)
    assert hashed == []
    assert _load(keep_raw=True, force=True).manifest.raw == first.manifest.raw
    assert [path.name for path in hashed] == ["clicks.csv"]
    assert repo.files()["202305/clicks.csv"].sha256 == first.manifest.raw[0].sha256


def test_a_commit_that_changes_no_data_is_downloaded_once(hub: Hub, repo: Repo) -> None:
    """Then the release says that it is of that commit, and is the one it was."""
    first = _load()
    commit = repo.commit({"202305/clicks.csv": CSV, "README.md": b"news"})
    _load()
    again = _load()
    assert (again.folder, again.manifest.revision, _downloads(hub)) == (first.folder, commit, 2)
    assert again.manifest.created == first.manifest.created


def test_a_release_tells_where_its_files_were(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is known by what it holds; files of a later date in another folder give the same one."""
    first = _load(write_clicks(tmp_path / "a", good_clicks(3)))
    source = write_clicks(tmp_path / "b", good_clicks(3))
    os.utime(source / "202305/clicks.csv", (1, 1))
    again = _load(source)
    assert (again.folder, again.manifest.origin) == (first.folder, str(source))
    assert [file.mtime_ns for file in again.manifest.raw] == [1_000_000_000]
    capsys.readouterr()
    _load(source)
    assert "already loaded" in capsys.readouterr().err


def test_an_archive_of_a_commit_that_is_loaded_is_not_downloaded_again(hub: Hub) -> None:
    """It stands for its members until it is there."""
    members = {f"20230{month}/clicks.csv": CSV for month in (5, 6)}
    repo = hub.repo("acme/clicks", {"x/all.zip": zipped(members), "202307/clicks.csv": OTHER})
    _load()
    _load()
    assert _downloads(hub) == 2
    repo.commit({"x/all.zip": zipped({"202305/clicks.csv": CSV}), "202307/clicks.csv": OTHER})
    assert len(_load().manifest.raw) == 2


def test_copies_are_told_and_members_of_one_archive_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Members share the hash of their archive, and often a name."""
    archive = zipped({"202305/clicks.csv": CSV, "202306/clicks.csv": OTHER})
    _load(write(tmp_path / "one", {"all.zip": archive}))
    assert "hold the same bytes" not in capsys.readouterr().err
    _load(write(tmp_path / "two", {"x/all.zip": archive, "y/again.zip": archive}))
    told = [line for line in capsys.readouterr().err.splitlines() if "hold the same bytes" in line]
    assert [line.count("202305") for line in told] == [2, 0]
    header = f"{HEADER}\n".encode()
    months = {"202305/clicks.csv": CSV, "202306/clicks.csv": header, "202307/clicks.csv": header}
    _load(write(tmp_path / "three", months))
    assert "hold the same bytes" not in capsys.readouterr().err
