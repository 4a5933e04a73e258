"""The directory of a zip: every member a row, and nothing unpacked."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import dataframely as dy
import pytest

from ecomdata import declare
from ecomdata.columns import Columns
from ecomdata.declare import DeclarationError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers import ZipIndex
from tests.readers.reading import read


class Raw(dy.Schema):
    """All that a directory gives."""

    member = dy.String()
    size = dy.Int64()
    packed_size = dy.Int64()
    crc32 = dy.UInt32()


COLUMNS = Columns(schema=Raw)


def _zip(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def _patched(path: Path, at: int, value: int, width: int, signature: bytes = b"PK\x01\x02") -> None:
    """Let the last record of a kind claim another number."""
    data = bytearray(path.read_bytes())
    start = data.rindex(signature) + at
    data[start : start + width] = value.to_bytes(width, "little")
    path.write_bytes(data)


def test_a_row_for_each_member(tmp_path: Path) -> None:
    """Path, sizes and checksum, in the archive's order, numbered from 1."""
    found = read(_zip(tmp_path / "a.zip", {"b/2.jpg": b"x" * 1000, "1.jpg": b""}), ZipIndex(), COLUMNS)
    assert found.numbered == [
        (1, "b/2.jpg", 1000, found.frame["packed_size"][0], zlib.crc32(b"x" * 1000)),
        (2, "1.jpg", 0, found.frame["packed_size"][1], 0),
    ]
    assert found.frame["packed_size"][0] < 1000


def test_folders_are_left_out_and_counted(tmp_path: Path) -> None:
    """A folder has an entry of its own, and its number is not given to another."""
    path = _zip(tmp_path / "a.zip", {"b/": b"", "b/2.jpg": b"x", "c/": b""})
    found = read(path, ZipIndex(), COLUMNS)
    assert found.rows == [2]
    assert found.dropped == {"a folder": 2}


def test_more_members_than_a_block_holds(tmp_path: Path) -> None:
    """Row numbers go on from block to block."""
    count = (1 << 16) + 3
    path = _zip(tmp_path / "a.zip", {f"{number}.jpg": b"" for number in range(count)})
    found = read(path, ZipIndex(), COLUMNS)
    assert found.blocks == 2
    assert found.rows == list(range(1, count + 1))
    assert found.frame["member"][-1] == f"{count - 1}.jpg"


def test_an_archive_without_members(tmp_path: Path) -> None:
    """It has no rows."""
    assert read(_zip(tmp_path / "a.zip", {}), ZipIndex(), COLUMNS).frame.is_empty()


def test_names_are_kept_as_they_stand(tmp_path: Path) -> None:
    """Nothing is joined to a path: what would leave a folder, or holds a NUL, is text like any other."""
    path = _zip(tmp_path / "a.zip", dict.fromkeys(["../../x", "/etc/passwd", "a_b.jpg", "রিভিউ.jpg"], b""))
    path.write_bytes(path.read_bytes().replace(b"a_b.jpg", b"a\0b.jpg"))
    members = read(path, ZipIndex(), COLUMNS).frame["member"].to_list()
    assert members == ["../../x", "/etc/passwd", "a\0b.jpg", "রিভিউ.jpg"]


def test_a_member_that_nobody_could_unpack(tmp_path: Path) -> None:
    """Encrypted, or of another size than it says: the directory alone is read."""
    path = _zip(tmp_path / "a.zip", {"1.jpg": b"x"})
    _patched(path, 8, 1, 2)
    _patched(path, 24, 4_000_000_000, 4)
    assert read(path, ZipIndex(), COLUMNS).frame["size"].to_list() == [4_000_000_000]


@pytest.mark.parametrize("cut", [1, 22, 40])
def test_a_truncated_archive(tmp_path: Path, cut: int) -> None:
    """The message says that its directory is missing, and how many bytes are there."""
    path = _zip(tmp_path / "a.zip", {"1.jpg": b"x"})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError, match=r"a\.zip is a truncated or damaged zip.* bytes are there"):
        ZipIndex().check(RawFile.on_disk(path), COLUMNS)


def test_a_directory_that_claims_more_than_it_may(tmp_path: Path) -> None:
    """It is refused by its claim, before any of it is read."""
    path = _zip(tmp_path / "a.zip", {"1.jpg": b"x"})
    path.write_bytes(bytes(64 << 20) + path.read_bytes())
    _patched(path, 12, 33 << 20, 4, b"PK\x05\x06")
    with pytest.raises(DataError, match="its directory claims 34,603,008 bytes, more than 33,554,432"):
        ZipIndex().check(RawFile.on_disk(path), COLUMNS)


def test_a_size_that_no_file_can_have(tmp_path: Path) -> None:
    """Sizes are 64 bits wide and unsigned in the format; a lie is not written down as another number."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("1.jpg")
        info.extra = b"\x01\x00\x08\x00" + b"\xff" * 8
        archive.writestr(info, b"x")
    _patched(path, 24, 0xFFFFFFFF, 4)
    with pytest.raises(DataError, match=r"a\.zip/1\.jpg claims more bytes than any file can have"):
        ZipIndex().check(RawFile.on_disk(path), COLUMNS)


def test_a_piece_that_is_missing_before_the_directory(tmp_path: Path) -> None:
    """The offsets are then larger than where things are: an error of the archive, not of the system."""
    path = _zip(tmp_path / "a.zip", {"a.jpg": b"a" * 1000, "b.jpg": b"b"})
    data = path.read_bytes()
    path.write_bytes(data[:40] + data[60:])
    with pytest.raises(DataError, match=r"a\.zip is a damaged zip: .* without a place in the file"):
        read(path, ZipIndex(), COLUMNS)


def test_a_member_without_a_name(tmp_path: Path) -> None:
    """There is none in an honest archive."""
    path = _zip(tmp_path / "a.zip", {"a": b"a"})
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02") + 46
    path.write_bytes(data[:at] + b"\0" + data[at + 1 :])
    with pytest.raises(DataError, match=r"a\.zip is a damaged zip: .* without a name"):
        read(path, ZipIndex(), COLUMNS)


@pytest.mark.parametrize("declared", [{"date": dy.String()}, {"size": dy.String()}])
def test_declared_columns_are_those_of_a_directory(declared: dict[str, dy.Column]) -> None:
    """A schema that asks for others is a mistake of the loader, found before there is a file to blame."""
    schema: Any = type("RawMembers", (Raw,), declared)
    with pytest.raises(DeclarationError, match=r"RawMembers: ZipIndex gives member \(String\), size"):
        declare.Raw(files=("a.zip",), reader=ZipIndex(), schema=schema, normalize=lambda rows: rows)
