"""Archives that say one thing and hold another, or that need an unpacker with no bounds."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import pytest

from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.zips import ALWAYS
from ecomdata.sources import tarmembers
from ecomdata.sources.archive import member_file, members
from tests.sources.toys import CLICKS, contents, look, targz, tarred, write, zipped

ACCENTED = "caf\u00e9.csv"


def _members(folder: Path, name: str, content: bytes) -> list[str]:
    write(folder, {name: content})
    return [member.name for member in members(folder / name, name)]


@pytest.mark.parametrize("pack", [zipped, tarred, targz])
@pytest.mark.parametrize("other", ["CLICKS.csv", "clicks.csv"])
def test_names_that_are_one_on_many_disks(tmp_path: Path, pack: object, other: str) -> None:
    """By case or by how an accent is composed: which of the two would be read cannot be said."""
    first, second = "clicks.csv", other
    if first == second:
        first, second = ACCENTED, unicodedata.normalize("NFD", ACCENTED)
    kind = {zipped: "a.zip", tarred: "a.tar", targz: "a.tar.gz"}[pack]
    with pytest.raises(DataError, match="one name on many disks"):
        _members(tmp_path, kind, pack({first: CLICKS, second: CLICKS}))


def test_a_name_with_a_nul(tmp_path: Path) -> None:
    """What zipfile shows is cut at it, and so is no name to trust."""
    packed = zipped({"clicks.csvXexe": CLICKS}).replace(b"csvXexe", b"csv\0exe")
    with pytest.raises(DataError, match=r"would leave the target folder: 'clicks\.csv\\x00exe'"):
        _members(tmp_path, "a.zip", packed)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_python_unpacks_without_bounds(tmp_path: Path, method: int) -> None:
    """A megabyte of bzip2 can become 20 GB in one call, whatever the directory declares."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        packed.writestr("clicks.csv", CLICKS)
    with pytest.raises(DataError, match=f"packed by method {method}") as error:
        _members(tmp_path, "a.zip", out.getvalue())
    assert "another program" in error.value.hint


@pytest.mark.parametrize("flag", [0x800, 0x20, 0x40])
def test_a_member_whose_own_header_is_another(home: Path, tmp_path: Path, flag: int) -> None:
    """Its name there is no UTF-8, or its flags ask for what is not done: an error that names the member."""
    packed = bytearray(zipped({"clicks.csv": CLICKS}))
    packed[6:8] = flag.to_bytes(2, "little")
    packed[30] = 0xFF
    write(tmp_path, {"a.zip": bytes(packed)})
    with pytest.raises(DataError, match=r"a\.zip/clicks\.csv"):
        contents(look(home, tmp_path))


def _with_flag(packed: bytes, flag: int) -> bytes:
    """The zip, with a flag in its directory, which comes after its one member."""
    at = packed.index(b"PK\1\2") + 8
    return packed[:at] + flag.to_bytes(2, "little") + packed[at + 2 :]


@pytest.mark.parametrize(("flag", "what"), [(0x1, "encrypted"), (0x40, "encrypted"), (0x20, "a patch")])
def test_members_that_are_no_plain_data(tmp_path: Path, flag: int, what: str) -> None:
    """They would be unpacked to bytes that mean something else."""
    with pytest.raises(DataError, match=rf"a\.zip/clicks\.csv is {what}"):
        _members(tmp_path, "a.zip", _with_flag(zipped({"clicks.csv": CLICKS}), flag))


def test_members_that_share_bytes(tmp_path: Path) -> None:
    """A megabyte can be many members of a gigabyte where they overlap."""
    packed = bytearray(zipped({"a.csv": CLICKS, "b.csv": CLICKS}))
    at = packed.index(b"PK\1\2") + 20
    longer = int.from_bytes(packed[at : at + 4], "little") + 1
    packed[at : at + 4] = longer.to_bytes(4, "little")
    with pytest.raises(DataError, match=r"a\.zip/a\.csv is damaged: it reaches into b\.csv"):
        _members(tmp_path, "a.zip", bytes(packed))


def test_a_bomb_inside_an_archive(home: Path, tmp_path: Path) -> None:
    """A .gz in a zip may grow as the archive may: the two factors are not multiplied."""
    inner = gzip.compress(bytes(ALWAYS + 5_000_000)) + bytes(2_000_000)
    write(tmp_path, {"a.zip": zipped({"clicks.csv.gz": inner})})
    (member,) = members(tmp_path / "a.zip", "a.zip")
    file = member_file(RawFile.on_disk(tmp_path / "a.zip"), member, "a.zip/clicks.csv.gz", home)
    assert 200 * member.size > ALWAYS + 5_000_000 > 200 * file.size
    with pytest.raises(DataError, match="grows beyond 100,000,000 bytes"), file.open() as stream:
        shutil.copyfileobj(stream, io.BytesIO())


@pytest.mark.parametrize(
    "record",
    [b"9" * 5000 + b" path=x\n", b"99999999999999999999 path=x\n", b"11 size=1e9\n"],
)
def test_numbers_in_the_headers_of_a_tar(tmp_path: Path, record: bytes) -> None:
    """Python's tarfile lets some through as other errors than its own; here none is a traceback."""
    about, member = tarfile.TarInfo("x"), tarfile.TarInfo("clicks.csv")
    about.type, about.size, member.size = tarfile.XHDTYPE, len(record), len(CLICKS)
    parts = [about.tobuf(), record.ljust(-(-len(record) // 512) * 512, b"\0"), member.tobuf()]
    packed = b"".join(parts) + CLICKS.ljust(512, b"\0") + bytes(1024)
    with pytest.raises(DataError, match="truncated or damaged tar"):
        _members(tmp_path, "a.tar", packed)


def test_a_tar_with_members_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted while they are listed: a .tar.gz may hold 400 million of them in a gigabyte."""
    monkeypatch.setattr(tarmembers, "MOST_MEMBERS", 10)
    with pytest.raises(DataError, match="more than 10 members"):
        _members(tmp_path, "a.tar.gz", targz({f"{number}.csv": b"" for number in range(11)}))
