"""The reader of giant JSON arrays."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.readers.jsonarray import JsonArray
from ecomdata.readers.jsonobjects import KIND
from tests.readers.reading import Read, read


class Things(dy.Schema):
    """Objects with one key, its JSON type, and all other keys."""

    v = dy.String(nullable=True)
    kind = dy.Enum(KIND.categories, nullable=True)
    rest = dy.String(nullable=True)
    number = dy.Int64(nullable=True)


class Shops(dy.Schema):
    """The elements around the rows, without the rows."""

    id = dy.String(nullable=True)
    score = dy.Float64(nullable=True)
    rows_kind = dy.Enum(KIND.categories, nullable=True)


class Sales(dy.Schema):
    """The rows inside the elements."""

    id = dy.String(nullable=True)
    n = dy.Int64(nullable=True)
    text = dy.String(nullable=True)
    number = dy.Int64(nullable=True)
    position = dy.Int64(nullable=True)


THINGS = Columns(schema=Things, optional=("v",))
SHOPS = Columns(schema=Shops, optional=("id", "score"))
SALES = Columns(schema=Sales, optional=("id", "text"))
VALUES = JsonArray(kinds={"kind": "v"}, others="rest", number="number")
OUTER = JsonArray(without="rows", kinds={"rows_kind": "rows"}, key="id")
INNER = JsonArray(explode="rows", carry=("id",), key="id", number="number", position="position")


def parse(content: bytes | str, reader: JsonArray, columns: Columns, size: int = 1 << 20) -> Read:
    """Read bytes as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "things.json"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        reader = JsonArray(**{**{n: getattr(reader, n) for n in reader.__slots__}, "block_size": size})
        return read(path, reader, columns)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SPACES = st.text(" \t\r\n", max_size=3)


@st.composite
def json_text(draw: st.DrawFn, value: Any) -> str:
    """A value as JSON with white space anywhere, and escapes or not."""
    if isinstance(value, list):
        inner = [draw(json_text(item)) for item in value]
    elif isinstance(value, dict):
        inner = [f"{draw(json_text(k))}:{draw(json_text(v))}" for k, v in value.items()]
    else:
        text = json.dumps(value, ensure_ascii=draw(st.booleans()))
        return draw(SPACES) + text + draw(SPACES)
    opening, closing = "[]" if isinstance(value, list) else "{}"
    body = ",".join(inner) if inner else draw(SPACES)
    return draw(SPACES) + opening + body + closing + draw(SPACES)


def loaded(text: str | None) -> Any:
    """The value, where there is one."""
    return None if text is None else json.loads(text)


@given(data=st.data(), objects=st.lists(st.dictionaries(st.just("v") | TEXT, VALUE, max_size=3), max_size=6))
@settings(deadline=None, max_examples=60)
def test_elements_are_what_json_says_they_are(data: st.DataObject, objects: list[dict[str, Any]]) -> None:
    """Any objects with any white space, wherever blocks are cut, are those that json.loads gives."""
    text = data.draw(json_text(objects))
    found = parse(text, VALUES, THINGS, data.draw(st.integers(1, 40)))
    assert found.reasons == []
    assert found.frame["number"].to_list() == list(range(1, len(objects) + 1))
    assert [json.loads(raw) for raw in found.raws] == objects
    for row, thing in zip(found.frame.to_dicts(), objects, strict=True):
        value = thing.get("v")
        if isinstance(value, str | None):
            assert row["v"] == value
        else:
            assert json.loads(row["v"]) == value
        assert (row["kind"] == "absent") == ("v" not in thing)
        rest = {key: item for key, item in thing.items() if key != "v"}
        assert (loaded(row["rest"]) or {}) == rest


SHOP = st.fixed_dictionaries(
    {"rows": st.lists(st.fixed_dictionaries({"n": st.integers(-9, 9), "text": TEXT}), max_size=4)},
    optional={"id": TEXT, "score": st.integers(0, 9), "more": st.just([[{}], [1], "]"])},
)


@given(data=st.data(), shops=st.lists(SHOP, max_size=5), size=st.integers(1, 60))
@settings(deadline=None, max_examples=40)
def test_rows_inside_elements_are_what_json_says(
    data: st.DataObject, shops: list[dict[str, Any]], size: int
) -> None:
    """Each row comes with what its element says, whether that stands before or after the rows."""
    shops = [dict(data.draw(st.permutations(list(shop.items())))) for shop in shops]
    found = parse(data.draw(json_text(shops)), INNER, SALES, size)
    assert found.reasons == []
    assert found.frame.rows() == [
        (shop.get("id"), row["n"], row["text"], number, position)
        for number, shop in enumerate(shops, start=1)
        for position, row in enumerate(shop["rows"], start=1)
    ]
    assert found.rows == list(range(1, found.frame.height + 1))


@given(body=st.text('{}[],:"\\ 1an', max_size=30), size=st.integers(1, 20))
@settings(deadline=None, max_examples=80)
def test_rubble_is_refused_or_accounted_for(body: str, size: int) -> None:
    """Whatever stands in the array, all of it is rows, rejected rows, commas and white space; or an error."""
    text = f'[{{"n": 1}}{body}]'
    try:
        found = parse(text, VALUES, THINGS, size)
    except DataError:
        return
    kept = "".join([*found.raws, *found.rejected["raw"].to_list()])
    left = sorted(text[1:].replace(",", " ").rstrip().removesuffix("]").split())
    assert sorted("".join(left)) == sorted("".join(kept.replace(",", " ").split()))


def test_elements_that_are_no_objects_are_rejected_with_their_byte() -> None:
    """Scalars, arrays and rubble between elements are rejected; the elements around them are rows."""
    text = '[{"v": "a"}, 5, "x,]", [1], null, {"v": "b"} y, {"v": 01}, {"v": "c"}{"v": "d"},]'
    found = parse(text, VALUES, THINGS)
    assert found.frame["v"].to_list() == ["a", "b", "c", "d"]
    assert found.reasons == [
        (2, ["a JSON number instead of an object (byte 13)"]),
        (3, ["a JSON string instead of an object (byte 16)"]),
        (4, ["a JSON array instead of an object (byte 23)"]),
        (5, ["a JSON null instead of an object (byte 28)"]),
        (7, ["text stands beside an element (byte 45)"]),
        (8, ["not JSON: Expecting ',' delimiter at character 8 of it (byte 48)"]),
        (11, ["a comma is missing before it (byte 69)"]),
        (12, ["nothing stands beside a comma (byte 80)"]),
    ]
    assert found.rejected["raw"].to_list()[:3] == ["5", '"x,]"', "[1]"]
    assert found.rows == [1, 6, 9, 10]


def test_bytes_that_are_not_utf8_are_kept() -> None:
    """A row that is not UTF-8 is rejected with its bytes; those beside it are rows."""
    found = parse(b'[{"v": "a"}, {"v": "\xff"}, {"v": "b"}]', VALUES, THINGS)
    assert found.frame["v"].to_list() == ["a", "b"]
    assert found.reasons == [(2, ["not UTF-8 at byte 8 of it (byte 13)"])]
    assert found.rejected["raw_bytes"].to_list() == [b'{"v": "\xff"}']


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"v": "\\ud800"}', "not JSON that can be kept: half a character stands in it"),
        ('{"v": 1, "v": 2}', "key 'v' stands twice"),
        ('{"w" 2}', "not JSON: Expecting ':' delimiter at character 6 of it"),
    ],
)
def test_an_object_that_would_lose_something_is_rejected(row: str, reason: str) -> None:
    """Half characters, keys that stand twice and broken objects cost one row each."""
    found = parse(f'[{row}, {{"v": "ok"}}]', VALUES, THINGS)
    assert found.reasons == [(1, [f"{reason} (byte 1)"])]
    assert found.rejected["raw"].to_list() == [row]
    assert found.frame["v"].to_list() == ["ok"]


def test_absent_null_and_empty_are_told_apart() -> None:
    """The kind column says what the text column cannot."""
    found = parse('[{"v": ""}, {"v": null}, {}, {"v": "null"}, {"v": 1.5}]', VALUES, THINGS)
    assert found.frame.select("v", "kind").rows() == [
        ("", "string"),
        (None, "null"),
        (None, "absent"),
        ("null", "string"),
        ("1.5", "number"),
    ]


def test_numbers_may_stand_in_strings() -> None:
    """A string that holds a whole number is one, white space is null, anything else is rejected."""
    rows = [
        '"7"',
        "7",
        "7.0",
        '" 7 "',
        "7e0",
        '""',
        "null",
        '"seven"',
        "7.5",
        "true",
        '"9999999999999999999"',
        "9007199254740993.0",
    ]
    text = ", ".join(f'{{"n": {row}}}' for row in rows)
    found = parse(f'[{{"id": "a", "rows": [{text}]}}]', INNER, SALES)
    assert found.frame["n"].to_list() == [7, 7, 7, 7, 7, None, None]
    reasons = [reasons[0].split(" (byte")[0] for _, reasons in found.reasons]
    assert reasons == [
        "n: 'seven' is not an integer",
        "n: '7.5' is not an integer",
        "n: 'true' is not an integer",
        "n: '9999999999999999999' is not an integer",
        "n: '9007199254740993.0' is not an integer",  # a float would make it one less
    ]


def test_an_element_gives_its_values_without_its_rows() -> None:
    """With ``without`` the array is not parsed, and it still says that it is one."""
    text = '[{"rows": [{"id": "no"}], "id": "a"}, {"id": "b", "rows": null}, {"id": "c"}, {"rows": "x"}]'
    found = parse(text, OUTER, SHOPS)
    assert found.frame.rows() == [
        ("a", None, "array"),
        ("b", None, "null"),
        ("c", None, "absent"),
        (None, None, "string"),
    ]


def test_rows_that_are_no_array_are_rejected() -> None:
    """No rows are none; what is there but is no array is rejected as one row. A key may have escapes."""
    text = '[{"id": "a", "rows": "x"}, {"id": "b"}, {"id": "c", "rows": null}, {"id": "d", "rows": {"n": 1}},'
    text += ' {"id": "e", "rows": [{"n": 2}, 3]}, {"id": "f", "row\\u0073": [{"n": 4}]}]'
    found = parse(text, INNER, SALES)
    assert found.frame.rows() == [("e", 2, None, 5, 1), ("f", 4, None, 6, 1)]
    assert found.reasons == [
        (1, ["rows is a JSON string instead of an array (byte 1)"]),
        (2, ["rows is a JSON object instead of an array (byte 67)"]),
        (4, ["a JSON number instead of an object (byte 129)"]),
    ]


def test_the_rows_of_a_broken_element_are_rejected_with_it() -> None:
    """Nobody knows whose rows they are; each is kept in quarantine."""
    found = parse('[{"id" "a", "rows": [{"n": 1}, {"n": 2}]}, {"id": "b", "rows": [{"n": 3}]}]', INNER, SALES)
    assert found.frame.rows() == [("b", 3, None, 2, 1)]
    assert [reason[:24] for _, (reason,) in found.reasons] == ["its element: not JSON: E"] * 2
    assert found.rejected["raw"].to_list() == ['{"n": 1}', '{"n": 2}']


def test_rows_under_a_key_that_stands_twice_are_rejected() -> None:
    """Which of the two arrays counts is not for us to say."""
    found = parse('[{"id": "a", "rows": [{"n": 1}], "rows": [{"n": 2}]}]', INNER, SALES)
    assert found.frame.height == 0
    assert found.rejected.height == 2


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_an_object_of_objects_reads_like_an_array(size: int) -> None:
    """The outer key stands in for the key that the objects lack, and not for one they have."""
    text = '{"a": {"rows": [{"n": 1}]} ,\n"b\\"": {"id": "B", "rows": []}, "c": {"rows": [{"n": 2}]}}'
    assert parse(text, INNER, SALES, size).frame.rows() == [("a", 1, None, 1, 1), ("c", 2, None, 3, 1)]
    assert parse(text, OUTER, SHOPS, size).frame["id"].to_list() == ["a", "B", "c"]


def test_what_is_no_object_in_an_object_is_rejected() -> None:
    """Scalars among the objects are kept in quarantine, together with the object after them."""
    found = parse('{"a": {}, "n": 5, "b": {}, "c": {}, "d": 1}', OUTER, SHOPS)
    assert found.frame["id"].to_list() == ["a", "c"]
    assert found.rejected["raw"].to_list() == [', "n": 5, "b": {}', ', "d": 1']


def test_white_space_before_no_key_is_passed_once() -> None:
    """A megabyte of it would else be gone through from each of its bytes, for hours."""
    found = parse(f'{{"a": {{}}{" " * (1 << 20)}{{}}, "c": {{}}}}', OUTER, SHOPS, 1 << 22)
    assert found.frame["id"].to_list() == ["a", "c"]
    assert [reason for _, (reason,) in found.reasons] == ["not one key and a colon stand before it (byte 8)"]


@pytest.mark.parametrize("head", [b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n", b"\n" * 5000, b""])
def test_a_byte_order_mark_and_line_ends_are_white_space(head: bytes) -> None:
    """Files pass through Windows tools."""
    content = head + b'[\r\n{"v": "a\\r\\n"},\r\n{"v": "b"}\r\n]\r\n'
    for size in (1, 4, 1000):
        assert parse(content, VALUES, THINGS, size).frame["v"].to_list() == ["a\r\n", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"product,review\n1,good\n", "is not JSON: it starts with 'product,review"),
        (b"", "is not JSON: it starts with ''"),
        (
            b'[{"v": "a"}',
            "breaks off at byte 11, in what starts at byte 11; the last whole element is number 1",
        ),
        (b'[{"v": "a"}, {"v": "b', "breaks off at byte 21, in what starts at byte 11"),
        (b"[", "breaks off at byte 1, in what starts at byte 1; no element before it is whole"),
        (b'[{"v": "a"}] [1]', "the JSON ends at byte 11, but the file goes on"),
        (b'[{"v": "a"}}', "the bracket at byte 11 is not the one that closes"),
    ],
)
def test_a_damaged_file_is_named_with_its_byte(content: bytes, message: str) -> None:
    """What is no whole JSON array says where it breaks."""
    for size in (1, 1000):
        with pytest.raises(DataError) as error:
            parse(content, VALUES, THINGS, size)
        assert message in str(error.value)
        assert error.value.hint


def test_a_truncated_file_names_the_last_whole_element() -> None:
    """By the key that is carried to the rows."""
    text = '[{"rows": [{"n": 1}], "id": "a"}, {"rows": [{"n": 2}], "id": "b"}, {"rows": [{"n": 3'
    with pytest.raises(DataError, match=r'the last whole element is number 2 \(id "b"\)'):
        parse(text, INNER, SALES)


def test_a_truncated_file_can_give_what_it_has() -> None:
    """With ``keep_partial`` the rest is one rejected row."""
    text = '[{"rows": [{"n": 1}], "id": "a"}, {"rows": [{"n": 2}], "id": "b'
    found = parse(text, JsonArray(explode="rows", carry=("id",), keep_partial=True), SALES_ALONE)
    assert found.frame["n"].to_list() == [1]
    assert found.reasons == [(2, ["the file breaks off in it (byte 63)"])]
    assert found.rejected["raw"].to_list() == [', {"rows": [{"n": 2}], "id": "b']


class SalesAlone(dy.Schema):
    """The rows without their places."""

    id = dy.String(nullable=True)
    n = dy.Int64(nullable=True)


SALES_ALONE = Columns(schema=SalesAlone, optional=("id",))


def test_other_keys_are_drift() -> None:
    """Keys that the first rows all lack, or that nobody declared, are told with those found."""
    with pytest.raises(DriftError, match="missing: n") as error:
        parse('[{"id": "a", "rows": [{"m": 1}, {"m": 2}]}]', INNER, SALES)
    assert error.value.found == ("m",)
    assert error.value.extra == ("m",)
    with pytest.raises(DriftError, match="missing: v"):
        parse(
            '[{"w": 1}]',
            JsonArray(kinds={"kind": "v"}, others="rest", number="number", expected=("v",)),
            THINGS,
        )


def test_a_key_that_comes_later_costs_its_rows_only() -> None:
    """A missing and an undeclared key are reasons against a row."""
    rows = ", ".join(['{"n": 1}'] * 2500)
    found = parse(f'[{{"rows": [{rows}, {{"text": "a"}}, {{"n": 1, "m": 2}}]}}]', INNER, SALES)
    assert found.frame.height == 2500
    assert [reasons[0].split(" (")[0] for _, reasons in found.reasons] == [
        "key n is missing",
        "key 'm' is not expected",
    ]


def test_one_element_with_very_many_rows_is_read_in_parts() -> None:
    """200,000 rows in one element are several blocks, each with its id and its places."""
    count = 200_000
    rows = ",".join(f'{{"n":{n}}}' for n in range(count))
    found = parse(f'[{{"rows":[{rows}],"id":"a"}},{{"rows":[{{"n":5}}],"id":"b"}}]', INNER, SALES, 1 << 16)
    assert found.blocks > 5
    assert found.frame["n"].to_list() == [*range(count), 5]
    assert found.frame["position"].to_list() == [*range(1, count + 1), 1]
    assert found.frame["id"].value_counts().sort("id").rows() == [("a", count), ("b", 1)]
    assert found.rows == list(range(1, count + 2))


@pytest.mark.parametrize("run", [1, 2, 63, 64, 65, 66, 5000])
def test_runs_of_backslashes_are_counted(run: int) -> None:
    """An even run before a quote escapes only itself."""
    value = "\\" * run + '"{['
    text = json.dumps([{"v": value}, {"v": "after"}])
    for size in (1, 3, 1 << 20):
        assert parse(text, VALUES, THINGS, size).frame["v"].to_list() == [value, "after"]


def test_an_empty_array_has_no_rows() -> None:
    """It is no damage, and not drift."""
    assert parse("[ ]", VALUES, THINGS).frame.height == 0
    assert parse("{}", OUTER, SHOPS).frame.height == 0
    assert isinstance(parse("[]", INNER, SALES).frame, pl.DataFrame)


def test_a_quote_that_is_not_closed_stops_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows it is one string without an end; it is not all held in memory to see that."""
    monkeypatch.setattr("ecomdata.readers.jsonpieces.MAX_ELEMENT", 1000)
    text = '[{"v": "a"}, {"v": "b}, ' + '{"v": 1}, ' * 1000 + "]"
    with pytest.raises(DataError, match="what starts at byte 11 does not end within"):
        parse(text, VALUES, THINGS, 100)
