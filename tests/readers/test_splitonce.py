"""The reader of lines that are split at their first commas only."""

from __future__ import annotations

import codecs
import tempfile
from pathlib import Path

import dataframely as dy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.readers import SplitOnce
from tests.readers.reading import Read, read


class Texts(dy.Schema):
    """A number and a text."""

    id = dy.Int64(nullable=True)
    text = dy.String(nullable=True)


class Frames(dy.Schema):
    """Two numbers and a name."""

    id = dy.Int64(nullable=True)
    frame = dy.Int64(nullable=True)
    name = dy.String(nullable=True)


class Pairs(dy.Schema):
    """Two numbers."""

    left = dy.Int64(nullable=True)
    right = dy.Int64(nullable=True)


JOINED = "continuation line, joined to the record before it"


def parse(
    content: bytes, schema: type[dy.Schema] = Texts, *, continued: bool = False, block_size: int = 1 << 20
) -> Read:
    """Read bytes as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.txt"
        path.write_bytes(content)
        reader = SplitOnce(continued=continued, block_size=block_size)
        return read(path, reader, Columns(schema=schema))


IDS = st.integers(0, 2**63 - 1)
# Not a surrogate, not a line feed, and not a space or carriage return at an end.
LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12).map(str.strip)
MORE = LINE.filter(lambda line: bool(line) and not line[0].isdigit())
END = st.sampled_from(["\n", "\r\n", " \n"])


@given(
    rows=st.lists(st.tuples(IDS, LINE), min_size=1, max_size=8),
    space=st.sampled_from(["", " ", "  "]),
    end=END,
    final=st.booleans(),
    bom=st.booleans(),
    size=st.integers(1, 60),
)
@settings(deadline=None, max_examples=80)
def test_lines_read_back(
    rows: list[tuple[int, str]], space: str, end: str, final: bool, bom: bool, size: int
) -> None:
    """Whatever is in a text comes back, commas included, wherever blocks are cut."""
    text = end.join(f"{key},{space}{value}" for key, value in rows) + (end if final else "")
    content = (codecs.BOM_UTF8 if bom else b"") + text.encode()
    found = parse(content, block_size=size)
    assert found.numbered == [(row, *values) for row, values in enumerate(rows, 1)]
    assert (found.reasons, found.dropped) == ([], {})


@given(
    rows=st.lists(st.tuples(IDS, LINE, st.lists(MORE, max_size=3)), min_size=1, max_size=6),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 60),
)
@settings(deadline=None, max_examples=80)
def test_texts_of_several_lines_read_back(
    rows: list[tuple[int, str, list[str]]], end: str, size: int
) -> None:
    """Lines that do not start with a number and a comma are joined and counted, wherever blocks are cut."""
    lines = [line for key, value, more in rows for line in (f"{key}, {value}", *more)]
    found = parse((end.join(lines) + end).encode(), continued=True, block_size=size)
    expected: list[tuple[int, int, str]] = []
    row = 1
    for key, value, more in rows:
        expected.append((row, key, "\n".join([value, *more]).strip()))
        row += 1 + len(more)
    assert found.numbered == expected
    assert found.reasons == []
    assert found.dropped[JOINED] == sum(len(more) for _, _, more in rows)


def test_only_the_first_comma_splits_a_text() -> None:
    """Half-width and full-width commas, quotes and tabs are the text's own."""
    found = parse('7, 不买亏大了,碧根果,"1元",限时\t限量\n'.encode())
    assert found.frame.rows() == [(7, '不买亏大了,碧根果,"1元",限时\t限量')]


def test_only_the_first_two_commas_split_three_fields() -> None:
    """The third field takes the rest."""
    found = parse(b"1105250, 240, a,b.jpg \n1,2,\n", Frames)
    assert found.frame.rows() == [(1105250, 240, "a,b.jpg"), (1, 2, "")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no number, text", "does not start with a number and a comma"),
        (b"12", "does not start with a number and a comma"),
        (b"-1, text", "does not start with a number and a comma"),
        ("١, text".encode(), "does not start with a number and a comma"),
        (b"9223372036854775808, text", "id: '9223372036854775808' is not an integer (int64)"),
        (b"1, \xff", "not UTF-8 at byte 4 of the line"),
    ],
)
def test_a_line_that_is_no_record_is_rejected(line: bytes, reason: str) -> None:
    """It keeps its number, and the lines around it are read."""
    found = parse(b"1, a\r\n" + line + b"\n2, b\n")
    assert found.numbered == [(1, 1, "a"), (3, 2, "b")]
    assert found.reasons == [(2, [reason])]
    assert (found.rejected["raw_bytes"][0] or found.rejected["raw"][0].encode()) == line


@pytest.mark.parametrize("line", ["1, x", "1,", "1, 2, 3", "1, 2.5"])
def test_a_pair_has_two_numbers(line: str) -> None:
    """Anything else in the second field is rejected, or null where nothing stands, and never cut."""
    found = parse(f"99721, 7\n{line}\n".encode(), Pairs)
    assert found.frame.rows()[0] == (99721, 7)
    if line == "1,":
        assert found.frame.rows()[1:] == [(1, None)]
    else:
        assert found.reasons[0][0] == 2
        assert found.reasons[0][1][0].startswith("right: '")


def test_lines_before_the_first_record_are_rejected() -> None:
    """There is nothing they could continue; a header line ends here too."""
    found = parse(b"id, text\n1, a\nb\n", continued=True)
    assert found.reasons == [(1, ["does not start with a number and a comma"])]
    assert found.numbered == [(2, 1, "a\nb")]


def test_blank_lines_are_left_out_and_counted() -> None:
    """They are part of no text, but line numbers go on."""
    found = parse(b"1, a\n\n \r\nb\n2, c\n\n", continued=True)
    assert found.numbered == [(1, 1, "a\nb"), (5, 2, "c")]
    assert found.dropped == {"blank line": 3, JOINED: 1}


def test_the_raw_content_of_a_row_is_all_its_lines() -> None:
    """What goes into quarantine later is the record as it stood."""
    assert parse(b"1,  a \r\nb,\r\n2, c", continued=True).raws == ["1,  a \nb,", "2, c"]


@pytest.mark.parametrize("continued", [True, False])
def test_spaces_before_a_number_are_no_part_of_it(continued: bool) -> None:
    """A record that is set in is one of its own, and no more of the text before it."""
    assert parse(b"5, t\n 6, lead\n\t7 ,x\n", continued=continued).frame.rows() == [
        (5, "t"),
        (6, "lead"),
        (7, "x"),
    ]


def test_lines_that_end_in_a_carriage_return_alone_are_refused() -> None:
    """All of the file would be one record."""
    with pytest.raises(DataError, match="carriage return alone"):
        parse(b"1, a\r2, b\r3, c\r", continued=True)


def test_a_file_without_any_record_is_drift() -> None:
    """The file is of another kind, and the error shows its first line."""
    with pytest.raises(DriftError, match=r"no line starts with 2 numbers .*; the first is 'a,b'"):
        parse(b"a,b\n1,b\n", Frames)


def test_an_empty_file_has_no_rows() -> None:
    """Nothing is in it, and that is no fault of its lines."""
    assert parse(b"\n").rows == []
