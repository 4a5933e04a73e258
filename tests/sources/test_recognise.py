"""What lies in place of data is recognised and named."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.sources.recognise import reject_imposters
from tests.sources.toys import CLICKS, contents, look, write, zipped

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 123456\n"
PAGE = b"\n<!DOCTYPE html>\n<html><title>Sign in</title></html>"
S3 = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
JSON = b'{"error": "Repository not found"}'


def _parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"a": range(100)}).write_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["clicks.csv", "clicks.parquet", "clicks.zip", "clicks.csv.gz", "clicks.npz"]
)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LFS, r"git-LFS pointer, not the data \(the file itself has 123,456 bytes\)"),
        (PAGE, "web page or an error message"),
        (b"\xef\xbb\xbf" + PAGE, "web page or an error message"),
        (S3, "web page or an error message"),
        (b"", r"is empty \(0 bytes\)"),
    ],
)
def test_other_things_in_place_of_data(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """Whatever the file's name promises."""
    write(tmp_path, {name: content})
    with pytest.raises(DataError, match=said) as error:
        reject_imposters(RawFile.on_disk(tmp_path / name))
    assert str(error.value).startswith(name)
    assert error.value.hint


@pytest.mark.parametrize("name", ["clicks.csv", "clicks.parquet"])
def test_an_error_message_in_json(tmp_path: Path, name: str) -> None:
    """Some servers answer so with status 200."""
    write(tmp_path, {name: JSON})
    with pytest.raises(DataError, match="server's error message"):
        reject_imposters(RawFile.on_disk(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(CLICKS), ".gz"),
        (zipped({"clicks.csv": CLICKS}), ".zip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), ".7z"),
    ],
    ids=["gz", "zip", "7z"],  # the bytes of the first hold the time, and each worker would have its own
)
@pytest.mark.parametrize("name", ["clicks.csv", "clicks.parquet", "clicks.jsonl"])
def test_packed_under_the_name_of_what_is_packed(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    """As ``wget -O clicks.csv`` makes of an archive: said as such, and not that it is no UTF-8."""
    write(tmp_path, {name: content})
    with pytest.raises(DataError, match=f"is packed: it holds a {kind} file") as error:
        reject_imposters(RawFile.on_disk(tmp_path / name))
    assert "unpack it" in error.value.hint
    (tmp_path / "all.zip").write_bytes(zipped({name: content}))
    (member,) = look(tmp_path, tmp_path / "all.zip", clicks=("clicks.*",)).files
    with pytest.raises(DataError, match=f"all.zip/{name} is packed"):
        reject_imposters(member)


def test_json_data_may_have_a_message(tmp_path: Path) -> None:
    """In a JSON file such a key is data."""
    write(tmp_path, {"chats.jsonl": b'{"message": "hello"}\n'})
    reject_imposters(RawFile.on_disk(tmp_path / "chats.jsonl"))


@pytest.mark.parametrize("content", [b"<3 this shop\n", b"html,body\n1,2\n", b"version\n1\n", CLICKS])
def test_data_that_only_looks_a_little_alike(tmp_path: Path, content: bytes) -> None:
    """It passes."""
    write(tmp_path, {"clicks.csv": content})
    reject_imposters(RawFile.on_disk(tmp_path / "clicks.csv"))


@pytest.mark.parametrize("keep", [4, 11, 12, 200, -1])
def test_a_truncated_parquet_file(tmp_path: Path, keep: int) -> None:
    """Its footer is missing, wherever it was cut."""
    write(tmp_path, {"a.parquet": _parquet()[:keep]})
    with pytest.raises(DataError, match="truncated Parquet file"):
        reject_imposters(RawFile.on_disk(tmp_path / "a.parquet"))


def test_a_parquet_file_with_its_head_missing(tmp_path: Path) -> None:
    """It is no Parquet file."""
    write(tmp_path, {"a.parquet": _parquet()[4:]})
    with pytest.raises(DataError, match="is no Parquet file"):
        reject_imposters(RawFile.on_disk(tmp_path / "a.parquet"))


def test_a_whole_parquet_file(tmp_path: Path) -> None:
    """It passes."""
    write(tmp_path, {"a.parquet": _parquet()})
    reject_imposters(RawFile.on_disk(tmp_path / "a.parquet"))


@pytest.mark.parametrize("name", ["a.zip", "a.npz", "a.csv.gz", "a.tgz"])
def test_other_bytes_under_the_name_of_an_archive(tmp_path: Path, name: str) -> None:
    """The message shows what the file starts with."""
    write(tmp_path, {name: CLICKS})
    with pytest.raises(DataError, match=r"is no \.\w+ file: it starts with b'user,sku'"):
        reject_imposters(RawFile.on_disk(tmp_path / name))


@pytest.mark.parametrize("content", [LFS, PAGE, S3])
def test_other_things_in_an_archive(home: Path, tmp_path: Path, content: bytes) -> None:
    """Members are looked at too."""
    write(tmp_path, {"a.zip": zipped({"clicks.csv": content})})
    with pytest.raises(DataError, match=r"a\.zip/clicks\.csv is a"):
        contents(look(home, tmp_path))


def test_a_page_inside_a_gz_file(home: Path, tmp_path: Path) -> None:
    """Some servers compress their error pages."""
    write(tmp_path, {"clicks.csv.gz": gzip.compress(PAGE)})
    with pytest.raises(DataError, match="web page"):
        contents(look(home, tmp_path))


def test_an_empty_member(home: Path, tmp_path: Path) -> None:
    """It is named with its archive."""
    write(tmp_path, {"a.zip": zipped({"clicks.csv": b""})})
    with pytest.raises(DataError, match=r"a\.zip/clicks\.csv is empty"):
        contents(look(home, tmp_path))
