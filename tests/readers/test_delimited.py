"""The reader of delimited text."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.delimited import Delimited, _parse_fast
from ecomdata.readers.exact import Layout, parse_exactly
from tests.readers.reading import Read, read

Row = tuple[int | None, str | None, float | None]


class Visits(dy.Schema):
    """A whole number, a text and a number."""

    user = dy.Int64(nullable=True)
    page = dy.String(nullable=True)
    seconds = dy.Float64(nullable=True)


class Words(dy.Schema):
    """Texts only."""

    left = dy.String(nullable=True)
    right = dy.String(nullable=True)


class Small(dy.Schema):
    """Narrow types."""

    a = dy.Int8(nullable=True)
    b = dy.Float32(nullable=True)


class One(dy.Schema):
    """A single column."""

    line = dy.String(nullable=True)


VISITS = Columns(schema=Visits)
WORDS = Columns(schema=Words)
HEADER = b"user,page,seconds"

INTS = st.none() | st.integers(-(2**63), 2**63 - 1)
FLOATS = st.none() | st.floats()
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
ANY_TEXT = (
    st.none() | st.text(CHARACTERS, max_size=8) | st.sampled_from(['"', "a\nb", "\r\n", ",", 'x""', " "])
)
PLAIN_TEXT = st.none() | st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n,"), min_size=1, max_size=8
)
SIZES = st.integers(1, 80) | st.just(1 << 20)


def rows_of(texts: st.SearchStrategy[str | None]) -> st.SearchStrategy[list[Row]]:
    """Tables; the first row has a number, so that it can be told from a header."""
    first = st.tuples(st.integers(0, 9), texts, FLOATS)
    return st.builds(
        lambda head, rest: [head, *rest], first, st.lists(st.tuples(INTS, texts, FLOATS), max_size=8)
    )


def parse(content: bytes, reader: Delimited, columns: Columns = VISITS) -> Read:
    """Read bytes as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.csv"
        path.write_bytes(content)
        return read(path, reader, columns)


def write_table(table: Sequence[Row], *, quote: bool, end: str) -> list[bytes]:
    """The records of a table as CSV, each with its line end; text in quotes wherever it may be."""
    records: list[bytes] = []
    for user, page, seconds in table:
        text = "" if page is None else page
        if quote and page is not None:
            text = '"' + page.replace('"', '""') + '"'
        fields = ("" if user is None else str(user), text, "" if seconds is None else repr(seconds))
        records.append((",".join(fields) + end).encode())
    return records


def assert_same(found: Read, table: Sequence[Row], starts: Sequence[int]) -> None:
    """The same values under the same line numbers, and nothing besides."""
    assert found.rejected.is_empty(), found.reasons
    assert not found.dropped
    expected = pl.DataFrame(table, schema=VISITS.dtypes, orient="row")
    assert_frame_equal(found.frame, expected, check_exact=True)
    assert found.rows == list(starts)


@given(
    table=rows_of(PLAIN_TEXT),
    crlf=st.booleans(),
    bom=st.booleans(),
    header=st.booleans(),
    final=st.booleans(),
    size=SIZES,
)
@settings(deadline=None, max_examples=60)
def test_a_plain_table_reads_back(
    table: list[Row], crlf: bool, bom: bool, header: bool, final: bool, size: int
) -> None:
    """Without quoting: whatever the line ends, wherever blocks are cut, values and line numbers are right."""
    end = "\r\n" if crlf else "\n"
    records = write_table(table, quote=False, end=end)
    content = b"".join([HEADER + end.encode(), *records] if header else records)
    if not final:
        content = content.removesuffix(end.encode())
    found = parse((codecs.BOM_UTF8 if bom else b"") + content, Delimited(header="optional", block_size=size))
    assert_same(found, table, range(1 + header, len(table) + 1 + header))


@given(table=rows_of(ANY_TEXT), crlf=st.booleans(), bom=st.booleans(), final=st.booleans(), size=SIZES)
@example(table=[(1, "a\nb", None), (2, "\n", 1.0)], crlf=False, bom=False, final=True, size=1)
@settings(deadline=None, max_examples=60)
def test_a_quoted_table_reads_back(table: list[Row], crlf: bool, bom: bool, final: bool, size: int) -> None:
    """With quoting, texts hold delimiters, quotes and line breaks; a row has its first line's number."""
    end = "\r\n" if crlf else "\n"
    records = write_table(table, quote=True, end=end)
    lines = [record.count(b"\n") for record in records]
    starts = [2 + sum(lines[:i]) for i in range(len(records))]
    content = HEADER + end.encode() + b"".join(records)
    if not final:
        content = content.removesuffix(end.encode())
    found = parse((codecs.BOM_UTF8 if bom else b"") + content, Delimited(quote=True, block_size=size))
    assert_same(found, table, starts)


@given(table=rows_of(ANY_TEXT), size=SIZES)
@settings(deadline=None, max_examples=30)
def test_the_standard_library_writes_what_we_read(table: list[Row], size: int) -> None:
    """CSV as Python's csv module writes it, quotes only where they are needed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(Visits.column_names())
    writer.writerows(table)
    found = parse(out.getvalue().encode(), Delimited(quote=True, block_size=size))
    # The module writes "" and None alike.
    assert_frame_equal(
        found.frame,
        pl.DataFrame([(u, p or None, s) for u, p, s in table], schema=VISITS.dtypes, orient="row"),
        check_exact=True,
    )


GOOD = {
    b"1,home,2.5": (1, "home", 2.5),
    b"-7,,": (-7, None, None),
    b"8.0,home,2.0": (8, "home", 2.0),
    b",a b,1e3": (None, "a b", 1000.0),
    b'3,5" screen,1': (3, '5" screen', 1.0),
    "4,জামা,.5".encode(): (4, "জামা", 0.5),
}
BAD = {
    b"1,home": ["2 fields instead of 3"],
    b"1,home,2.5,": ["4 fields instead of 3"],
    b"x,home,2.5": ["user: 'x' is not an integer (int64)"],
    b"1.5,home,2.5": ["user: '1.5' is not an integer (int64)"],
    b"9223372036854775808,home,1": ["user: '9223372036854775808' is not an integer (int64)"],
    b"y,home,z": ["user: 'y' is not an integer (int64)", "seconds: 'z' is not a number"],
    b"1,ho\xffme,2.5": ["not UTF-8 at byte 5 of the line"],
}
BAD_QUOTED = {
    b'7,"open,1.5': ["a quote is opened and not closed"],
    b'7,"shut"up,1.5': ["text stands beside a quoted field"],
}
GOOD_QUOTED = {
    b'8,"a\nb",1.5': (8, "a\nb", 1.5),
    b'9,"a,""b""\r\nc\n",': (9, 'a,"b"\r\nc\n', None),
    b'"6","",""': (6, "", None),
}
DROPPED = {b"": "blank line", b" \t": "blank line", HEADER: "repeated header"}


def assert_accounted(lines: list[bytes], found: Read) -> None:
    """Every line was kept, rejected with its reasons and content, or dropped under a rule."""
    good: list[tuple[Any, ...]] = []
    raws: list[str] = []
    bad: list[tuple[int, list[str]]] = []
    contents: list[bytes] = []
    dropped: list[str] = []
    number = 2
    for line in lines:
        if line in DROPPED:
            dropped.append(DROPPED[line])
        elif line in {**BAD, **BAD_QUOTED}:
            bad.append((number, {**BAD, **BAD_QUOTED}[line]))
            contents.append(line)
        else:
            good.append((number, *{**GOOD, **GOOD_QUOTED}[line]))
            raws.append(line.decode())
        number += line.count(b"\n") + 1
    assert found.numbered == good
    assert found.raws == raws
    assert found.reasons == bad
    kept = found.rejected.select("raw", "raw_bytes").rows()
    assert [raw.encode() if data is None else data for raw, data in kept] == contents
    assert sorted(found.dropped.elements()) == sorted(dropped)


@given(
    lines=st.lists(st.sampled_from([*GOOD, *BAD, *DROPPED]), max_size=12),
    crlf=st.booleans(),
    final=st.booleans(),
    size=SIZES,
)
@settings(deadline=None, max_examples=150)
def test_every_plain_line_is_accounted_for(lines: list[bytes], crlf: bool, final: bool, size: int) -> None:
    """Good rows are read as if no bad one stood beside them; a bad one keeps number, reasons and bytes."""
    end = b"\r\n" if crlf else b"\n"
    content = end.join([HEADER, *lines]) + (end if final or (lines and not lines[-1]) else b"")
    assert_accounted(lines, parse(content, Delimited(block_size=size)))


@given(
    others=st.dictionaries(st.integers(0, 3999), st.sampled_from([*BAD, *DROPPED]), max_size=12),
    many=st.sampled_from([b"", *BAD]),
    crlf=st.booleans(),
)
@example(others=dict.fromkeys(range(1000, 3000), next(iter(BAD))), many=b"", crlf=False)
@settings(deadline=None, max_examples=60)
def test_a_large_block_is_cut_around_its_bad_lines(others: dict[int, bytes], many: bytes, crlf: bool) -> None:
    """Few, wherever they stand, or more than are cut around; each keeps number, reasons and bytes."""
    lines = [(*GOOD,)[i % len(GOOD)] for i in range(4000)]
    lines[:100] = [many or line for line in lines[:100]]
    for place, line in others.items():
        lines[place] = line
    end = b"\r\n" if crlf else b"\n"
    assert_accounted(lines, parse(end.join([HEADER, *lines, b""]), Delimited()))


@given(
    lines=st.lists(st.sampled_from([*GOOD, *GOOD_QUOTED, *BAD, *BAD_QUOTED, *DROPPED]), max_size=12),
    size=SIZES,
)
@settings(deadline=None, max_examples=150)
def test_every_quoted_line_is_accounted_for(lines: list[bytes], size: int) -> None:
    """An open quote costs its own line and no other, even with fields of several lines around it."""
    content = b"\n".join([HEADER, *lines]) + b"\n"
    assert_accounted(lines, parse(content, Delimited(quote=True, block_size=size)))


CELLS = (
    "1",
    "-5",
    "300",
    "+3",
    "01",
    "1.5",
    "1.0",
    " -5.00",
    "300.0",
    "nan",
    "x",
    "é",
    "",
    '""',
    '"p,q"',
    '"l\nm"',
    '"l\r\nm"',
)
LINES = st.lists(
    st.lists(
        st.sampled_from(CELLS) | st.text(st.sampled_from('1x"\t ,.-\r\n'), max_size=4),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=4,
)


@given(
    fields=LINES,
    columns=st.sampled_from([VISITS, WORDS, Columns(schema=Small), Columns(schema=One)]),
    delimiter=st.sampled_from(",\t"),
    quoted=st.booleans(),
    final=st.booleans(),
)
@example(fields=[["x"], ["-", ""]], columns=Columns(schema=One), delimiter=",", quoted=False, final=False)
@example(fields=[["", ""], ['"']], columns=WORDS, delimiter=",", quoted=True, final=False)
@example(fields=[["", "0"], ["1\r", "\r"]], columns=WORDS, delimiter=",", quoted=True, final=True)
@example(
    fields=[['"', '" 1"'], ["é", '"p,q"'], [""], ['é"', "1"], ['" 1"', ""]],
    columns=WORDS,
    delimiter="\t",
    quoted=True,
    final=False,
)
@settings(deadline=None, max_examples=400)
def test_the_fast_way_agrees_with_the_exact_one(
    fields: list[list[str]], columns: Columns, delimiter: str, quoted: bool, final: bool
) -> None:
    """Where polars' answer is taken, going line by line gives the same values, numbers, drops and texts."""
    data = "\n".join(delimiter.join(line) for line in fields).encode() + (b"\n" if final else b"")
    layout = Layout(delimiter, tuple(columns.names), tuple(columns.names), quoted)
    fast, exact = _parse_fast(data, layout, columns) if data else None, parse_exactly(data, layout, columns)
    if fast is None:
        return
    assert exact.rejected.is_empty()
    assert_frame_equal(fast.frame, exact.frame, check_exact=True)
    numbers = list(range(fast.frame.height)) if fast.rows is None else fast.rows.to_list()
    assert exact.rows is not None
    assert numbers == exact.rows.to_list()
    assert (fast.span, dict(fast.dropped)) == (exact.span, dict(exact.dropped))
    positions = range(fast.frame.height)
    assert fast.raw(positions) == exact.raw(positions)


def test_clean_data_take_the_fast_way() -> None:
    """Rows with header, CRLF, quotes, and integers of pandas with ``.0`` need no line-by-line parsing."""
    layout = Layout(",", tuple(VISITS.names), tuple(VISITS.names), quoted=True)
    for data in (
        b"1,home,2.5\n2,,\n",
        b"1,home,2.5\r\n2,,\r\n",
        b'1,"a\nb",2.5\n2,"c ""d""",\n',
        b"1,home,2.5",
        b"1.0,home,2.5\n,,\n 2.00,,3.0\n",
    ):
        assert _parse_fast(data, layout, VISITS) is not None, data


def test_a_bad_line_in_a_large_block_keeps_its_number() -> None:
    """A block is halved until the bad lines are alone; numbers, contents and the order of rows stay."""
    lines = [b'%d,"home\n",1' % i for i in range(9000)]
    bad = {0: b"x,,1", 4500: b"1,2", 8999: b'5,"open,1'}
    for place, line in bad.items():
        lines[place] = line
    found = parse(b"\n".join([HEADER, *lines]) + b"\n", Delimited(quote=True))
    starts = [2 + 2 * i - sum(place < i for place in bad) for i in range(9000)]
    kept = [i for i in range(9000) if i not in bad]
    assert found.frame["user"].to_list() == kept
    assert found.rows == [starts[i] for i in kept]
    assert found.raws == [lines[i].decode() for i in kept]
    assert found.rejected["row"].to_list() == [starts[i] for i in bad]
    assert found.rejected["raw"].to_list() == [line.decode() for line in bad.values()]


def test_a_repeated_header_is_dropped_where_all_columns_are_text() -> None:
    """It would fit as a row of texts, and is known by its words alone."""
    found = parse(b"left,right\na,b\nleft,right\nc,d\n", Delimited(), WORDS)
    assert found.numbered == [(2, "a", "b"), (4, "c", "d")]
    assert found.dropped == {"repeated header": 1}
    assert found.raws == ["a,b", "c,d"]


class Answers(dy.Schema):
    """Truth values."""

    user = dy.Int64(nullable=True)
    agrees = dy.Bool(nullable=True)


def test_truth_values_are_read_the_same_beside_a_bad_line() -> None:
    """In letters of any case, as polars takes them; a number or another word is none."""
    good = b"user,agrees\n1,true\n2,False\n3,TRUE\n4,\n"
    bad = b"5,yes\n6,1\nx,true\n"
    columns = Columns(schema=Answers)
    rows = [(1, True), (2, False), (3, True), (4, None)]
    assert parse(good, Delimited(), columns).frame.rows() == rows
    found = parse(good + bad, Delimited(), columns)
    assert found.frame.rows() == rows
    assert found.reasons == [
        (6, ["agrees: 'yes' is not a boolean"]),
        (7, ["agrees: '1' is not a boolean"]),
        (8, ["user: 'x' is not an integer (int64)"]),
    ]


def test_columns_may_come_in_another_order() -> None:
    """The header says which is which."""
    assert parse(b"seconds,user,page\n1.5,2,x\n", Delimited()).numbered == [(2, 2, "x", 1.5)]


def test_a_required_header_that_is_missing_is_drift() -> None:
    """The first row is not taken for a header."""
    with pytest.raises(DriftError) as caught:
        parse(b"1,home,2.5\n", Delimited())
    assert set(caught.value.missing) == {"user", "page", "seconds"}


@pytest.mark.parametrize("content", [b"1,home,2.5\n2,,\n", HEADER + b"\n1,home,2.5\n2,,\n"])
def test_an_optional_header_may_be_there_or_not(content: bytes) -> None:
    """Both variants give the same rows."""
    found = parse(content, Delimited(header="optional"))
    assert found.frame.rows() == [(1, "home", 2.5), (2, None, None)]


def test_optional_columns_may_be_absent_without_a_header() -> None:
    """The number of fields tells; an absent column is null."""
    columns = Columns(schema=Visits, optional=("user",))
    reader = Delimited(header="absent")
    assert parse(b"home,2.5\n", reader, columns).frame.rows() == [(None, "home", 2.5)]
    assert parse(b"1,home,2.5\n", reader, columns).frame.rows() == [(1, "home", 2.5)]


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_delimiter_is_chosen_among_the_declared(delimiter: str) -> None:
    """The first line tells which of the declared ones is used."""
    content = delimiter.join(["user", "page", "seconds"]) + "\n" + delimiter.join(["1", "home", "2.5"]) + "\n"
    assert parse(content.encode(), Delimited(delimiters=(",", "\t"))).frame.rows() == [(1, "home", 2.5)]


def test_an_undeclared_delimiter_is_named() -> None:
    """It is never guessed, but the error says what it seems to be, and how a loader would say so."""
    with pytest.raises(DriftError, match=r"separated by ';', upstream separates them by ','") as caught:
        parse(b"user;page;seconds\n1;home;2.5\n", Delimited())
    assert caught.value.hint.endswith("its loader says so: Delimited(delimiters=(';',))")


def test_names_in_quotes_are_told_from_a_line_that_should_not_be_there() -> None:
    """Both errors say which option of a loader would take the file."""
    with pytest.raises(DriftError, match="the names in the first line stand in quotes") as caught:
        parse(b'"user","page","seconds"\n"1","home","2.5"\n', Delimited())
    assert caught.value.hint.endswith("Delimited(quote=True)")
    with pytest.raises(
        DriftError, match="the first line names the columns, upstream's files begin"
    ) as caught:
        parse(b"user,page,seconds\n1,home,2.5\n", Delimited(header="absent"))
    assert caught.value.hint.endswith("Delimited(header='optional')")


def test_a_misspelt_header_is_drift_that_names_all_sides() -> None:
    """Missing, extra and near-named columns stand in the error, with the file."""
    with pytest.raises(DriftError) as caught:
        parse(b"usr,page,colour\n1,home,red\n", Delimited())
    message = str(caught.value)
    assert message.startswith("visits.csv: ")
    assert "missing: user, seconds" in message
    assert "not expected: usr, colour" in message
    assert "usr may be user under another name" in message
    assert caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(encoding: str) -> None:
    """With or without a byte order mark."""
    with pytest.raises(DataError, match="UTF-16"):
        parse("user,page,seconds\n1,a,2\n".encode(encoding), Delimited())


@pytest.mark.parametrize("header", ["required", "optional", "absent"])
def test_an_empty_file_is_an_error(header: Any) -> None:
    """It has neither columns nor rows; nothing is made up."""
    with pytest.raises(DataError):
        parse(b"", Delimited(header=header))


def test_a_header_alone_gives_no_rows() -> None:
    """With and without a line end."""
    for content in (HEADER, HEADER + b"\n"):
        found = parse(content, Delimited())
        assert (found.numbered, found.reasons) == ([], [])
        assert found.frame.schema == VISITS.dtypes


def test_checking_reads_no_rows(tmp_path: Path) -> None:
    """A bad row far down does not matter to the check; a bad header does."""
    path = tmp_path / "visits.csv"
    path.write_bytes(HEADER + b"\nbad\n")
    Delimited().check(RawFile.on_disk(path), VISITS)
    path.write_bytes(b"bad\n")
    with pytest.raises(DataError):
        Delimited().check(RawFile.on_disk(path), VISITS)


def test_blocks_are_bounded() -> None:
    """A file is cut into blocks of about the given size, and none of its rows is in two."""
    content = HEADER + b"\n" + b"".join(b"%d,home,1\n" % i for i in range(1000))
    found = parse(content, Delimited(block_size=500))
    assert found.frame["user"].to_list() == list(range(1000))
    assert 15 < found.blocks < 40


@pytest.mark.parametrize("quote", [False, True])
def test_a_line_of_nothing_but_delimiters_is_counted_and_rejected(quote: bool) -> None:
    """Nothing of the size of its fields is held; the lines beside it are read."""
    content = b"user,page,seconds\n1,a,2.0\n" + b"," * 300_000 + b"\n3,b,4.0\n"
    found = parse(content, Delimited(header="required", quote=quote))
    assert found.frame["user"].to_list() == [1, 3]
    assert found.rejected["reasons"].to_list() == [["300001 fields instead of 3"]]


def test_a_long_text_in_quotes_is_one_field() -> None:
    """However many delimiters, quotes and line breaks are in it."""
    text = ',""' * 200_000 + ",\n" * 50
    content = f'user,page,seconds\n1,"{text}",2.0\n3,b,4.0\n'.encode()
    found = parse(content, Delimited(header="required", quote=True))
    assert found.frame["page"].to_list() == [text.replace('""', '"'), "b"]
