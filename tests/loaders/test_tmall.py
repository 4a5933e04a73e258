"""taobao/tmall: every quirk of the two formats in its real spelling."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import DataError
from ecomdata.loaders.taobao.tmall import DATASET

NAME = "taobao/tmall"
LOG = "user_id,item_id,cat_id,seller_id,brand_id,time_stamp,action_type\n"
INFO = "user_id,age_range,gender\n"
TRAIN = "user_id,merchant_id,label\n34176,3906,0\n500001,1234,0\n500002,2345,0\n"
"""The header, the published first row, and two rows made up."""

TEST = "user_id,merchant_id,prob\n500003,3456,\n500004,4567,\n"
ACTIVITY = "user_id,age_range,gender,merchant_id,label,activity_log\n"
ROW = "300001,400002,833,2882,2661,829,0\n"


def _load(folder: Path, table: str, name: str, text: str) -> ed.Release:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return ed.load(NAME, source=folder, tables=[table])


def _log(folder: Path, rows: str) -> ed.Release:
    return _load(folder, "interactions", "data_format1/user_log_format1.csv", LOG + rows)


def _frame(release: ed.Release, table: str = "interactions") -> pl.DataFrame:
    return release[table].lazy().collect()


def test_a_row_of_the_log(tmp_path: Path) -> None:
    """The seller is the merchant, 829 is 29 August, and 0 is a click."""
    assert _frame(_log(tmp_path, ROW)).row(0, named=True) == {
        "user_id": 300001,
        "item_id": 400002,
        "event": "click",
        "event_raw": "0",
        "category_id": 833,
        "brand_id": 2661,
        "merchant_id": 2882,
        "month": 8,
        "day": 29,
    }


@pytest.mark.parametrize(
    ("spelling", "month", "day"), [("829", 8, 29), ("1111", 11, 11), ("0511", 5, 11), ("1112", 11, 12)]
)
def test_days_have_no_year(tmp_path: Path, spelling: str, month: int, day: int) -> None:
    """Three or four digits, zero-padded or not; no year is made up, so there is no timestamp."""
    frame = _frame(_log(tmp_path, ROW.replace("829", spelling)))
    assert (frame["month"][0], frame["day"][0]) == (month, day)
    assert "timestamp" not in frame.columns
    assert not [dtype for dtype in frame.dtypes if dtype.is_temporal()]


@pytest.mark.parametrize("spelling", ["0", "1311", "1100", "1132", "230", "1131", "-829", "20141111", ""])
def test_what_is_no_day_is_rejected(tmp_path: Path, spelling: str) -> None:
    """A month or a day that does not exist is in quarantine, not in the table."""
    release = _log(tmp_path, ROW + ROW.replace("829", spelling))
    assert _frame(release).height == 1
    assert release["interactions"].rejected()["row"].to_list() == [3]


def test_every_action_has_its_event(tmp_path: Path) -> None:
    """0 click, 1 cart, 2 purchase, 3 favourite; any other is rejected."""
    release = _log(tmp_path, "".join(ROW[:-2] + f"{code}\n" for code in range(5)))
    assert _frame(release)["event"].to_list() == ["click", "cart", "purchase", "favourite"]
    assert release["interactions"].rejected()["raw"].to_list() == [ROW[:-2] + "4"]


def test_an_empty_brand_is_null(tmp_path: Path) -> None:
    """91,015 rows of the published log have none."""
    assert _frame(_log(tmp_path, ROW.replace(",2661,", ",,")))["brand_id"].to_list() == [None]


def test_brands_may_be_written_as_pandas_does(tmp_path: Path) -> None:
    """Its integers become 1.0 where a column has gaps; 1.5 is still none."""
    release = _log(tmp_path, "".join(ROW.replace("2661", brand) for brand in ("2661.0", "", "1.5")))
    assert _frame(release)["brand_id"].to_list() == [2661, None]
    assert release["interactions"].rejected()["row"].to_list() == [4]


def test_names_in_quotes_are_said_to_be(tmp_path: Path) -> None:
    """No name is offered as another name of itself."""
    with pytest.raises(DataError, match="the names in the first line stand in quotes"):
        _load(tmp_path, "users", "user_info_format1.csv", '"user_id","age_range","gender"\n1,2,0\n')


def test_the_order_of_the_log_is_kept(tmp_path: Path) -> None:
    """It is not sorted by time, and stays so."""
    rows = "".join(ROW.replace("829", day) for day in ("1111", "511", "829"))
    assert _frame(_log(tmp_path, rows))["month"].to_list() == [11, 5, 8]


def test_the_names_of_tianchis_page_are_known(tmp_path: Path) -> None:
    """It spells time_tamp, and calls the seller merchant_id."""
    header = LOG.replace("time_stamp", "time_tamp").replace("seller_id", "merchant_id")
    frame = _frame(_load(tmp_path, "interactions", "user_log_format1.csv", header + ROW))
    assert frame["merchant_id"].to_list() == [2882]


def test_unknown_ages_and_genders_stay_apart(tmp_path: Path) -> None:
    """Empty and NULL are null, while the codes 0 and 2, which mean unknown too, are kept."""
    text = INFO + "376517,6,1\n234512,5,\n344532,,0\n186135,0,2\n30230,NULL,NULL\n"
    frame = _frame(_load(tmp_path, "users", "user_info_format1.csv", text), "users")
    assert frame["age_range"].to_list() == [6, 5, None, 0, None]
    assert frame["gender"].to_list() == [1, None, 0, 2, None]


def test_the_pairs_to_train_with(tmp_path: Path) -> None:
    """The first, the ninth and the last pair of the published file."""
    frame = _frame(_load(tmp_path, "train", "train_format1.csv", TRAIN), "train")
    assert frame.rows() == [(34176, 3906, 0), (500001, 1234, 0), (500002, 2345, 0)]


def test_a_column_that_is_empty_everywhere(tmp_path: Path) -> None:
    """``prob`` is a number that nobody knows: null in every row, and no row is lost."""
    release = _load(tmp_path, "test", "test_format1.csv", TEST)
    frame = _frame(release, "test")
    assert frame.rows() == [(500003, 3456, None), (500004, 4567, None)]
    assert frame.schema["prob"] == pl.Float64
    assert release["test"].record.rejected == 0


def test_the_actions_of_format_2(tmp_path: Path) -> None:
    """Actions are taken apart; an empty brand is null, days are months and days."""
    text = ACTIVITY + "34176,6,0,944,-1,400001:1500:7000:1107:0#17000:1600::0829:2\n"
    frame = _frame(
        _load(tmp_path, "train_activity", "data_format2/train_format2.csv", text), "train_activity"
    )
    assert frame.select("user_id", "merchant_id", "age_range", "gender", "label").row(0) == (
        34176,
        944,
        6,
        0,
        -1,
    )
    assert [tuple(action.values()) for action in frame["activity"][0]] == [
        (400001, 1500, 7000, 11, 7, 0),
        (17000, 1600, None, 8, 29, 2),
    ]


@pytest.mark.parametrize(
    "entry", ["1:2:x:1107:0", "1:2:3:1107", "1:2:3:1107:0:9", "1:2:3:1307:0", "1:2:3::0"]
)
def test_an_action_of_another_form_rejects_its_row(tmp_path: Path, entry: str) -> None:
    """No part of an action is silently lost; a row without actions has none."""
    text = ACTIVITY + f"1,6,0,2,0,1:2:3:1107:0#{entry}\n2,6,0,2,0,\n"
    release = _load(tmp_path, "train_activity", "train_format2.csv", text)
    assert release["train_activity"].rejected()["row"].to_list() == [2]
    assert _frame(release, "train_activity")["activity"].to_list() == [None]


def test_a_test_file_of_format_2_is_a_table_of_its_own(tmp_path: Path) -> None:
    """The same columns; labels may be empty."""
    text = ACTIVITY + "1,,,2,,1:2:3:0511:3\n"
    frame = _frame(_load(tmp_path, "test_activity", "test_format2.csv", text), "test_activity")
    assert frame["label"].to_list() == [None]
    assert frame["activity"][0][0]["month"] == 5


def test_the_zip_with_a_space_in_its_name(tmp_path: Path) -> None:
    """Tianchi's ``data_format1 .zip`` can stay packed, with its folder and macOS's own files inside."""
    texts = {
        "user_log_format1.csv": LOG + ROW,
        "user_info_format1.csv": INFO + "376517,6,1\n",
        "train_format1.csv": TRAIN,
        "test_format1.csv": TEST,
    }
    with zipfile.ZipFile(tmp_path / "data_format1 .zip", "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"data_format1/{name}", text)
        archive.writestr("__MACOSX/data_format1/._train_format1.csv", "junk")
    release = ed.load(NAME, source=tmp_path, tables=["interactions", "users", "train", "test"])
    heights = {table: _frame(release, table).height for table in ("interactions", "users", "train", "test")}
    assert heights == {"interactions": 1, "users": 1, "train": 3, "test": 2}


def test_the_teaching_set_is_told_apart(tmp_path: Path) -> None:
    """The user_log.csv of dbtaobao is a derivative with month, day and province: named, not loaded."""
    header = "user_id,item_id,cat_id,merchant_id,brand_id,month,day,action,age_range,gender,province\n"
    (tmp_path / "user_log.csv").write_text(header + "1,2,3,4,5,8,29,0,1,1,x\n", encoding="utf-8")
    with pytest.raises(DataError, match="dbtaobao"):
        ed.load(NAME, source=tmp_path)


def test_the_known_hashes_are_of_files_of_this_dataset() -> None:
    """Two files' hashes are published; both are sha256 of files that are loaded."""
    names = {glob for table in DATASET.tables for raw in table.raws for glob in raw.files}
    known = {name: digest for source in DATASET.sources for name, digest in source.sha256.items()}
    assert set(known) <= names
    assert {len(digest) for digest in known.values()} == {hashlib.sha256().digest_size * 2}


def test_the_sample_has_the_dirt_of_the_published_files(tmp_path: Path) -> None:
    """Days of three and four digits, no time order, empty brands, ages, genders and probs."""
    DATASET.sample(tmp_path, 20_000, 0)
    log = pl.read_csv(tmp_path / "data_format1/user_log_format1.csv")
    assert log.columns == LOG.strip().split(",")
    assert set(log["time_stamp"].cast(pl.String).str.len_chars()) == {3, 4}
    assert not log["time_stamp"].is_sorted()
    assert log["brand_id"].null_count()
    users = pl.read_csv(tmp_path / "data_format1/user_info_format1.csv")
    assert users["age_range"].null_count()
    assert users["gender"].null_count()
    lines = (tmp_path / "data_format1/test_format1.csv").read_text(encoding="utf-8").splitlines()
    assert all(line.endswith(",") for line in lines[1:])
    for split in ("train", "test"):
        pairs = pl.read_csv(tmp_path / f"data_format1/{split}_format1.csv").select("user_id", "merchant_id")
        assert pairs.height == 800
        assert pairs.is_unique().all()
    assert ":08" in (tmp_path / "data_format2/train_format2.csv").read_text(encoding="utf-8")


def test_nothing_of_a_sample_is_rejected() -> None:
    """Its dirty rows all parse."""
    release = ed.load(NAME, sample=True)
    assert sum(release[table.name].record.rejected for table in DATASET.tables) == 0
    assert set(_frame(release)["event"].unique()) == {"click", "cart", "purchase", "favourite"}
    assert release["train_activity"].lazy().select(pl.col("activity").list.len().min()).collect().item() >= 1
