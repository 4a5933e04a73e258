"""Cutting a giant JSON array, or an object of objects, into pieces of whole elements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError
from ecomdata.readers.jsonodd import SPACE, Odd, between, keyed

MAX_ELEMENT: Final = 64 << 20
"""Bytes of the largest element; what is larger is no element but a quote or a bracket that is not closed."""

Places = npt.NDArray[np.int32]
_BOM: Final = b"\xef\xbb\xbf"
_AGAIN: Final = "get the file again"
_TAIL: Final = 4096


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements of an array, in order.

    Attributes:
        starts: Where each starts.
        ends: Where it ends.
        firsts: Its first mark (see :func:`ecomdata.readers.jsonoutline.outline`).
        lasts: Its last mark.
        reasons: Number of an element -> why it is no object; its marks mean nothing.
    """

    starts: Places
    ends: Places
    firsts: Places
    lasts: Places
    reasons: dict[int, str]

    @classmethod
    def marked(cls, tape: Places, firsts: Places, lasts: Places) -> Elements:
        """Objects and arrays alone."""
        return cls(tape[firsts], tape[lasts] + 1, firsts, lasts, {})

    @classmethod
    def of(cls, tape: Places, odd: Odd) -> Elements:
        """Objects, arrays and all else."""
        starts, ends = (np.array([one[i] for one in odd], dtype=np.int32) for i in (0, 1))
        firsts, lasts = (np.searchsorted(tape, places).astype(np.int32) for places in (starts, ends - 1))
        return cls(starts, ends, firsts, lasts, {n: why for n, (_, _, why) in enumerate(odd) if why})

    def pairs(self, begin: int = 0, end: int | None = None) -> list[tuple[int, int]]:
        """Where some of them start and end."""
        return list(zip(self.starts[begin:end].tolist(), self.ends[begin:end].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole elements of the array that follow one another.

    Attributes:
        data: Their bytes, and what stands between them.
        offset: Where ``data`` starts in the file.
        tape: The marks in it; this and the next two as :func:`ecomdata.readers.jsonoutline.outline` has them.
        arrays: The arrays right inside the elements.
        rows: The objects and arrays in those.
        elements: The elements.
        first: Number of the first element in the file, from 1.
        keys: In an object of objects, the JSON text of each element's key.
    """

    data: bytes
    offset: int
    tape: Places
    arrays: Places
    rows: Places
    elements: Elements
    first: int
    keys: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """What ``outline`` found in some bytes, without the room it did not need."""

    tape: Places
    elements: Places
    arrays: Places
    rows: Places
    close: int
    odd: bool


class Room:
    """Room for what ``outline`` finds, used again and again: new memory costs as much time as filling it."""

    def __init__(self) -> None:
        self._arrays: tuple[Places, Places, Places, Places] | None = None

    def outline(self, data: bytes, *, first: bool) -> Outline:
        """Find the marks in some bytes; ``first`` is whether no element stands before them."""
        from ecomdata.readers.jsonoutline import outline

        if self._arrays is None or len(self._arrays[0]) < len(data) + 8:
            # For the worst case; what is not written to takes no memory.
            half = len(data) // 2 + 1
            elements, arrays, rows = (np.empty((n, half), dtype=np.int32) for n in (2, 3, 3))
            self._arrays = np.empty(len(data) + 8, dtype=np.int32), elements, arrays, rows
        tape, elements, arrays, rows = self._arrays
        codes = np.frombuffer(data, dtype=np.uint8)
        marks, whole, within, inside, close, odd = outline(codes, first, tape, elements, arrays, rows)
        return Outline(
            tape=tape[:marks].copy(),
            elements=elements[:, :whole].copy(),
            arrays=arrays[:, :within].copy(),
            rows=rows[:, :inside].copy(),
            close=close,
            odd=bool(odd),
        )


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
        self._room = Room()

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
            found = self._room.outline(data, first=first)
            if found.close >= 0:
                yield from self._piece(data, found.close, found, first=first, last=True)
                self._close(data, found.close)
                return
            if found.elements.shape[1]:
                end = int(found.tape[found.elements[1, -1]]) + 1
                yield from self._piece(data, end, found, first=first, last=False)
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

    def _piece(self, data: bytes, end: int, found: Outline, *, first: bool, last: bool) -> Iterator[Piece]:
        elements, keys = Elements.marked(found.tape, found.elements[0], found.elements[1]), None
        if self._opener == b"{":
            odd, keys = keyed(data, end, elements.pairs(), first=first)
            elements = Elements.of(found.tape, odd)
        elif found.odd:
            odd = between(data, (0, end), elements.pairs(), first=first, last=last)
            elements = Elements.of(found.tape, odd)
        if len(elements.starts):
            offset = self._total - len(data)
            yield Piece(data, offset, found.tape, found.arrays, found.rows, elements, self._count + 1, keys)
            self._count += len(elements.starts)
            stop = int(elements.ends[-1])
            self._last = data[max(int(elements.starts[-1]), stop - _TAIL) : stop]

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
        none = self._room.outline(b"", first=True)
        last = Elements.of(none.tape, [(0, len(data), reason)])
        keys = None if self._opener == b"[" else (b"null",)
        yield Piece(data, begin, none.tape, none.arrays, none.rows, last, self._count + 1, keys)

    def _whole(self) -> str:
        """The last whole element, for messages."""
        if not self._count:
            return "no element before it is whole"
        label = re.escape(self._label.encode())
        named: Sequence[bytes] = re.findall(
            rb'"' + label + rb'"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}]+)', self._last
        )
        name = f" ({self._label} {named[-1].decode(errors='replace')})" if self._label and named else ""
        return f"the last whole element is number {self._count:,}{name}"
