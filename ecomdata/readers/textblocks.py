"""Cutting a stream of text lines into blocks of whole records."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Final

from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block

BLOCK_SIZE: Final = 8 << 20
MAX_RECORD: Final = 64 << 20
"""A record longer than this is cut; what is left of it then fails to parse and is rejected."""

NOT_UTF8: Final = "not UTF-8"
"""How the reason of a row begins whose bytes are no text."""
_CHANGED: Final = "leave raw files alone until they are loaded, then load them again"


def after_last_line(data: bytes) -> int:
    """Where the last whole line of ``data`` ends; 0 when it has none."""
    return data.rfind(b"\n") + 1


def record_blocks(
    stream: IO[bytes],
    *,
    cut: Callable[[bytes], int] = after_last_line,
    first: bytes = b"",
    size: int = BLOCK_SIZE,
) -> Iterator[bytes]:
    """Blocks of about ``size`` bytes that end where a record ends.

    Args:
        stream: Read from where it stands.
        cut: Where the last whole record of some bytes ends; 0 when none does.
        first: Bytes that were already read from the stream.
        size: Bytes to read at a time.
    """
    held = first
    while piece := stream.read(size):
        held += piece
        end = cut(held)
        if not end and len(held) > MAX_RECORD:
            end = after_last_line(held) or len(held)
        if end:
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def line_blocks(file: RawFile, parse: Callable[[bytes], Batch], *, size: int) -> Iterator[Block]:
    """Blocks of whole lines of a file, each to be parsed on its own."""
    with file.open() as stream:
        for data in record_blocks(stream, size=size):
            yield Block(len(data), partial(parse, data))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a plain file, to be read where they are parsed.

    Attributes:
        path: The file's absolute path.
        start: Where in it they begin.
        size: How many they are.
    """

    path: str
    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    def read(self) -> bytes:
        """The bytes.

        Raises:
            DataError: the file is not there any more, or ends before them.
        """
        try:
            with open(self.path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path would be made for each
                file.seek(self.start)
                data = file.read(self.size)
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror}", hint=_CHANGED) from error
        if len(data) != self.size:
            raise DataError(f"{self.path} has become shorter while it was read", hint=_CHANGED)
        return data


def plain_pieces(stream: IO[bytes], *, size: int = BLOCK_SIZE) -> Iterator[Piece]:
    """Pieces of a plain file that end at a line break.

    Args:
        stream: The file, read from where it stands.
        size: Bytes of a piece, and up to a line more.
    """
    path = os.path.abspath(stream.name)  # noqa: PTH100 - links stay as they are
    whole = os.fstat(stream.fileno()).st_size
    start = stream.tell()
    while start < whole:
        stream.seek(start + size)
        end = min(whole, stream.tell() + len(stream.readline(MAX_RECORD)))
        yield Piece(path, start, end - start)
        start = end


def lines_of(block: bytes) -> list[bytes]:
    """The lines of a block without their line ends."""
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line[:-1] if line.endswith(b"\r") else line for line in lines]


def decode(line: bytes) -> tuple[str, str]:
    """A line as text, with other bytes in hexadecimal, and why it is not UTF-8 (empty when it is)."""
    try:
        return line.decode(), ""
    except UnicodeDecodeError as error:
        return line.decode(errors="backslashreplace"), f"{NOT_UTF8} at byte {error.start + 1} of the line"
