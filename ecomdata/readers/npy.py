"""One .npy member: its header, and its rows in slices, read from a stream that cannot seek."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from tokenize import TokenError
from typing import IO, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from ecomdata.errors import DataError

_KINDS: Final = "biufU"


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
    version = npy_format.read_magic(stream)
    if version not in {(1, 0), (2, 0)}:
        raise DataError(f"{where}: .npy version {version} is not known", hint="save it with numpy.savez")
    first = version == (1, 0)
    read = npy_format.read_array_header_1_0 if first else npy_format.read_array_header_2_0
    try:
        shape, fortran, dtype = read(stream)
    except (TokenError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"its header says nothing that an array can be ({error})") from error
    if any(length < 0 for length in shape):
        raise ValueError(f"its shape is {shape}")
    if not dtype.hasobject and (dtype.kind not in _KINDS or dtype.fields):
        raise DataError(f"{where}: arrays of {dtype} are not read", hint="save it with a plain numeric type")
    return Member(tuple(shape), dtype, bool(fortran))


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
