"""taobao/ifashion: every quirk of the three files in its real spelling."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.loaders.taobao.ifashion import DATASET

NAME = "taobao/ifashion"
FILES = {"user_data.txt": "clicks", "item_data.txt": "items", "outfit_data.txt": "outfits"}


def _load(folder: Path, name: str, text: str) -> ed.Release:
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return ed.load(NAME, source=folder, tables=[FILES[name]])


def _frame(release: ed.Release, table: str) -> pl.DataFrame:
    return release[table].lazy().collect()


def test_a_line_of_a_user(tmp_path: Path) -> None:
    """Commas between the columns, semicolons between the items; no header; ids stay texts."""
    frame = _frame(_load(tmp_path, "user_data.txt", "u1,007;i2;i3,o1\nu2,i2,o2\n"), "clicks")
    assert frame.rows() == [
        ("u1", "click", ["007", "i2", "i3"], "o1"),
        ("u2", "click", ["i2"], "o2"),
    ]


@pytest.mark.parametrize("items", ["item_ids", "item_id", "item_id;item_id…"])
def test_a_header_in_upstreams_words_is_no_row(tmp_path: Path, items: str) -> None:
    """Upstream's files have none; its README names the columns, and people write them down."""
    clicks = _frame(_load(tmp_path, "user_data.txt", f"user_id,{items},outfit_id\nu1,i1,o1\n"), "clicks")
    assert clicks.rows() == [("u1", "click", ["i1"], "o1")]
    outfits = _frame(_load(tmp_path, "outfit_data.txt", f"outfit_id,{items}\no1,i1;i2\n"), "outfits")
    assert outfits.rows() == [("o1", ["i1", "i2"])]


def test_a_list_without_items_is_null(tmp_path: Path) -> None:
    """An empty list is kept with its line; a semicolon at the end adds no item."""
    frame = _frame(_load(tmp_path, "user_data.txt", "u1,,o1\nu2,i1;i2;,o2\n"), "clicks")
    assert frame["item_ids"].to_list() == [None, ["i1", "i2"]]


def test_an_id_missing_from_a_list_is_rejected(tmp_path: Path) -> None:
    """Two semicolons in a row hide something; the line is in quarantine."""
    release = _load(tmp_path, "user_data.txt", "u1,i1,o1\nu2,i1;;i2,o2\n")
    assert release["clicks"].rejected()["raw"].to_list() == ["u2,i1;;i2,o2"]


def test_titles_hold_commas(tmp_path: Path) -> None:
    """A line is split at its first three commas; the rest, quotes included, is the title."""
    text = (
        "i1,12,//img/1.jpg,春季新款, 韩版, 百搭\n"
        'i2,12,//img/2.jpg,"正品",包邮\n'
        "i3,13,//img/3.jpg,牛仔裤\n"
        "i4,,,\n"
    )
    release = _load(tmp_path, "item_data.txt", text)
    assert _frame(release, "items").rows() == [
        ("i1", "春季新款, 韩版, 百搭", "12", "//img/1.jpg"),
        ("i2", '"正品",包邮', "12", "//img/2.jpg"),
        ("i3", "牛仔裤", "13", "//img/3.jpg"),
        ("i4", None, None, None),
    ]
    assert release["items"].record.rejected == 0


def test_an_item_without_a_title_column_is_rejected(tmp_path: Path) -> None:
    """Fewer than three commas are no item."""
    release = _load(tmp_path, "item_data.txt", "i1,12,//img/1.jpg,春季, 新款\ni2,12,//img/2.jpg\n")
    assert release["items"].rejected()["row"].to_list() == [2]
    assert _frame(release, "items")["title"].to_list() == ["春季, 新款"]


def test_an_outfit_and_its_items(tmp_path: Path) -> None:
    """The order of the items is kept."""
    frame = _frame(_load(tmp_path, "outfit_data.txt", "o1,i3;i1;i2\n"), "outfits")
    assert frame.rows() == [("o1", ["i3", "i1", "i2"])]


def test_the_zips_can_stay_packed(tmp_path: Path) -> None:
    """Items and outfits come in zips, users in a 7z that is unpacked by hand."""
    (tmp_path / "user_data.txt").write_text("u1,i1,o1\n", encoding="utf-8")
    for name, text in {"item_data.txt": "i1,1,//img/1.jpg,白色,百搭\n", "outfit_data.txt": "o1,i1\n"}.items():
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr(name, text)
    release = ed.load(NAME, source=tmp_path)
    assert [_frame(release, table).height for table in FILES.values()] == [1, 1, 1]
    assert _frame(release, "items")["title"].to_list() == ["白色,百搭"]


def test_items_and_outfits_join(tmp_path: Path) -> None:
    """An outfit's items are found under their ids."""
    (tmp_path / "user_data.txt").write_text("u1,i1;i2,o1\n", encoding="utf-8")
    (tmp_path / "outfit_data.txt").write_text("o1,i2\n", encoding="utf-8")
    (tmp_path / "item_data.txt").write_text("i1,1,//1,白色\ni2,1,//2,单肩包\n", encoding="utf-8")
    ed.load(NAME, source=tmp_path)
    titles = ed.sql(
        "select i.title from taobao_ifashion.clicks c join taobao_ifashion.outfits o using (outfit_id) "
        "join taobao_ifashion.items i on i.item_id = o.item_ids[1]"
    )
    assert titles.item() == "单肩包"


def test_the_sample_has_the_quirks_of_the_published_files(tmp_path: Path) -> None:
    """No headers, titles with one and with several commas and with quotes, lists of items."""
    DATASET.sample(tmp_path, 10_000, 0)
    lines = (tmp_path / "item_data.txt").read_text(encoding="utf-8").splitlines()
    assert {line.count(",") for line in lines} >= {3, 4, 5}
    assert any('"' in line for line in lines)
    clicks = pl.read_csv(
        tmp_path / "user_data.txt", has_header=False, new_columns=["user", "items", "outfit"]
    )
    assert clicks.width == 3
    assert clicks["items"].str.contains(";").any()


def test_nothing_of_a_sample_is_rejected() -> None:
    """Its titles with commas all load, and every item of an outfit is there."""
    release = ed.load(NAME, sample=True)
    assert sum(release[table].record.rejected for table in FILES.values()) == 0
    items = set(_frame(release, "items")["item_id"])
    assert set(_frame(release, "outfits")["item_ids"].explode()) <= items
