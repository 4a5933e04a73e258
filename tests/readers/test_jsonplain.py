"""JSON lines by the compiled loops: what is read one line at a time, to the letter."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.columns import Columns
from ecomdata.rawfile import RawFile
from ecomdata.readers import jsonl
from ecomdata.readers.base import Batch, joined
from ecomdata.readers.exact import Record
from ecomdata.readers.jsonl import JsonLines
from ecomdata.readers.jsonplain import Lines


class Things(dy.Schema):
    """Types of each kind, wide and narrow."""

    id = dy.Int64(nullable=True)
    small = dy.UInt8(nullable=True)
    title = dy.String(nullable=True)
    price = dy.Float64(nullable=True)
    near = dy.Float32(nullable=True)
    new = dy.Bool(nullable=True)
    codes = dy.List(dy.Int64(), nullable=True)
    tags = dy.List(dy.List(dy.String()), nullable=True)
    clicks = dy.List(dy.Struct({"aid": dy.Int64(), "ts": dy.Float64(), "type": dy.String()}), nullable=True)
    maker = dy.Struct({"name": dy.String(), "codes": dy.List(dy.UInt8())}, nullable=True)


class Others(Things):
    """The same, and a column for all else."""

    more = dy.String(nullable=True)


NOT_IN_ALL = ("tags", "new", "clicks", "maker")
PLAIN = Columns(schema=Things, optional=NOT_IN_ALL)
ALIASED = Columns(schema=Others, optional=NOT_IN_ALL, aliases={"title": ("name",)})
READERS: dict[str, tuple[JsonLines, Columns]] = {
    "strict": (JsonLines(), PLAIN),
    "loose": (JsonLines(loose=("id", "title", "codes", "tags", "price", "clicks", "maker")), PLAIN),
    "rest": (JsonLines(rest="more"), ALIASED),
    "loose, rest": (JsonLines(rest="more", loose=("id", "small", "title", "codes", "tags")), ALIASED),
}
NUMBERS = (
    *("0", "-0", "1", "255", "256", "-1", "1.0", "-0.0", "1e2", "1E400", "-1e-400", "0.1", "1.10", "1e300"),
    *("9007199254740993", "9007199254740993.0", "9223372036854775807", "9223372036854775808", "3.4028236e38"),
    *("NaN", "Infinity", "-Infinity", "-NaN", "01", "1.", ".5", "+1", "1e", "1" * 320, "7" * 5000, "1_0"),
)
SCALARS = (
    st.sampled_from(NUMBERS)
    | st.integers(-300, 300).map(str)
    | st.floats().map(json.dumps)
    | st.sampled_from(["true", "false", "null", "True", "nil", ""])
    | st.text(max_size=6).map(lambda text: json.dumps(text, ensure_ascii=len(text) % 2 == 0))
    | st.sampled_from([r'"\ud800"', r'"\ud83d\ude00"', '"\x01"', r'"\x"', '"a', r'"\u00e9\/"', '" "', '"5"'])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner, max_size=2).map(
            lambda items: "{" + ",".join(f'"k{at}" :{item}' for at, item in enumerate(items)) + "}"
        )
    ),
    max_leaves=5,
) | st.sampled_from(
    ["[" * 210 + "]" * 210, "[" * 198 + "]" * 198, "[" * 199 + "]" * 199, "[[]", "{}}", '{"a":1,"a":2}']
)
CLICKS = st.tuples(SCALARS, SCALARS, SCALARS).map(
    lambda of: f'{{"aid": {of[0]}, "ts": {of[1]}, "type": {of[2]}}}'
) | st.integers(0, 9).map(lambda aid: f'{{"type": "clicks", "aid": {aid}}}')
RIGHT = st.fixed_dictionaries(
    {
        "id": st.integers(-(2**63), 2**63 - 1).map(str),
        "small": st.integers(0, 255).map(str),
        "title": st.text(max_size=8).map(json.dumps),
        "price": st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
        "near": st.floats(width=32, allow_nan=False, allow_infinity=False).map(json.dumps),
        "codes": st.lists(st.integers(0, 9), max_size=3).map(json.dumps),
    },
    optional={
        "new": st.booleans().map(json.dumps),
        "tags": st.lists(st.lists(st.text(max_size=2), max_size=2), max_size=2).map(json.dumps),
        "clicks": st.lists(CLICKS, max_size=2).map(lambda clicks: f"[{', '.join(clicks)}]"),
        "maker": st.sampled_from(
            ['{"name": "a", "codes": [1]}', '{"codes": [256]}', '{"name": 1}', "{}", '{"x": 1}', "[]"]
        ),
    },
)
ODD_KEYS = (
    "id",
    "title",
    "name",
    " title",
    "title ",
    "more",
    "x",
    "",
    "new",
    "tags",
    r"\u0069d",
    r"a\"b",
    "\u00e9",
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """One line: what is declared, often with something changed in it, or anything."""
    pairs = list(draw(RIGHT).items())
    for _ in range(draw(st.integers(0, 2))):
        key, value = draw(st.sampled_from([key for key, _ in pairs] + list(ODD_KEYS))), draw(VALUES)
        place = draw(st.integers(0, len(pairs)))
        pairs[place : place + draw(st.integers(0, 1))] = [(key, value)]
    colon, comma = draw(st.sampled_from([(": ", ", "), (":", ","), (" :\t", " ,")]))
    line = "{" + comma.join(f'"{key}"{colon}{value}' for key, value in pairs) + "}"
    data = line.encode(errors="surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        cut = draw(st.integers(0, len(data)))
        data = (
            data[:cut]
            + draw(st.sampled_from([b"", b'"', b"}", b"{", b"]", b"\\", b"\xff", b",", b"\r"]))
            + data[cut + 1 :]
        )
    edge = draw(st.sampled_from([b"", b"", b"", b" ", b"\r", b"\xef\xbb\xbf", b","]))
    return draw(
        st.sampled_from([data + edge, edge + data, b"", data + data, b" ", b"[1]"]) if edge else st.just(data)
    )


def _parsed(content: bytes, reader: JsonLines, columns: Columns) -> Batch:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "things.jsonl"
        path.write_bytes(content)
        return joined([block.parse() for block in reader.blocks(RawFile.on_disk(path), columns)])


def _said(batch: Batch) -> dict[str, Any]:
    assert batch.rows is not None
    return {
        "rows": batch.rows.to_list(),
        "raw": batch.raw(range(batch.frame.height)),
        "rejected": batch.rejected.rows(),
        "dropped": dict(batch.dropped),
        "unverified": batch.unverified,
        "taken": batch.taken,
        "span": batch.span,
        "types": batch.frame.schema,
        "values": repr(batch.frame.to_dicts()),  # NaN is NaN, and -0.0 is not 0.0
    }


@pytest.mark.parametrize("name", READERS)
@given(content=st.lists(lines(), max_size=8), final=st.booleans())
def test_lines_read_as_one_at_a_time(name: str, content: list[bytes], final: bool) -> None:
    """Rows, types, numbers, raw lines, reasons and what was found: whichever way they are read."""
    reader, columns = READERS[name]
    first = (
        b'{"id": 1, "small": 2, "title": "", "price": 0, "near": 1.5, "new": true, "codes": [], "tags": null}'
    )
    data = b"\n".join([first, *content]) + (b"\n" if final else b"")
    found: list[dict[str, Any]] = []
    for large in (0, 1 << 40):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jsonl, "_LARGE", large)
            found.append(_said(_parsed(data, reader, columns)))
    assert found[0] == found[1]


def test_plain_lines_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many lines those that are odd alone are read by Python."""
    asked: list[int] = []
    record = Lines.record

    def count(lines: Lines, number: int) -> Record:
        asked.append(number)
        return record(lines, number)

    monkeypatch.setattr(jsonl, "_LARGE", 0)
    monkeypatch.setattr(Lines, "record", count)
    line = b'{"id": 1, "small": 2, "title": "a", "price": 0.5, "near": 1, "codes": [1, 2], "x": %s}\n'
    data = b"".join(line % value for value in [b"1"] * 500 + [b"[" * 250 + b"]" * 250] + [b"null"] * 500)
    batch = _parsed(data, JsonLines(rest="more"), ALIASED)
    assert asked == [500]
    assert batch.frame.height == 1000
    assert batch.frame["more"].unique().sort().to_list() == ['{"x": 1}', '{"x": null}']
    assert batch.frame.select("id", "title", pl.col("codes").list.sum()).unique().rows() == [(1, "a", 3)]
