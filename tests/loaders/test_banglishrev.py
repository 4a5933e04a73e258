"""banglishrev: every quirk of the file in its real spelling."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.columns import DriftError
from ecomdata.declare import Dataset
from ecomdata.errors import DataError, EcomdataError
from ecomdata.loaders.banglishrev import DATASETS
from ecomdata.loaders.banglishrev.tables import TEXT_STATES, utc

DATASET: Dataset = DATASETS[0]
URL = "https://sg-test-11.slatic.net/other/roc/00eda86ee26b963f0078929385388a11.jpg"

REVIEW: dict[str, Any] = {
    "Buyer ID": "1306023",
    "Current Rating": 5,
    "Review Content": "5 ti ar modeh 1 ta acbare vanga full vanga.",
    "Review Date": "12 Mar 2024",
    "Likes": 2,
    "Dislikes": 0,
    "Date Bought": "2024-03-01",
    "Reply": None,
    "Images": [{"Image URL": URL, "Size": [1, 2]}],
}
PRODUCT: dict[str, Any] = {
    "Number Of Reviews": 1,
    "Reviews": [REVIEW],
    "Average Rating": 4.8,
    "Score Counts": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 1},
    "Category": "Phone Cases",
    "Parent Category": "Trendy Mobile Accessories",
    "Root Category": "Electronics Device",
    "Product ID": "1400200",
}


def _load(folder: Path, content: object, name: str = "reviews v1.json") -> ed.Release:
    """Load a file with this content: bytes and text as they are, anything else as JSON."""
    data = content.encode() if isinstance(content, str) else content
    if not isinstance(data, bytes):
        data = json.dumps(data, ensure_ascii=False).encode()
    (folder / name).write_bytes(data)
    return ed.load("banglishrev", source=folder, home=folder / "home")


def _frame(release: ed.Release, table: str = "reviews") -> pl.DataFrame:
    return release[table].lazy().collect()


def _with(**changes: object) -> dict[str, Any]:
    """A product with one review, with other keys (spaces as underscores); ... leaves one out."""
    named = {key.replace("_", " "): value for key, value in changes.items()}
    review = {key: value for key, value in {**REVIEW, **named}.items() if value is not ...}
    return {**PRODUCT, "Reviews": [review]}


def test_a_product_and_its_review(tmp_path: Path) -> None:
    """The keys as the card spells them, with spaces and capitals, and the id after the reviews."""
    release = _load(tmp_path, [PRODUCT])
    assert _frame(release, "products").row(0, named=True) == {
        "product_id": "1400200",
        "category_path": ["Electronics Device", "Trendy Mobile Accessories", "Phone Cases"],
        "average_rating": 4.8,
        "rating_counts": [0, 0, 0, 0, 1],
        "review_count": 1,
        "root_category": "Electronics Device",
        "parent_category": "Trendy Mobile Accessories",
        "category": "Phone Cases",
        "score_counts": '{"1": 0, "2": 0, "3": 0, "4": 0, "5": 1}',
        "reviews_kind": "array",
        "product_number": 1,
        "other_keys": None,
    }
    assert _frame(release).row(0, named=True) == {
        "product_id": "1400200",
        "user_id": "1306023",
        "rating": 5.0,
        "text": "5 ti ar modeh 1 ta acbare vanga full vanga.",
        "posted_at": datetime(2024, 3, 12, tzinfo=UTC),
        "bought_at": datetime(2024, 3, 1, tzinfo=UTC),
        "likes": 2,
        "dislikes": 0,
        "reply": None,
        "image_urls": [URL],
        "text_state": "text",
        "posted_raw": "12 Mar 2024",
        "bought_raw": "2024-03-01",
        "reply_kind": "null",
        "images": f'[{{"Image URL": "{URL}", "Size": [1, 2]}}]',
        "product_number": 1,
        "position": 1,
        "other_keys": None,
    }


def test_an_object_of_products_reads_like_a_list(tmp_path: Path) -> None:
    """The card of 10 June 2024 describes a file that is keyed by product id."""
    bare = {key: value for key, value in PRODUCT.items() if key != "Product ID"}
    release = _load(tmp_path, {"1400200": bare, "1400201": PRODUCT})
    assert _frame(release, "products")["product_id"].to_list() == ["1400200", "1400200"]
    assert _frame(release)["product_id"].to_list() == ["1400200", "1400200"]
    assert _frame(release)["product_number"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("content", "state", "text"),
    [
        ("ভালো\nvalo 😍 𝑽𝒆𝒓𝒚", "text", "ভালো\nvalo 😍 𝑽𝒆𝒓𝒚"),
        ("??? ??????", "text", "??? ??????"),
        (" \n", "blank", " \n"),
        ("", "empty", ""),
        (None, "null", None),
        (..., "absent", None),
        (5, "other", "5"),
        ("null", "text", "null"),
    ],
)
def test_empty_null_and_absent_texts_are_told_apart(
    tmp_path: Path, content: object, state: str, text: str | None
) -> None:
    """Nearly half of the ratings have no text; in which way is a column, and counted."""
    release = _load(tmp_path, [_with(Review_Content=content), PRODUCT])
    frame = _frame(release)
    assert frame.select("text_state", "text").row(0) == (state, text)
    found = _frame(release, "coverage").filter(pl.col("field") == "text").select("state", "share").rows()
    assert dict(found) == ({"text": 1.0} if state == "text" else {"text": 0.5, state: 0.5})


def test_every_state_of_a_text_is_in_the_schema() -> None:
    """The states are the column's type."""
    assert DATASET.table("reviews").schema.columns()["text_state"].dtype == pl.Enum(TEXT_STATES)


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        ("2024-03-12", "2024-03-12 00:00:00"),
        ("2024/03/12", "2024-03-12 00:00:00"),
        (" 12 Mar 2024 ", "2024-03-12 00:00:00"),
        ("12 March 2024", "2024-03-12 00:00:00"),
        ("Mar 12, 2024", "2024-03-12 00:00:00"),
        ("2024-03-12 10:20:30", "2024-03-12 10:20:30"),
        ("2024-03-12T10:20:30.5", "2024-03-12 10:20:30.500"),
        ("2024-03-12T10:20:30+06:00", "2024-03-12 04:20:30"),
        ("2024-03-12T10:20:30Z", "2024-03-12 10:20:30"),
        ("2024-03-12 10:20", "2024-03-12 10:20:00"),
        ("03/04/2024", None),
        ("3 weeks ago", None),
        ("2024-02-30", None),
        *((short, None) for short in ("05 Jan 24", "24-01-05", "Jan 5, 24", "-2024-01-05", "24-01-05 10:20")),
        ("", None),
        (None, None),
    ],
)
def test_dates_that_can_be_read_in_one_way_are(raw: str | None, parsed: str | None) -> None:
    """How upstream writes dates is not known; 03/04/2024 can be read in two ways and is not."""
    frame = pl.DataFrame({"raw": [raw]}, schema={"raw": pl.String}).select(utc(pl.col("raw")))
    expected = None if parsed is None else datetime.fromisoformat(parsed).replace(tzinfo=UTC)
    assert frame.item() == expected


def test_a_second_file_is_refused(tmp_path: Path) -> None:
    """Products are numbered by file: those of two files could not be told apart."""
    _load(tmp_path, [PRODUCT])
    with pytest.raises(DataError, match=r"reviews v1\.json and reviews_v1\.json: upstream has one") as caught:
        _load(tmp_path, [PRODUCT, PRODUCT], "reviews_v1.json")
    assert "--only" in caught.value.hint


def test_the_share_of_parsed_dates_is_reported(tmp_path: Path) -> None:
    """The raw text stays beside the parsed time, and coverage counts how many there are of each."""
    dates = ("2024-03-12", "12 Mar 2024", "3 weeks ago", None)
    release = _load(tmp_path, [_with(Review_Date=date) for date in dates])
    assert _frame(release)["posted_raw"].to_list() == list(dates)
    found = _frame(release, "coverage").filter(pl.col("field") == "posted_at")
    assert dict(found.select("state", "share").rows()) == {"parsed": 0.5, "not parsed": 0.25, "missing": 0.25}


def test_numbers_in_strings_are_numbers(tmp_path: Path) -> None:
    """Consumers cast ratings and counts; ids stay text whatever they are."""
    product = {
        **_with(Current_Rating="4", Likes="3", Buyer_ID=1306023),
        "Average Rating": "4.5",
        "Product ID": 7,
    }
    release = _load(tmp_path, [product])
    assert _frame(release).select("rating", "likes", "user_id").row(0) == (4.0, 3, "1306023")
    assert _frame(release, "products").select("product_id", "average_rating").row(0) == ("7", 4.5)


def test_a_rating_that_is_no_number_is_rejected(tmp_path: Path) -> None:
    """The review is in quarantine as it stands in the file, with its byte."""
    release = _load(tmp_path, [PRODUCT, _with(Current_Rating="five")])
    rejected = release["reviews"].rejected()
    assert (
        rejected["reasons"]
        .list.join("")
        .str.starts_with("Current Rating: 'five' is not a number (byte")
        .all()
    )
    assert json.loads(rejected["raw"][0])["Current Rating"] == "five"
    assert _frame(release).height == 1


@pytest.mark.parametrize(
    ("reply", "kind", "kept"),
    [
        ("Thank you", "string", "Thank you"),
        ({"by": "seller"}, "object", '{"by": "seller"}'),
        (None, "null", None),
    ],
)
def test_a_reply_may_be_anything(tmp_path: Path, reply: object, kind: str, kept: str | None) -> None:
    """Its type is not known: a string is text, anything else is JSON as it is spelt."""
    frame = _frame(_load(tmp_path, [_with(Reply=reply)]))
    assert frame.select("reply_kind", "reply").row(0) == (kind, kept)


@pytest.mark.parametrize(
    ("images", "urls"), [([], []), (None, None), (..., None), ([{"Image URL": "a"}, {"b": 1}], ["a"])]
)
def test_images_are_kept_whole(tmp_path: Path, images: object, urls: list[str] | None) -> None:
    """Three keys of an image object are unknown; the objects are there as JSON."""
    frame = _frame(_load(tmp_path, [_with(Images=images)]))
    assert frame["image_urls"].to_list() == [urls]
    assert (frame["images"][0] is None) == (urls is None)


def test_keys_that_no_card_names_are_kept(tmp_path: Path) -> None:
    """In a product and in a review, as JSON."""
    release = _load(tmp_path, [{**_with(Helpful=[1, "ভালো"]), "Brand": "x"}])
    assert _frame(release)["other_keys"].to_list() == ['{"Helpful": [1, "ভালো"]}']
    assert _frame(release, "products")["other_keys"].to_list() == ['{"Brand": "x"}']


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ({"5": "7", "4": 0, "3": 0, "2": 0, "1": 1}, [1, 0, 0, 0, 7]),
        ({"5": 1}, None),
        ([0, 0, 0, 0, 1], None),
        (None, None),
    ],
)
def test_score_counts_are_kept_as_given(tmp_path: Path, counts: object, kept: list[int] | None) -> None:
    """Five counts become a list; anything else is JSON alone."""
    release = _load(tmp_path, [{**PRODUCT, "Score Counts": counts}])
    frame = _frame(release, "products")
    assert frame["rating_counts"].to_list() == [kept]
    assert (json.loads(frame["score_counts"][0]) if counts else None) == counts


def test_score_counts_are_checked_against_the_reviews(tmp_path: Path) -> None:
    """A difference is a finding: no row is dropped for it."""
    off = {**PRODUCT, "Score Counts": dict.fromkeys("12345", 1), "Number Of Reviews": 5}
    none = {**PRODUCT, "Score Counts": None, "Number Of Reviews": None, "Reviews": None}
    release = _load(tmp_path, [PRODUCT, off, none])
    found = _frame(release, "score_checks").select(
        "product_number", "ratings_found", "reviews_found", "rating_counts_agree", "review_count_agrees"
    )
    assert found.rows() == [
        (1, [0, 0, 0, 0, 1], 1, True, True),
        (2, [0, 0, 0, 0, 1], 1, False, False),
        (3, [0, 0, 0, 0, 0], 0, None, None),
    ]


def test_ids_that_stand_twice_are_kept_and_counted(tmp_path: Path) -> None:
    """Each product keeps its own reviews, by its place in the file."""
    release = _load(tmp_path, [PRODUCT, PRODUCT, {**PRODUCT, "Product ID": "1"}])
    assert _frame(release)["product_number"].to_list() == [1, 2, 3]
    found = _frame(release, "coverage").filter(pl.col("field") == "product_id").select("state", "rows").rows()
    assert found == [("repeated", 2), ("unique", 1)]


@pytest.mark.parametrize(
    ("reviews", "kind", "rejected"),
    [(None, "null", 0), (..., "absent", 0), ([], "array", 0), ("many", "string", 1)],
)
def test_a_product_without_reviews_is_a_product(
    tmp_path: Path, reviews: object, kind: str, rejected: int
) -> None:
    """What stands in place of the reviews is told, and kept in quarantine where it is no list."""
    product = {k: v for k, v in {**PRODUCT, "Reviews": reviews, "Product ID": "9"}.items() if v is not ...}
    release = _load(tmp_path, [product, PRODUCT])
    assert _frame(release, "products").select("product_id", "reviews_kind").row(0) == ("9", kind)
    assert release["reviews"].record.rejected == rejected
    assert _frame(release)["product_id"].to_list() == ["1400200"]


def test_a_product_without_an_id_is_rejected_with_its_reviews(tmp_path: Path) -> None:
    """Nobody could say of what they are."""
    release = _load(tmp_path, [{**PRODUCT, "Product ID": None}, PRODUCT])
    assert release["products"].record.reasons == {"product_id is null": 1}
    assert release["reviews"].record.reasons == {"product_id is null": 1}


@pytest.mark.parametrize("head", [b"\xef\xbb\xbf", b"\r\n", b""])
def test_windows_leaves_no_trace(tmp_path: Path, head: bytes) -> None:
    """A byte-order mark and CRLF between values are white space."""
    text = json.dumps([PRODUCT, PRODUCT], indent=1).replace("\n", "\r\n")
    assert _frame(_load(tmp_path, head + text.encode())).height == 2


def test_a_truncated_file_names_the_last_whole_product(tmp_path: Path) -> None:
    """And the byte at which it breaks off."""
    text = json.dumps([PRODUCT, {**PRODUCT, "Product ID": "1400201"}, PRODUCT])
    with pytest.raises(DataError, match=r'breaks off at byte 900.*number 1 \(Product ID "1400200"\)'):
        _load(tmp_path, text[:900])


def test_a_truncated_file_gives_its_whole_products_when_asked(tmp_path: Path) -> None:
    """With keep_partial the rest of it is one rejected row, in quarantine as it stands."""
    text = json.dumps([PRODUCT, {**PRODUCT, "Product ID": "1400201"}, PRODUCT])[:900]
    (tmp_path / "reviews v1.json").write_text(text, encoding="utf-8")
    release = ed.load("banglishrev", source=tmp_path, home=tmp_path / "home", keep_partial=True)
    assert _frame(release)["product_id"].to_list() == ["1400200"]
    for table in ("products", "reviews"):
        rejected = release[table].rejected()
        assert rejected["reasons"].to_list() == [["the file breaks off in it (byte 900)"]]
        assert text.endswith(rejected["raw"][0])
    assert release.manifest.options["keep_partial"] is True


@pytest.mark.parametrize(
    "content", [b"Product ID,Review\n1,good\n", b"\x00\x01\x02binary", b"PAR1 is no JSON"]
)
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    """It says how the file starts."""
    with pytest.raises(EcomdataError, match="is not JSON: it starts with"):
        _load(tmp_path, content)


def test_other_json_is_refused_with_its_keys(tmp_path: Path) -> None:
    """Where no product has reviews, or no review a text, the keys that were found are named."""
    with pytest.raises(DriftError, match="missing: Reviews") as error:
        _load(tmp_path, [{"Product Name": "x", "URL": "y"}])
    assert error.value.found == ("Product Name", "URL")
    with pytest.raises(DriftError, match="missing: Review Content") as error:
        _load(tmp_path, [{**PRODUCT, "Reviews": [{"Comment": "x"}]}])
    assert error.value.found == ("Comment",)


def test_a_name_whose_space_was_replaced_is_found(tmp_path: Path) -> None:
    """Downloads turn the space into an underscore or %20."""
    assert _frame(_load(tmp_path, [PRODUCT], "reviews_v1.json")).height == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_load_says_which_version_it_is(
    tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name has had five contents; a known hash is named, another one is loaded with a warning."""
    data = json.dumps([PRODUCT]).encode()
    if known:
        versions = {"reviews v1.json": {hashlib.sha256(data).hexdigest(): "the upload with mended buyer ids"}}
        monkeypatch.setattr("ecomdata.loading.loader", _with_versions(versions))
    release = _load(tmp_path, data)
    said = capsys.readouterr().err
    assert ("note: reviews v1.json is the upload with mended buyer ids" in said) == known
    assert ("warning: reviews v1.json is none of the 2 versions known by their hash" in said) != known
    assert _frame(release).height == 1


def _with_versions(versions: dict[str, dict[str, str]]) -> Callable[[str], Dataset]:
    """The dataset with a version whose bytes a test can have; those of the real ones are 1.8 GB."""
    from dataclasses import replace

    changed = replace(DATASET, versions=versions)
    return lambda _: changed


def test_the_known_versions_are_those_of_the_hub() -> None:
    """Their hashes stand on the Hub's pages of the two commits."""
    digests = list(DATASET.versions["reviews v1.json"])
    assert [digest[:8] for digest in digests] == ["087ce3b5", "bd25e055"]


def test_the_sample_is_laid_out_like_the_file(tmp_path: Path) -> None:
    """One array of products under the name with a space, exactly the reviews asked for, hazards included."""
    DATASET.sample(tmp_path, 5000, 1)
    found = json.loads((tmp_path / "reviews v1.json").read_text(encoding="utf-8"))
    reviews = [review for product in found for review in product.get("Reviews") or ()]
    assert len(reviews) == 5000
    assert {key for review in reviews for key in review} == set(REVIEW)
    texts = [review for review in reviews if review.get("Review Content")]
    assert 0.45 < len(texts) / 5000 < 0.6
    assert 0.78 < sum(int(review["Current Rating"]) >= 4 for review in texts) / len(texts) < 0.86
    ids = [product["Product ID"] for product in found]
    assert len(set(ids)) < len(ids)
    assert any("Reviews" not in product for product in found)
    assert any(review["Likes"] < 0 for review in reviews)
    assert any(isinstance(review["Reply"], dict) for review in reviews)


def test_nothing_of_a_sample_is_rejected() -> None:
    """Its dirty rows are all carried through, and its texts are in four states."""
    release = ed.load("banglishrev", sample=True)
    assert release["reviews"].record.rejected == release["products"].record.rejected == 0
    assert set(_frame(release)["text_state"].unique()) == {"text", "empty", "null", "absent"}
    assert not _frame(release, "score_checks")["rating_counts_agree"].all()
