"""Where the elements of a giant JSON array start and end: brackets counted in bytes, strings stepped over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SPACE: Final = b" \t\r\n"
_QUOTE, _BACKSLASH, _OPEN, _CLOSE, _FOLD = 0x22, 0x5C, 0x7B, 0x7D, 0x20
_LONG_RUN: Final = 64
_STEP: Final = 1 << 20
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[^",]+|.', re.DOTALL)
_LOOKED_BACK: Final = 256
_BLANKS: Final = np.frombuffer(b" \n", dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Brackets:
    """The brackets of some bytes that stand outside of strings, in order.

    Attributes:
        at: Where each one stands.
        opens: Whether it opens.
        depth: The depth after it; 0 is between two elements of the array.
    """

    at: Ints
    opens: npt.NDArray[np.bool_]
    depth: Ints

    def spans(self, level: int) -> tuple[Ints, Ints]:
        """Starts and ends of what opens to ``level`` and is closed."""
        starts = self.at[self.opens & (self.depth == level)]
        ends = self.at[~self.opens & (self.depth == level - 1)] + 1
        return starts[: len(ends)], ends

    def closing(self) -> int | None:
        """The number of the bracket that closes the array itself, or None."""
        below = np.flatnonzero(self.depth < 0)
        return int(below[0]) if len(below) else None

    def until(self, number: int) -> Brackets:
        """The brackets before number ``number``."""
        return Brackets(self.at[:number], self.opens[:number], self.depth[:number])


def brackets(data: bytes) -> Brackets:
    """Find the brackets of bytes that start between two elements, outside of a string."""
    places: list[Ints] = []
    kinds: list[npt.NDArray[np.bool_]] = []
    quoted = start = 0
    while start < len(data):
        # Short steps stay in the processor's cache, and one giant element needs no giant arrays.
        end = _step_end(data, start + _STEP)
        at, opens, quotes = _step(data[start:end], quoted)
        places.append(at + start)
        kinds.append(opens)
        quoted = (quoted + quotes) % 2
        start = end
    at = np.concatenate([np.zeros(0, dtype=np.int64), *places])
    opens = np.concatenate([np.zeros(0, dtype=np.bool_), *kinds])
    return Brackets(at, opens, np.cumsum(np.where(opens, 1, -1)))


def _step_end(data: bytes, end: int) -> int:
    """The end of a step, moved on so that no run of backslashes is cut."""
    while end < len(data) and data[end - 1] == _BACKSLASH:
        end += 1
    return min(end, len(data))


def _step(data: bytes, quoted: int) -> tuple[Ints, npt.NDArray[np.bool_], int]:
    codes = np.frombuffer(data, dtype=np.uint8)
    # With one bit set, [ is { and ] is }: one comparison finds both.
    folded = codes | _FOLD
    at = np.flatnonzero((folded == _OPEN) | (folded == _CLOSE))
    quotes = _plain_quotes(data, codes)
    at = at[(np.searchsorted(quotes, at) + quoted) % 2 == 0]
    return at, folded[at] == _OPEN, len(quotes)


def _plain_quotes(data: bytes, codes: npt.NDArray[np.uint8]) -> Ints:
    """The quotes that no backslash escapes."""
    quotes = np.flatnonzero(codes == _QUOTE)
    if b'\\"' not in data:
        return quotes
    suspects = np.flatnonzero((codes[quotes - 1] == _BACKSLASH) & (quotes > 0))
    after = quotes[suspects]
    escaped = np.ones(len(after), dtype=np.bool_)
    alive = np.arange(len(after))
    for back in range(2, _LONG_RUN):
        places = after[alive] - back
        alive = alive[(places >= 0) & (codes[places] == _BACKSLASH)]
        if not len(alive):
            break
        escaped[alive] ^= True
    else:
        # Long runs of backslashes are no text; find where each run starts for all of them at once.
        plain = np.where(codes != _BACKSLASH, np.arange(len(codes)), -1)
        runs = after - 1 - np.maximum.accumulate(plain)[after - 1]
        escaped = runs % 2 == 1
    keep = np.ones(len(quotes), dtype=np.bool_)
    keep[suspects[escaped]] = False
    return quotes[keep]


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements between two places, scalars and rubble included, in order.

    Attributes:
        starts: Where each starts.
        ends: Where each ends.
        reasons: Element -> why it is no element of a well-formed array.
    """

    starts: Ints
    ends: Ints
    reasons: dict[int, str]


def elements(
    data: bytes, start: int, end: int, starts: Ints, ends: Ints, *, first: bool = True, last: bool = True
) -> Elements:
    """Objects and arrays, and what stands between them.

    Args:
        data: The bytes.
        start: Where the first element may start.
        end: Where the last one has ended.
        starts: Starts of the objects and arrays.
        ends: Their ends.
        first: Whether the array opens at ``start``; else another element stands before.
        last: Whether the array ends at ``end``; else another element may follow.
    """
    found: list[tuple[int, int, str]] = []
    if not len(starts):
        if data[start:end].strip(SPACE):
            found += _loose(data, start, end, first=first, last=last)
    else:
        for low, high in _odd_gaps(data, starts, ends):
            found += _loose(data, low, high, first=False, last=False)
        if data[start : starts[0]].strip(SPACE) != (b"" if first else b","):
            found += _loose(data, start, int(starts[0]), first=first, last=False)
        if data[ends[-1] : end].strip(SPACE):
            found += _loose(data, int(ends[-1]), end, first=False, last=last)
    if not found:
        return Elements(starts, ends, {})
    found = sorted(found + [(int(s), int(e), "") for s, e in zip(starts, ends, strict=True)])
    return Elements(
        np.array([s for s, _, _ in found], dtype=np.int64),
        np.array([e for _, e, _ in found], dtype=np.int64),
        {place: reason for place, (_, _, reason) in enumerate(found) if reason},
    )


def _odd_gaps(data: bytes, starts: Ints, ends: Ints) -> list[tuple[int, int]]:
    """The gaps between neighbours that are not one comma amid white space."""
    lows, highs = ends[:-1], starts[1:]
    return [
        (int(lows[gap]), int(highs[gap]))
        for gap in np.flatnonzero(~usual_gaps(data, lows, highs))
        if data[lows[gap] : highs[gap]].strip(SPACE) != b","
    ]


def usual_gaps(data: bytes, lows: Ints, highs: Ints) -> npt.NDArray[np.bool_]:
    """Which gaps are a comma, or a comma and one blank: nearly all are, so that few need a closer look."""
    codes = np.frombuffer(data, dtype=np.uint8)
    size = highs - lows
    comma = codes[lows] == ord(",")
    after = codes[np.minimum(lows + 1, len(codes) - 1)]
    usual: npt.NDArray[np.bool_] = comma & ((size == 1) | ((size == 2) & np.isin(after, _BLANKS)))
    return usual


def _loose(data: bytes, low: int, high: int, *, first: bool, last: bool) -> Iterator[tuple[int, int, str]]:
    """The scalars between two objects, and what is amiss there: start, end, reason."""
    pieces: list[tuple[int, int]] = []
    begin = low
    for token in _TOKEN.finditer(data, low, high):
        if token.group() == b",":
            pieces.append((begin, token.start()))
            begin = token.end()
    pieces.append((begin, high))
    only = len(pieces) == 1
    if only and not first and not last and not data[low:high].strip(SPACE):
        yield low, low, "a comma is missing before it"
        return
    for place, (begin, end) in enumerate(pieces):
        text = data[begin:end]
        start = begin + len(text) - len(text.lstrip(SPACE))
        inner = text.strip(SPACE)
        beside = (place == 0 and not first) or (place == len(pieces) - 1 and not last)
        if inner:
            yield start, start + len(inner), "text stands beside an element" if beside else ""
        elif not beside and not (only and first and last):
            yield begin, begin, "nothing stands beside a comma"


def arrays_under(data: bytes, key: bytes, found: Brackets, objects: Ints) -> tuple[Ints, Ints, Ints]:
    """The arrays that stand under a key of the outermost objects.

    Args:
        data: The bytes.
        key: The key, as it is spelt.
        found: Their brackets.
        objects: Where each outermost element starts.

    Returns:
        Where each array opens and ends, and the number of the element it is in.
    """
    starts, ends = found.spans(2)
    lists = np.frombuffer(data, dtype=np.uint8)[starts] == ord("[")
    starts, ends = starts[lists], ends[lists]
    owners = np.searchsorted(objects, starts, side="right") - 1
    pairs = zip(starts.tolist(), objects[owners].tolist(), strict=True)
    under = np.fromiter((_is_under(data, key, at, start) for at, start in pairs), np.bool_, len(starts))
    return starts[under], ends[under], owners[under]


def _is_under(data: bytes, key: bytes, at: int, start: int) -> bool:
    before = data[max(start, at - _LOOKED_BACK) : at].rstrip(SPACE)
    if len(before) < len(key) + 8:
        before = data[start:at].rstrip(SPACE)
    before = before.removesuffix(b":").rstrip(SPACE)
    return before.endswith(b'"' + key + b'"') and not before.endswith(b'\\"' + key + b'"')
