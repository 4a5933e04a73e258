"""What a text is tagged as, for any text and however texts come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.languages.arrowtext import texts_of
from ecomdata.languages.tagging import SHARES, SINGLE, TAGS

EXAMPLES = {
    "bn": ["খুব ভালো পণ্য, ধন্যবাদ", "ভালো", "আমার iPhone এর জন্য কেনা এই কভারটা বেশ মজবুত ও সুন্দর", "দাম ৫০০ টাকা"],
    "bn-Latn": [
        "product ta onek valo",
        "Vai eta kemne use korbo?",
        "dam onujayi thik ache 👍👍",
        "ami order korsilam kintu ekhono pai nai",
        "seller er babohar khub kharap chilo",
    ],
    "en": [
        "Good quality, fast delivery 😍",
        "not worth the money!!",
        "It stopped working after three days",
        "nice",
        "𝑽𝒆𝒓𝒚 𝒏𝒊𝒄𝒆 𝒑𝒓𝒐𝒅𝒖𝒄𝒕",
        "Women's waterproof running shoes, size 8",
    ],
    "vi": [
        "Hàng đẹp, giao hàng nhanh, shop rất nhiệt tình",
        "hang dep, giao hang nhanh, shop rat nhiet tinh",
        "Cảm ơn shop nhiều",
        "không đáng tiền",
    ],
    "zh": ["物流很快，质量不错", "好评", "發貨速度很快", "这个app很好用，推荐"],
    "other": [
        "नमस्ते दुनिया",
        "これは良いです",
        "Спасибо, всё отлично",
        "Muy buen producto, llegó rápido",
        "bahut accha product hai",
        "barang bagus, pengiriman cepat",
        "Sehr gute Qualität, schnelle Lieferung",
    ],
    "mixed": ["ভালো product but দাম too much", "好 quality 很好 very good"],
    "none": ["", "   ", "😀👍", "5/5 !!!", "১০/১০", "https://example.org/item?id=5", "???"],
}


def tags(*texts: str) -> list[str]:
    """The tags of some texts."""
    return ed.detect_languages(pl.Series(texts))["language"].cast(pl.String).to_list()


@pytest.mark.parametrize(("tag", "text"), [(tag, text) for tag, texts in EXAMPLES.items() for text in texts])
def test_people_would_agree(tag: str, text: str) -> None:
    """Reviews in every language, short ones, with emoji, links and letters of other kinds."""
    assert tags(text) == [tag], ed.detect_languages(pl.Series([text])).to_dicts()


def test_a_mixed_text_names_its_parts() -> None:
    """The largest share first; other texts have themselves as their part, and those without letters none."""
    found = ed.detect_languages(pl.Series(["ভালো product but দাম too much", "ভালো", "5"]))
    assert found["parts"].to_list() == [["en", "bn"], ["bn"], []]


def test_marks_of_vietnamese_are_counted_however_they_are_composed() -> None:
    """The same tag and shares for letters with marks and for letters followed by marks."""
    composed = ed.detect_languages(pl.Series(["Được lắm ạ"]))
    apart = ed.detect_languages(pl.Series(["Được lắm ạ"]).str.normalize("NFD"))
    assert composed.equals(apart)
    assert composed["vietnamese"][0] == pytest.approx(5 / 8)


def test_shares_are_of_the_characters_that_are_no_space() -> None:
    """Counted by hand."""
    (row,) = ed.detect_languages(pl.Series(["ab cd কখ 中 đ 12 😀 !"])).to_dicts()
    counted = dict.fromkeys(SHARES, 1) | {"bengali": 2, "latin": 4, "digits": 2}
    assert {name: row[name] for name in SHARES} == pytest.approx({k: v / 12 for k, v in counted.items()})


def test_langdetect_names_other_scripts_and_only_those() -> None:
    """Always the same; null for what the model or the script decides."""
    texts = pl.Series(["สวัสดีครับ ยินดีที่ได้รู้จัก", "これは良いです", "good product", "ভালো", "Muy buen producto"])
    found = ed.detect_languages(texts)
    assert found["detected"].to_list() == ["th", "ja", None, None, None]
    assert found.equals(ed.detect_languages(texts))


def test_nulls_stay_null_in_their_rows() -> None:
    """All columns, whatever Arrow holds in their place."""
    bytes_under_null = pa.Array.from_buffers(
        pa.large_string(),
        3,
        [pa.py_buffer(b"\x05"), *pa.array(["a", "কী", "b"], pa.large_string()).buffers()[1:]],
    )
    found = ed.detect_languages(pl.Series(bytes_under_null))
    assert found.row(1) == (None,) * found.width
    assert found["language"].null_count() == 1
    assert ed.detect_languages(pl.Series([None, None]))["language"].null_count() == 2


@pytest.mark.parametrize("empty", [pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.Null)])
def test_nothing_gives_a_frame_of_no_rows(empty: pl.Series) -> None:
    """With the same columns and types."""
    assert ed.detect_languages(empty).schema == ed.detect_languages(pl.Series(["a"])).schema


def test_categories_are_texts_and_numbers_are_not() -> None:
    """The error says what to do."""
    assert ed.detect_languages(pl.Series(["good product"], dtype=pl.Categorical))["language"][0] == "en"
    with pytest.raises(ed.UsageError, match="stars are Int64") as caught:
        ed.detect_languages(pl.Series("stars", [1, 2]))
    assert "cast" in caught.value.hint


def test_texts_may_come_in_what_people_have_at_hand() -> None:
    """Lists, and arrays of Arrow's, NumPy's and pandas', with gaps, give what a series does."""
    pandas = pytest.importorskip("pandas")
    texts = ["good product", None, "Hàng đẹp, giao hàng nhanh"]
    expected = ed.detect_languages(pl.Series(texts))
    for held in (
        texts,
        tuple(texts),
        pa.array(texts),
        pa.array(texts, pa.string_view()),
        pa.array(texts).dictionary_encode(),
        pa.chunked_array([texts[:1], texts[1:]]),
        np.array(texts, dtype=object),
        pandas.Series(texts),
        pandas.Series(texts, dtype=object),
    ):
        assert ed.detect_languages(held).equals(expected)


@pytest.mark.parametrize(
    "texts", ["text", None, 7, (text for text in ["a"]), [1, 2], pl.DataFrame({"a": ["b"]})]
)
def test_what_holds_no_texts_is_refused(texts: Any) -> None:
    """With what to give instead."""
    with pytest.raises(ed.UsageError) as caught:
        ed.detect_languages(texts)
    assert caught.value.hint


def test_options_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """By name."""
    with pytest.raises(ed.UsageError, match="threads cannot be 0"):
        ed.detect_languages(["a"], threads=0)
    for place in (tmp_path, tmp_path / "lid.ftz"):
        with pytest.raises(ed.UsageError, match="is no file"):
            ed.detect_languages(["a"], lid=place)


TEXTS = st.lists(
    st.none()
    | st.text(max_size=40)
    | st.text(alphabet="abকখ中好đệ 1😀.\u0301\u200dñ@:/", max_size=30)
    | st.sampled_from([text for texts in EXAMPLES.values() for text in texts]),
    max_size=12,
)


@settings(deadline=None, max_examples=80)
@given(TEXTS, st.integers(0, 12))
def test_any_text_gets_a_tag_whatever_stands_beside_it(texts: list[str | None], cut: int) -> None:
    """A tag of the set, parts that agree with it, sound shares; alone or in chunks, the same."""
    series = pl.Series(texts, dtype=pl.String)
    found = ed.detect_languages(series)
    chunked = pl.concat([series[:cut], series[cut:]], rechunk=False)
    assert found.equals(ed.detect_languages(chunked, threads=1))
    alone: list[Any] = [ed.detect_languages(series[place : place + 1]) for place in range(len(series))]
    assert not alone or found.equals(pl.concat(alone))
    for text, row in zip(texts, found.iter_rows(named=True), strict=True):
        if text is None:
            continue
        assert row["language"] in TAGS
        assert set(row["parts"]) <= set(SINGLE)
        assert len(set(row["parts"])) == len(row["parts"])
        assert {0: "none", 1: (row["parts"] or [""])[0]}.get(len(row["parts"]), "mixed") == row["language"]
        assert 0 <= row["confidence"] <= 1
        total = sum(row[name] for name in SHARES)
        assert total == pytest.approx(1, abs=1e-5) or total == 0


@settings(deadline=None, max_examples=50)
@given(TEXTS, st.integers(0, 12), st.integers(0, 12))
def test_every_kind_of_arrow_string_is_read(texts: list[str | None], first: int, size: int) -> None:
    """string, large_string and string_view, whole and sliced, give the bytes of the texts."""
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        array = pa.array(texts, kind).slice(first, size)
        found = texts_of(array)
        edges = found.edges.tolist()
        read = [
            None if gone else bytes(found.data[a:b]).decode()
            for a, b, gone in zip(edges, edges[1:], found.missing, strict=False)
        ]
        assert read == array.to_pylist()


def test_bytes_that_are_no_text_are_counted_and_pass() -> None:
    """Arrow does not check its strings; no byte is read twice or beyond the end."""
    from ecomdata.languages.detecting import latin_words

    broken = [
        b"ab\xff\xfecd",
        b"\xe0\xa6",
        b"\xf0\x9f\x98",
        b"\xc0\x80ok",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
    ]
    edges = pa.array([0, *pl.Series([len(b) for b in broken]).cum_sum()], pa.int32()).buffers()[1]
    array = pa.Array.from_buffers(pa.string(), len(broken), [None, edges, pa.py_buffer(b"".join(broken))])
    counts, words = latin_words(texts_of(array))
    assert (counts.sum(axis=1) > 0).all()
    ends = words.edges.tolist()
    assert bytes(words.data[: ends[1]]) == b"ab cd"
    assert bytes(words.data[ends[3] : ends[4]]) == b"ok"
