"""Archives from strangers: what is refused, and that nothing is written outside."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile
from functools import partial
from pathlib import Path

import pytest

from ecomdata.errors import DataError
from ecomdata.readers.zips import ALWAYS
from ecomdata.sources import clear_scratch
from ecomdata.sources.archive import members
from ecomdata.sources.scratch import scratch
from tests.sources.toys import CLICKS, ITEMS, contents, look, targz, tarred, write, zipped

OUTSIDE = [
    "../clicks.csv",
    "x/../../clicks.csv",
    "/tmp/clicks.csv",  # noqa: S108 - never written
    "C:/clicks.csv",
    "c:clicks.csv",
    "..\\clicks.csv",
    "x\\clicks.csv",
]
TAR = shutil.which("tar")
NOISE = random.Random(0).randbytes(300_000)  # noqa: S311 - no secret


def _members(folder: Path, name: str, content: bytes) -> list[str]:
    write(folder, {name: content})
    return [member.name for member in members(folder / name, name)]


def _tar_with(info: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(info)
    return out.getvalue()


def _lying(content: bytes, says: int) -> bytes:
    """A zip whose only member declares another size, in its directory and before its data."""
    packed = bytearray(zipped({"clicks.csv": content}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = packed.index(signature) + offset
        packed[at : at + 4] = says.to_bytes(4, "little")
    return bytes(packed)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_zip_member_that_would_leave_the_folder(tmp_path: Path, name: str) -> None:
    """Parents, absolute paths, drives and backslashes are refused."""
    with pytest.raises(DataError, match="would leave the target folder"):
        _members(tmp_path, "a.zip", zipped({name: CLICKS}))


@pytest.mark.parametrize("kind", ["a.tar", "a.tar.gz"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_tar_member_that_would_leave_the_folder(tmp_path: Path, kind: str, name: str) -> None:
    """The same in a tar."""
    make = tarred if kind == "a.tar" else targz
    with pytest.raises(DataError, match="would leave the target folder"):
        _members(tmp_path, kind, make({name: CLICKS}))


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_nothing_is_written_for_a_hostile_archive(home: Path, tmp_path: Path, name: str) -> None:
    """Neither beside the folder nor in the home."""
    make = {"a.zip": zipped, "a.tar": tarred, "a.tar.gz": targz}[name]
    write(tmp_path / "in", {name: make({"clicks.csv": CLICKS, "../clicks_evil.csv": CLICKS})})
    with pytest.raises(DataError):
        contents(look(home, tmp_path / "in"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted([name, "in"])
    assert not list(home.iterdir())


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
    ids=["symlink", "hardlink", "character", "block", "fifo"],
)
def test_links_and_devices_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    """They are refused, wherever they lead."""
    info = tarfile.TarInfo("clicks.csv")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match="a link, a device or a sparse file"):
        _members(tmp_path, "a.tar", _tar_with(info))


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    """A zip keeps it as a file with a mode."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("clicks.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="a link, a device or a sparse file"):
        _members(tmp_path, "a.zip", out.getvalue())


def test_folders_are_no_members(tmp_path: Path) -> None:
    """Only files are listed; a leading ``./`` is dropped."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        folder = tarfile.TarInfo("./items")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        file = tarfile.TarInfo("./items/a.csv")
        file.size = len(ITEMS)
        archive.addfile(file, io.BytesIO(ITEMS))
    assert _members(tmp_path, "a.tar", out.getvalue()) == ["items/a.csv"]


def test_two_members_of_one_name_in_a_zip(tmp_path: Path) -> None:
    """Which one is meant cannot be known."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("clicks.csv", CLICKS)
        archive.writestr("clicks.csv", b"other")
    with pytest.raises(DataError, match=r"two members named 'clicks\.csv'"):
        _members(tmp_path, "a.zip", out.getvalue())


def test_two_members_of_one_name_in_a_tar(tmp_path: Path) -> None:
    """The same in a tar, also under another spelling."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("clicks.csv"))
        archive.addfile(tarfile.TarInfo("./clicks.csv"))
    with pytest.raises(DataError, match="two members named"):
        _members(tmp_path, "a.tar", out.getvalue())


def test_an_encrypted_zip(tmp_path: Path) -> None:
    """The hint says to unpack it by hand."""
    packed = bytearray(zipped({"clicks.csv": CLICKS}))
    packed[packed.index(b"PK\x03\x04") + 6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match=r"a\.zip/clicks\.csv is encrypted") as error:
        _members(tmp_path, "a.zip", bytes(packed))
    assert "password" in error.value.hint


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.999])
def test_a_half_written_zip(tmp_path: Path, keep: float) -> None:
    """Its directory stands at the end, so it is missing."""
    packed = zipped({"clicks.csv": NOISE})
    with pytest.raises(DataError, match="truncated or damaged zip"):
        _members(tmp_path, "a.zip", packed[: int(len(packed) * keep)])


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_a_truncated_tar_gz(tmp_path: Path, keep: float) -> None:
    """It is noticed when its members are listed."""
    packed = targz({"clicks.csv": NOISE, "items/a.csv": NOISE})
    with pytest.raises(DataError, match="truncated"):
        _members(tmp_path, "a.tar.gz", packed[: int(len(packed) * keep)])


@pytest.mark.parametrize("keep", [100, 600, 100_000, 300_900])
def test_a_truncated_tar(tmp_path: Path, keep: int) -> None:
    """In a header and in a member."""
    packed = tarred({"clicks.csv": NOISE, "items/a.csv": NOISE})
    with pytest.raises(DataError, match="truncated or damaged tar"):
        _members(tmp_path, "a.tar", packed[:keep])


def test_a_damaged_header_in_the_middle_of_a_tar(tmp_path: Path) -> None:
    """It is not taken for the end, which would lose what follows."""
    packed = bytearray(tarred({"clicks.csv": CLICKS, "items/a.csv": ITEMS}))
    packed[1024 + 10] ^= 0xFF
    with pytest.raises(DataError, match="truncated or damaged tar"):
        _members(tmp_path, "a.tar", bytes(packed))


@pytest.mark.parametrize("keep", [15, 1000, 200_000, -4])
def test_a_truncated_gz_file(home: Path, tmp_path: Path, keep: int) -> None:
    """It is noticed when it is read to its end."""
    write(tmp_path, {"clicks.csv.gz": gzip.compress(NOISE)[:keep]})
    with pytest.raises(DataError, match=r"clicks\.csv is truncated|clicks\.csv\.gz is truncated"):
        contents(look(home, tmp_path))


def test_a_damaged_gz_file(home: Path, tmp_path: Path) -> None:
    """Its checksum does not fit."""
    packed = bytearray(gzip.compress(NOISE))
    packed[-6] ^= 0xFF
    write(tmp_path, {"clicks.csv.gz": bytes(packed)})
    with pytest.raises(DataError, match="is damaged"):
        contents(look(home, tmp_path))


def test_a_damaged_zip_member(home: Path, tmp_path: Path) -> None:
    """Its checksum does not fit."""
    packed = bytearray(zipped({"clicks.csv": NOISE}))
    packed[1000] ^= 0xFF
    write(tmp_path, {"a.zip": bytes(packed)})
    with pytest.raises(DataError, match=r"a\.zip/clicks\.csv is damaged"):
        contents(look(home, tmp_path))


@pytest.mark.parametrize("change", [b"clicky.csv", bytes(10)])
@pytest.mark.parametrize("end", [False, True])
def test_a_damaged_name_in_a_zip(change: bytes, end: bool, tmp_path: Path) -> None:
    """A member of another name belongs to no table, and would be left out without an error."""
    packed = zipped({"clicks.csv": NOISE, "pages/ページ.csv": b"1"})
    at = packed.rindex(b"clicks.csv") if end else packed.index(b"clicks.csv")
    assert len(_members(tmp_path, "whole.zip", packed)) == 2
    with pytest.raises(DataError, match=r"a\.zip.* is (a )?damaged"):
        _members(tmp_path, "a.zip", packed[:at] + change + packed[at + 10 :])


@pytest.mark.parametrize("offset", [1 << 40, (1 << 63) - 1, (1 << 64) - 2])
def test_a_member_beyond_the_end_of_its_zip(offset: int, tmp_path: Path) -> None:
    """No place in any file: an error of the archive, not of the system that cannot go there."""
    info = zipfile.ZipInfo("clicks.csv")
    info.extra = struct.pack("<HHQ", 1, 8, offset)  # ZIP64's, for what 32 bits do not hold
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, NOISE)
    packed = bytearray(out.getvalue())
    at = packed.rindex(b"PK\1\2") + 42
    packed[at : at + 4] = b"\xff" * 4
    with pytest.raises(DataError, match=r"a\.zip is a damaged zip: .* without a place in the file"):
        _members(tmp_path, "a.zip", bytes(packed))


def test_a_zip_that_names_no_member(tmp_path: Path) -> None:
    """With zeros where its end counts its members, it would pass for an empty one."""
    packed = bytearray(zipped({"clicks.csv": NOISE}))
    end = packed.rindex(b"PK\5\6")
    packed[end + 8 : end + 20] = bytes(12)
    with pytest.raises(DataError, match=r"a\.zip is a damaged zip: its directory names no member"):
        _members(tmp_path, "a.zip", bytes(packed))


def test_a_zip_bomb_that_says_so(tmp_path: Path) -> None:
    """A member that declares more than 200 times its bytes is refused unread."""
    with pytest.raises(DataError, match=r"would grow from .* to 300,000,000 bytes") as error:
        _members(tmp_path, "a.zip", _lying(bytes(1000), 300_000_000))
    assert "bomb" in error.value.hint


def test_a_zip_bomb_of_many_members(tmp_path: Path) -> None:
    """Each may pass alone; their sum does not."""
    packed = zipped({f"{n}.csv": b"" for n in range(20)})
    data = bytearray(packed)
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 24 : at + 28] = (50_000_000).to_bytes(4, "little")
    with pytest.raises(DataError, match="more than 200 times"):
        _members(tmp_path, "a.zip", bytes(data))


def test_a_zip_bomb_that_lies(home: Path, tmp_path: Path) -> None:
    """Never more than the declared bytes come out."""
    write(tmp_path, {"a.zip": _lying(b"1,2\n" * 1_000_000, 1000)})
    with look(home, tmp_path).files[0].open() as stream, pytest.raises(DataError, match="is damaged"):
        stream.read()


def test_a_zip_member_shorter_than_it_says(home: Path, tmp_path: Path) -> None:
    """It is truncated."""
    write(tmp_path, {"a.zip": _lying(CLICKS, len(CLICKS) + 10)})
    with pytest.raises(DataError, match=r"is truncated|is damaged"):
        contents(look(home, tmp_path))


def test_a_gz_bomb(home: Path, tmp_path: Path) -> None:
    """Reading stops soon above the limit."""
    write(tmp_path, {"clicks.csv.gz": gzip.compress(bytes(ALWAYS + 5_000_000))})
    sizes: list[int] = []
    with look(home, tmp_path).files[0].open() as stream, pytest.raises(DataError, match="grows beyond"):
        sizes.extend(map(len, iter(partial(stream.read, 1 << 20), b"")))
    assert sum(sizes) <= ALWAYS


def test_a_tar_gz_bomb(tmp_path: Path) -> None:
    """The same while its members are listed."""
    with pytest.raises(DataError, match="grows beyond"):
        _members(tmp_path, "a.tar.gz", targz({"clicks.csv": bytes(ALWAYS + 5_000_000)}))


def test_a_tar_with_a_huge_header_is_not_taken_into_memory(tmp_path: Path) -> None:
    """Names and attributes of more than a megabyte are nobody's."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 90_000_000
    packed = gzip.compress(info.tobuf() + bytes(20_000_000))
    with pytest.raises(DataError, match="90,000,000 bytes"):
        _members(tmp_path, "a.tar.gz", packed)


def test_long_names_in_a_tar(tmp_path: Path) -> None:
    """Names over 100 bytes have headers of their own; they are in order."""
    name = "/".join(["folder"] * 50) + "/clicks.csv"
    assert _members(tmp_path, "a.tar.gz", targz({name: CLICKS})) == [name]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_a_stream_starts_anew_each_time(home: Path, tmp_path: Path, name: str) -> None:
    """Opened twice, read twice, side by side."""
    make = {"a.zip": zipped, "a.tar": tarred, "a.tar.gz": targz}[name]
    write(tmp_path, {name: make({"clicks_1.csv": NOISE, "clicks_2.csv": NOISE[::-1]})})
    one, two = look(home, tmp_path).files
    with one.open() as first, one.open() as again, two.open() as other:
        assert first.read(1000) == again.read(1000) == NOISE[:1000]
        assert (first.read(), other.read()) == (NOISE[1000:], NOISE[::-1])


def test_streaming_writes_nothing(home: Path, tmp_path: Path) -> None:
    """Members are unpacked only for formats that need it."""
    write(tmp_path, {"a.zip": zipped({"clicks.csv": CLICKS})})
    contents(look(home, tmp_path))
    assert not list(home.iterdir())


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "clicks.csv.gz"])
def test_a_local_copy_is_in_the_scratch_folder(home: Path, tmp_path: Path, name: str) -> None:
    """Under its own name, so that formats are told by it; made once."""
    make = {"a.zip": zipped, "a.tar": tarred, "a.tar.gz": targz}.get(name)
    write(tmp_path, {name: make({"x/clicks.csv": CLICKS}) if make else gzip.compress(CLICKS)})
    (file,) = look(home, tmp_path).files
    path = file.local()
    assert (path.name, path.read_bytes()) == ("clicks.csv", CLICKS)
    assert path.is_relative_to(scratch(home))
    assert file.local() == path


def test_namesakes_in_two_archives_have_two_local_copies(home: Path, tmp_path: Path) -> None:
    """One must not be read for the other."""
    write(tmp_path, {"a.zip": zipped({"clicks.csv": CLICKS}), "b.zip": zipped({"clicks.csv": ITEMS})})
    assert [file.local().read_bytes() for file in look(home, tmp_path).files] == [CLICKS, ITEMS]


def test_a_plain_file_is_its_own_local_copy(home: Path, tmp_path: Path) -> None:
    """Nothing is copied."""
    write(tmp_path, {"clicks.csv": CLICKS})
    assert look(home, tmp_path).files[0].local() == tmp_path / "clicks.csv"


def test_a_failed_extraction_leaves_nothing(home: Path, tmp_path: Path) -> None:
    """No half file that a later run could take for the whole."""
    write(tmp_path, {"clicks.csv.gz": gzip.compress(NOISE)[:-100]})
    with pytest.raises(DataError):
        look(home, tmp_path).files[0].local()
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_the_scratch_folder_is_cleared(home: Path, tmp_path: Path) -> None:
    """With the folder around it, once nobody else has one."""
    write(tmp_path, {"a.zip": zipped({"clicks.csv": CLICKS})})
    look(home, tmp_path).files[0].local()
    clear_scratch(home)
    assert not scratch(home).parent.exists()


def test_the_scratch_of_a_running_process_stays(home: Path) -> None:
    """Another load may be reading there; that of a process that ended goes."""
    parent = scratch(home).parent
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process in (os.getppid(), ended.pid):
        write(parent / str(process), {"x/clicks.csv": CLICKS})
    clear_scratch(home)
    assert [path.name for path in parent.iterdir()] == [str(os.getppid())]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_an_empty_archive_has_no_members(tmp_path: Path, name: str) -> None:
    """It is whole, and holds nothing."""
    make = {"a.zip": zipped, "a.tar": tarred, "a.tar.gz": targz}[name]
    assert _members(tmp_path, name, make({})) == []


@pytest.mark.skipif(TAR is None, reason="no tar program")
def test_what_the_tar_program_writes(home: Path, tmp_path: Path) -> None:
    """Its headers and its padding are in order."""
    write(tmp_path / "in", {"clicks.csv": CLICKS, "items/a.csv": ITEMS})
    subprocess.run([str(TAR), "-czf", tmp_path / "a.tar.gz", "-C", tmp_path / "in", "."], check=True)
    found = contents(look(home, tmp_path / "a.tar.gz"))
    assert found == {"a.tar.gz/clicks.csv": CLICKS, "a.tar.gz/items/a.csv": ITEMS}


def test_a_gz_member_is_decompressed(home: Path, tmp_path: Path) -> None:
    """Where a glob names it."""
    write(tmp_path, {"a.zip": zipped({"clicks.csv.gz": gzip.compress(CLICKS)})})
    assert contents(look(home, tmp_path, clicks=("clicks.csv.gz",))) == {"a.zip/clicks.csv.gz": CLICKS}
