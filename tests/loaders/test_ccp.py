"""taobao/ccp: every quirk of the four files in its real spelling."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.loaders.taobao.ccp import DATASET, FIELDS

NAME = "taobao/ccp"
LIST = "205\x024317600\x031.0\x01206\x028316799\x031.0\x01216\x029100012\x031.0\x01508\x0232\x032.30259"
COMMON = "0000e9dbae4f4bd7,3,101\x02123\x031.0\x01110_14\x021438114\x031.09861\x01110_14\x0239\x030.69315\n"
SKELETON = f"1,0,0,0000e9dbae4f4bd7,4,{LIST}\n"


def _load(folder: Path, **texts: str) -> ed.Release:
    for stem, text in texts.items():
        (folder / f"{stem}.csv").write_text(text, encoding="utf-8", newline="")
    tables = {"impressions" if stem.startswith("sample") else "common_features" for stem in texts}
    return ed.load(NAME, source=folder, tables=sorted(tables))


def _frame(release: ed.Release, table: str = "impressions") -> pl.DataFrame:
    return release[table].lazy().collect()


def _feature(field: str, feature: int, value: float) -> dict[str, Any]:
    return {"field": field, "feature_id": feature, "value": value}


def test_a_row_of_the_skeleton(tmp_path: Path) -> None:
    r"""No header; ``\x01`` between features, ``\x02`` and ``\x03`` inside; item, category, brand by field."""
    assert _frame(_load(tmp_path, sample_skeleton_train=SKELETON)).row(0, named=True) == {
        "item_id": 4317600,
        "event": "impression",
        "category_id": 8316799,
        "brand_id": 9100012,
        "sample_id": 1,
        "split": "train",
        "click": 0,
        "purchase": 0,
        "purchase_without_click": False,
        "common_feature_index": "0000e9dbae4f4bd7",
        "feature_num": 4,
        "features": [
            _feature("205", 4317600, 1.0),
            _feature("206", 8316799, 1.0),
            _feature("216", 9100012, 1.0),
            _feature("508", 32, 2.30259),
        ],
    }


def test_common_features_are_a_table_of_their_own(tmp_path: Path) -> None:
    """A field that occurs several times keeps all its features, in order; 101 is the user."""
    frame = _frame(_load(tmp_path, common_features_test=COMMON), "common_features")
    assert frame.rows() == [
        (
            "test",
            "0000e9dbae4f4bd7",
            123,
            3,
            [
                _feature("101", 123, 1.0),
                _feature("110_14", 1438114, 1.09861),
                _feature("110_14", 39, 0.69315),
            ],
        )
    ]


def test_impressions_and_common_features_join(tmp_path: Path) -> None:
    """An impression finds its user by split and index."""
    _load(tmp_path, sample_skeleton_train=SKELETON, common_features_train=COMMON)
    users = ed.sql(
        "select i.item_id, c.user_id, len(list_filter(c.features, lambda f: f.field = '110_14')) as shops "
        "from taobao_ccp.impressions i join taobao_ccp.common_features c using (split, common_feature_index)"
    )
    assert users.rows() == [(4317600, 123, 2)]


def test_purchases_without_a_click_are_kept_and_marked(tmp_path: Path) -> None:
    """Others drop them; here every combination is there."""
    rows = "".join(f"{n},{n // 2},{n % 2},a,4,{LIST}\n" for n in range(4))
    frame = _frame(_load(tmp_path, sample_skeleton_train=rows))
    assert frame["event"].to_list() == ["impression", "purchase", "click", "purchase"]
    assert frame["purchase_without_click"].to_list() == [False, True, False, False]


def test_train_and_test_are_told_apart_by_the_files_name(tmp_path: Path) -> None:
    """Both files are one table."""
    frame = _frame(_load(tmp_path, sample_skeleton_train=SKELETON, sample_skeleton_test=SKELETON))
    assert sorted(frame["split"]) == ["test", "train"]


def test_a_field_whose_number_ends_like_the_items(tmp_path: Path) -> None:
    """1205 and 205_14 are not 205; without an item the row has none."""
    row = "1,0,0,a,2,1205\x027\x031.0\x01205_14\x028\x031.0\n"
    assert _frame(_load(tmp_path, sample_skeleton_train=row))["item_id"].to_list() == [None]


@pytest.mark.parametrize(
    ("text", "item"), [("-7", -7), ("+7", 7), ("007", 7), ("9007199254740993", 2**53 + 1)]
)
def test_the_item_is_what_its_feature_says(tmp_path: Path, text: str, item: int) -> None:
    """However its number is written: the column and the list never tell of different items."""
    row = f"1,0,0,a,1,205\x02{text}\x031.0\n"
    found = _frame(_load(tmp_path, sample_skeleton_train=row)).row(0, named=True)
    assert (found["item_id"], found["features"]) == (item, [_feature("205", item, 1.0)])


def test_a_list_without_features(tmp_path: Path) -> None:
    """An empty list is null, and its row is kept."""
    frame = _frame(_load(tmp_path, sample_skeleton_train="1,0,0,a,0,\n"))
    assert frame["features"].to_list() == [None]


@pytest.mark.parametrize(
    "entry",
    ["", "205", "205\x027", "205\x02x\x031.0", "205\x027\x03one", "\x027\x031.0", "205\x027\x031.0\x032"],
)
def test_a_feature_of_another_form_rejects_its_row(tmp_path: Path, entry: str) -> None:
    """No feature is silently lost."""
    release = _load(tmp_path, sample_skeleton_train=SKELETON + f"2,0,0,a,2,{entry}\x01205\x027\x031.0\n")
    assert release["impressions"].rejected()["row"].to_list() == [2]
    assert _frame(release).height == 1


@pytest.mark.parametrize("row", ["x,0,0,a,0,", "2,2,0,a,0,", "2,0,,a,0,", "2,0,0,,0,", "2,0,0,a,0"])
def test_a_row_that_is_none_is_rejected(tmp_path: Path, row: str) -> None:
    """Samples are numbered, click and purchase are 0 or 1, the index is there."""
    release = _load(tmp_path, sample_skeleton_train=SKELETON + row + "\n")
    assert release["impressions"].rejected()["raw"].to_list() == [row]


def test_the_archives_can_stay_packed(tmp_path: Path) -> None:
    """sample_train.tar.gz and sample_test.tar.gz hold two files each."""
    for split in ("train", "test"):
        with tarfile.open(tmp_path / f"sample_{split}.tar.gz", "w:gz") as archive:
            for stem, text in (("sample_skeleton", SKELETON), ("common_features", COMMON)):
                member = tarfile.TarInfo(f"{stem}_{split}.csv")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
    release = ed.load(NAME, source=tmp_path)
    assert _frame(release).height == 2
    assert _frame(release, "common_features").height == 2


def test_the_sample_has_the_quirks_of_the_published_files(tmp_path: Path) -> None:
    """Every known field, purchases without a click, indexes of 16 hexadecimal digits, no headers."""
    DATASET.sample(tmp_path, 10_000, 0)
    names = ["sample", "click", "purchase", "index", "number", "list"]
    path = tmp_path / "sample_train/sample_skeleton_train.csv"
    frame = pl.read_csv(path, has_header=False, new_columns=names)
    assert frame.filter(pl.col("click") == 0, pl.col("purchase") == 1).height
    assert frame.filter(pl.col("click") == 1, pl.col("purchase") == 1).height
    assert 0.03 < (frame["click"] == 1).mean() < 0.05
    assert frame["index"].str.contains("^[0-9a-f]{16}$").all()
    assert (frame["list"].str.count_matches("\x01") + 1 == frame["number"]).all()
    common = (tmp_path / "sample_train/common_features_train.csv").read_text(encoding="utf-8")
    assert {f for f in FIELDS if f"\x01{f}\x02" in path.read_text(encoding="utf-8") + common} >= {*FIELDS} - {
        "101",
        "205",
    }


def test_nothing_of_a_sample_is_rejected() -> None:
    """Its lists all parse, and every impression finds its common features."""
    release = ed.load(NAME, sample=True)
    assert release["impressions"].record.rejected == release["common_features"].record.rejected == 0
    lost = ed.sql(
        "select count(*) from taobao_ccp.impressions i "
        "anti join taobao_ccp.common_features c using (split, common_feature_index)"
    )
    assert lost.item() == 0
