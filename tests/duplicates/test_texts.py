from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.duplicates import find_duplicates
from ecomdata.errors import UsageError
from ecomdata.texts.fingerprints import fingerprints
from ecomdata.texts.tidying import blocks, plain_texts, tidy_texts
from tests.duplicates.reference import tidied

BENGALI = "".join(map(chr, range(0x980, 0xA00)))
TRICKY = "Aa 0٣৫\t\u00a0\u2003\u3000ÉéİſẞßΣςH\u0331\u0301\u0327가ᄀ\u1161Å中，।😍\ufe0f\u200d\U0001fbf5"


def _tidied(values: Sequence[str], *tidyings: str) -> list[str]:
    out: list[str] = []
    for block in blocks(pl.Series(values, dtype=pl.String)):
        texts = tidy_texts(block, frozenset(tidyings))
        data = bytes(texts.data)
        out += [data[a:b].decode() for a, b in zip(texts.edges[:-1], texts.edges[1:], strict=True)]
    return out


KNOWN = st.characters(exclude_categories=["Cn", "Cs"])
"""Polars knows the letters of a newer Unicode than Python does."""


@given(
    st.lists(st.text(st.sampled_from(BENGALI + TRICKY), max_size=12) | st.text(KNOWN, max_size=6), max_size=8)
)
@settings(max_examples=60, deadline=None)
def test_tidying_is_what_unicode_says(values: list[str]) -> None:
    """Loops and polars together do what Python's own functions do; and doing it again changes nothing."""
    once = _tidied(values, "nfc", "case", "space", "digits")
    assert once == [tidied(value, digits=True) for value in values]
    assert _tidied(values, "nfc") == [unicodedata.normalize("NFC", value) for value in values]
    assert _tidied(values, "space") == [" ".join(value.split()) for value in values]
    assert _tidied(values) == values


def test_every_character_of_bengali_is_tidied_after_every_other() -> None:
    """Marks that change places, letters that are joined and those that are taken apart, in all pairs."""
    values = [f"ক{one}{other}" for one in BENGALI for other in BENGALI]
    assert _tidied(values, "nfc") == [unicodedata.normalize("NFC", value) for value in values]


def test_forms_of_the_same_bengali_text_are_the_same() -> None:
    """ড় as one character or as two, ো as one or as two, and Bengali digits when they are asked to be."""
    texts = pl.Series(["ভালো বড়\u09bc ড\u09bc", "ভাল\u09c7\u09be বড\u09bc\u09bc \u09dc", "ভালো ৫", "ভালো 5"])
    found = find_duplicates(texts, method="exact")
    assert found.pairs.rows() == [(0, 1, 1.0)]
    assert find_duplicates(texts, method="exact", normalize=[]).pairs.is_empty()
    with_digits = find_duplicates(texts, method="exact", normalize=["nfc", "digits"])
    assert with_digits.pairs.rows() == [(0, 1, 1.0), (2, 3, 1.0)]


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.binary_view(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_every_arrow_type_of_text_is_read(kind: pa.DataType) -> None:
    """With nulls, sliced, in chunks, and as a polars Series."""
    values = ["skipped", "É x", None, "", "e\u0301 X", "long enough not to be inlined in a view", "é  x"]
    array = pa.array(values, pa.string())
    array = array.dictionary_encode() if pa.types.is_dictionary(kind) else array.cast(kind)
    sliced = array.slice(1)
    for column in (sliced, pa.chunked_array([sliced.slice(0, 2), sliced.slice(2)]), pl.Series(sliced)):
        found = find_duplicates(column, method="exact")
        assert found.pairs.rows() == [(0, 3, 1.0), (0, 5, 1.0)]
        assert (found.texts, found.empty, found.different) == (6, 2, 2)


def test_bytes_that_are_no_utf8_are_compared_as_they_are() -> None:
    """But for letters and white space of ASCII among them; other rows of the block are tidied in full."""
    values = [
        b"\xff\xfe Abc",
        b"\xff\xfe  abc ",
        b"\x80",
        b"\xe0\xa6",
        b"\xe0\xa6\x95",
        "É".encode(),
        "e\u0301".encode(),
    ]
    for kind in (pa.binary(), pa.large_binary()):
        found = find_duplicates(pa.array(values, kind), ngrams="char:2")
        assert found.pairs.rows() == [(0, 1, 1.0), (5, 6, 1.0)]


def test_texts_may_come_in_what_people_have_at_hand() -> None:
    """Lists, and arrays of NumPy's and pandas', with gaps; times and sides likewise."""
    pandas = pytest.importorskip("pandas")
    texts = ["a b c d", None, "a  B c d"]
    for held in (
        texts,
        tuple(texts),
        np.array(texts, dtype=object),
        pandas.Series(texts),
        pandas.array(["a b c d", "", "a  B c d"]),
    ):
        assert find_duplicates(held).removed.to_list() == [2]
    for times in ([1, 2, 3], np.array([1, 2, 3]), pandas.Series([1, 2, 3])):
        assert find_duplicates(texts, keep="newest", times=times).removed.to_list() == [0]
    for sides in ([0, 0, 1], pl.Series([0, 0, 1]), pandas.Series([0, 0, 1])):
        assert find_duplicates(texts, sides=sides).removed.to_list() == [2]


def test_options_may_be_numpy_s_and_results_can_be_compared(tmp_path: Path) -> None:
    """Each is equal to itself, and no other: their frames have no one answer."""
    texts = [f"text {number}" for number in range(20_000)]
    found = find_duplicates(
        texts,
        permutations=np.int64(128),
        jobs=np.int64(1),
        normalize="case",
        memory="350MB",
        spill=str(tmp_path / "spill"),
    )
    other = find_duplicates(texts, normalize=["case"])
    assert found.pairs.equals(other.pairs)
    assert found == found  # noqa: PLR0124
    assert found != other


@pytest.mark.parametrize(
    "column", ["text", b"text", 7, pl.Series([1, 2]), pa.array([[1]]), [pl.Series([0.5])]]
)
def test_what_holds_no_texts_is_refused(column: object) -> None:
    """With what to give instead."""
    with pytest.raises(UsageError) as error:
        find_duplicates(column)
    assert error.value.hint


def test_something_else_among_texts_is_named() -> None:
    """NaN above all, which pandas has for gaps."""
    pandas = pytest.importorskip("pandas")
    for held in (["a", None, float("nan")], np.array(["a", None, np.nan], dtype=object)):
        with pytest.raises(UsageError, match="row 2 of the texts is of type float") as error:
            find_duplicates(held)
        assert "None where there is no text" in error.value.hint
    for odd in (["a", "b", 1], ["a", "b", b"c"]):
        with pytest.raises(UsageError, match="row 2 of the texts is of type"):
            find_duplicates(pandas.Series(odd))


def test_no_texts_give_no_duplicates() -> None:
    """An empty column, one of nulls, and no column at all."""
    for column in (
        pl.Series([], dtype=pl.String),
        pl.Series([None, None]),
        pa.chunked_array([], pa.string()),
        [],
    ):
        found = find_duplicates(column)
        assert found.pairs.is_empty()
        assert found.clusters.is_empty()
        assert found.empty == found.texts


def test_blocks_are_small_but_a_text_is_never_cut() -> None:
    """A text of 5 MB is a block of its own."""
    texts = ["short"] * 3 + ["x" * 5_000_000] + ["short"] * 20_000
    sizes = [len(block) for block in blocks(pl.Series(texts))]
    assert sum(sizes) == len(texts)
    assert len(sizes) > 2
    longest = max(blocks(pl.Series(texts)), key=lambda block: plain_texts(block).data.size)
    assert plain_texts(longest).data.size <= 5_000_000 + 2 * (1 << 20)


def test_fingerprints_are_siphash() -> None:
    """The first two and the ninth of the published test vectors of SipHash-2-4 with 128 bits."""
    key = np.arange(16, dtype=np.uint8).view(np.uint64)
    vectors = {
        0: "a3817f04ba25a8e66df67214c7550293",
        1: "da87c1d86b99af44347659119b22fc45",
        8: "3b62a9ba6258f5610f83e264f31497b4",
    }
    for length, expected in vectors.items():
        data = np.arange(length, dtype=np.uint8)
        data.flags.writeable = False
        out = fingerprints(data, np.array([0, length]), key)
        assert out.tobytes().hex() == expected
