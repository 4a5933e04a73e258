from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.cli import cli
from ecomdata.errors import DataError, UsageError
from tests.conftest import RunCli
from tests.exporting.stalls import NAME, NOON, load, market

__all__ = ["market"]

HEADER = re.compile(
    r"[a-z_]+:(token|token_seq|float|float_seq)(\t[a-z_]+:(token|token_seq|float|float_seq))*"
)
FOLDER = "market_odd_ids"


def _read(path: Path) -> pd.DataFrame:
    """As recbole/data/dataset/dataset.py reads an atomic file: the header by itself, then pandas."""
    with path.open(encoding="utf-8") as file:
        head = file.readline()[:-1]
    assert HEADER.fullmatch(head), head
    kinds = dict(field.split(":") for field in head.split("\t"))
    types: dict[str, Any] = {f"{n}:{k}": np.float64 if k == "float" else str for n, k in kinds.items()}
    frame = pd.read_csv(
        path, delimiter="\t", usecols=list(types), dtype=types, encoding="utf-8", engine="python"
    )
    return frame.rename(columns=lambda name: name.partition(":")[0])


def _export(folder: Path, **options: Any) -> ed.Export:
    return ed.export(NAME, folder / "out", format="recbole", **options)


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    return [None if pd.isna(value) else value for value in frame[name]]


ids = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text not in {"NA", "null", "nan", "None", "NULL", "NaN", "N/A", "n/a"}
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(ids, ids), min_size=1, max_size=8))
def test_ids_come_back(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    """Quotation marks, separators, spaces, all scripts: what RecBole's reader gets is what was loaded."""
    folder = tmp_path_factory.mktemp("raw")
    load(folder, [{"user_id": user, "item_id": item} for user, item in pairs])
    _export(folder)
    frame = _read(folder / "out" / FOLDER / f"{FOLDER}.inter")
    assert list(zip(frame["user_id"], frame["item_id"], strict=True)) == pairs


def test_the_three_files(tmp_path: Path) -> None:
    """Names, types, order, seconds, the last snapshot of an item, lists as words, nulls as nothing."""
    load(
        tmp_path,
        [{"session_id": "s 1"}, {"user_id": "u2", "timestamp": None, "price": None, "event": "purchase"}],
        items=[
            {"item_id": "i1", "title": "old", "category_path": ["a b"], "brand": "b", "price": 1.0},
            {"item_id": "i2", "title": None, "category_path": None, "brand": None, "price": None},
            {
                "item_id": "i1",
                "title": ' 5" nails,\n\tnew ',
                "category_path": ["Home & garden", "Nails"],
                "brand": "A\tB",
                "price": 2.25,
            },
        ],
        users=[{"user_id": "u1", "age": 7, "height": 1.5, "hobbies": ["go", "ice cream"], "visits": [1]}],
    )
    done = _export(tmp_path)
    place = tmp_path / "out" / FOLDER
    inter = _read(place / f"{FOLDER}.inter")
    assert list(inter) == ["user_id", "item_id", "timestamp", "event", "session_id", "price"]
    assert _column(inter, "timestamp") == [NOON.timestamp(), None]
    assert _column(inter, "event") == ["view", "purchase"]
    assert _column(inter, "session_id") == ["s 1", None]
    assert _column(inter, "price") == [1.5, None]
    item = _read(place / f"{FOLDER}.item")
    assert _column(item, "item_id") == ["i2", "i1"]
    assert item["title"][1].split() == ['5"', "nails,", "new"]
    assert _column(item, "category_path") == [None, "Home_&_garden Nails"]
    assert _column(item, "brand") == [None, "A B"]
    user = _read(place / f"{FOLDER}.user")
    assert user.to_dict("records") == [
        {"user_id": "u1", "age": "7", "height": 1.5, "hobbies": "go ice_cream"}
    ]
    assert done.notes == {
        "earlier snapshots of items, left out": 1,
        "items with spaces in category_path, written as _": 1,
    }
    assert [file.rows for file in done.files] == [2, 2, 1]
    assert [Path(file.path).stat().st_size for file in done.files] == [file.bytes for file in done.files]


def test_rated_events(tmp_path: Path) -> None:
    """Events become ratings, those that are not named are left out and counted; so are rows without ids."""
    load(tmp_path, [{}, {"event": "purchase"}, {"event": "cart"}, {"user_id": None}, {"item_id": None}])
    done = _export(tmp_path, ratings={"view": 1, "purchase": 5}, label="clicked")
    inter = _read(tmp_path / "out" / FOLDER / f"{FOLDER}.inter")
    assert list(inter)[:5] == ["user_id", "item_id", "rating", "label", "timestamp"]
    assert _column(inter, "rating") == [1.0, 5.0]
    assert _column(inter, "label") == [1.0, 1.0]
    assert done.notes == {"rows without a user or an item, left out": 2, "rows of other events, left out": 1}


@pytest.mark.parametrize("bad", ["a\tb", "a\nb", "a\rb", "\x00"])
def test_ids_that_break_lines_are_an_error(tmp_path: Path, bad: str) -> None:
    """Ids are never changed: nothing is written, and Parquet is offered."""
    load(tmp_path, [{}, {"item_id": bad}])
    with pytest.raises(DataError, match="tabs or ends of lines in 1 rows") as raised:
        _export(tmp_path)
    assert "parquet" in raised.value.hint
    assert not (tmp_path / "out").exists()


def test_rows_that_are_left_out_count_once_and_break_nothing(tmp_path: Path) -> None:
    """What is written and what is left out are the table's rows; an id of a row left out is no matter."""
    load(
        tmp_path,
        [
            {},
            {"event": "cart", "user_id": None},
            {"event": "cart", "item_id": "a\tb"},
            {"event": "cart"},
            {"user_id": None, "item_id": "NA"},
            {"event": "cart", "user_id": "null"},
        ],
    )
    done = _export(tmp_path, ratings={"view": 1})
    assert done.files[0].rows == 1
    assert done.notes == {"rows without a user or an item, left out": 2, "rows of other events, left out": 3}


def test_words_that_the_reader_takes_for_nothing(tmp_path: Path) -> None:
    """An id that pandas reads as missing is written, and said."""
    load(tmp_path, [{}, {"user_id": "null"}, {"item_id": "NA"}])
    assert list(_export(tmp_path).notes.values()) == [2]


def test_the_same_bytes_and_nothing_half(tmp_path: Path) -> None:
    """Twice the same bytes; what is there is only replaced when asked; nothing else is left behind."""
    load(tmp_path, [{"user_id": f"u{i}"} for i in range(500)])
    _export(tmp_path)
    path = tmp_path / "out" / FOLDER / f"{FOLDER}.inter"
    first = path.read_bytes()
    with pytest.raises(UsageError, match="is there already") as raised:
        _export(tmp_path)
    assert "--force" in raised.value.hint
    path.write_text("mine")
    _export(tmp_path, force=True)
    assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_files_of_another_export_do_not_stay_beside_this_one(tmp_path: Path) -> None:
    """A .user file that this export would not write is named; other files there are nobody's business."""
    load(tmp_path, [{}], users=[{"user_id": "u1"}])
    _export(tmp_path)
    place = tmp_path / "out" / FOLDER
    before = (place / f"{FOLDER}.inter").read_bytes()
    load(tmp_path, [{}, {}])
    with pytest.raises(UsageError, match=rf"{FOLDER}\.user is of another export"):
        _export(tmp_path, force=True)
    assert (place / f"{FOLDER}.inter").read_bytes() == before
    (place / f"{FOLDER}.user").rename(place / f"{FOLDER}.kg")
    assert len(_export(tmp_path, force=True).files) == 1


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    """The files and their columns, and no folder."""
    load(tmp_path, [{}])
    done = _export(tmp_path, dry_run=True)
    assert [Path(file.path).name for file in done.files] == [f"{FOLDER}.inter"]
    assert (done.written, done.files[0].rows, done.files[0].columns[0]) == (False, None, "user_id:token")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["merrec", "taobao/ad-display", "taobao/tmall", "taobao/user-behavior"])
def test_every_dataset_with_users_and_items(name: str, tmp_path: Path) -> None:
    """The samples are read back with as many rows as the release has with a user and an item."""
    release = ed.load(name, sample=True, limit=2000)
    done = ed.export(name, tmp_path, format="recbole")
    schema = name.replace("/", "_").replace("-", "_")
    inter = _read(tmp_path / schema / f"{schema}.inter")
    table = next(table for table in release.values() if table.name == done.files[0].sources[0])
    assert len(inter) == len(table) - sum(done.notes.get(n, 0) for n in done.notes if "without" in n) > 0
    assert inter["user_id"].notna().all()
    if "timestamp" in table.record.columns:
        stored = table.lazy().collect()["timestamp"].dt.epoch("us").to_list()
        assert (inter["timestamp"] * 1e6).round().astype("int64").to_list() == stored
    for kind, key in (("item", "item_id"), ("user", "user_id")):
        path = tmp_path / schema / f"{schema}.{kind}"
        assert not path.exists() or _read(path)[key].is_unique


def test_datasets_without_users_or_items(tmp_path: Path) -> None:
    """Clicks without users and sequences are no interactions: said, with what there is instead."""
    for name in ("taobao/ifashion", "taobao/forge"):
        ed.load(name, sample=True, limit=200)
        with pytest.raises(UsageError, match="no table in which each row has a user_id and an item_id"):
            ed.export(name, tmp_path / "out", format="recbole")


def test_two_tables_of_users_are_not_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would take the place of the first, whose rows nobody would miss."""
    market = (Path(__file__).parent / "market" / "market.py").read_text()
    start = market.index('            Table(\n                name="users"')
    users = market[start : market.index("        ),\n        views=")]
    market = market.replace(users, users + users.replace("users", "members"))
    loaders = tmp_path / "loaders"
    loaders.mkdir()
    (loaders / "market.py").write_text(market)
    monkeypatch.setenv("ECOMDATA_LOADERS", str(loaders))
    load(tmp_path / "raw", [{}], users=[{"user_id": "u1"}])
    (tmp_path / "raw/members.parquet").write_bytes((tmp_path / "raw/users.parquet").read_bytes())
    ed.load(NAME, source=tmp_path / "raw")
    with pytest.raises(
        UsageError, match=r"(users|members) and (users|members) would both .*\.user"
    ) as raised:
        _export(tmp_path)
    assert "--table" in raised.value.hint


def test_wrong_requests(tmp_path: Path) -> None:
    """Formats, tables, columns and events that are not there; a file where the folder would be."""
    load(tmp_path, [{}])
    with pytest.raises(UsageError, match="'recbol' is not known") as raised:
        ed.export(NAME, tmp_path / "out", format="recbol")
    assert "recbole" in raised.value.hint
    for options, message in (
        ({"table": "event"}, "no table 'event'"),
        ({"label": "clicks"}, "no column 'clicks'"),
        ({"label": "event"}, "the label event holds Enum, no numbers"),
        ({"memory": "much"}, "amount of memory"),
    ):
        with pytest.raises(UsageError, match=message):
            _export(tmp_path, **options)
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        _export(tmp_path)


@pytest.mark.parametrize("rated", ["view", "view=much", "buy=2", "view=inf", "view=nan"])
def test_ratings_that_are_none(rated: str) -> None:
    """Events that are none and numbers that are none are refused before anything is opened, in Python too."""
    with pytest.raises(UsageError, match=r"is not EVENT=NUMBER|cannot be rated") as raised:
        cli.main(["export", NAME, "out", "--format", "recbole", "--rating", rated], standalone_mode=False)
    assert "purchase" in raised.value.hint
    event, _, number = rated.partition("=")
    if number not in {"", "much"}:
        with pytest.raises(UsageError, match=f"'{event}' cannot be rated {float(number)}"):
            ed.export(NAME, "out", format="recbole", ratings={event: float(number)})


def test_a_rating_is_no_text() -> None:
    """In Python, where nothing has read the number before."""
    with pytest.raises(UsageError, match="'purchase' cannot be rated '5'"):
        ed.export(NAME, "out", format="recbole", ratings={"purchase": "5"})


def test_an_event_is_rated_once() -> None:
    """Of two numbers neither is taken."""
    with pytest.raises(UsageError, match="--rating view is given twice"):
        cli.main(
            ["export", NAME, "out", "--format", "recbole", "--rating", "view=1", "--rating", "view=2"],
            standalone_mode=False,
        )


def test_the_command(tmp_path: Path, run_cli: RunCli) -> None:
    """Notes on stderr, files on stdout, and JSON for machines."""
    load(tmp_path, [{}, {"user_id": None}, {"event": "cart"}])
    out = tmp_path / "out"
    done = run_cli("export", NAME, out, "--format", "recbole", "--rating", "view=2")
    assert f"{FOLDER}.inter" in done.stdout
    assert "note: 1 rows without a user" in done.stderr
    parsed = json.loads(
        run_cli("export", NAME, out, "--format", "recbole", "--dry-run", "--force", "--json").stdout
    )
    assert parsed["files"][0]["rows"] is None
