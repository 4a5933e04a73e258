"""Cutting text into blocks."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.errors import DataError
from ecomdata.readers import textblocks
from ecomdata.readers.textblocks import decode, lines_of, plain_pieces, record_blocks

CONTENT = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r\n"]), max_size=40).map(b"".join)


def pieces(content: bytes, size: int) -> list[bytes]:
    """What a plain file is cut into, each piece read by itself."""
    with NamedTemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return [piece.read() for piece in plain_pieces(file, size=size)]


@given(content=CONTENT, size=st.integers(1, 50), split=st.integers(0, 50))
def test_blocks_hold_all_bytes_and_end_with_lines(content: bytes, size: int, split: int) -> None:
    """Nothing is lost, and only the last block may end without a line break."""
    first, rest = content[:split], content[split:]
    for blocks in (
        list(record_blocks(io.BytesIO(rest), first=first, size=size)),
        pieces(content, size=size),
    ):
        assert b"".join(blocks) == content
        assert all(block.endswith(b"\n") for block in blocks[:-1])
        assert all(blocks)


def test_a_record_without_an_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a line is, memory stays bounded."""
    monkeypatch.setattr(textblocks, "MAX_RECORD", 100)
    content = b"a" * 1000 + b"\nb\n"
    for blocks in (
        list(record_blocks(io.BytesIO(content), size=10)),
        pieces(content, size=10),
    ):
        assert b"".join(blocks) == content
        assert max(map(len, blocks)) <= 120


@pytest.mark.parametrize("change", ["shorter", "cannot be read"])
def test_a_file_that_changes_while_it_is_read(change: str, tmp_path: Path) -> None:
    """What is missing of a piece never passes for its end."""
    path = tmp_path / "raw.csv"
    path.write_bytes(b"1,2\n" * 20)
    with path.open("rb") as file:
        last = list(plain_pieces(file, size=10))[-1]
    if change == "shorter":
        path.write_bytes(b"1,2\n" * 19 + b"1,")
    else:
        path.unlink()
    with pytest.raises(DataError, match=rf"raw\.csv .*{change}") as met:
        last.read()
    assert "load them again" in met.value.hint


@pytest.mark.parametrize(
    ("block", "lines"),
    [(b"", []), (b"a", [b"a"]), (b"a\n", [b"a"]), (b"a\r\n\nb\r", [b"a", b"", b"b"]), (b"\n", [b""])],
)
def test_lines_have_no_line_ends(block: bytes, lines: list[bytes]) -> None:
    """Neither kind of line end, and no line after the last."""
    assert lines_of(block) == lines


def test_other_bytes_are_shown_and_placed() -> None:
    """Text comes back as it is; other bytes in hexadecimal, with their place."""
    assert decode("জামা".encode()) == ("জামা", "")
    assert decode(b"ab\xffc") == ("ab\\xffc", "not UTF-8 at byte 3 of the line")
