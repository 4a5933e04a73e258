"""The arrays inside the elements of a giant JSON array: their own elements, and what is left around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecomdata.readers.jsonpieces import Piece
from ecomdata.readers.jsonscan import SPACE, Ints, arrays_under, elements, usual_gaps


@dataclass(frozen=True, slots=True)
class Nested:
    """Rows inside the elements of a piece, in order.

    Attributes:
        starts: Where each starts in the piece's data.
        ends: Where it ends.
        owners: The number of the element it is in, within the piece.
        positions: Its place in its array, from 1.
        reasons: Row -> why it is no element of a well-formed array.
    """

    starts: Ints
    ends: Ints
    owners: Ints
    positions: Ints
    reasons: dict[int, str]

    def part(self, first: int, last: int) -> Nested:
        """The rows ``first`` to ``last``."""
        cut = slice(first, last)
        reasons = {row - first: why for row, why in self.reasons.items() if first <= row < last}
        return Nested(self.starts[cut], self.ends[cut], self.owners[cut], self.positions[cut], reasons)


@dataclass(frozen=True, slots=True)
class Heads:
    """The elements of a piece with the arrays under one key emptied.

    Attributes:
        data: Their bytes, one after the other.
        starts: Where each starts in ``data``.
        ends: Where it ends.
        emptied: The elements in which such an array was found.
    """

    data: bytes
    starts: Ints
    ends: Ints
    emptied: frozenset[int]


def heads(piece: Piece, key: str) -> Heads:
    """Each element without what its arrays under ``key`` hold."""
    opening, closing, owners = arrays_under(piece.data, key.encode(), piece.found, piece.elements.starts)
    cuts: dict[int, list[tuple[int, int]]] = {}
    for owner, start, end in zip(owners.tolist(), opening.tolist(), closing.tolist(), strict=True):
        cuts.setdefault(owner, []).append((start + 1, end - 1))
    parts: list[bytes] = []
    pairs = zip(piece.elements.starts.tolist(), piece.elements.ends.tolist(), strict=True)
    for number, (start, end) in enumerate(pairs):
        kept: list[bytes] = []
        begin = start
        for low, high in cuts.get(number, ()):
            kept.append(piece.data[begin:low])
            begin = high
        parts.append(b"".join([*kept, piece.data[begin:end]]))
    sizes = np.array([len(part) + 1 for part in parts], dtype=np.int64)
    ends = np.cumsum(sizes) - 1
    return Heads(b",".join(parts), ends + 1 - sizes, ends, frozenset(cuts))


def nested(piece: Piece, key: str) -> Nested:
    """The elements of the arrays under ``key``."""
    opening, closing, owners = arrays_under(piece.data, key.encode(), piece.found, piece.elements.starts)
    starts, ends = piece.found.spans(3)
    array = np.searchsorted(opening, starts, side="right") - 1
    inside = array >= 0
    inside[inside] = starts[inside] < closing[array[inside]]
    starts, ends, array = starts[inside], ends[inside], array[inside]
    reasons: dict[int, str] = {}
    if odd := _odd_arrays(piece.data, opening, closing, starts, ends, array):
        starts, ends, array, reasons = _mended(piece.data, opening, closing, (starts, ends, array), odd)
    firsts = np.searchsorted(array, np.arange(len(opening)))
    positions = np.arange(len(array)) - firsts[array] + 1
    return Nested(starts, ends, owners[array], positions, reasons)


def _odd_arrays(
    data: bytes, opening: Ints, closing: Ints, starts: Ints, ends: Ints, array: Ints
) -> list[int]:
    """The arrays in which something else than objects, arrays and single commas stands."""
    odd: set[int] = set()
    same = array[1:] == array[:-1]
    lows, highs, within = ends[:-1][same], starts[1:][same], array[1:][same]
    for gap in np.flatnonzero(~usual_gaps(data, lows, highs)).tolist():
        if data[lows[gap] : highs[gap]].strip(SPACE) != b",":
            odd.add(int(within[gap]))
    # Before the first, after the last, and all of an array that holds no bracket.
    low, high = opening + 1, closing - 1
    full = np.unique(array)
    first, last = np.searchsorted(array, full), np.searchsorted(array, full, side="right") - 1
    empty = np.setdiff1d(np.arange(len(opening)), full)
    edges = [
        (low[full], starts[first], full),
        (ends[last], high[full], full),
        (low[empty], high[empty], empty),
    ]
    for begin, end, which in edges:
        for gap in np.flatnonzero(end > begin).tolist():
            if data[begin[gap] : end[gap]].strip(SPACE):
                odd.add(int(which[gap]))
    return sorted(odd)


def _mended(
    data: bytes, opening: Ints, closing: Ints, rows: tuple[Ints, Ints, Ints], odd: list[int]
) -> tuple[Ints, Ints, Ints, dict[int, str]]:
    """All rows, with those of the odd arrays found one by one."""
    starts, ends, array = rows
    plain = ~np.isin(array, odd)
    parts = [(starts[plain], ends[plain], array[plain])]
    why = [""] * len(parts[0][0])
    for number in odd:
        mine = array == number
        found = elements(data, int(opening[number]) + 1, int(closing[number]) - 1, starts[mine], ends[mine])
        parts.append((found.starts, found.ends, np.full(len(found.starts), number)))
        why += [found.reasons.get(place, "") for place in range(len(found.starts))]
    starts, ends, array = (np.concatenate([part[i] for part in parts]) for i in range(3))
    order = np.lexsort((ends, starts))
    reasons: dict[int, str] = {row: why[place] for row, place in enumerate(order.tolist()) if why[place]}
    return starts[order], ends[order], array[order], reasons
