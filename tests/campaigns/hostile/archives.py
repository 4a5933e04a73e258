"""Archives made to harm: what leads out of its folder, what grows without end, what lies about itself."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ecomdata.errors import DataError, EcomdataError
from ecomdata.readers.zips import ALWAYS
from tests.campaigns.bounded import bounded
from tests.campaigns.trials import Scale, Trial
from tests.sources.toys import CLICKS, contents, look, targz, tarred, write, zipped

NAME: Final = "archives"
PROMISE: Final = (
    "A hostile archive is refused with its name and the reason, nothing is written outside the store, and"
    " reading it takes less than 3 GiB."
)
_OUTSIDE: Final = (
    "../clicks.csv",
    "x/../../clicks.csv",
    "/clicks.csv",
    "//host/clicks.csv",
    "C:/clicks.csv",
    "c:clicks.csv",
    "..\\clicks.csv",
    "x\\..\\clicks.csv",
    "clicks.csv\0.exe",
)
_READ: Final = {"a tar of zeros", "gzip in gzip"}
"""Zeros behind the end of a tar are nobody's; what is packed twice is unpacked once."""
_PACKS: Final = {"a.zip": zipped, "a.tar": tarred, "a.tar.gz": targz}


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every fault in every kind of archive, in a process with bounds; full: also bombs of gigabytes."""
    yield from bounded(_tried, folder, rng, scale)


def _tried(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    for number, (fault, name, content) in enumerate(_hostile(rng, scale)):
        place, home = folder / str(number) / "source", folder / str(number) / "home"
        write(place, {name: content})
        yield _trial(place, home, name, fault)


def _trial(place: Path, home: Path, name: str, fault: str) -> Trial:
    before = {path for path in place.parent.rglob("*") if not path.is_relative_to(home)}
    kind = name.split(".", 1)[1]
    try:
        found = contents(look(home, place))
    except DataError as error:
        said, held = str(error), name in str(error) and bool(error.hint)
    except EcomdataError as error:  # none of its members has a name that is looked for
        said, held = str(error), True
    except MemoryError:
        said, held = "it takes more memory than there may be", False
    else:
        said, held = f"it was read: {sorted(found)}", fault in _READ
    written = {path for path in place.parent.rglob("*") if not path.is_relative_to(home)} - before
    if written:
        return Trial(NAME, kind, fault, held=False, detail=f"it wrote {sorted(map(str, written))}")
    return Trial(NAME, kind, fault, held=held, detail=said)


def _hostile(rng: random.Random, scale: Scale) -> Iterator[tuple[str, str, bytes]]:
    """What is done, the archive's name, and its bytes."""
    for name, pack in _PACKS.items():
        for member in _OUTSIDE:
            if "\0" not in member:
                yield f"a member named {member!r}", name, pack({member: CLICKS})
        yield "names that differ by case", name, pack({"clicks.csv": CLICKS, "Clicks.csv": CLICKS})
        accented = ("clicks-caf\u00e9.csv", unicodedata.normalize("NFD", "clicks-caf\u00e9.csv"))
        yield "names that differ by Unicode form", name, pack(dict.fromkeys(accented, CLICKS))
        whole = pack({"clicks.csv": rng.randbytes(3000)})
        for _ in range(3 if scale == "short" else 30):
            keep = rng.randrange(1, 3000 if name == "a.tar" else len(whole))  # a tar ends in zeros
            yield f"cut off after {keep:,} bytes", name, whole[:keep]
    yield from _zips(scale)
    yield from _tars()
    yield from _bombs(scale)


def _zips(scale: Scale) -> Iterator[tuple[str, str, bytes]]:
    plain = zipped({"clicks.csv": CLICKS * 50})
    yield "a NUL in a name", "a.zip", zipped({"clicks.csvXexe": CLICKS}).replace(b"csvX", b"csv\0")
    yield (
        "two members of one name",
        "a.zip",
        zipped({"clicks.csv": CLICKS, "clickS.csv": CLICKS}).replace(b"kS", b"ks"),
    )
    for kind, word in ((stat.S_IFLNK, "link"), (stat.S_IFCHR, "device"), (stat.S_IFIFO, "pipe")):
        yield f"a {word}", "a.zip", _of_kind(kind)
    central = plain.index(b"PK\x01\x02")
    for what, offset, value in (
        ("the flag of encryption", 8, b"\x01\x00"),
        ("strong encryption", 8, b"\x41\x00"),
        ("method 12, bzip2", 10, b"\x0c\x00"),
        ("method 14, LZMA", 10, b"\x0e\x00"),
        ("method 99", 10, b"\x63\x00"),
        ("another CRC", 16, b"\x01\x02\x03\x04"),
        ("fewer bytes packed", 20, struct.pack("<I", 3)),
        ("one byte less unpacked", 24, struct.pack("<I", len(CLICKS) * 50 - 1)),
        ("one byte more unpacked", 24, struct.pack("<I", len(CLICKS) * 50 + 1)),
        ("4 GB unpacked", 24, b"\xfe\xff\xff\xff"),
        ("zip64 sizes that are not there", 24, b"\xff\xff\xff\xff"),
        ("its data outside the file", 42, struct.pack("<I", 1 << 30)),
    ):
        at = central + offset
        yield f"a directory that says: {what}", "a.zip", plain[:at] + value + plain[at + len(value) :]
    yield "another name before the data", "a.zip", plain[:30] + b"C" + plain[31:]
    yield (
        "a name before the data that is no UTF-8",
        "a.zip",
        plain[:6] + b"\0\x08" + plain[8:30] + b"\xff" + plain[31:],
    )
    end = plain.index(b"PK\x05\x06")
    yield "a directory of 4 GB", "a.zip", plain[: end + 12] + b"\xf0\xff\xff\xff" + plain[end + 16 :]
    yield "a hundred members that share their bytes", "a.zip", _overlapping(100 if scale == "short" else 2000)
    yield "an archive in an archive", "a.zip", zipped({"inner.zip": plain})


def _of_kind(kind: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("clicks.csv")
        info.create_system, info.external_attr = 3, (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def _overlapping(count: int) -> bytes:
    """A zip whose members all have one kernel of bytes, as the bombs of David Fifield (2019) do."""
    whole = zipped({"clicks-0000.csv": bytes(1_500_000)})
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    entry = whole[start:end]
    entries = [entry.replace(b"-0000", b"-%04d" % number) for number in range(count)]
    counts = struct.pack("<HHI", count, count, len(entry) * count)
    return whole[:start] + b"".join(entries) + whole[end : end + 8] + counts + whole[end + 16 :]


def _tars() -> Iterator[tuple[str, str, bytes]]:
    kinds = {
        "a symbolic link": tarfile.SYMTYPE,
        "a hard link": tarfile.LNKTYPE,
        "a device": tarfile.CHRTYPE,
        "a block device": tarfile.BLKTYPE,
        "a pipe": tarfile.FIFOTYPE,
        "a sparse file": tarfile.GNUTYPE_SPARSE,
    }
    for fault, kind in kinds.items():
        info = tarfile.TarInfo("clicks.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        yield fault, "a.tar", _with_headers(info)
    for fault, kind, size in (
        ("a name of 90 MB", tarfile.GNUTYPE_LONGNAME, 90_000_000),
        ("attributes of 90 MB", tarfile.XHDTYPE, 90_000_000),
        ("attributes that take the square of their size", tarfile.XHDTYPE, 1 << 20),
    ):
        info = tarfile.TarInfo("x")
        info.type, info.size = kind, size
        yield fault, "a.tar.gz", gzip.compress(info.tobuf() + b"1" * (1 << 21), 1)
    for record in (b"9" * 5000 + b" path=x\n", b"12 size=-99\n", b"11 size=1e9\n"):
        about = tarfile.TarInfo("x")
        about.type, about.size = tarfile.XHDTYPE, len(record)
        body = about.tobuf() + record.ljust(-(-len(record) // 512) * 512, b"\0")
        yield f"the attribute {record[-12:]!r}", "a.tar", body + tarred({"clicks.csv": CLICKS})


def _with_headers(*infos: tarfile.TarInfo) -> bytes:
    return b"".join(info.tobuf() for info in infos) + bytes(1024)


def _bombs(scale: Scale) -> Iterator[tuple[str, str, bytes]]:
    zeros = _gz_zeros(ALWAYS + (5_000_000 if scale == "short" else 2_000_000_000))
    yield "zeros that grow a thousand times", "clicks.csv.gz", zeros
    yield "the same in a zip", "a.zip", zipped({"clicks.csv.gz": zeros})
    if scale == "full":
        yield "the same in a tar", "a.tar", tarred({"clicks.csv.gz": zeros})
        yield (
            "a tar of zeros",
            "a.tar.gz",
            _gz_zeros(3_000_000_000, head=tarred({"clicks.csv": CLICKS})[:1024]),
        )
        yield "gzip in gzip", "clicks.csv.gz", gzip.compress(_gz_zeros(50_000_000_000 // 100))


def _gz_zeros(count: int, head: bytes = b"") -> bytes:
    """Zeros, compressed; equal members of 10 MB each, so that making them takes no time."""
    return gzip.compress(head, 9) + gzip.compress(bytes(10_000_000), 9) * (count // 10_000_000 + 1)
