"""Delimited text in another encoding than UTF-8."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import dataframely as dy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata import declare
from ecomdata.columns import Columns
from ecomdata.declare import DeclarationError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers import Batch, Delimited


class Items(dy.Schema):
    """A name and a number."""

    name = dy.String(nullable=True)
    count = dy.Int64(nullable=True)


ITEMS = Columns(schema=Items)


def batches(path: Path, reader: Delimited) -> list[Batch]:
    """The blocks of a file, parsed, the header's left out."""
    file = RawFile.on_disk(path)
    reader.check(file, ITEMS)
    return [block.parse() for block in reader.blocks(file, ITEMS)][1:]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("latin-1", "£5 café"),
        ("cp1252", "5 € – “new”"),
        ("gbk", "连衣裙, 加绒"),
        ("gb18030", "𠮷"),
        ("big5", "功許蓋"),
        ("shift_jis", "ソー表"),
        ("utf-16", "ক"),
    ],
)
def test_upstreams_encoding_is_declared(tmp_path: Path, encoding: str, name: str) -> None:
    """Characters are what they are, also those whose last byte is a delimiter's or a backslash's in ASCII."""
    path = tmp_path / "items.csv"
    path.write_text(f"name|count\n{name}|1\n|2\n", encoding=encoding)
    (batch,) = batches(path, Delimited(delimiters=("|",), encoding=encoding))
    assert batch.frame.rows() == [(name, 1), (None, 2)]
    assert batch.raw([0]) == [f"{name}|1"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="gbk", exclude_characters="\r\n\0"), max_size=9), max_size=6),
    st.integers(1, 60),
    st.booleans(),
)
def test_it_reads_as_the_same_text_in_utf_8(names: list[str], size: int, quote: bool) -> None:
    """Wherever blocks are cut, and with quotes or without."""
    quoted = [f'"{name.replace(chr(34), chr(34) * 2)}"' if quote else name for name in names]
    text = "name,count\n" + "".join(f"{name},{place}\n" for place, name in enumerate(quoted))
    reader = Delimited(quote=quote, block_size=size)
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one.csv", Path(folder) / "other.csv"
        one.write_text(text, encoding="utf-8", newline="")
        other.write_text(text, encoding="gbk", newline="")
        mine = batches(other, replace(reader, encoding="gbk"))
        theirs = batches(one, reader)
    assert [row for b in mine for row in b.frame.rows()] == [row for b in theirs for row in b.frame.rows()]
    assert [why for b in mine for why in b.rejected["reasons"].to_list()] == [
        why for b in theirs for why in b.rejected["reasons"].to_list()
    ]


def test_bytes_that_are_no_character_are_rejected(tmp_path: Path) -> None:
    """In their line alone, also where they would be UTF-8: C8 A1 is nothing in Big5."""
    path = tmp_path / "items.csv"
    path.write_bytes("name,count\n功,1\n?,2\n許,3\n".encode("big5").replace(b"?", b"\xc8\xa1"))
    (batch,) = batches(path, Delimited(encoding="big5"))
    assert batch.frame.rows() == [("功", 1), ("許", 3)]
    assert batch.rejected["reasons"].to_list() == [["not big5"]]


def test_an_encoding_that_cannot_go_on_is_an_error(tmp_path: Path) -> None:
    """Of UTF-16, a byte too few makes all that follows another text."""
    path = tmp_path / "items.csv"
    path.write_bytes("name,count\na,1\n".encode("utf-16")[:-1])
    with pytest.raises(DataError, match=r"items\.csv: this is not utf-16: truncated data"):
        batches(path, Delimited(encoding="utf-16"))


@pytest.mark.parametrize("encoding", ["gbq", "hex"])
def test_an_encoding_is_one_that_there_is(encoding: str) -> None:
    """A misspelt one is found when it is declared."""
    with pytest.raises(DeclarationError, match=f"the encoding '{encoding}' is none that Python knows"):
        declare.Raw(
            files=("a.csv",),
            reader=Delimited(encoding=encoding),
            schema=Items,
            normalize=lambda rows: rows,
        )
