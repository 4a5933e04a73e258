"""Writing the answer to a query."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.answers import Form, form_of, write_answer
from ecomdata.catalog import ask
from ecomdata.errors import EcomdataError, UsageError
from ecomdata.spreadsheets import guarded
from ecomdata.sqltext import literal, quoted


def answer(query: str, form: Form, output: Path) -> bytes:
    """The bytes that an answer is written as."""
    with ask(query) as relation:
        write_answer(relation, form, output)
    return output.read_bytes()


def as_json(query: str, folder: Path) -> list[dict[str, Any]]:
    """An answer as JSON, read again."""
    rows: list[dict[str, Any]] = json.loads(answer(query, "json", folder / "a.json"))
    return rows


def as_csv(query: str, folder: Path) -> list[list[str]]:
    """An answer as CSV, read again."""
    return list(csv.reader(io.StringIO(answer(query, "csv", folder / "a.csv").decode(), newline="")))


def test_json_is_an_array_of_objects(tmp_path: Path) -> None:
    """Numbers, texts, null and nested values are what they are in JSON."""
    query = """select 1 i, 1.5::double f, 'a"b' || chr(10) s, null n, [1, null] l, {'k': ['x']} d, true b"""
    assert as_json(query, tmp_path) == [
        {"i": 1, "f": 1.5, "s": 'a"b\n', "n": None, "l": [1, None], "d": {"k": ["x"]}, "b": True}
    ]


def test_sums_and_decimals_are_numbers_in_json(tmp_path: Path) -> None:
    """Also where DuckDB widens them beyond 64 bits."""
    query = "select sum(x) s, 1.5::decimal(9, 2) d, 100000000000000000000 h from range(4) t(x)"
    assert as_json(query, tmp_path) == [{"s": 6, "d": 1.5, "h": 10**20}]


def test_nested_decimals_are_numbers_too(tmp_path: Path) -> None:
    """In lists, arrays and structs, and in the JSON that stands in CSV."""
    query = "select [{'n': sum(x), 'd': [1.5]}] l, array_value(array_value(0.5)) a from range(4) t(x)"
    assert as_json(query, tmp_path) == [{"l": [{"n": 6, "d": [1.5]}], "a": [[0.5]]}]
    assert [json.loads(value) for value in as_csv(query, tmp_path)[1]] == [[{"n": 6, "d": [1.5]}], [[0.5]]]


def test_many_rows_are_one_array(tmp_path: Path) -> None:
    """Though they are written in batches."""
    rows = as_json("select x from range(250000) t(x)", tmp_path)
    assert [row["x"] for row in rows] == list(range(250_000))


def test_csv_has_one_header(tmp_path: Path) -> None:
    """And quotes what needs quotes."""
    rows = as_csv("select x, 'a,\"b\"' || chr(10) as s from range(250000) t(x)", tmp_path)
    assert rows[0] == ["x", "s"]
    assert len(rows) == 250_001
    assert rows[-1] == ["249999", 'a,"b"\n']


def test_nested_values_are_json_in_csv(tmp_path: Path) -> None:
    """CSV has no nesting of its own."""
    query = "select [1, null] l, {'k': 'a\"b'} d, map {'k': 1} m, [1.5, 2]::float[2] v, []::integer[] e"
    header, row = as_csv(query, tmp_path)
    assert header == ["l", "d", "m", "v", "e"]
    assert [json.loads(value) for value in row] == [[1, None], {"k": 'a"b'}, {"k": 1}, [1.5, 2.0], []]


def test_a_lone_null_is_no_blank_line(tmp_path: Path) -> None:
    """Which readers of CSV skip, so that rows would be missing."""
    assert answer("select unnest([1, null, 3]) a", "csv", tmp_path / "a.csv") == b'a\n1\n""\n3\n'
    assert answer("select null a, 1 b", "csv", tmp_path / "a.csv") == b"a,b\n,1\n"


def test_a_nested_value_that_is_missing_is_empty_in_csv(tmp_path: Path) -> None:
    """As any other; a null inside of it is JSON's."""
    query = "select unnest([null, [null]]) l, unnest([null, {'k': null}]) d, 'null' t"
    assert as_csv(query, tmp_path)[1:] == [["", "", "null"], ["[null]", '{"k":null}', "null"]]


def test_maps_are_objects_in_json(tmp_path: Path) -> None:
    """Whatever their keys are, with decimals as numbers."""
    query = (
        "select histogram(x) h, [map {1.5: {'s': sum(x)}}] l, map {'k': 0.5} t, map {} e from range(2) r(x)"
    )
    found = [{"h": {"0": 1, "1": 1}, "l": [{"1.5": {"s": 1}}], "t": {"k": 0.5}, "e": {}}]
    assert as_json(query, tmp_path) == found


FORMULAS = [
    "=1+1",
    "+a",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\n=x",
    "＝1",
    "'=1",
    "''@x",
    "=cmd|' /C calc'!A0",
]
HARMLESS = ["1=1", "-5", "+8801711", "-1.5e-3", "'tis", "a\t", " =1", "", "জামা"]


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_has_no_formulas(text: str, tmp_path: Path) -> None:
    """A text that a spreadsheet would run has an apostrophe before it, and so has the name of a column."""
    query = f"select {literal(text)} as {quoted(text)}"
    assert as_csv(query, tmp_path) == [[f"'{text}"], [f"'{text}"]]
    with ask(query) as relation:
        write_answer(relation, "csv", tmp_path / "b.csv", guard=False)
    written = (tmp_path / "b.csv").read_bytes().decode()
    assert list(csv.reader(io.StringIO(written, newline=""))) == [[text], [text]]


def test_csv_keeps_what_is_no_formula(tmp_path: Path) -> None:
    """Numbers, ids that are numbers, dates, and texts with such signs inside."""
    query = (
        f"select unnest([{', '.join(map(literal, HARMLESS))}]) t, -5 n, -1.5::double d, date '2024-01-01' w"
    )
    assert [row[0] for row in as_csv(query, tmp_path)[1:]] == HARMLESS
    assert as_csv(query, tmp_path)[1][1:] == ["-5", "-1.5", "2024-01-01"]


@given(st.lists(st.text(alphabet="=+-@'\t\r\n1.e a", max_size=6) | st.sampled_from([*FORMULAS, *HARMLESS])))
def test_guarded_texts_come_back(texts: list[str]) -> None:
    """One apostrophe less where apostrophes come before such a sign: that is what the guide says."""
    written = guarded(pl.DataFrame({"t": texts}, schema={"t": pl.String}))["t"].to_list()
    assert [re.sub(r"^'(?='*[=+\-@\t\r\n＝＋－＠])", "", text) for text in written] == texts
    assert not any(re.match(r"[=@\t\r\n]", text) for text in written)


def test_json_is_safe_to_look_at(tmp_path: Path) -> None:
    """What a terminal would obey stands as its number, and is the same when it is read."""
    text = answer("select chr(27) || chr(155) || chr(8238) || chr(127) as x", "json", tmp_path / "a").decode()
    assert text.isascii()
    assert json.loads(text) == [{"x": "\x1b\x9b\u202e\x7f"}]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_hash_of_128_bits_keeps_its_digits(form: Form, tmp_path: Path) -> None:
    """It is an integer without a sign, which no other form has."""
    query = "select md5_number('b') m, 340282366920938463463374607431768211455::uhugeint n"
    found = re.findall(r"\d{9,}", answer(query, form, tmp_path / "a").decode("latin-1"))
    values = found if form != "parquet" else pl.read_parquet(tmp_path / "a").row(0)
    assert list(values) == ["190532336368564675417118094528692087698", str(2**128 - 1)]


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize(
    "value",
    [
        "'infinity'::date",
        "'-infinity'::timestamptz",
        "'infinity'::timestamp_s",
        "'infinity'::timestamp_ns",
        "'infinity'::timestamptz_ns",
        "'290000-01-01'::date",
    ],
)
def test_a_date_that_cannot_be_written_is_named(value: str, form: Form, tmp_path: Path) -> None:
    """With its column, and what to do; others are written, those before Christ too."""
    ides = "select unnest([null, '0044-03-15 (BC)'::date])"
    assert b"-0043-03-15" in answer(ides, form, tmp_path / "a")
    with pytest.raises(UsageError, match=r'the ides has .* date: give it as CAST\("the ides" AS VARCHAR\)'):
        answer(f'select {value} as "the ides"', form, tmp_path / "a")
    answer(f"select ({value})::varchar as d, [timestamp '2023-05-01'] as l", form, tmp_path / "a")


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("kind", ["time", "time_ns"])
def test_the_end_of_a_day_is_no_null(form: Form, kind: str, tmp_path: Path) -> None:
    """Polars has no 24:00:00."""
    assert b"23:59:59" in answer(f"select unnest(['23:59:59', null])::{kind} t", form, tmp_path / "a")
    with pytest.raises(UsageError, match=r't has the time 24:00:00: give it as CAST\("t" AS VARCHAR\)'):
        answer(f"select '24:00:00'::{kind} t", form, tmp_path / "a")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_infinite_date_in_a_list_is_answered(form: Form, tmp_path: Path) -> None:
    """Polars panics over it."""
    with pytest.raises(UsageError, match="polars cannot hold this answer"):
        answer("select ['infinity'::date] l", form, tmp_path / "a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["csv", "json"])
def test_types_that_only_duckdb_has_are_written_as_text(form: Form, tmp_path: Path) -> None:
    """Nothing a query can give ends in a traceback."""
    query = "select 'x'::blob b, interval 1 day i, '101'::bit t, [interval 2 day] l, uuid() is null u"
    text = answer(query, form, tmp_path / "a").decode()
    for value in ("x", "1 day", "101", "2 days"):
        assert value in text


def test_parquet_keeps_types(tmp_path: Path) -> None:
    """It can be read again as it was."""
    answer(
        "select 1 i, [1, 2] l, timestamptz '2023-05-01 10:00+00' t, interval 1 day d",
        "parquet",
        tmp_path / "a",
    )
    frame = pl.read_parquet(tmp_path / "a")
    assert frame.columns == ["i", "l", "t", "d"]
    assert frame.schema["l"] == pl.List(pl.Int32)
    assert isinstance(frame.schema["t"], pl.Datetime)
    assert frame["d"].to_list() == ["1 day"]


@pytest.mark.parametrize(("form", "content"), [("csv", b"a,b\n"), ("json", b"[]\n")])
def test_an_empty_answer_keeps_its_form(form: Form, content: bytes, tmp_path: Path) -> None:
    """A header without rows, an array without objects."""
    assert answer("select 1 a, 'x' b where false", form, tmp_path / "a") == content


def test_an_empty_answer_in_parquet_keeps_its_columns(tmp_path: Path) -> None:
    """And their types."""
    answer("select 1 a, 'x' b where false", "parquet", tmp_path / "a")
    assert pl.read_parquet(tmp_path / "a").schema == {"a": pl.Int32, "b": pl.String}


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_two_columns_of_one_name_are_refused(form: Form, tmp_path: Path) -> None:
    """No form can tell them apart."""
    with pytest.raises(UsageError, match="two columns of the answer are called a"):
        answer("select 1 a, 2 a", form, tmp_path / "a")


def test_names_that_differ_in_case_are_two(tmp_path: Path) -> None:
    """DuckDB folds them, JSON does not."""
    assert as_json('select 1 a, 2 "A"', tmp_path) == [{"a": 1, "A": 2}]


def test_a_table_has_no_control_characters(tmp_path: Path) -> None:
    """What data hold does not reach the terminal."""
    text = answer("select 'a' || chr(27) || '[31mb' as x", "table", tmp_path / "a").decode()
    assert "\x1b" not in text
    assert "[31mb" in text


def test_a_table_in_a_file_has_all_rows_and_columns(tmp_path: Path) -> None:
    """Nobody can ask for the rest there; what is too much for a table is refused."""
    query = "select repeat('a', 300) a, repeat('b', 300) b from range(200)"
    text = answer(query, "table", tmp_path / "a").decode()
    assert text.count(f"{'a' * 300} │ {'b' * 300}") == 200
    with pytest.raises(UsageError, match="10,000 rows at most"):
        answer("from range(10001)", "table", tmp_path / "a")


@pytest.mark.parametrize(
    ("output", "form"),
    [(None, "table"), ("a.txt", "table"), ("a.CSV", "csv"), ("a.json", "json"), ("a.b.parquet", "parquet")],
)
def test_the_end_of_a_name_says_the_form(output: str | None, form: Form) -> None:
    """Stdout gets a table."""
    assert form_of(Path(output) if output else None) == form


def test_a_name_that_says_no_form_is_refused() -> None:
    """Before the query runs."""
    with pytest.raises(UsageError, match=r"a\.xlsx says no format"):
        form_of(Path("a.xlsx"))


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """A query that fails on the way leaves the old file, and no other."""
    output = tmp_path / "a.csv"
    output.write_text("before")
    query = "select if(x < 200000, x, error('no')) x from range(300000) t(x)"
    with pytest.raises(EcomdataError):
        answer(query, "csv", output)
    assert output.read_text() == "before"
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_pipe_is_written_into(form: Form, tmp_path: Path) -> None:
    """No file takes its place; so /dev/stdout and /dev/null stay what they are."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with ask("select 42 as n") as relation:
        write_answer(relation, form, pipe)
    reader.join(30)
    assert b"42" in got[0]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_file_that_is_open_is_written_into(tmp_path: Path) -> None:
    """As /dev/stdout names it where stdout is sent to a file: no other file takes the place of its name."""
    with (tmp_path / "a.csv").open("wb") as stream, ask("select 42 as n") as relation:
        write_answer(relation, "csv", Path(f"/proc/self/fd/{stream.fileno()}"))
    assert (tmp_path / "a.csv").read_text() == "n\n42\n"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The file cannot be written."""
    with pytest.raises((EcomdataError, OSError), match="nowhere"):
        answer("select 1", "csv", tmp_path / "nowhere" / "a.csv")
