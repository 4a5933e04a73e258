from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.personaldata import KINDS, Findings, Look, MaskedCopy, masked_tables, scan
from tests.personaldata.boards import Row, load_board
from tests.personaldata.test_looking import PIECES

texts = st.none() | st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
rows = st.fixed_dictionaries(
    {
        "number": st.none() | st.integers(-5, 5),
        "text": texts,
        "tags": st.none() | st.lists(texts, max_size=3),
        "author": st.none() | st.fixed_dictionaries({"name": texts, "age": st.integers(0, 9)}),
        "replies": st.none()
        | st.lists(st.fixed_dictionaries({"body": texts, "score": st.none() | st.just(0.1)}), max_size=2),
    }
)


def _masked(release: ed.Release, **kinds: Any) -> tuple[Findings, MaskedCopy]:
    dataset = ed.loader("board")
    found = scan(release, dataset)
    masks: dict[str, dict[str, frozenset[Any]]] = {}
    for one in found:
        masks.setdefault(one.table, {})[one.column] = kinds.get(one.column, frozenset(KINDS))
    return found, masked_tables(release, dataset, found, masks)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (one for item in value.values() for one in _strings(item))
    elif isinstance(value, list | tuple):
        yield from (one for item in value for one in _strings(item))


def _read(copy: MaskedCopy) -> pl.DataFrame:
    return pl.read_parquet([copy.folder / file.path for file in copy.files["posts"]])


@given(st.lists(rows, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_what_was_found_changes(monkeypatch: pytest.MonkeyPatch, drawn: list[Row]) -> None:
    """Rows, order, types, nulls and all other text stay; in the copy there is nothing left to find."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        monkeypatch.setenv("ECOMDATA_HOME", str(home))
        release = load_board(monkeypatch, Path(folder) / "raw", drawn)
        before = pl.read_parquet(list(release["posts"].paths))
        found, copy = _masked(release)
        if not found:
            assert not copy.files
            return
        after = _read(copy)
        assert (after.schema, after.height) == (before.schema, before.height)
        look = Look(found.regions)
        for column in ("number", "text"):
            expected = [
                look.masked(value, column)[0] if isinstance(value, str) else value
                for value in before[column].to_list()
            ]
            assert after[column].to_list() == expected
        assert not [one for row in after.iter_rows() for one in _strings(row) if look.masked(one)[1]]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ed.Release:
    """A board with a number, an address, and much else."""
    posts: list[Row] = [{"number": i, "text": f"post {i} ভালো", "tags": ["a", None]} for i in range(5000)]
    posts[4]["text"] = "call 01712345678, me@gmail.com"
    posts[4000]["tags"] = ["ok", "me@gmail.com"]
    return load_board(monkeypatch, tmp_path / "raw", posts)


def test_a_copy_is_written_once(board: ed.Release) -> None:
    """The same masks give the same bytes; a copy that is whole is used again, a damaged one is not."""
    _, first = _masked(board)
    (path,) = (first.folder / file.path for file in first.files["posts"])
    content, written = path.read_bytes(), path.stat().st_mtime_ns
    _, second = _masked(board)
    assert (second, path.stat().st_mtime_ns) == (first, written)
    path.write_bytes(content[:-1] + b"\0")
    _, third = _masked(board)
    assert (third, path.read_bytes()) == (first, content)
    after = _read(third)
    assert after["text"][4] == "call [phone], [email]"
    assert after["tags"][4000].to_list() == ["ok", "[email]"]
    assert after["number"].to_list() == list(range(5000))


def test_stale_copies_go(
    board: ed.Release, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One copy of a dataset is kept: that of another release, with other masks, or half-written goes."""
    _, first = _masked(board)
    _, other = _masked(board, text=frozenset({"phone"}))
    assert _read(other)["text"][4] == "call [phone], me@gmail.com"
    (home / "personal-data" / "board" / ".masking-dead").mkdir()
    release = load_board(monkeypatch, tmp_path / "other", [{"text": "mail me@gmail.com"}])
    _, last = _masked(release)
    assert not first.folder.exists()
    assert [path for path in last.folder.parent.iterdir() if path.is_dir()] == [last.folder]


def test_the_store_stays_as_it_was(board: ed.Release) -> None:
    """Masking writes copies only."""
    _masked(board)
    assert not ed.verify("board").differences
