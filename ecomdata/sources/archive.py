"""Archives (zip, tar, tar.gz, gz) from strangers: their members as streams, under guards.

Nothing is unpacked but single members into a scratch folder under a name of ours. Refused are paths
that leave the target, links, devices, encrypted members, and archives that grow beyond reason.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Final

from ecomdata.errors import DataError
from ecomdata.pathnames import safe_relative
from ecomdata.rawfile import RawFile
from ecomdata.readers.zips import ALWAYS, RATIO, check_growth
from ecomdata.sources.guarded import guarded, gunzip
from ecomdata.sources.member import Member
from ecomdata.sources.recognise import reject_imposter
from ecomdata.sources.scratch import extract
from ecomdata.sources.tarmembers import tar_members
from ecomdata.sources.zipmembers import zip_members

ARCHIVES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".gz")


def is_archive(name: str) -> bool:
    """Whether the name is that of an archive."""
    return name.lower().endswith(ARCHIVES)


def members(path: Path, name: str) -> list[Member]:
    """The regular files inside an archive, in its own order; ``name`` is what messages call it.

    Raises:
        DataError: it is truncated, damaged, encrypted, or not to be trusted.
    """
    reject_imposter(path, name)
    lower = path.name.lower()
    if lower.endswith(".zip"):
        found = zip_members(path, name)
    elif lower.endswith((".tar", ".tar.gz", ".tgz")):
        found = tar_members(path, name)
    else:
        return [Member(path.name[:-3], -1, partial(gunzip, path, name))]
    _check_names(found, name)
    check_growth(sum(member.size for member in found), path, name)
    return found


def on_disk(path: Path, name: str, home: Path) -> RawFile:
    """A raw file that is there already; its content is decompressed when it is a .gz file."""
    return decompressed(RawFile.on_disk(path, name), home)


def decompressed(file: RawFile, home: Path) -> RawFile:
    """The file as it is, or reading through gzip when its name ends in .gz."""
    if not file.name.lower().endswith(".gz"):
        return file
    opener = partial(gunzip, file.container, file.name)
    return _with_content(file, file.name, opener, home)


def member_file(archive: RawFile, member: Member, name: str, home: Path) -> RawFile:
    """A member of an archive as a raw file of its own; a .gz member is decompressed too."""
    most = max(ALWAYS, RATIO * min(member.size, archive.size))
    packed = name.lower().endswith(".gz")
    opener = partial(_gunzip_member, member, name, most) if packed else member.open
    length = 0 if packed else max(0, member.size)
    return _with_content(archive, name, opener, home, length)


def _gunzip_member(member: Member, name: str, most: int) -> IO[bytes]:
    compressed = member.open()
    content = gzip.GzipFile(fileobj=compressed)

    def close(_: int) -> None:
        content.close()
        compressed.close()

    return guarded(content, name, most=most, closing=close)


def _with_content(
    file: RawFile, name: str, opener: Callable[[], IO[bytes]], home: Path, length: int = 0
) -> RawFile:
    local = partial(extract, file.container, name, opener, home)
    return replace(file, name=name, length=length, open=opener, local=local)


def _check_names(found: Iterable[Member], name: str) -> None:
    seen: dict[str, str] = {}
    for member in found:
        if not safe_relative(member.name):
            raise DataError(
                f"{name} has a member that would leave the target folder: {member.name!r}",
                hint="the archive is damaged or hostile; get it again from upstream",
            )
        # Many file systems take names for the same that differ by case or by how accents are composed.
        other = seen.setdefault(unicodedata.normalize("NFC", member.name).casefold(), member.name)
        if other is not member.name:
            same = other == member.name
            raise DataError(
                f"{name} has two members named {member.name!r}"
                if same
                else f"{name} has members {other!r} and {member.name!r}, which are one name on many disks",
                hint="unpack it by hand and look",
            )
