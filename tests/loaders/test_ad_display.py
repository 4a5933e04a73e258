"""taobao/ad-display: every quirk of the four files in its real spelling."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.loaders.taobao.ad_display import DATASET

NAME = "taobao/ad-display"
SAMPLE = "user,time_stamp,adgroup_id,pid,nonclk,clk\n581738,1494137644,1,430548_1007,1,0\n"
ADS = "adgroup_id,cate_id,campaign_id,customer,brand,price\n63133,6406,83237,1,95471,170.0\n"
USERS = (
    "userid,cms_segid,cms_group_id,final_gender_code,age_level,pvalue_level,shopping_level,occupation,"
    "new_user_class_level \n234,0,5,2,5,,3,0,3\n"
)
BEHAVIOR = "user,time_stamp,btag,cate,brand\n558157,1493741625,pv,6250,91286\n"
"""Header and first row of each published file."""

FILES = {
    "raw_sample.csv": ("impressions", SAMPLE),
    "ad_feature.csv": ("ads", ADS),
    "user_profile.csv": ("users", USERS),
    "behavior_log.csv": ("behaviors", BEHAVIOR),
}


def _load(folder: Path, **texts: str) -> ed.Release:
    for stem, text in texts.items():
        (folder / f"{stem}.csv").write_text(text, encoding="utf-8")
    return ed.load(NAME, source=folder, tables=[FILES[f"{stem}.csv"][0] for stem in texts])


def _frame(release: ed.Release, table: str) -> pl.DataFrame:
    return release[table].lazy().collect()


def test_the_first_impression_of_the_published_file(tmp_path: Path) -> None:
    """``nonclk`` 1 and ``clk`` 0 make an impression; the ad is the item; the time is UTC."""
    frame = _frame(_load(tmp_path, raw_sample=SAMPLE), "impressions")
    assert frame.row(0, named=True) == {
        "user_id": 581738,
        "item_id": 1,
        "event": "impression",
        "timestamp": datetime(2017, 5, 7, 6, 14, 4, tzinfo=UTC),
        "pid": "430548_1007",
        "nonclk": 1,
        "clk": 0,
        "split": "train",
    }


def test_a_clicked_impression_is_a_click(tmp_path: Path) -> None:
    """``clk`` 1 is the event click."""
    frame = _frame(_load(tmp_path, raw_sample=SAMPLE + "1,1494137644,2,430539_1007,0,1\n"), "impressions")
    assert frame["event"].to_list() == ["impression", "click"]


def test_the_name_of_the_prose_is_known_too(tmp_path: Path) -> None:
    """Tianchi's page writes noclk and nick for what the file calls nonclk and user."""
    text = SAMPLE.replace("nonclk", "noclk").replace("user", "nick")
    assert _frame(_load(tmp_path, raw_sample=text), "impressions")["nonclk"].to_list() == [1]


def test_a_click_that_is_neither_yes_nor_no_is_rejected(tmp_path: Path) -> None:
    """A third value is no event."""
    release = _load(tmp_path, raw_sample=SAMPLE + "1,1494137644,2,430539_1007,0,2\n")
    assert release["impressions"].rejected()["row"].to_list() == [3]


@pytest.mark.parametrize(
    ("seconds", "split"),
    [
        (1493999999, None),
        (1494000000, "train"),
        (1494604799, "train"),
        (1494604800, "test"),
        (1494691199, "test"),
        (1494691200, None),
    ],
)
def test_the_thirteenth_of_may_in_beijing_is_the_test_day(
    tmp_path: Path, seconds: int, split: str | None
) -> None:
    """6 to 12 May train, 13 May tests, by the clock of UTC+8."""
    text = SAMPLE.replace("1494137644", str(seconds))
    assert _frame(_load(tmp_path, raw_sample=text), "impressions")["split"].to_list() == [split]


def test_upstreams_own_example_of_its_clock(tmp_path: Path) -> None:
    """1494032110 is 2017-05-06 08:55:10 where the users are."""
    frame = _frame(_load(tmp_path, raw_sample=SAMPLE.replace("1494137644", "1494032110")), "impressions")
    local = frame["timestamp"].dt.convert_time_zone(DATASET.table("impressions").time_zone)
    assert str(local[0]) == "2017-05-06 08:55:10+08:00"


def test_a_brand_spelt_NULL_is_null(tmp_path: Path) -> None:  # noqa: N802 - the spelling is the point
    """``NULL`` in ad_feature and an empty field are no brand; another word is rejected."""
    rows = "1,2,3,4,NULL,9.9\n2,2,3,4,,9.9\n3,2,3,4,none,9.9\n"
    release = _load(tmp_path, ad_feature=ADS + rows)
    frame = _frame(release, "ads")
    assert frame["item_id"].to_list() == [63133, 1, 2]
    assert frame["brand_id"].to_list() == [95471, None, None]
    assert release["ads"].rejected()["row"].to_list() == [5]


def test_the_first_ad_of_the_published_file(tmp_path: Path) -> None:
    """An ad is an item with a category, a brand and a price without currency."""
    assert _frame(_load(tmp_path, ad_feature=ADS), "ads").row(0) == (63133, 6406, 95471, 170.0, 83237, 1)


def test_the_space_after_the_last_name_of_the_profile(tmp_path: Path) -> None:
    """The header ends in ``new_user_class_level `` with a space; a level left empty is null."""
    assert "new_user_class_level \n" in USERS
    frame = _frame(_load(tmp_path, user_profile=USERS + "523,5,2,2,2,1,3,1,\n"), "users")
    assert frame.rows() == [(234, 0, 5, 2, 5, None, 3, 0, 3), (523, 5, 2, 2, 2, 1, 3, 1, None)]
    assert frame.columns[-1] == "city_level"


def test_the_behaviour_log_names_no_item(tmp_path: Path) -> None:
    """Category and brand, and what was done; upstream's word is kept."""
    frame = _frame(_load(tmp_path, behavior_log=BEHAVIOR), "behaviors")
    assert frame.row(0, named=True) == {
        "user_id": 558157,
        "event": "view",
        "event_raw": "pv",
        "timestamp": datetime(2017, 5, 2, 16, 13, 45, tzinfo=UTC),
        "category_id": 6250,
        "brand_id": 91286,
        "positive_time": True,
    }


def test_every_tag_has_its_event(tmp_path: Path) -> None:
    """pv, cart, fav and buy, and ipv as Tianchi's prose spells pv."""
    rows = "".join(f"1,1493741625,{tag},2,3\n" for tag in ("ipv", "cart", "fav", "buy"))
    frame = _frame(_load(tmp_path, behavior_log=BEHAVIOR + rows), "behaviors")
    assert frame["event"].to_list() == ["view", "view", "cart", "favourite", "purchase"]
    assert frame["event_raw"].to_list() == ["pv", "ipv", "cart", "fav", "buy"]


def test_times_of_zero_and_below_are_kept_and_marked(tmp_path: Path) -> None:
    """DSIN leaves them out; here that is the user's choice."""
    frame = _frame(_load(tmp_path, behavior_log=BEHAVIOR + "1,0,pv,2,3\n1,-86400,buy,2,3\n"), "behaviors")
    assert frame["positive_time"].to_list() == [True, False, False]
    assert frame["timestamp"].dt.epoch("s").to_list() == [1493741625, 0, -86400]


def test_exact_duplicates_of_behaviour_are_kept(tmp_path: Path) -> None:
    """The published log has many."""
    text = BEHAVIOR + BEHAVIOR.splitlines(keepends=True)[1] * 2
    assert _frame(_load(tmp_path, behavior_log=text), "behaviors").height == 3


def test_the_archives_can_stay_packed(tmp_path: Path) -> None:
    """The four tar.gz as Tianchi gives them."""
    for name, (_, text) in FILES.items():
        with tarfile.open(tmp_path / f"{name}.tar.gz", "w:gz") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    release = ed.load(NAME, source=tmp_path)
    assert {table: _frame(release, table).height for table, _ in FILES.values()} == dict.fromkeys(
        ("impressions", "ads", "users", "behaviors"), 1
    )


def test_the_sample_has_the_dirt_of_the_published_files(tmp_path: Path) -> None:
    """The header with its space, NULL brands, empty levels, odd times, duplicates, users without profile."""
    DATASET.sample(tmp_path, 20_000, 0)
    header = (tmp_path / "user_profile.csv").read_text(encoding="utf-8").partition("\n")[0]
    assert header == USERS.partition("\n")[0]
    assert ",NULL," in (tmp_path / "ad_feature.csv").read_text(encoding="utf-8")
    behavior = pl.read_csv(tmp_path / "behavior_log.csv", null_values="NULL")
    assert (behavior["time_stamp"] <= 0).any()
    assert behavior.is_duplicated().any()
    shown = pl.read_csv(tmp_path / "raw_sample.csv")
    assert (shown["clk"] + shown["nonclk"] == 1).all()
    users = pl.read_csv(tmp_path / "user_profile.csv")
    assert users["pvalue_level"].null_count()
    assert set(behavior["user"]) - set(users["userid"])


def test_nothing_of_a_sample_is_rejected() -> None:
    """Its dirty rows all parse."""
    release = ed.load(NAME, sample=True)
    assert sum(release[table].record.rejected for table, _ in FILES.values()) == 0
    assert set(_frame(release, "behaviors")["event"].unique()) == {"view", "cart", "favourite", "purchase"}
    assert set(_frame(release, "impressions")["split"].unique()) == {"train", "test"}
