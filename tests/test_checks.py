"""The schema check."""

from __future__ import annotations

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.checks import check, reason_class
from ecomdata.errors import EcomdataError


class Ranges(dy.Schema):
    """Rules of every sort."""

    item = dy.Int64(nullable=False, min=0, max=9)
    name = dy.String(nullable=True, min_length=2, max_length=4, regex="^[a-z]*$")
    share = dy.Float64(nullable=True, min_exclusive=0.0, allow_nan=False, allow_inf=False)

    @dy.rule()
    def named(cls) -> pl.Expr:  # noqa: N805 - dataframely's way
        """Item 7 has a name."""
        return (pl.col("item") != 7) | pl.col("name").is_not_null()


def frame(*rows: tuple[object, ...]) -> pl.DataFrame:
    """Rows of the schema's types."""
    return pl.DataFrame(rows, schema={"item": pl.Int64, "name": pl.String, "share": pl.Float64}, orient="row")


def test_good_rows_come_through_unchanged() -> None:
    """All of them, in order."""
    rows = frame((1, "abc", 0.5), (2, None, None))
    checked = check(rows, Ranges)
    assert checked.good.equals(rows)
    assert (checked.bad, checked.reasons) == ([], [])


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ((None, "abc", 0.5), ["item is null"]),
        ((-1, "abc", 0.5), ["item is below the minimum"]),
        ((10, "abc", 0.5), ["item is above the maximum"]),
        ((1, "a", 0.5), ["name is too short"]),
        ((1, "abcde", 0.5), ["name is too long"]),
        ((1, "AB", 0.5), ["name does not have the expected form"]),
        ((1, "abc", 0.0), ["share is below the minimum"]),
        ((1, "abc", float("nan")), ["share is not a number"]),
        ((1, "abc", float("inf")), ["share is infinite"]),
        ((7, None, 0.5), ["breaks the rule named"]),
        ((-1, "A", 0.5), ["item is below", "name is too short", "name does not have"]),
    ],
)
def test_reasons_name_column_and_rule(row: tuple[object, ...], reasons: list[str]) -> None:
    """In words, every one of them."""
    checked = check(frame((1, "abc", 0.5), row), Ranges)
    assert checked.bad == [1]
    assert len(checked.reasons[0]) == len(reasons)
    for said, expected in zip(sorted(checked.reasons[0]), sorted(reasons), strict=True):
        assert said.startswith(expected)


class Nested(dy.Schema):
    """Rules of what is inside."""

    codes = dy.List(dy.Int64(nullable=False, max=9), nullable=False)
    clicks = dy.List(
        dy.Struct({"aid": dy.Int64(), "kind_min": dy.String(min_length=2)}, nullable=False), nullable=False
    )
    shop = dy.Struct({"name": dy.String(nullable=False)}, nullable=True)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"codes": [1, None]}, "codes has a value in it that is null"),
        ({"codes": [10]}, "codes has a value in it that is above the maximum"),
        ({"clicks": [None]}, "clicks has a value in it that is null"),
        ({"clicks": [{"aid": None, "kind_min": "ab"}]}, "clicks has aid in it that is null"),
        ({"clicks": [{"aid": 1, "kind_min": "a"}]}, "clicks has kind_min in it that is too short"),
        ({"shop": {"name": None}}, "shop has name in it that is null"),
    ],
)
def test_reasons_name_what_is_inside(row: dict[str, object], reason: str) -> None:
    """In words, where dataframely has inner_inner_aid_nullability."""
    types = {name: column.dtype for name, column in Nested.columns().items()}
    good = {"codes": [], "clicks": [{"aid": 1, "kind_min": "ab"}], "shop": None}
    checked = check(pl.DataFrame([good, good | row], schema=types), Nested)
    assert (checked.bad, checked.reasons) == ([1], [[reason]])


@given(items=st.lists(st.none() | st.integers(-3, 12), max_size=40))
@settings(deadline=None, max_examples=40)
def test_positions_are_right(items: list[int | None]) -> None:
    """Good rows keep their order, and bad positions are those of the frame that was given."""
    checked = check(frame(*((item, "ab", 0.5) for item in items)), Ranges)
    bad = [i for i, item in enumerate(items) if item is None or not 0 <= item <= 9]
    assert checked.bad == bad
    assert checked.good["item"].to_list() == [item for i, item in enumerate(items) if i not in bad]
    assert len(checked.reasons) == len(bad)
    assert all(checked.reasons)


@pytest.mark.parametrize(
    "wrong", [frame().drop("name"), frame().with_columns(pl.col("item").cast(pl.Int32)), pl.DataFrame()]
)
def test_other_columns_are_the_loaders_fault(wrong: pl.DataFrame) -> None:
    """That is a bug to report, no matter of the data."""
    with pytest.raises(EcomdataError, match="does not produce what Ranges declares") as caught:
        check(wrong, Ranges)
    assert caught.value.exit_code == 1
    assert "normalize" in caught.value.hint


@pytest.mark.parametrize(
    ("reasons", "group"),
    [
        (
            ["user: 'x' is not an integer (int64)", "user: 'it\\'s' is not an integer (int64)"],
            "user: … is not an integer",
        ),
        (['user: "it\'s" is not a number'], "user: … is not a number"),
        (["item is null"], "item is null"),
        (["4 fields instead of 3"], "4 fields instead of 3"),
        (["key 'a' is not expected", "key 'b' is not expected"], "key … is not expected"),
    ],
)
def test_reasons_are_grouped_without_their_values(reasons: list[str], group: str) -> None:
    """So that a million different values are one line in the closing table."""
    assert {reason_class(reason) for reason in reasons} == {group}


@pytest.mark.parametrize(
    "reasons",
    [
        ["not UTF-8 at byte 5 of the line", "not UTF-8 at byte 17 of the line"],
        [
            "not JSON: Expecting value: line 1 column 2 (char 1)",
            "not JSON: Expecting value: line 1 column 9 (char 8)",
        ],
        ["codes: '[\"a\"]' is not list(int64)", "codes: '[\"b\", 1]' is not list(int64)"],
        ["not UTF-8 at byte 5 of it (byte 1,000)", "not UTF-8 at byte 7 of it (byte 20)"],
        ["not JSON: Expecting value at character 2 of it (byte 1)", "not JSON: Expecting value (byte 2)"],
        ["id: '1.5' is not int64", "id: '2.5' is not int64"],
    ],
)
def test_reasons_of_one_kind_are_one_group(reasons: list[str]) -> None:
    """Places and values do not make a kind."""
    assert len({reason_class(reason) for reason in reasons}) == 1
