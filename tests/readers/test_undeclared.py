"""Readers that take what is not declared as JSON, and declared columns in other types that say the same."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomdata.columns import Columns, DriftError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch
from ecomdata.readers.jsonl import JsonLines
from ecomdata.readers.parquet import Parquet
from tests.readers.reading import Read, read


class Rows(dy.Schema):
    """An id, counts, and all the rest."""

    key = dy.String(nullable=True)
    counts = dy.List(dy.Int64(nullable=True), nullable=True)
    others = dy.String(nullable=True)


ROWS = Columns(
    schema=Rows, optional=("counts", "others"), aliases={"key": ("name", "title"), "counts": ("n",)}
)
LOOSE = ("key", "counts")
PARQUET = Parquet(rest="others", loose=LOOSE)
LINES = JsonLines(rest="others", loose=LOOSE)


def from_parquet(folder: Path, frame: pl.DataFrame, columns: Columns = ROWS) -> Read:
    """The frame, written and read."""
    frame.write_parquet(folder / "a.parquet")
    return read(folder / "a.parquet", PARQUET, columns)


def from_lines(folder: Path, *lines: str, columns: Columns = ROWS) -> Read:
    """The lines, written and read."""
    (folder / "a.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return read(folder / "a.jsonl", LINES, columns)


def batch(folder: Path) -> Batch:
    """The first block of what was written last."""
    parquet, lines = folder / "a.parquet", folder / "a.jsonl"
    if parquet.exists():
        return next(iter(PARQUET.blocks(RawFile.on_disk(parquet), ROWS))).parse()
    return next(iter(LINES.blocks(RawFile.on_disk(lines), ROWS))).parse()


def test_parquet_columns_that_are_not_declared_are_json(tmp_path: Path) -> None:
    """With their values, nulls too; and the batch says what was taken for what."""
    frame = pl.DataFrame(
        {"name": ["a"], "x": [[1, None]], "y": ["ক\n"], "z": pl.Series([None], dtype=pl.Int8)}
    )
    found = from_parquet(tmp_path, frame)
    assert found.frame.select("key", "counts").row(0) == ("a", None)
    assert json.loads(found.frame["others"][0]) == {"x": [1, None], "y": "ক\n", "z": None}
    assert batch(tmp_path).unverified == {"x", "y", "z"}
    assert batch(tmp_path).taken == {("key", "name"), ("counts", "")}


def test_the_column_for_what_is_not_declared_need_not_be_optional(tmp_path: Path) -> None:
    """A row without any such key has a null in it, whether or not rows before it had one."""
    columns = Columns(schema=Rows, optional=("counts",))
    lines = from_lines(tmp_path, '{"key": "a"}', '{"key": "b", "x": 1}', '{"key": "c"}', columns=columns)
    assert lines.frame["others"].to_list() == [None, '{"x": 1}', None]
    assert from_parquet(tmp_path, pl.DataFrame({"key": ["a"]}), columns).frame["others"].to_list() == [None]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2020, 1, 1), b"\xff", {"a": 1.5}])  # noqa: DTZ001
def test_values_that_polars_has_no_json_for_are_kept(tmp_path: Path, value: object) -> None:
    """They are written as Python does, which tells them from null."""
    others = from_parquet(tmp_path, pl.DataFrame({"key": ["a"], "x": [value]})).frame["others"][0]
    assert json.loads(others)["x"] is not None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.text()
        ),
        min_size=1,
    )
)
def test_the_rest_is_lossless(tmp_path: Path, values: list[tuple[int, float, str]]) -> None:
    """Integers, floats and texts come back as they were."""
    clean = [(i, f, t.encode(errors="replace").decode()) for i, f, t in values]
    frame = pl.DataFrame({"key": ["a"] * len(clean)}).with_columns(
        i=pl.Series([i for i, _, _ in clean]),
        f=pl.Series([f for _, f, _ in clean]),
        t=pl.Series([t for _, _, t in clean]),
    )
    found = from_parquet(tmp_path, frame).frame["others"]
    assert [tuple(json.loads(text).values()) for text in found] == clean


def test_lines_keep_their_own_keys(tmp_path: Path) -> None:
    """Lines may differ: each keeps what it has, under the name that fits first."""
    found = from_lines(
        tmp_path,
        '{"title": "a", "n": [1], "x": {"y": 1.5}}',
        '{"key": "b", "title": "c", "others": 1}',
        '{"name": "d"}',
    )
    assert found.frame["key"].to_list() == ["a", "b", "d"]
    assert [text and json.loads(text) for text in found.frame["others"]] == [
        {"x": {"y": 1.5}},
        {"title": "c", "others": 1},
        None,
    ]
    assert batch(tmp_path).unverified == {"x", "title", "others"}
    assert batch(tmp_path).taken >= {("key", "title"), ("key", "key"), ("key", "name"), ("counts", "n")}


@pytest.mark.parametrize("number", ["1.10", "1e999"])
@pytest.mark.parametrize("depth", [199, 200, 500, 5000])
def test_a_line_keeps_its_numbers_down_to_where_it_is_too_deep(
    tmp_path: Path, depth: int, number: str
) -> None:
    """On every Python alike: no number gets another spelling, or one that is no JSON."""
    value = "[" * depth + number + "]" * depth
    found = from_lines(tmp_path, '{"key": "a"}', f'{{"key": "b", "x": {value}}}', '{"key": "c"}')
    kept = [f'{{"x": {value}}}'] if depth < 200 else []
    assert found.frame["others"].drop_nulls().to_list() == kept
    assert found.reasons == ([] if kept else [(2, ["not JSON: it is nested more than 200 levels deep"])])


def test_a_line_without_a_required_key_is_rejected(tmp_path: Path) -> None:
    """The first line says that the file is the right one; a later one may still lack something."""
    found = from_lines(tmp_path, '{"key": "a"}', '{"x": 1}', "[1]")
    assert found.reasons == [(2, ["key key is missing"]), (3, ["a JSON list instead of an object"])]


@pytest.mark.parametrize(("value", "text"), [(17, "17"), (1.5, "1.5"), (True, "true"), (None, None)])
def test_any_single_value_can_be_text(tmp_path: Path, value: object, text: str | None) -> None:
    """From both formats the same one."""
    assert from_parquet(tmp_path, pl.DataFrame({"key": [value]})).frame["key"].to_list() == [text]
    assert from_lines(tmp_path, json.dumps({"key": value})).frame["key"].to_list() == [text]


@pytest.mark.parametrize(
    ("counts", "whole"), [([1.0, None, -3.0], [1, None, -3]), ([], []), (None, None), ([1.5], False)]
)
def test_whole_floats_are_integers(tmp_path: Path, counts: list[Any] | None, whole: Any) -> None:
    """A row that has others is rejected and says which column it is; the row before it is kept."""
    frame = pl.DataFrame({"key": ["a", "b"], "n": pl.Series([[0.0], counts], dtype=pl.List(pl.Float64))})
    lines = [json.dumps(row) for row in frame.to_dicts()]
    read_by = {"counts": from_parquet(tmp_path, frame), "counts[0]": from_lines(tmp_path, *lines)}
    for place, found in read_by.items():
        if whole is False:
            assert found.frame["counts"].to_list() == [[0]]
            ((row, (reason,)),) = found.reasons
            assert (row, reason.split(":")[0]) == (2, place)
            assert json.loads(found.rejected["raw"][0])["n"] == counts
        else:
            assert found.frame["counts"].to_list() == [[0], whole]


def test_a_float_that_another_number_is_too_is_no_integer(tmp_path: Path) -> None:
    """``9007199254740993.0`` would be one less."""
    found = from_lines(
        tmp_path, '{"key": "a", "n": [9007199254740991.0]}', '{"key": "b", "n": [9007199254740993.0]}'
    )
    assert found.frame["counts"].to_list() == [[9007199254740991]]
    assert [row for row, _ in found.reasons] == [2]


@pytest.mark.parametrize("values", [["x"], [[[1]]], [b"x"]], ids=["text", "nested", "bytes"])
def test_other_types_are_drift(tmp_path: Path, values: list[Any]) -> None:
    """What does not say the same in the declared type is not taken for it."""
    with pytest.raises(DriftError, match="counts is "):
        from_parquet(tmp_path, pl.DataFrame({"key": ["a"], "n": values}))


def test_one_of_several_columns_is_needed(tmp_path: Path) -> None:
    """None of them is drift that lists what there is."""
    columns = Columns(schema=Rows, optional=ROWS.optional, one_of=("counts",))
    frame = pl.DataFrame({"key": ["a"], "count": [[1]]})
    with pytest.raises(DriftError, match="missing: one of counts") as caught:
        from_parquet(tmp_path, frame, columns)
    assert "found: key, count" in str(caught.value)
    with pytest.raises(DriftError, match="missing: one of counts"):
        from_lines(tmp_path, '{"key": "a"}', columns=columns)


def test_a_name_that_differs_by_spaces_only_is_drift(tmp_path: Path) -> None:
    """Which of the two is meant, nobody can tell."""
    with pytest.raises(DriftError, match="named twice: key"):
        from_parquet(tmp_path, pl.DataFrame({"key": ["a"], "key ": ["b"]}))
