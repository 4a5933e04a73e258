"""The members of a zip, each opened where its bytes begin."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from ecomdata.errors import DataError
from ecomdata.readers.zips import AGAIN, check_member, zip_directory
from ecomdata.sources.guarded import guarded
from ecomdata.sources.member import Member, not_a_file

_LOCAL_HEADER: Final = 30
_UTF8: Final = 0x800
"""The flag of a member whose name is UTF-8; without it, the name is in code page 437."""


def zip_members(path: Path, name: str) -> list[Member]:
    """The regular files inside a zip, in the order of its directory; ``name`` is what messages call it.

    Raises:
        DataError: it is damaged, encrypted, or not to be trusted.
    """
    found: list[Member] = []
    entries = zip_directory(path, name)
    for info, start in zip(entries, _places(path, entries, name), strict=True):
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or (kind == stat.S_IFDIR and not info.file_size):
            continue
        if kind not in {0, stat.S_IFREG}:
            raise not_a_file(name, info.filename)
        check_member(info, name)
        # The original name is the one in the archive; zipfile cuts the other at a NUL.
        found.append(Member(info.orig_filename, info.file_size, partial(_open_zip, path, info, start, name)))
    return found


def _places(path: Path, entries: Sequence[zipfile.ZipInfo], name: str) -> list[int]:
    """Where in a zip the data of each member begins, in bytes.

    The names in its directory are compared with those that its members bear themselves: a member whose name
    is damaged is not known, and would never be missed. No two may share bytes, as those of bombs do.
    """
    places: list[int] = []
    with path.open("rb") as file:
        for info in entries:
            file.seek(info.header_offset)
            header = file.read(_LOCAL_HEADER)
            own = file.read(int.from_bytes(header[26:28], "little"))
            listed = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
            if not header.startswith(b"PK\3\4") or own != listed:
                raise DataError(
                    f"{name}/{info.filename} is damaged: it bears another name itself", hint=AGAIN
                )
            places.append(file.tell() + int.from_bytes(header[28:30], "little"))
    ends = [start + info.compress_size for start, info in zip(places, entries, strict=True)]
    order = sorted(range(len(entries)), key=lambda at: entries[at].header_offset)
    for before, after in pairwise(order):
        if ends[before] > entries[after].header_offset:
            raise DataError(
                f"{name}/{entries[before].filename} is damaged: it reaches into {entries[after].filename}",
                hint=AGAIN,
            )
    return places


def _open_zip(path: Path, info: zipfile.ZipInfo, start: int, name: str) -> IO[bytes]:
    # Not by ZipFile, which would read the whole directory again for each of thousands of members.
    file = path.open("rb")
    file.seek(start)
    content = zipfile.ZipExtFile(file, "r", info, None, close_fileobj=True)
    return guarded(content, f"{name}/{info.filename}", exact=info.file_size)
