"""ROPE: the nine text files in upstream's own spelling, and what they become."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import AccessError, DataError
from ecomdata.loaders.rope.tables import IMAGES_AT

README = {
    "training_product_pages_pair.txt": "99721, 7",
    "training_product_videos_pair.txt": "26140, 3179594",
    "training_product_lives_pair.txt": "99721, 2240805",
    "training_page_titles.txt": "1366457, 简约西装外套",
    "training_video_asrs.txt": r"2830227, 不买亏大了,碧根果才1元,限时限量速抢 \cdots ",
    "training_live_asrs.txt": r"24,  内里是加绒加棉加厚咱这个衣服 \cdots ",
    "training_page_images.txt": "728, eae32f52-2a9a-11ee-a32e-507c6f3c3e56.jpg ",
    "training_video_frames.txt": "1105250, 240, 6c67b8b0-2c83-11ee-8e82-b8cef63cdeda.jpg ",
    "training_live_clips.txt": "1718832, 1668122889829, 08318640-2c84-11ee-87b6-043f72c2ce50.jpg ",
}
"""The nine example lines of upstream's README, its spaces included."""


def _load(folder: Path, files: dict[str, str]) -> ed.Release:
    for name, text in files.items():
        (folder / name).write_text(text + "\n", encoding="utf-8", newline="")
    return ed.load("rope", source=folder)


def _rows(release: ed.Release, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return release[table].lazy().select(columns or pl.all()).collect().rows()


def _media(release: ed.Release, media_id: str) -> dict[str, Any]:
    return release["media"].lazy().filter(pl.col("media_id") == media_id).collect().row(0, named=True)


def test_the_nine_lines_of_the_readme_load_to_what_they_say(tmp_path: Path) -> None:
    """Each line is one row of its table, without the spaces around its fields."""
    release = _load(tmp_path, README)
    assert _rows(release, "pairs") == [
        ("live:2240805", "live", 99721, 2240805, "train"),
        ("page:7", "page", 99721, 7, "train"),
        ("video:3179594", "video", 26140, 3179594, "train"),
    ]
    assert _rows(release, "texts", "media_id", "text", "number") == [
        ("live:24", r"内里是加绒加棉加厚咱这个衣服 \cdots", 24),
        ("page:1366457", "简约西装外套", 1366457),
        ("video:2830227", r"不买亏大了,碧根果才1元,限时限量速抢 \cdots", 2830227),
    ]
    assert _rows(release, "images", "media_id", "position", "image_url") == [
        ("live:1718832", 1668122889829, IMAGES_AT + "08318640-2c84-11ee-87b6-043f72c2ce50.jpg"),
        ("page:728", None, IMAGES_AT + "eae32f52-2a9a-11ee-a32e-507c6f3c3e56.jpg"),
        ("video:1105250", 240, IMAGES_AT + "6c67b8b0-2c83-11ee-8e82-b8cef63cdeda.jpg"),
    ]
    assert all(release[table].record.rejected == 0 for table in ("pairs", "texts", "images", "media"))


def test_the_nine_lines_name_nine_media(tmp_path: Path) -> None:
    """No two of them speak of the same medium, so each has one thing and lacks the others."""
    release = _load(tmp_path, README)
    assert [media for (media,) in _rows(release, "media", "media_id")] == [
        *("page:7", "page:728", "page:1366457"),
        *("video:1105250", "video:2830227", "video:3179594"),
        *("live:24", "live:1718832", "live:2240805"),
    ]
    assert _media(release, "page:7") == {
        "media_id": "page:7",
        "domain": "page",
        "product_id": 99721,
        "text": None,
        "image_urls": [],
        "frame_positions": None,
        "product_ids": [99721],
        "number": 7,
        "split": "train",
    }
    assert _media(release, "live:24")["text"] == r"内里是加绒加棉加厚咱这个衣服 \cdots"
    assert _media(release, "video:1105250")["frame_positions"] == [240]
    assert _media(release, "live:1718832")["frame_positions"] == [1668122889829]


def test_one_number_in_three_domains_is_three_media(tmp_path: Path) -> None:
    """Upstream numbers pages, videos and live clips each for itself."""
    release = _load(
        tmp_path,
        {
            "training_product_pages_pair.txt": "1, 7",
            "training_product_videos_pair.txt": "2, 7",
            "training_live_asrs.txt": "7, 说",
        },
    )
    assert _rows(release, "media", "media_id", "product_id", "text") == [
        ("page:7", 1, None),
        ("video:7", 2, None),
        ("live:7", None, "说"),
    ]


def test_frames_are_put_in_order(tmp_path: Path) -> None:
    """By frame number or time; equal ones, and the images of a page, stay in the order of the file."""
    release = _load(
        tmp_path,
        {
            "training_video_frames.txt": "5, 240, c.jpg\n6, 0, x\n5, 30, b.jpg\n5, 0, a2.jpg\n5, 0, a.jpg",
            "training_page_images.txt": "5, 2.jpg\n6, 9.jpg\n5, 1.jpg",
        },
    )
    video, page = _media(release, "video:5"), _media(release, "page:5")
    assert video["frame_positions"] == [0, 0, 30, 240]
    assert video["image_urls"] == [IMAGES_AT + name for name in ("a2.jpg", "a.jpg", "b.jpg", "c.jpg")]
    assert page["frame_positions"] is None
    assert page["image_urls"] == [IMAGES_AT + "2.jpg", IMAGES_AT + "1.jpg"]


@pytest.mark.parametrize("url", [IMAGES_AT + "a.jpg", "http://example.org/a.jpg"])
def test_an_image_may_be_named_by_its_full_address(tmp_path: Path, url: str) -> None:
    """Upstream's listing speaks of addresses, its examples hold names: both will do."""
    release = _load(tmp_path, {"training_page_images.txt": f"1, {url} \n1, b.jpg"})
    assert _rows(release, "images", "image_url") == [(url,), (IMAGES_AT + "b.jpg",)]


@pytest.mark.parametrize("line", ["1, a b.jpg", "1, a.jpg, b.jpg", "1,", "x, a.jpg"])
def test_a_line_that_names_no_image_is_rejected(tmp_path: Path, line: str) -> None:
    """It never becomes a broken address."""
    release = _load(tmp_path, {"training_page_images.txt": f"1, a.jpg\n{line}"})
    assert release["images"].rejected()["raw"].to_list() == [line]
    assert _media(release, "page:1")["image_urls"] == [IMAGES_AT + "a.jpg"]


def test_commas_of_a_text_are_its_own(tmp_path: Path) -> None:
    """Half-width and full-width ones; spaces inside stay too."""
    release = _load(tmp_path, {"training_video_asrs.txt": "1,  一,二，三,  四 "})
    assert _media(release, "video:1")["text"] == "一,二，三,  四"


def test_lines_that_continue_a_text_are_joined_and_counted(tmp_path: Path) -> None:
    """Speech texts may hold line breaks; the manifest says how many lines were joined."""
    release = _load(tmp_path, {"training_live_asrs.txt": "1, 第一行\r\n第二行, 还有\r\n2, 说"})
    assert _rows(release, "texts", "number", "text") == [(1, "第一行\n第二行, 还有"), (2, "说")]
    assert release["texts"].record.dropped == {"continuation line, joined to the record before it": 1}


def test_a_missing_text_is_null(tmp_path: Path) -> None:
    """Upstream's marker and nothing at all are told apart beside it."""
    release = _load(tmp_path, {"training_page_titles.txt": "1, 空\n2, \n3, 空调"})
    assert _rows(release, "texts", "text", "missing") == [(None, "marker"), (None, "nothing"), ("空调", None)]
    assert _rows(release, "media", "text") == [(None,), (None,), ("空调",)]


def test_of_several_texts_the_first_that_is_one_counts(tmp_path: Path) -> None:
    """All of them stay in texts."""
    release = _load(tmp_path, {"training_page_titles.txt": "1, 空\n1, 乙\n1, 甲"})
    assert _media(release, "page:1")["text"] == "乙"
    assert release["texts"].record.written == 3


def test_several_products_of_a_medium_are_all_kept(tmp_path: Path) -> None:
    """Whether that happens is not known; then no one of them is the product."""
    release = _load(tmp_path, {"training_product_lives_pair.txt": "9, 1\n8, 1\n9, 1\n7, 2"})
    assert _rows(release, "media", "media_id", "product_id", "product_ids") == [
        ("live:1", None, [8, 9]),
        ("live:2", 7, [7]),
    ]


def test_test_files_are_taken_where_there_are_any(tmp_path: Path) -> None:
    """They make media of their own, for whether their numbers are those of training is not known."""
    release = _load(
        tmp_path,
        {
            "training_product_pages_pair.txt": "1, 7",
            "test_product_pages_pair.txt": "2, 7",
            "test_page_titles.txt": "7, 题",
        },
    )
    assert _rows(release, "media", "split", "media_id", "product_id", "text") == [
        ("train", "page:7", 1, None),
        ("test", "page:7", 2, "题"),
    ]


def test_a_part_of_the_files_will_do(tmp_path: Path) -> None:
    """Media are made of what is there."""
    release = _load(tmp_path, {"training_page_titles.txt": "1, 题"})
    assert _media(release, "page:1")["text"] == "题"


def test_a_file_of_another_kind_is_an_error(tmp_path: Path) -> None:
    """It is named, with its first line."""
    with pytest.raises(DataError, match=r"training_video_frames\.txt: .*\n.*no line starts with 2 numbers"):
        _load(tmp_path, {"training_video_frames.txt": "1, a.jpg"})


def test_without_files_the_user_learns_how_to_get_them() -> None:
    """They come by mail, after an agreement."""
    with pytest.raises(AccessError) as error:
        ed.load("rope")
    assert "Licensing Agreement of ROPE Dataset.docx" in str(error.value) + error.value.hint


def test_a_packed_file_says_the_same(tmp_path: Path) -> None:
    """The .gz at its end is no part of the name that the part and the domain are read from."""
    (tmp_path / "training_page_titles.txt.gz").write_bytes(gzip.compress(b"7, a\n"))
    release = ed.load("rope", source=tmp_path)
    assert _rows(release, "texts", "media_id", "split") == [("page:7", "train")]


def test_a_sample_has_the_hazards() -> None:
    """Every quirk that upstream's files have or may have stands in it, and nothing is rejected."""
    release = ed.load("rope", sample=True)
    texts = release["texts"].lazy().collect()
    images = release["images"].lazy().collect()
    media = release["media"].lazy().collect()
    assert {table: release[table].record.rejected for table in ("pairs", "texts", "images", "media")} == {
        "pairs": 0,
        "texts": 0,
        "images": 0,
        "media": 0,
    }
    assert set(texts["missing"].drop_nulls()) == {"marker"}
    assert texts["text"].str.contains("\n").any()
    assert texts["text"].str.contains(",").any()
    assert texts["text"].str.contains("，").any()
    assert release["texts"].record.dropped
    assert media.filter(pl.col("text").is_null()).height > texts["text"].null_count()
    assert set(media.select("domain", "split").unique().rows()) == {
        (domain, split) for domain in ("page", "video", "live") for split in ("train", "test")
    }
    assert media["number"].n_unique() < media.height
    frames = images.filter(pl.col("domain") == "video")
    diffs = frames.select((pl.col("position").diff() < 0).over("number")).to_series()
    assert diffs.any()
    assert media["image_urls"].list.len().sum() == images.height
    assert 9_900 < media.filter(pl.col("split") == "train").height + 82 < 10_100


def test_two_deliveries_are_not_mixed(tmp_path: Path) -> None:
    """A link is mailed again when it has expired; with both, every pair would stand twice."""
    for delivery in ("first", "second"):
        (tmp_path / delivery).mkdir()
        for name in ("training_product_pages_pair.txt", "training_product_videos_pair.txt"):
            (tmp_path / delivery / name).write_text("1, 2\n")
    with pytest.raises(DataError, match=r"first/.* and second/.*: upstream has one such file"):
        ed.load("rope", source=tmp_path)


def test_some_of_the_files_are_measured_by_what_is_published_of_them(tmp_path: Path) -> None:
    """Pages alone say nothing about videos, nor about how many products a medium shows without the pairs."""
    pages = {name: text for name, text in README.items() if "_page" in name}
    _load(tmp_path, pages)
    statuses = {figure.name: figure.status for figure in ed.validate("rope").figures}
    assert [name for name, status in statuses.items() if status != "not applicable"] == ["pages, train"]
    (tmp_path / "training_product_pages_pair.txt").unlink()
    _load(tmp_path, {})
    found = ed.validate("rope")
    assert {figure.status for figure in found.figures} == {"not applicable"}
    one = next(rule for rule in found.rules if rule.name == "a medium shows one product")
    assert (one.status, one.reason) == ("not applicable", "not loaded: pairs")
