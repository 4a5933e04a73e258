"""The reader of JSON lines."""

from __future__ import annotations

import codecs
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dataframely as dy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.readers import jsonl
from ecomdata.readers.jsonl import JsonLines
from tests.readers.reading import Read, read


class Items(dy.Schema):
    """One of each type that JSON has."""

    id = dy.Int64(nullable=True)
    title = dy.String(nullable=True)
    price = dy.Float64(nullable=True)
    new = dy.Bool(nullable=True)
    codes = dy.List(dy.Int64(), nullable=True)


ITEMS = Columns(schema=Items)
FIRST = b'{"id": 0, "title": "", "price": 0.5, "new": true, "codes": []}\n'


@pytest.fixture(autouse=True, scope="module", params=[0, 1 << 40])
def large(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything by the compiled loops where they can, and everything without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "_LARGE", request.param)
        yield


def parse(content: bytes, columns: Columns = ITEMS, *, block_size: int = 1 << 20) -> Read:
    """Read bytes as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.jsonl"
        path.write_bytes(content)
        return read(path, JsonLines(block_size=block_size), columns)


OBJECTS = st.fixed_dictionaries(
    {
        "id": st.none() | st.integers(-(2**63), 2**63 - 1),
        "title": st.none() | st.text(max_size=8),
        "price": st.none() | st.floats(allow_nan=False) | st.integers(-1000, 1000),
        "new": st.none() | st.booleans(),
        "codes": st.none() | st.lists(st.none() | st.integers(0, 9), max_size=3),
    }
)


@given(
    objects=st.lists(OBJECTS, max_size=8),
    ascii_only=st.booleans(),
    bom=st.booleans(),
    final=st.booleans(),
    size=st.integers(1, 200),
)
@settings(deadline=None, max_examples=60)
def test_objects_read_back(
    objects: list[dict[str, Any]], ascii_only: bool, bom: bool, final: bool, size: int
) -> None:
    """Any values of the declared types come back, wherever blocks are cut."""
    lines = [json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass") for value in objects]
    content = FIRST + b"\n".join(lines) + (b"\n" if final and lines else b"")
    found = parse((codecs.BOM_UTF8 if bom else b"") + content, block_size=max(size, len(FIRST) + 3))
    assert found.reasons == []
    assert found.frame.to_dicts()[1:] == objects
    assert found.rows == list(range(1, len(objects) + 2))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1', "not JSON"),
        ("[1]", "a JSON list instead of an object"),
        ('{"id": 1, "price": 1, "new": true, "codes": []}', "key title is missing"),
        ('{"id": 1, "title": "", "price": 1, "new": true, "codes": [], "x": 1}', "key 'x' is not expected"),
        ('{"id": 1.0, "title": "", "price": 1, "new": true, "codes": []}', "id: '1.0' is not int64"),
        ('{"id": true, "title": "", "price": 1, "new": true, "codes": []}', "id: 'true' is not int64"),
        ('{"id": 9223372036854775808, "title": "", "price": 1, "new": true, "codes": []}', "is not int64"),
        ('{"id": 1, "title": 5, "price": 1, "new": true, "codes": []}', "title: '5' is not string"),
        ('{"id": 1, "title": "", "price": "1", "new": true, "codes": []}', "price: '\"1\"' is not float64"),
        ('{"id": 1, "title": "", "price": 1, "new": 1, "codes": []}', "new: '1' is not boolean"),
        (
            '{"id": 1, "title": "", "price": 1, "new": true, "codes": ["a"]}',
            "codes[0]: '\"a\"' is not int64",
        ),
        ('{"id": 1, "id": 2, "title": "", "price": 1, "new": true, "codes": []}', "key 'id' stands twice"),
        ('{"id": 1, "title": "\\ud800", "price": 1, "new": true, "codes": []}', "title:"),
        pytest.param("[" * 100_000, "not JSON", id="deep"),
        pytest.param(
            "{" + ", ".join(f'"{number}": 0' for number in range(200_000)) + ', "199999": 1}',
            "key '199999' stands twice",
            id="many keys",
        ),
        pytest.param(
            '{"id": 1, "title": "", "price": 1%s, "new": true, "codes": []}' % ("0" * 400),
            "price: '1",
            id="large",
        ),
    ],
)
def test_a_line_that_does_not_fit_is_rejected(line: str, reason: str) -> None:
    """It keeps its number and content, and the lines around it are read."""
    found = parse(FIRST + line.encode() + b"\n" + FIRST)
    assert found.rows == [1, 3]
    (row, reasons), *others = found.reasons
    assert (row, others) == (2, [])
    assert reason in reasons[0]
    assert found.rejected["raw"].to_list() == [line]


def test_every_reason_is_given() -> None:
    """A line with three faults says so."""
    found = parse(FIRST + b'{"id": "1", "price": "x", "new": true, "codes": []}\n')
    assert found.reasons == [
        (2, ["key title is missing", "id: '\"1\"' is not int64", "price: '\"x\"' is not float64"])
    ]


def test_bytes_that_are_not_utf_8_are_kept_as_they_are() -> None:
    """The quarantine has the very bytes."""
    line = b'{"id": 1, "title": "\xff", "price": 1, "new": true, "codes": []}'
    found = parse(FIRST + line + b"\n")
    assert found.rejected["raw_bytes"].to_list() == [line]
    assert "not UTF-8" in found.reasons[0][1][0]


def test_nothing_is_left_of_the_sign_of_an_integer() -> None:
    """Both ways of reading say 0 of -0, and -0.0 of -0.0."""
    line = b'{"id": -0, "title": "", "price": %s, "new": true, "codes": []}\n'
    found = parse(line % b"-0" + line % b"-0.0")
    assert [str(value) for value in found.frame["price"]] == ["0.0", "-0.0"]


def test_blank_lines_are_dropped_and_counted() -> None:
    """They are no rows, but line numbers go on."""
    found = parse(FIRST + b"\n \r\n" + FIRST)
    assert found.rows == [1, 4]
    assert found.dropped == {"blank line": 2}


def test_a_number_too_large_for_a_narrow_type_is_rejected() -> None:
    """The declared type decides what fits."""

    class Narrow(dy.Schema):
        level = dy.UInt8()

    found = parse(b'{"level": 255}\n{"level": 256}\n{"level": -1}\n', Columns(schema=Narrow))
    assert found.frame["level"].to_list() == [255]
    assert found.rejected["row"].to_list() == [2, 3]


class Sessions(dy.Schema):
    """Objects in objects, as sessions have their events."""

    session = dy.Int64()
    events = dy.List(
        dy.Struct({"aid": dy.Int64(), "ts": dy.Float64(nullable=True), "tags": dy.List(dy.String())})
    )
    shop = dy.Struct({"name": dy.String(), "Open": dy.Bool()}, nullable=True)


def test_objects_in_lines_are_read_typed() -> None:
    """Lists of objects and objects; a key that is not there is null, whatever the order of the others."""
    line = b'{"session": 1, "events": [{"ts": 5, "aid": 1, "tags": ["a"]}, {"aid": 2}, null], "shop": {}}\n'
    found = parse(line + b'{"session": 2, "events": [], "shop": null}\n', Columns(schema=Sessions))
    assert found.reasons == []
    assert found.frame["events"].to_list() == [
        [{"aid": 1, "ts": 5.0, "tags": ["a"]}, {"aid": 2, "ts": None, "tags": None}, None],
        [],
    ]
    assert found.frame["shop"].to_list() == [{"name": None, "Open": None}, None]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ('[{"aid": 1}, {"aid": 1.5}]', "events[1].aid: '1.5' is not int64"),
        ('[{"aid": 1, "x": 2}]', "events[0]: key 'x' is not expected"),
        ('[{"tags": ["a", null, 7]}]', "events[0].tags[2]: '7' is not string"),
        ('{"aid": 1}', "events: '{\"aid\": 1}' is not list(object)"),
        ("[[]]", "events[0]: '[]' is not object"),
        ('[{"aid": 1, "aid": 2}]', "not JSON: key 'aid' stands twice"),
    ],
)
def test_an_object_of_another_shape_is_rejected_and_the_place_named(events: str, reason: str) -> None:
    """Nothing of it is left out, and the lines around it are read."""
    good = b'{"session": 1, "events": [], "shop": null}\n'
    odd = b'{"session": 2, "events": %s, "shop": null}\n' % events.encode()
    found = parse(good + odd + good, Columns(schema=Sessions))
    assert (found.rows, found.reasons) == ([1, 3], [(2, [reason])])


def test_objects_in_loose_columns_take_what_says_the_same() -> None:
    """At every level, as columns themselves do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.jsonl"
        path.write_bytes(
            b'{"session": 1.0, "events": [{"aid": 2.0, "tags": [1.10, null]}], "shop": {"name": null}}\n'
        )
        found = read(path, JsonLines(loose=("session", "events", "shop")), Columns(schema=Sessions))
    assert found.frame.rows() == [
        (1, [{"aid": 2, "ts": None, "tags": ["1.10", None]}], {"name": None, "Open": None})
    ]


def test_optional_and_renamed_keys() -> None:
    """An absent optional key is null, and upstream's other name for a key will do."""
    columns = Columns(schema=Items, optional=("codes",), aliases={"title": ("name",)})
    found = parse(b'{"name": "a", "id": 1, "new": false, "price": 2}\n', columns)
    assert found.frame.rows() == [(1, "a", 2.0, False, None)]


def test_a_key_and_its_other_name_together_are_a_fault() -> None:
    """It cannot be known which of the two is meant."""
    columns = Columns(schema=Items, aliases={"title": ("name",)})
    line = b'{"id": 1, "title": "a", "name": "b", "price": 1, "new": true, "codes": []}\n'
    assert parse(FIRST + line, columns).reasons == [(2, ["a key stands beside its other name"])]


def test_other_keys_in_the_first_line_are_drift() -> None:
    """The file is of another kind, and the error says how it differs."""
    with pytest.raises(DriftError, match="missing: new, codes"):
        parse(b'{"id": 1, "title": "a", "price": 2}\n')


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[\n{"id": 1}\n]\n', "JsonArray()"),
        (b"{'id': 1, 'title': None}\n", "Python's literals"),
        (b"{u'id': 1}\n", "Python's literals"),
    ],
)
def test_another_form_is_told_by_the_first_line(content: bytes, said: str) -> None:
    """What is called .json may be one array, or what Python prints; a loader can take both."""
    with pytest.raises(DataError) as caught:
        parse(content)
    assert said in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"id,title\n", b"[\n", b"\xff\n"])
def test_a_first_line_that_is_no_object_is_an_error(content: bytes) -> None:
    """The file is named."""
    with pytest.raises(DataError, match=r"^items\.jsonl: the first line is not a JSON object"):
        parse(content)
