"""Delimited text with words for nothing, and with a last column that holds the delimiter."""

from __future__ import annotations

from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ecomdata.columns import Columns
from ecomdata.readers.delimited import Delimited, _parse_fast
from ecomdata.readers.exact import Layout, parse_exactly
from tests.readers.reading import Read, read


class Ads(dy.Schema):
    """A number that may be missing between two texts."""

    name = dy.String(nullable=True)
    brand = dy.Int64(nullable=True)
    title = dy.String(nullable=True)


ADS = Columns(schema=Ads)


def _read(folder: Path, text: str, reader: Delimited) -> Read:
    path = folder / "ads.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read(path, reader, ADS)


def test_a_word_for_nothing_is_null(tmp_path: Path) -> None:
    """``NULL`` and an empty field are null, in numbers and in texts."""
    text = "name,brand,title\na,NULL,x\nb,,NULL\nc,3,\n"
    found = _read(tmp_path, text, Delimited(nulls=("NULL",)))
    assert found.frame.rows() == [("a", None, "x"), ("b", None, None), ("c", 3, None)]


def test_another_word_in_a_number_is_rejected(tmp_path: Path) -> None:
    """Only the declared spelling is nothing; ``null`` is not ``NULL``."""
    found = _read(tmp_path, "name,brand,title\na,null,x\nb,NULL,y\n", Delimited(nulls=("NULL",)))
    assert found.frame.rows() == [("b", None, "y")]
    assert found.rejected["row"].to_list() == [2]


def test_the_last_column_keeps_its_delimiters(tmp_path: Path) -> None:
    """A title with commas is one field, however many there are; its quotes are text."""
    text = 'a,1,red, white, blue\nb,2,plain\nc,,"quoted", yes\nd,4,\ne,5,,\n'
    found = _read(tmp_path, text, Delimited(header="absent", rest=True))
    assert found.frame.rows() == [
        ("a", 1, "red, white, blue"),
        ("b", 2, "plain"),
        ("c", None, '"quoted", yes'),
        ("d", 4, None),
        ("e", 5, ","),
    ]
    assert found.rejected.is_empty()


def test_a_line_with_too_few_fields_is_still_rejected(tmp_path: Path) -> None:
    """The last column may hold more, but not be missing."""
    found = _read(tmp_path, "a,1,x, y\nb,2\nc,3,z\n", Delimited(header="absent", rest=True))
    assert found.numbered == [(1, "a", 1, "x, y"), (3, "c", 3, "z")]
    assert found.rejected["reasons"].to_list() == [["2 fields instead of 3"]]


def test_a_header_over_titles_with_commas_is_found(tmp_path: Path) -> None:
    """The first line is split like every other."""
    found = _read(tmp_path, "name,brand,title\na,1,x, y\n", Delimited(header="optional", rest=True))
    assert found.frame.rows() == [("a", 1, "x, y")]


_FIELD = st.sampled_from(["", "a", "1", "NULL", "x,y", ",", '"', "é", " 2", "1\r"])


@given(
    lines=st.lists(st.lists(_FIELD, max_size=5), max_size=5),
    nulls=st.sampled_from([(), ("NULL",)]),
    rest=st.booleans(),
    final=st.booleans(),
)
@example(lines=[["a", "1", "x", "y"], ["name", "brand", "title"]], nulls=(), rest=True, final=False)
@example(lines=[["NULL", "NULL", "NULL"]], nulls=("NULL",), rest=False, final=True)
@settings(deadline=None, max_examples=200)
def test_the_fast_way_agrees_with_the_exact_one(
    lines: list[list[str]], nulls: tuple[str, ...], rest: bool, final: bool
) -> None:
    """Where the fast answer is taken, going line by line gives the same rows, numbers and texts."""
    data = "\n".join(",".join(line) for line in lines).encode() + (b"\n" if final else b"")
    nulls = () if rest else nulls
    layout = Layout(",", tuple(ADS.names), tuple(ADS.names), quoted=False, nulls=nulls, rest=rest)
    fast = _parse_fast(data, layout, ADS) if data else None
    if fast is None:
        return
    exact = parse_exactly(data, layout, ADS)
    assert exact.rejected.is_empty()
    assert exact.rows is not None
    assert_frame_equal(fast.frame, exact.frame, check_exact=True)
    numbers = list(range(fast.frame.height)) if fast.rows is None else fast.rows.to_list()
    assert numbers == exact.rows.to_list()
    assert (fast.span, dict(fast.dropped)) == (exact.span, dict(exact.dropped))
    positions = range(fast.frame.height)
    assert fast.raw(positions) == exact.raw(positions)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_clean_titles_take_the_fast_way(end: str) -> None:
    """Titles with commas need no line-by-line parsing, whatever ends the line."""
    data = f"a,1,red, white{end}b,,blue{end}".encode()
    layout = Layout(",", tuple(ADS.names), tuple(ADS.names), quoted=False, rest=True)
    batch = _parse_fast(data, layout, ADS)
    assert batch is not None
    assert batch.frame["title"].to_list() == ["red, white", "blue"]
    assert batch.frame.schema["brand"] == pl.Int64
