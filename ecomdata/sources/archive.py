"""Archives (zip, tar, tar.gz, gz) from strangers: their members as streams, under guards.

Nothing is unpacked but single members into a scratch folder under a name of ours. Refused are paths
that leave the target, links, devices, encrypted members, and archives that grow beyond reason.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import IO, Final

from ecomdata.errors import DataError, EcomdataError
from ecomdata.pathnames import safe_relative
from ecomdata.rawfile import RawFile
from ecomdata.readers.zips import (
    AGAIN,
    ALWAYS,
    BOMB,
    RATIO,
    check_growth,
    check_member,
    zip_directory,
)
from ecomdata.sources.recognise import reject_imposter
from ecomdata.sources.tarheader import StrictHeader

ARCHIVES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".gz")

MOST_MEMBERS: Final = 300_000
"""Of a tar; as objects of Python they take about 300 MB. Upstream's archives have below 1,000."""

_MOST_LEFT: Final = 4
"""Streams of a compressed tar; more than are read at a time are of no use."""

_CHUNK: Final = 1 << 20
_LOCAL_HEADER: Final = 30
_UTF8: Final = 0x800
"""The flag of a zip's member whose name is UTF-8; without it, the name is in code page 437."""


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file inside an archive.

    Attributes:
        name: Its path inside the archive, with ``/``, checked to stay inside.
        size: Its declared bytes; -1 where the format does not say (gz).
        open: Opens its content for reading.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]


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
        found = _zip_members(path, name)
    elif lower.endswith((".tar", ".tar.gz", ".tgz")):
        found = _tar_members(path, name)
    else:
        return [Member(path.name[:-3], -1, partial(gunzip, path, name))]
    _check_names(found, name)
    check_growth(sum(member.size for member in found), path, name)
    return found


def gunzip(path: Path, name: str) -> IO[bytes]:
    """The decompressed content of a .gz file.

    Raises:
        DataError: while it is read: it is truncated or damaged, or grows beyond reason.
    """
    most = max(ALWAYS, RATIO * path.stat().st_size)
    return _buffered(_Guarded(gzip.open(path, "rb"), name, most=most))


def on_disk(path: Path, name: str, home: Path) -> RawFile:
    """A raw file that is there already; its content is decompressed when it is a .gz file."""
    file = RawFile.on_disk(path, name)
    return decompressed(file, home)


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

    return _buffered(_Guarded(content, name, most=most, closing=close))


def _with_content(
    file: RawFile, name: str, opener: Callable[[], IO[bytes]], home: Path, length: int = 0
) -> RawFile:
    return RawFile(
        name=name,
        container=file.container,
        size=file.size,
        length=length,
        sha256=file.sha256,
        hashed=file.hashed,
        fetch=file.fetch,
        opener=opener,
        materialize=partial(_extract, file.container, name, opener, home),
    )


def scratch(home: Path) -> Path:
    """Where members are extracted to that a format must read at any offset."""
    # By process: a load that ends must not take away what another one is reading.
    return home / "raw" / ".scratch" / str(os.getpid())


def clear_scratch(home: Path) -> None:
    """Remove what this process extracted, and what killed ones left; call it when reading is over."""
    shutil.rmtree(scratch(home), ignore_errors=True)
    for folder in scratch(home).parent.glob("[0-9]*"):
        if folder.name.isdigit() and not _is_running(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        scratch(home).parent.rmdir()


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _extract(container: Path, name: str, opener: Callable[[], IO[bytes]], home: Path) -> Path:
    state = container.stat()
    key = f"{container.resolve()}\n{state.st_mtime_ns}\n{state.st_size}\n{name}"
    folder = scratch(home) / hashlib.sha256(key.encode()).hexdigest()[:16]
    target = folder / name.rsplit("/", 1)[-1].removesuffix(".gz")
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=folder, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as out, opener() as content:
            shutil.copyfileobj(content, out, _CHUNK)
        Path(aside).replace(target)
    except OSError as error:
        raise EcomdataError(
            f"cannot extract {name} to {folder}: {error.strerror or error}",
            hint="free some space, or unpack the archive yourself and give the folder with --source",
        ) from error
    finally:
        Path(aside).unlink(missing_ok=True)
    return target


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


def _zip_members(path: Path, name: str) -> list[Member]:
    found: list[Member] = []
    entries = zip_directory(path, name)
    for info, start in zip(entries, _places(path, entries, name), strict=True):
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or (kind == stat.S_IFDIR and not info.file_size):
            continue
        if kind not in {0, stat.S_IFREG}:
            raise _not_a_file(name, info.filename)
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
    return _buffered(_Guarded(content, f"{name}/{info.filename}", exact=info.file_size))


def _tar_stream(path: Path, name: str) -> IO[bytes]:
    return path.open("rb") if path.suffix.lower() == ".tar" else gunzip(path, name)


def _tar_members(path: Path, name: str) -> list[Member]:
    # A compressed tar is read once, front to back; a plain one is skipped through.
    mode = "r:" if path.suffix.lower() == ".tar" else "r|"
    found: list[Member] = []
    opening = partial(_open_stretch, path) if mode == "r:" else _Unpacking(path, name).open
    try:
        with _tar_stream(path, name) as stream, _open_tar(stream, mode) as archive:
            for info in archive:
                if info.isdir():
                    continue
                if len(found) == MOST_MEMBERS:
                    raise DataError(
                        f"{name} has more than {MOST_MEMBERS:,} members",
                        hint="unpack it by hand and give the folder",
                    )
                if not info.isreg() or info.issparse():
                    raise _not_a_file(name, info.name)
                opener = partial(opening, f"{name}/{info.name}", info.offset_data, info.size)
                found.append(Member(info.name.removeprefix("./"), info.size, opener))
    except (tarfile.TarError, ValueError, OverflowError) as error:  # the latter of numbers in its headers
        raise DataError(f"{name} is a truncated or damaged tar: {error}", hint=AGAIN) from error
    return found


def _open_tar(stream: IO[bytes], mode: str) -> tarfile.TarFile:
    if mode == "r:":
        return tarfile.open(fileobj=stream, mode="r:", tarinfo=StrictHeader)
    return tarfile.open(fileobj=stream, mode="r|", tarinfo=StrictHeader)


def _open_stretch(path: Path, label: str, offset: int, size: int) -> IO[bytes]:
    file = path.open("rb")
    file.seek(offset)
    return _buffered(_Guarded(file, label, exact=size))


class _Unpacking:
    """A compressed tar, which is unpacked once while its members are opened in their own order.

    One that was opened from the beginning each time would take time by the square of its members. Where a
    member is closed its stream stays, for the next that is opened further on.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._left: list[tuple[int, int, IO[bytes]]] = []
        """Of each its process, how many bytes of it are read, and itself."""
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[_Unpacking], tuple[Path, str]]:
        return _Unpacking, (self._path, self._name)

    def open(self, label: str, offset: int, size: int) -> IO[bytes]:
        at, stream = self._take(offset)
        _skip(stream, offset - at)
        closing = partial(self._leave, stream, offset)
        return _buffered(_Guarded(stream, label, exact=size, closing=closing))

    def _take(self, offset: int) -> tuple[int, IO[bytes]]:
        """The stream that stands nearest before an offset, and where that is."""
        process = os.getpid()  # a forked one would move the other's place in the file
        with self._lock:
            before = [left for left in self._left if left[0] == process and left[1] <= offset]
            if before:
                nearest = max(before, key=itemgetter(1))
                self._left.remove(nearest)
                return nearest[1:]
        return 0, gunzip(self._path, self._name)

    def _leave(self, stream: IO[bytes], offset: int, read: int) -> None:
        if read < 0:
            stream.close()
            return
        with self._lock:
            self._left.append((os.getpid(), offset + read, stream))
            oldest = self._left.pop(0) if len(self._left) > _MOST_LEFT else None
        if oldest:
            oldest[2].close()


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        data = stream.read(min(count, _CHUNK))
        if not data:
            return
        count -= len(data)


def _not_a_file(name: str, member: str) -> DataError:
    return DataError(
        f"{name} holds {member!r}, which is a link, a device or a sparse file",
        hint="archives may hold plain files only; unpack it by hand if you trust it",
    )


def _buffered(raw: _Guarded) -> IO[bytes]:
    return io.BufferedReader(raw, _CHUNK)


class _Guarded(io.RawIOBase):
    """A stream that names damage, and that yields the declared bytes: not one more, not one less.

    ``closing`` is called with how many bytes it yielded, -1 after a failure, instead of closing ``inner``.
    """

    def __init__(
        self,
        inner: IO[bytes] | io.BufferedIOBase,
        label: str,
        *,
        exact: int = -1,
        most: int = -1,
        closing: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._label = label
        self._exact = exact
        self._most = most
        self._closing = closing
        self._produced = 0
        self._failed = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # pyrefly: ignore[bad-override] - Buffer is of 3.12
        wanted = len(buffer)
        if self._exact >= 0:
            wanted = min(wanted, self._exact - self._produced)
        self._failed = True  # unless all goes well
        data = self._read(wanted) if wanted else b""
        self._produced += len(data)
        if not data and self._produced < self._exact:
            raise DataError(
                f"{self._label} is truncated: {self._produced:,} of {self._exact:,} bytes are there",
                hint=AGAIN,
            )
        if 0 <= self._most < self._produced:
            raise DataError(
                f"{self._label} grows beyond {self._most:,} bytes, more than {RATIO} times its size",
                hint=BOMB,
            )
        buffer[: len(data)] = data
        self._failed = False
        return len(data)

    def _read(self, wanted: int) -> bytes:
        try:
            return self._inner.read(wanted)
        except EOFError as error:
            raise DataError(f"{self._label} is truncated: {error}", hint=AGAIN) from error
        except (zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise DataError(f"{self._label} is damaged: {error}", hint=AGAIN) from error

    def close(self) -> None:
        if not self.closed:
            if self._closing:
                self._closing(-1 if self._failed else self._produced)
            else:
                self._inner.close()
        super().close()
