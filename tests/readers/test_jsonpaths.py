"""The reader that takes values out of JSON lines by their paths."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import dataframely as dy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers import JsonPaths
from ecomdata.readers.textblocks import BLOCK_SIZE
from tests.readers.reading import Read, read


class Events(dy.Schema):
    """Values at the top, inside an object, and under a key that a path's own signs stand in."""

    type = dy.String(nullable=True)
    repo_id = dy.Int64(nullable=True)
    odd = dy.String(nullable=True)


PATHS = {"type": ("type",), "repo_id": ("repo", "id"), "odd": ("a/b~c'", "d")}
COLUMNS = Columns(schema=Events, optional=("repo_id", "odd"))


def parse(content: bytes, *, block_size: int = 1 << 20) -> Read:
    """Read bytes as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.json"
        path.write_bytes(content)
        return read(path, JsonPaths(paths=PATHS, block_size=block_size), COLUMNS)


SCALARS = st.none() | st.text(st.characters(codec="utf-8"), max_size=6) | st.booleans()
OBJECTS = st.fixed_dictionaries(
    {"type": st.text(st.characters(codec="utf-8"), max_size=6)},
    optional={
        "repo": st.fixed_dictionaries({}, optional={"id": st.none() | st.integers(-(2**63), 2**63 - 1)})
        | SCALARS,
        "a/b~c'": st.fixed_dictionaries({"d": SCALARS | st.lists(st.integers(0, 9), max_size=2)}),
        "other": st.lists(st.text(max_size=3), max_size=2),
    },
)


def expected(value: object, keys: tuple[str, ...]) -> str | None:
    """What stands at a path, as text."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


@given(
    objects=st.lists(OBJECTS, min_size=1, max_size=8),
    bom=st.booleans(),
    final=st.booleans(),
    size=st.integers(1, 200),
)
@settings(max_examples=60, deadline=None)
def test_values_come_as_python_finds_them(
    objects: list[dict[str, object]], bom: bool, final: bool, size: int
) -> None:
    """Whatever else an object holds, and however the file is cut into blocks."""
    lines = "\n".join(json.dumps(value, ensure_ascii=False) for value in objects)
    content = b"\xef\xbb\xbf" * bom + lines.encode() + b"\n" * final
    found = parse(content, block_size=size)
    assert not found.rejected.height
    wanted = [
        (
            expected(o, PATHS["type"]),
            None if (i := expected(o, PATHS["repo_id"])) is None else int(i),
            expected(o, PATHS["odd"]),
        )
        for o in objects
    ]
    assert found.frame.rows() == wanted
    assert found.rows == list(range(1, len(objects) + 1))


def test_a_line_that_cannot_be_read_is_rejected_with_its_number_and_reason() -> None:
    """The lines around it are rows, and it keeps its content."""
    found = parse(
        b'{"type":"a"}\r\n'
        b"\n"
        b"[1]\n"
        b'{"type":\n'
        b'{"type":"b\xff"}\n'
        b'{"type":"c","repo":{"id":"x"}}\n'
        b'{"type":"d","repo":{"id":18446744073709551616}}\n'
        b'{"type":"e"}'
    )
    assert found.frame["type"].to_list() == ["a", "e"]
    assert found.rows == [1, 8]
    assert found.raws == ['{"type":"a"}', '{"type":"e"}']
    assert found.dropped == {"blank line": 1}
    assert found.reasons == [
        (3, ["a JSON list instead of an object"]),
        (4, ["not JSON: Expecting value: line 1 column 9 (char 8)"]),
        (5, ["not UTF-8 at byte 11 of the line"]),
        (6, ["repo_id: 'x' is not int64"]),
        (7, ["repo_id: '18446744073709551616' is not int64"]),
    ]
    assert found.rejected["raw"][0] == "[1]"


def test_half_a_character_elsewhere_does_not_cost_the_row() -> None:
    """GH Archive's messages have it; where it stands in a wanted value, its escape is kept."""
    found = parse(b'{"type":"a","m":"\\ud83d"}\n{"type":"\\ud83d","repo":{"id":7}}\n{"type":"c"}\n')
    assert found.frame["type"].to_list() == ["a", "\\ud83d", "c"]
    assert found.frame["repo_id"].to_list() == [None, 7, None]


@pytest.mark.parametrize("before", range(3))
def test_a_message_of_duckdbs_that_cuts_a_character_in_two(before: int) -> None:
    """Its client cannot read such a message; the line is rejected as any other that is no JSON."""
    broken = '{"type":"' + "x" * before + "\N{RIGHT SINGLE QUOTATION MARK}" * 60 + "\x01"
    found = parse(f'{{"type":"a"}}\n{broken}\n{{"type":"c"}}\n'.encode())
    assert found.frame["type"].to_list() == ["a", "c"]
    assert [row for row, _ in found.reasons] == [2]


def test_deep_nesting_is_an_answer_not_a_crash() -> None:
    """A line of a hundred thousand brackets is rejected, and the next one read."""
    deep = b'{"type":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    found = parse(b'{"type":"b"}\n' + deep + b'{"type":"c"}\n')
    assert found.frame["type"].to_list()[0] == "b"
    assert found.frame["type"].to_list()[-1] == "c"
    assert found.frame.height + found.rejected.height == 3


def test_a_file_without_the_required_paths_is_refused() -> None:
    """The error names what is missing and what is there."""
    with pytest.raises(DriftError) as caught:
        parse(b'{"kind":"a"}\n{"kind":"b"}\n')
    assert caught.value.missing == ("type",)
    assert caught.value.found == ("kind",)


def test_a_file_of_something_else_is_refused() -> None:
    """Not one line is an object."""
    with pytest.raises(DataError, match="none of its first lines is a JSON object"):
        parse(b"user,item\n1,2\n")


def test_an_empty_file_has_no_rows() -> None:
    """It is no error."""
    assert parse(b"").frame.height == 0


class Endless(io.RawIOBase):
    """Bytes without a line end; who reads far more than a block of them fails."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer."""
        self.given += len(buffer)
        assert self.given < 4 * BLOCK_SIZE
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_a_file_without_line_ends_is_not_read_whole() -> None:
    """Its first block says enough."""
    file = RawFile(
        name="2019-11-27-3.json",
        container=Path("x"),
        size=1,
        open=lambda: io.BufferedReader(Endless()),
        local=lambda: Path("x"),
    )
    with pytest.raises(DataError, match="none of its first lines is a JSON object"):
        JsonPaths(paths=PATHS).check(file, COLUMNS)


class Flags(dy.Schema):
    """A truth value."""

    public = dy.Bool(nullable=True)


def test_truth_values_are_read(tmp_path: Path) -> None:
    """Anything else there is rejected."""
    path = tmp_path / "events.json"
    path.write_text('{"public": true}\n{"public": false}\n{}\n{"public": 1}\n')
    columns = Columns(schema=Flags, optional=("public",))
    found = read(path, JsonPaths(paths={"public": ("public",)}), columns)
    assert found.frame["public"].to_list() == [True, False, None]
    assert found.reasons == [(4, ["public: '1' is not boolean"])]
