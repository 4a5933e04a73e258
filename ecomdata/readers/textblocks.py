"""Cutting a stream of text lines into blocks of whole records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

BLOCK_SIZE: Final = 16 << 20
MAX_RECORD: Final = 64 << 20
"""A record longer than this is cut; what is left of it then fails to parse and is rejected."""


def record_blocks(
    stream: IO[bytes], *, quoted: bool, first: bytes = b"", size: int = BLOCK_SIZE
) -> Iterator[bytes]:
    """Blocks of about ``size`` bytes that end where a record ends.

    Args:
        stream: Read from where it stands.
        quoted: Whether a line break between double quotes belongs to the record.
        first: Bytes that were already read from the stream.
        size: Bytes to read at a time.
    """
    pending = [first] if first else []
    held = len(first)
    while piece := stream.read(size):
        cut = piece.rfind(b"\n") + 1
        if quoted and cut:
            cut = _cut_outside_quotes(b"".join(pending), piece, cut)
        if cut:
            yield b"".join((*pending, piece[:cut]))
            pending, held = [piece[cut:]], len(piece) - cut
        else:
            pending.append(piece)
            held += len(piece)
        if held > MAX_RECORD:
            whole = b"".join(pending)
            end = whole.rfind(b"\n") + 1 or len(whole)
            yield whole[:end]
            pending, held = [whole[end:]], len(whole) - end
    rest = b"".join(pending)
    if rest:
        yield rest


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


def _cut_outside_quotes(pending: bytes, piece: bytes, cut: int) -> int:
    """The last line break of ``piece`` before ``cut`` with an even number of quotes before it, or 0."""
    quotes = pending.count(b'"') + piece.count(b'"', 0, cut)
    while cut and quotes % 2:
        previous = piece.rfind(b"\n", 0, cut - 1) + 1
        quotes -= piece.count(b'"', previous, cut)
        cut = previous
    return cut


def middle(block: bytes, *, quoted: bool) -> int:
    """Where a record begins near the middle; 0 when there is none but the first."""
    half = len(block) // 2
    cut = block.rfind(b"\n", 0, half) + 1
    if quoted and cut:
        cut = _cut_outside_quotes(b"", block, cut)
    return cut


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
