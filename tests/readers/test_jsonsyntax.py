"""What the compiled loops take for JSON, beside Python's own reader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dataframely as dy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecomdata.columns import Columns
from ecomdata.rawfile import RawFile
from ecomdata.readers import JsonArray
from tests.readers.reading import Read, read


class Things(dy.Schema):
    """One key, and all others."""

    v = dy.String(nullable=True)
    rest = dy.String(nullable=True)


COLUMNS = Columns(schema=Things, optional=("v", "rest"))
READER = JsonArray(others="rest")
GOOD = [
    '{"v": [1, -0.5e+7, {"a": []}, "x\\"]\\u00e9\\\\"], "w": {"b": {}, "c": [true, false, null]}}',
    '{ "v" :"\\ud83d\\ude0a{" ,\t"w":\r\n[ [ ] , { } ] , "x":0, "y":[{"v":"a"}] }',
    '{"v": NaN, "w": [-Infinity, Infinity], "\\u0076w": "}"}',
    "{ }",
]
PIECES = [
    *'{}[]:,"\\ 019.eE+-',
    "\\u12",
    "\\ud83d",
    "null",
    "true",
    "NaN",
    '"v"',
    "\x01",
    "\n",
    "é",
    "Infinity",
]


def parse(folder: Path, text: str) -> Read:
    """Read one object between two others."""
    path = folder / "things.json"
    path.write_text(f'[{{"v": "before"}}, {text}, {{"v": "after"}}]', encoding="utf-8", newline="")
    return read(path, READER, COLUMNS)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@given(
    good=st.sampled_from(GOOD),
    at=st.integers(0, 80),
    drop=st.integers(0, 3),
    put=st.sampled_from(["", *PIECES]),
)
@example(good=GOOD[0], at=0, drop=0, put="")
@example(good=GOOD[1], at=0, drop=0, put="")
@example(good=GOOD[2], at=0, drop=0, put="")
@settings(deadline=None, max_examples=400)
def test_what_python_takes_is_taken_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, good: str, at: int, drop: int, put: str
) -> None:
    """A row changed anywhere is kept when Python can read it, and else rejected with its reason."""
    text = good[:at] + put + good[at + drop :]
    whole = f'[{{"v": "before"}}, {text}, {{"v": "after"}}]'
    try:
        found = parse(tmp_path_factory.mktemp("json"), text)
    except Exception:  # noqa: BLE001 - brackets or quotes that do not close are an error of the whole file
        assert not _is_json(whole)
        return
    kept = [row for row in found.raws if row not in {'{"v": "before"}', '{"v": "after"}'}]
    assert all(_is_json(row) for row in kept)
    if not _is_json(whole):
        assert found.rejected.height
        return
    if not found.rejected.height:
        assert json.dumps([json.loads(row) for row in kept]) == json.dumps(json.loads(whole)[1:-1])
    for _, (reason, *_) in found.reasons:
        assert any(known in reason for known in ("stands twice", "half a character", "instead of an object"))


@pytest.mark.parametrize("depth", [999, 1000, 5000])
def test_nesting_is_taken_up_to_a_thousand(tmp_path: Path, depth: int) -> None:
    """Deeper is a reason against the row, whatever reads it later."""
    found = parse(tmp_path, '{"v": ' + "[" * depth + "]" * depth + "}")
    assert found.frame.height == (3 if depth <= 1000 else 2)
    if depth > 1000:
        assert "nested too deep" in found.reasons[0][1][0]


@pytest.mark.parametrize("size", [7, 8, 9, 63, 64, 65, 4095, 4096, 4097])
def test_strings_of_any_length_end_where_they_end(tmp_path: Path, size: int) -> None:
    """Bytes are looked at eight and 4,096 at a time; where those end changes nothing."""
    value = ("\\" + '"{x]' * size)[:size]
    found = parse(tmp_path, json.dumps({"v": value, "w": [value]}))
    assert found.frame["v"].to_list() == ["before", value, "after"]


def test_without_a_place_for_compiled_code_it_is_compiled_each_time(tmp_path: Path) -> None:
    """Where numba finds no folder that it can write to, that costs time, and is no error."""
    code = "from ecomdata.compiled import compiled\n"
    code += "print(compiled('int64(int64)')(lambda number: number + 1)(41))"  # of no file, so of no place
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "42", done.stderr


def test_a_file_is_read_by_several_readers_at_once(tmp_path: Path) -> None:
    """Blocks do not share what is written to."""
    path = tmp_path / "things.json"
    path.write_text(json.dumps([{"v": str(number)} for number in range(1000)]))
    reader = JsonArray(others="rest", block_size=500)
    blocks = list(reader.blocks(RawFile.on_disk(path), COLUMNS))
    texts = [value for block in reversed(blocks) for value in reversed(block.parse().frame["v"].to_list())]
    assert texts == [str(number) for number in reversed(range(1000))]
