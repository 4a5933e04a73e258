"""Cutting a giant JSON array, or an object of objects, into pieces of whole elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

import numpy as np

from ecomdata.errors import DataError
from ecomdata.readers.jsonscan import SPACE, Brackets, Elements, brackets, elements

MAX_ELEMENT: Final = 256 << 20
"""Bytes of the largest element; what is larger is no element but a quote or a bracket that is not closed."""

_BOM: Final = b"\xef\xbb\xbf"
_AGAIN: Final = "get the file again"
_KEY: Final = re.compile(rb'[ \t\r\n]*(,?)[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_TAIL: Final = 4096


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole elements of the array that follow one another.

    Attributes:
        data: Their bytes, and what stands between them.
        offset: Where ``data`` starts in the file.
        found: The brackets in them.
        elements: Where each element is.
        first: Number of the first element in the file, from 1.
        keys: In an object of objects, the JSON text of each element's key.
    """

    data: bytes
    offset: int
    found: Brackets
    elements: Elements
    first: int
    keys: tuple[bytes, ...] | None = None


class Pieces:
    """Reads the pieces of one file.

    Args:
        stream: The file from its start.
        name: Its name, for messages.
        size: Bytes to read at a time.
        label: The key that names an element in messages, or empty.
        keep_partial: Whether a file that breaks off gives what it has, and its last piece as an element
            with a reason; else it is an error.
    """

    def __init__(
        self, stream: IO[bytes], name: str, size: int, *, label: str = "", keep_partial: bool = False
    ) -> None:
        self._stream = stream
        self._name = name
        self._size = size
        self._label = label
        self._keep_partial = keep_partial
        self._total = 0
        self._count = 0
        self._last = b""
        self._opener = b""

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._total += len(data)
        return data

    def _open(self) -> bytes:
        """Read up to the opening bracket, and return what was read beyond it."""
        head = self._read(max(self._size, _TAIL)).removeprefix(_BOM).lstrip(SPACE)
        while not head and (more := self._read(self._size)):
            head = more.lstrip(SPACE)
        self._opener = head[:1]
        if self._opener not in {b"[", b"{"}:
            shown = head[:20].decode(errors="replace")
            raise DataError(
                f"{self._name} is not JSON: it starts with {shown!r}, not with [ or {{",
                hint="load the file as upstream released it, one JSON array of objects",
            )
        return head[1:]

    def __iter__(self) -> Iterator[Piece]:
        data, first = self._open(), True
        while True:
            found = brackets(data)
            close = found.closing()
            if close is not None:
                end = int(found.at[close])
                yield from self._piece(data, end, found.until(close), first=first, last=True)
                self._close(data, end)
                return
            _, ends = found.spans(1)
            if len(ends):
                end = int(ends[-1])
                inside = found.until(int(found.at.searchsorted(end)))
                yield from self._piece(data, end, inside, first=first, last=False)
                data, first = data[end:], False
            if len(data) > MAX_ELEMENT:
                raise DataError(
                    f"{self._name}: what starts at byte {self._total - len(data):,} does not end within "
                    f"{MAX_ELEMENT >> 20} MB; {self._whole()}",
                    hint=f"a quote or a bracket there is not closed: {_AGAIN}",
                )
            # As much again as is held: a giant element is not looked through over and over.
            more = self._read(max(self._size, len(data)))
            if not more:
                yield from self._broken(data)
                return
            data += more

    def _piece(self, data: bytes, end: int, found: Brackets, *, first: bool, last: bool) -> Iterator[Piece]:
        starts, ends = found.spans(1)
        keys: tuple[bytes, ...] | None = None
        if self._opener == b"{":
            whole, keys = _keyed(data, end, starts.tolist(), ends.tolist(), first=first)
        else:
            whole = elements(data, 0, end, starts, ends, first=first, last=last)
        if len(whole.starts):
            yield Piece(data, self._total - len(data), found, whole, self._count + 1, keys)
            self._count += len(whole.starts)
            self._last = data[max(int(whole.starts[-1]), int(whole.ends[-1]) - _TAIL) : int(whole.ends[-1])]

    def _close(self, data: bytes, end: int) -> None:
        """Check that the right bracket closes the file, and that nothing follows it."""
        place = self._total - len(data) + end
        if (data[end : end + 1] == b"]") != (self._opener == b"["):
            raise DataError(
                f"{self._name}: the bracket at byte {place:,} is not the one that closes the file's first",
                hint=f"a bracket before it is not opened or not closed: {_AGAIN}",
            )
        rest = data[end + 1 :]
        while rest or (rest := self._read(self._size)):
            if rest.strip(SPACE):
                raise DataError(
                    f"{self._name}: the JSON ends at byte {place:,}, but the file goes on; {self._whole()}",
                    hint=f"a bracket before it is not opened, or two files were joined: {_AGAIN}",
                )
            rest = b""

    def _broken(self, data: bytes) -> Iterator[Piece]:
        """The file ends before its array does."""
        begin = self._total - len(data)
        reason = f"the file breaks off in it (byte {self._total:,})"
        if not self._keep_partial:
            raise DataError(
                f"{self._name}: the JSON breaks off at byte {self._total:,}, in what starts at byte "
                f"{begin:,}; {self._whole()}",
                hint=f"it was not downloaded or written to its end: {_AGAIN}, or keep what is whole with "
                "--keep-partial",
            )
        empty = brackets(b"")
        last = Elements(np.zeros(1, dtype=np.int64), np.array([len(data)], dtype=np.int64), {0: reason})
        yield Piece(data, begin, empty, last, self._count + 1, None if self._opener == b"[" else (b"null",))

    def _whole(self) -> str:
        """The last whole element, for messages."""
        if not self._count:
            return "no element before it is whole"
        label = re.escape(self._label.encode())
        named = re.findall(rb'"' + label + rb'"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}]+)', self._last)
        name = f" ({self._label} {named[-1].decode(errors='replace')})" if self._label and named else ""
        return f"the last whole element is number {self._count:,}{name}"


def _keyed(
    data: bytes, end: int, starts: list[int], ends: list[int], *, first: bool
) -> tuple[Elements, tuple[bytes, ...]]:
    """The elements of an object of objects, each with its key; what else stands between is kept as odd."""
    keys: list[bytes] = []
    reasons: dict[int, str] = {}
    before = 0
    for place, (start, close) in enumerate(zip(starts, ends, strict=True)):
        match = _KEY.fullmatch(data, before, start)
        if match is None or bool(match[1]) == (first and place == 0):
            reasons[place] = "not one key and a colon stand before it"
            starts[place] = before
        keys.append(match[2] if match else b"null")
        before = close
    if data[before:end].strip(SPACE):
        reasons[len(starts)] = "no object stands under a key"
        starts, ends, keys = [*starts, before], [*ends, end], [*keys, b"null"]
    edges = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
    return Elements(*edges, reasons), tuple(keys)
