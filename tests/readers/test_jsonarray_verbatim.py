"""Giant JSON arrays of flat objects with known and unknown keys, kept letter for letter."""

from __future__ import annotations

import codecs
import json
import tempfile
from pathlib import Path
from typing import Any

import dataframely as dy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.readers import JsonArray
from tests.readers.reading import Read, read


class Reviews(dy.Schema):
    """One text, one value of any type, and the rest."""

    text = dy.String(nullable=True)
    score = dy.String(nullable=True)
    others = dy.String(nullable=True)


COLUMNS = Columns(schema=Reviews, optional=("text", "score", "others"))


def parse(content: bytes, *, block_size: int = 1 << 20, keep_partial: bool = False) -> Read:
    """Read bytes as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.json"
        path.write_bytes(content)
        reader = JsonArray(
            expected=("text",),
            others="others",
            verbatim=("score",),
            texts=("text",),
            keep_partial=keep_partial,
            block_size=block_size,
        )
        return read(path, reader, COLUMNS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.text(max_size=4).filter(lambda key: key not in {"text", "score"})
OBJECTS = st.builds(
    lambda text, score, rest: {"text": text, **score, **rest},
    st.none() | st.text(max_size=8),
    st.fixed_dictionaries({}, optional={"score": JSON}),
    st.dictionaries(KEYS, JSON, max_size=3),
)


@given(
    objects=st.lists(OBJECTS, max_size=6),
    ascii_only=st.booleans(),
    bom=st.booleans(),
    indent=st.sampled_from([None, 0, 3]),
    size=st.integers(1, 100),
)
@settings(deadline=None, max_examples=60)
def test_objects_read_back(
    objects: list[dict[str, Any]], ascii_only: bool, bom: bool, indent: int | None, size: int
) -> None:
    """Known and unknown keys come back, wherever the bytes are cut and however they are spelt."""
    objects = [{"text": "first"}, *objects]
    content = json.dumps(objects, ensure_ascii=ascii_only, indent=indent).encode(errors="surrogatepass")
    found = parse((codecs.BOM_UTF8 if bom else b"") + content, block_size=size)
    assert found.reasons == []
    assert found.rows == list(range(1, len(objects) + 1))
    for row, value in zip(found.frame.iter_rows(named=True), objects, strict=True):
        assert row["text"] == value.pop("text")
        assert (row["score"] is not None) == ("score" in value)
        if "score" in value:
            assert json.loads(row["score"]) == value.pop("score")
        assert json.loads(row["others"] or "{}") == value


def test_unknown_values_are_kept_letter_for_letter() -> None:
    """A number keeps its zeros and its size, a string its escapes, an object its spaces."""
    others = '"a": 1.50, "b": 12345678901234567890123, "\\u0041": "\\u00e9\\/", "d": { "e":[1 ,2] }, "f": NaN'
    found = parse(f'[{{"text": "x", {others}, "score": 4.0}}]'.encode())
    assert found.frame.rows() == [("x", "4.0", f"{{{others}}}")]


def test_null_and_absent_are_told_apart_where_the_value_is_kept_as_json() -> None:
    """Null in the file is the word null; an absent key is none."""
    found = parse(b'[{"text": null, "score": null}, {"text": "", "score": ""}, {"text": "a"}]')
    assert found.frame["score"].to_list() == ["null", '""', None]
    assert found.frame["text"].to_list() == [None, "", "a"]
    assert found.frame["others"].to_list() == [None, None, None]


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (b"5", "a JSON number instead of an object"),
        (b'["text"]', "a JSON array instead of an object"),
        (b"null", "a JSON null instead of an object"),
        (b'{"text": 5}', "text: '5' is not text"),
        (b'{"text": "\\ud800"}', "half a character stands in it"),
        (b'{"text": "a", "text": "b"}', "key 'text' stands twice"),
        (b'{"text": NaN}', "text: 'NaN' is not text"),
        (b'{"text" "a"}', "not JSON: Expecting ':' delimiter"),
        (b'{"text": "a" "b": 1}', "not JSON: Expecting ',' delimiter"),
        (b'{"text": "a"]', "not JSON"),
        (b"{5: 1}", "not JSON: Expecting property name"),
        (b'{"text": 01}', "not JSON: Expecting ',' delimiter"),
        (b"", "nothing stands beside a comma"),
        (b'{"text": "\xff"}', "not UTF-8"),
        pytest.param(b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "not JSON", id="deep"),
    ],
)
def test_an_element_that_is_no_such_object_is_rejected(element: bytes, reason: str) -> None:
    """It keeps its number and content, and those around it are read."""
    found = parse(b'[{"text": "a"},' + element + b',{"text": "b"}]')
    assert found.rows == [1, 3]
    (row, reasons), *others = found.reasons
    assert (row, others) == (2, [])
    assert reason in reasons[0]
    assert len(found.rejected["raw"][0]) >= len(element)


@pytest.mark.parametrize("content", [b"[]", b" [ \r\n ] \n", codecs.BOM_UTF8 + b"[]"])
def test_an_empty_array_has_no_rows(content: bytes) -> None:
    """It is a file without reviews, not a damaged one."""
    assert parse(content).rows == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe[", "is not JSON"),
        (b'{"text": "a"}\n{"text": "b"}\n', ": the JSON ends at byte 12, but the file goes on"),
    ],
)
def test_a_file_that_is_no_array_is_an_error(content: bytes, message: str) -> None:
    """The file is named; JSON lines are no array either."""
    with pytest.raises(DataError, match=rf"^reviews\.json:? ?{message}"):
        parse(content)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("rest", [b'{"text": "b', b"", b'{"text": "b"', b'{"text": "b\\'])
def test_a_truncated_file_names_the_byte_and_the_last_whole_object(rest: bytes, size: int) -> None:
    """The user learns how far the file is good."""
    start = b'[{"text": "a"},'
    with pytest.raises(DataError, match=r"in what starts at byte 14; the last whole element is number 1$"):
        parse(start + rest, block_size=size)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("rest", "rows", "rejected"),
    [
        (b'{"text": "b', [1], [2]),
        (b" ", [1], [2]),
        (b'{"text": "b"}', [1, 2], [3]),
        (b'{"text": "b"}, {"te', [1, 2], [3]),
    ],
)
def test_the_rows_of_a_truncated_file_can_be_kept(
    rest: bytes, rows: list[int], rejected: list[int], size: int
) -> None:
    """What is left is one rejected row that says so, even when it is next to nothing."""
    found = parse(b'[{"text": "a"},' + rest, block_size=size, keep_partial=True)
    assert found.rows == rows
    assert found.rejected["row"].to_list() == rejected


def test_text_after_the_array_is_an_error() -> None:
    """Two arrays in one file would lose one of them."""
    with pytest.raises(DataError, match="the JSON ends at byte 14, but the file goes on"):
        parse(b'[{"text": "a"}] []')


def test_objects_without_a_required_key_are_drift() -> None:
    """The error names what is missing and what may stand for it."""
    with pytest.raises(DriftError, match=r"missing: text\n.*not expected: Text\n.*Text may be text"):
        parse(b'[{"Text": "a"}]')
    assert parse(b'[{"score": 1}, {"text": "a"}]').rows == [1, 2]
