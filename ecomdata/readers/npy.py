"""One .npy member: its header, and its rows in slices, read from a stream that cannot seek."""

from __future__ import annotations

import io
import math
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final, cast

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError

MOST_ROW: Final = 64 << 20
"""Bytes of a row; upstream's widest vectors have 4,096 float32, which is 16 KiB."""
_MAGIC: Final = b"\x93NUMPY"
_LONGEST_HEADER: Final = 10_000
"""What NumPy itself reads; those of plain arrays have 128 bytes."""
_PART: Final = re.compile(
    r"""\s*(["'])(?P<key>descr|fortran_order|shape)\1\s*:\s*"""
    r"""(?:(["'])(?P<type>[^"']{1,40})\3|(?P<flag>True|False)|\((?P<axes>[0-9, ]{0,200})\))\s*(?:,\s*|$)"""
)
"""An entry of a header, which is a dict as Python writes it; it is matched, and never evaluated."""
_TYPE: Final = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|U[0-9]{1,9}|O[48]?)")


@dataclass(frozen=True, slots=True)
class Member:
    """What the header of a .npy member says.

    Attributes:
        shape: Rows first.
        dtype: Its type; ``object`` when its content is a pickle.
        fortran: Whether the values lie column by column.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran: bool

    @property
    def pickled(self) -> bool:
        """Whether the content is a pickle."""
        return self.dtype.hasobject

    @property
    def rows(self) -> int:
        """Length of the first axis."""
        return self.shape[0] if self.shape else 0

    @property
    def row_bytes(self) -> int:
        """Bytes of one row; 8 for a pickled index, which gives an integer a row."""
        return 8 if self.pickled else math.prod(self.shape[1:]) * self.dtype.itemsize


def member_header(stream: IO[bytes], where: str) -> Member:
    """Read a member's header; the stream then stands at its values.

    Raises:
        DataError: the version or the type is one that this project does not read.
        ValueError: the header is damaged.
    """
    start = _exactly(stream, len(_MAGIC) + 2)
    version = (start[-2], start[-1])
    if start[:-2] != _MAGIC:
        raise ValueError("it does not begin as a .npy does")
    if version not in {(1, 0), (2, 0)}:
        raise DataError(f"{where}: .npy version {version} is not known", hint="save it with numpy.savez")
    length = int.from_bytes(_exactly(stream, 2 * version[0]), "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header claims {length:,} bytes, more than {_LONGEST_HEADER:,}")
    member = _parsed(_exactly(stream, length).decode("latin-1"), where)
    if member.rows and not 0 < member.row_bytes <= MOST_ROW:
        raise ValueError(f"its rows would have {member.row_bytes:,} bytes, and {MOST_ROW:,} is the most")
    return member


def _parsed(header: str, where: str) -> Member:
    """What the text of a header says."""
    inner = header.strip()[1:-1]
    if header[:1] != "{" or not header.rstrip().endswith("}"):
        raise ValueError("its header is no dict")
    if re.search(r"""["']descr["']\s*:\s*\[""", inner):
        raise DataError(f"{where}: arrays of records are not read", hint="save it with a plain numeric type")
    parts: dict[str, re.Match[str]] = {}
    at = 0
    while at < len(inner):
        found = _PART.match(inner, at)
        if found is None or found["key"] in parts:
            raise ValueError("its header cannot be read")
        parts[found["key"]], at = found, found.end()
    kinds = [("descr", "type"), ("fortran_order", "flag"), ("shape", "axes")]
    texts = [parts[key][group] if key in parts else None for key, group in kinds]
    if len(parts) != len(kinds) or None in texts:
        raise ValueError("its header lacks a type, an order or a shape")
    descr, flag, axes = map(str, texts)
    if not _TYPE.fullmatch(descr):
        raise DataError(f"{where}: arrays of {descr} are not read", hint="save it with a plain numeric type")
    if "U" in descr and 4 * int(descr.rpartition("U")[2]) > MOST_ROW:
        raise ValueError(f"texts of {descr} have more than {MOST_ROW:,} bytes")
    shape = tuple(int(axis) for axis in axes.split(",") if axis.strip())
    return Member(shape, np.dtype("O" if "O" in descr else descr), flag == "True")


def read_slices(
    stream: IO[bytes], member: Member, step: int, spool: IO[bytes]
) -> Iterator[npt.NDArray[np.generic]]:
    """The member's rows, ``step`` at a time.

    Args:
        stream: Stands at the start of the member.
        member: Its header.
        step: Rows in a slice.
        spool: A temporary file, used where the values lie column by column and rows must be gathered.

    Raises:
        ValueError: the member holds fewer bytes than its header promises.
    """
    member_header(stream, "")
    if member.fortran and len(member.shape) > 1 and member.rows:
        yield from _gathered(stream, member, step, spool)
        return
    for start in range(0, member.rows, step):
        count = min(step, member.rows - start)
        data = _exactly(stream, count * member.row_bytes)
        yield np.frombuffer(data, member.dtype).reshape(count, *member.shape[1:])


def whole_array(archive: zipfile.ZipFile, name: str, where: str) -> npt.NDArray[np.generic]:
    """A member as one array, which takes no more memory than the member has bytes.

    Raises:
        DataError: as :func:`member_header`.
        KeyError: there is no such member.
        ValueError: it is a pickle, or not what its header promises.
    """
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        member = member_header(stream, f"{where}/{name}")
        size = math.prod(member.shape) * member.dtype.itemsize
        if member.pickled or size > info.file_size:
            raise ValueError(f"{name} is a pickle" if member.pickled else f"{name} ends too early")
        data = bytearray(size)
        done = 0
        while done < size:
            count = cast("io.BufferedIOBase", stream).readinto(memoryview(data)[done:])
            if not count:
                raise ValueError(f"{name} ends too early")
            done += count
    values = np.frombuffer(data, member.dtype)
    return values.reshape(member.shape, order="F" if member.fortran else "C")


def _gathered(
    stream: IO[bytes], member: Member, step: int, spool: IO[bytes]
) -> Iterator[npt.NDArray[np.generic]]:
    shutil.copyfileobj(stream, spool, 1 << 20)
    spool.flush()
    if spool.tell() < member.rows * member.row_bytes:
        raise ValueError("it ends too early")
    values = np.memmap(spool, member.dtype, "r", 0, member.shape, "F")
    for start in range(0, member.rows, step):
        yield np.array(values[start : start + step], order="C")


def _exactly(stream: IO[bytes], size: int) -> bytes:
    pieces: list[bytes] = []
    while size:
        piece = stream.read(size)
        if not piece:
            raise ValueError("it ends too early")
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
