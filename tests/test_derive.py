"""Tables made from other tables: groups stay whole however the query's rows come."""

from __future__ import annotations

from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.declare import DeclarationError, Table
from ecomdata.derive import derived_frames, whole_groups
from ecomdata.errors import DataError, EcomdataError
from ecomdata.options import Options
from ecomdata.progress import Silent
from ecomdata.tables import TableWriter
from tests.toyshop.shop import Clicks

KEYS = st.lists(st.tuples(st.integers(0, 2), st.none() | st.sampled_from("ab")), max_size=12)


@given(keys=KEYS, cuts=st.lists(st.integers(0, 12), max_size=5))
def test_no_group_is_cut(keys: list[tuple[int, str | None]], cuts: list[int]) -> None:
    """Every row comes once and in order, and no two frames share a group that stood in one piece."""
    frame = pl.DataFrame(
        [(*key, row) for row, key in enumerate(keys)],
        schema={"number": pl.Int64(), "word": pl.String(), "row": pl.Int64()},
        orient="row",
    )
    places = [0, *sorted(cuts), len(keys)]
    pieces = [frame[start:end] for start, end in pairwise(places)]
    wholes = list(whole_groups(pieces, ["number", "word"]))
    assert [row for whole in wholes for row in whole["row"]] == list(range(len(keys)))
    counted = [len(list(rows)) for whole in wholes for _, rows in groupby(whole.rows(), lambda row: row[:2])]
    assert counted == [len(list(rows)) for _, rows in groupby(keys)]


def test_a_group_larger_than_many_frames_is_whole() -> None:
    """It is held until the next group starts."""
    pieces = [pl.DataFrame({"key": [key], "row": [row]}) for row, key in enumerate([1, 1, 1, 1, 2])]
    assert [whole["row"].to_list() for whole in whole_groups(pieces, ["key"])] == [[0, 1, 2, 3], [4]]


@pytest.mark.parametrize("parts", [{"gather": ("x",)}, {"assemble": lambda rows: rows}])
def test_gather_and_assemble_go_together(parts: dict[str, object]) -> None:
    """One without the other cannot be carried out."""
    with pytest.raises(DeclarationError, match="gather and assemble go together"):
        Table(name="t", schema=Clicks, grain="one", derive="select 1", **parts)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("selct 1", "Parser Error"),
        ("select * from clicks", "Table with name clicks does not exist"),
        ("select 1 as one", "unable to find column"),
        ("select cast(x as int) from (values ('a')) t(x)", "Could not convert string 'a'"),
    ],
)
def test_a_query_that_is_wrong_names_its_table(tmp_path: Path, query: str, message: str) -> None:
    """A dataset has several, and DuckDB does not know whose it is."""
    table = Table(name="days", schema=Clicks, grain="one", derive=query)
    with pytest.raises(EcomdataError, match=f"(?s)^days: its query .derive. does not give .*{message}"):
        list(derived_frames(table, {}, tmp_path, memory="100MB"))


class Counts(dy.Schema):
    """Counts."""

    n = dy.Int64(nullable=False, min=0)


def test_rows_that_are_all_rejected_are_the_querys(tmp_path: Path) -> None:
    """They have no raw file whose columns could be others."""
    table = Table(name="counts", schema=Counts, grain="one", derive="SELECT -1 AS n")
    writer = TableWriter("shop", tmp_path, Options(), Silent())
    with pytest.raises(DataError, match="shop counts: all 1 rows rejected: n is below the minimum") as caught:
        writer.derive(table)
    assert "its query (derive)" in caught.value.hint


@pytest.mark.parametrize(
    ("assemble", "message"),
    [(lambda rows: rows.select("y"), "ColumnNotFoundError: .*y"), (lambda _: None, "AttributeError")],
)
def test_an_assembly_that_is_wrong_is_not_called_a_wrong_query(
    tmp_path: Path, assemble: Any, message: str
) -> None:
    """It is Python of the loader's, and may fail like any other."""
    query = "select 1 as x"
    table = Table(name="days", schema=Clicks, grain="one", derive=query, gather=("x",), assemble=assemble)
    with pytest.raises(EcomdataError, match=f"^days: assemble failed: {message}"):
        list(derived_frames(table, {}, tmp_path, memory="100MB"))
