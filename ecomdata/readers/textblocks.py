"""Cutting a stream of text lines into blocks of whole records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Final

BLOCK_SIZE: Final = 8 << 20
MAX_RECORD: Final = 64 << 20
"""A record longer than this is cut; what is left of it then fails to parse and is rejected."""


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


def plain_blocks(stream: IO[bytes], *, size: int = BLOCK_SIZE) -> Iterator[bytes]:
    """Blocks that end at a line break, read into place: no byte is copied twice. For seekable streams.

    Args:
        stream: Read from where it stands.
        size: Bytes of a block, and up to a line more.
    """
    start = stream.tell()
    while True:
        stream.seek(start + size)
        end = stream.tell() + len(stream.readline(MAX_RECORD))
        stream.seek(start)
        block = stream.read(end - start)
        if not block:
            return
        yield block
        start += len(block)


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
        return line.decode(errors="backslashreplace"), f"not UTF-8 at byte {error.start + 1} of the line"
