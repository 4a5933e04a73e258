"""Matching the columns of a file with the declared ones."""

from __future__ import annotations

import dataframely as dy
import polars as pl
import pytest

from ecomdata.columns import Columns, DriftError


class Raw(dy.Schema):
    """Three columns."""

    user_id = dy.Int64()
    item_id = dy.Int64()
    brand = dy.String()


def drift(columns: Columns, found: list[str]) -> DriftError:
    """The error that these columns are."""
    with pytest.raises(DriftError) as caught:
        columns.match(found, "a.csv")
    return caught.value


def test_columns_match_in_any_order() -> None:
    """What is returned follows the file."""
    assert Columns(schema=Raw).match(["brand", " user_id", "item_id "], "a.csv") == [
        "brand",
        "user_id",
        "item_id",
    ]


def test_an_optional_column_may_be_absent() -> None:
    """Or be there."""
    columns = Columns(schema=Raw, optional=("brand",))
    assert columns.match(["user_id", "item_id"], "a.csv") == ["user_id", "item_id"]
    assert columns.match(["user_id", "item_id", "brand"], "a.csv") == columns.names
    assert columns.layouts() == (["user_id", "item_id", "brand"], ["user_id", "item_id"])


def test_another_name_of_upstreams_will_do() -> None:
    """The declared one comes out."""
    columns = Columns(schema=Raw, aliases={"item_id": ("adgroup_id", "iid")})
    assert columns.match(["user_id", "iid", "brand"], "a.csv") == columns.names


def test_a_column_may_go_by_its_place() -> None:
    """Whatever its name, an empty one included."""
    columns = Columns(schema=Raw, by_position=("user_id",))
    assert columns.match(["", "item_id", "brand"], "a.csv") == columns.names
    assert columns.match(["anything", "item_id", "brand"], "a.csv") == columns.names


def test_a_place_is_not_taken_from_another_column() -> None:
    """A column that is declared elsewhere does not stand in for the missing one."""
    columns = Columns(schema=Raw, by_position=("user_id",))
    assert drift(columns, ["item_id", "brand"]).missing == ("user_id",)


@pytest.mark.parametrize(
    "found", [["user_id", "user_id", "item_id", "brand"], ["user_id", "uid", "item_id", "brand"]]
)
def test_a_column_named_twice_is_drift(found: list[str]) -> None:
    """Under one name or under two."""
    error = drift(Columns(schema=Raw, aliases={"user_id": ("uid",)}), found)
    assert "named twice: user_id" in str(error)


def test_the_error_tells_all() -> None:
    """The file, what is missing, what is not expected, what may be meant, and what to do."""
    error = drift(Columns(schema=Raw), ["user_id", "item_idd", "colour"])
    assert error.missing == ("item_id", "brand")
    assert error.extra == ("item_idd", "colour")
    assert error.near_names() == {"item_id": "item_idd"}
    assert error.distance == 4
    assert error.exit_code == 3
    assert error.hint
    assert str(error).splitlines() == [
        "a.csv: the columns are not the ones this dataset is published with",
        "  missing: item_id, brand",
        "  not expected: item_idd, colour",
        "  item_idd may be item_id under another name",
    ]


def test_a_name_of_another_case_is_near() -> None:
    """Upstream's names are matched exactly, so the error has to say it."""
    assert drift(Columns(schema=Raw), ["USER_ID", "item_id", "brand"]).near_names() == {"user_id": "USER_ID"}


def test_long_and_odd_names_are_shown_safely() -> None:
    """A binary header does not fill the screen or reach the terminal as it is."""
    message = str(drift(Columns(schema=Raw), ["x" * 1000, "\x1b[31m", ""]))
    assert "x" * 50 not in message
    assert "\x1b" not in message
    assert "''" in message


def test_what_is_missing_is_named_in_full() -> None:
    """Of several columns one is needed, and each of them may be what the file has under another name."""
    names = ("cumulative_number_of_accesses", "cumulative_number_of_citations")
    schema = type("Long", (dy.Schema,), {name: dy.Int64() for name in names})
    with pytest.raises(DriftError, match=f"missing: one of {names[0]}, {names[1]}$"):
        Columns(schema=schema, optional=names, one_of=names).pick([], "a.csv", rest="")


def test_what_is_absent_is_filled_with_typed_nulls() -> None:
    """In the declared order."""
    columns = Columns(schema=Raw, optional=("user_id",))
    frame = columns.complete(pl.DataFrame({"brand": ["a"], "item_id": [1]}))
    assert frame.rows() == [(None, 1, "a")]
    assert frame.schema == columns.dtypes


def test_the_schema_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers of JSON ask for the types on every line, and dataframely copies all columns each time."""
    columns = Columns(schema=Raw)
    before = columns.dtypes
    before.clear()
    monkeypatch.setattr(Raw, "columns", None)
    assert columns.dtypes == {"user_id": pl.Int64(), "item_id": pl.Int64(), "brand": pl.String()}
    assert columns.names == ["user_id", "item_id", "brand"]
