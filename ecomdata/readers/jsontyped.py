"""JSON objects at known places as typed rows, and those that cannot be as rejected rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ecomdata.columns import Columns
from ecomdata.readers.base import REJECTED, Batch
from ecomdata.readers.jsonobjects import (
    ESCAPED,
    NULL,
    STRING,
    Objects,
    cell_problem,
    key_problems,
    read_objects,
    typed,
)
from ecomdata.readers.jsonodd import HALF, explained, key_text, stands_under
from ecomdata.readers.jsonpieces import Elements, Piece, Places
from ecomdata.readers.textblocks import decode

_LOCATED: Final = re.compile(r"\(byte [\d,]+\)$")


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that is rejected: its number, where it starts in the piece, why, and its bytes."""

    place: int
    order: int
    reasons: list[str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Typed:
    """Typed rows.

    Attributes:
        frame: One row for each object that could be typed.
        places: Per row of ``frame``, the number of its object.
        jumps: Per row of ``frame``, the number of the array that was not looked into, or -1.
        refused: The other objects.
        raw: The bytes of an object, without what such an array holds.
        unverified: Undeclared keys.
    """

    frame: pl.DataFrame
    places: Places
    jumps: Places
    refused: list[Refused]
    raw: Callable[[int], bytes]
    unverified: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the keys of an object become.

    Attributes:
        keys: Keys that become columns.
        required: Those it must have.
        verbatim: Those whose value is kept as it is spelt.
        texts: Those whose value must be a string or null.
        kinds: Column -> key whose JSON type it holds.
        lists: Column -> key of an array, and key in its objects whose texts the column lists.
        others: The column with all keys not declared, or empty: then they are errors.
        passed: The key whose array is not looked into, or empty.
        strict: Whether undeclared keys matter at all.
    """

    keys: tuple[str, ...]
    required: tuple[str, ...]
    verbatim: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    kinds: Mapping[str, str]
    lists: Mapping[str, tuple[str, str]]
    others: str = ""
    passed: str = ""
    strict: bool = True

    @property
    def wanted(self) -> list[str]:
        """Every key whose values are looked for."""
        lists = (key for key, _ in self.lists.values())
        passed = (self.passed,) if self.passed else ()
        return list(dict.fromkeys([*self.keys, *self.kinds.values(), *lists, *passed]))


class Rows:
    """Reads some objects of a piece as typed rows.

    Args:
        piece: The piece.
        elements: The objects.
        shape: What to take out of each.
        columns: The declared types.
    """

    def __init__(self, piece: Piece, elements: Elements, shape: Shape, columns: Columns) -> None:
        self._piece = piece
        self._elements = elements
        self._shape = shape
        self._columns = columns
        self._problems: dict[int, list[str]] = defaultdict(list)

    def read(
        self,
        known: Mapping[int, str],
        given: Callable[[Places], Sequence[pl.Series]] = lambda _: (),
        *,
        utf8: bool | None = None,
    ) -> Typed:
        """Read the objects.

        Args:
            known: Object -> why it is rejected unread.
            given: Columns that do not come out of the objects, for the objects with these numbers; where
                one is among the keys too it fills the nulls.
            utf8: Whether the piece is known to be UTF-8.
        """
        found, places, reasons = self._found(known, utf8=is_utf8(self._piece.data) if utf8 is None else utf8)
        series = self._columns_of(found)
        unverified: set[str] = set()
        if self._shape.strict:
            texts = self._other_keys(found, unverified)
            if self._shape.others:
                series[self._shape.others] = pl.Series(texts, dtype=pl.String)
        for column in given(places):
            own = series.get(column.name)
            series[column.name] = column if own is None else own.fill_null(column)
        height = len(places)
        frame = (
            pl.DataFrame([s.alias(name) for name, s in series.items()])
            if series
            else pl.DataFrame(height=height)
        )
        bad = np.zeros(height, dtype=np.bool_)
        bad[list(self._problems)] = True
        reasons |= {int(places[row]): why for row, why in self._problems.items()}
        refused = [self._refused(place, why) for place, why in sorted(reasons.items())]
        if bad.any():
            frame = frame.filter(~bad)
        return Typed(frame, places[~bad], found.jumps[~bad], refused, self._raw, frozenset(unverified))

    def _found(self, known: Mapping[int, str], *, utf8: bool) -> tuple[Objects, Places, dict[int, list[str]]]:
        """What is in the objects that are JSON, their numbers, and why the others are not."""
        elements = self._elements
        count = len(elements.starts)
        places = np.arange(count, dtype=np.int32)
        known = {**known, **elements.reasons}
        if not utf8:
            problems = ((n, decode(self._raw(n))[1]) for n in range(count) if n not in known)
            known |= {n: why.replace("of the line", "of it") for n, why in problems if why}
        if known:
            places = np.delete(places, list(known))
        firsts, lasts = elements.firsts[places], elements.lasts[places]
        piece, shape = self._piece, self._shape
        spans = firsts, lasts
        found = read_objects(piece.data, piece.tape, spans, shape.wanted, piece.arrays, shape.passed)
        reasons = {n: [why] for n, why in known.items()}
        fine = found.states == 0
        if not fine.all():
            reasons |= {n: [explained(self._raw(n))] for n in places[~fine].tolist()}
            # Marked as other members are numbered by all objects, so number them again.
            others = found.others.copy()
            others[0] = (np.cumsum(fine) - 1)[others[0]]
            values = {key: value.of(fine) for key, value in found.values.items()}
            found = Objects(values, found.states[fine], found.jumps[fine], others)
            places = places[fine]
        return found, places, reasons

    def _columns_of(self, found: Objects) -> dict[str, pl.Series]:
        shape, series = self._shape, dict[str, pl.Series]()
        for key in shape.required:
            for row in np.flatnonzero(found.values[key].kinds == 0).tolist():
                self._problems[row].append(f"key {key} is missing")
        for key in shape.keys:
            values, dtype = found.values[key], self._columns.dtypes[key]
            if key in shape.texts:
                strange = (values.kinds > NULL) & (values.kinds != STRING) & (values.kinds != ESCAPED)
                for row in np.flatnonzero(strange).tolist():
                    self._problems[row].append(f"{key}: {values.raw(row)[:60]!r} is not text")
            texts, halves = (values.spelt() if key in shape.verbatim else values).texts()
            self._note(halves)
            series[key], failed = typed(texts, dtype)
            for row in failed.arg_true().to_list() if failed is not None else ():
                self._problems[row].append(cell_problem(key, texts[row], dtype))
        for name, key in shape.kinds.items():
            series[name] = found.values[key].kind()
        for name, (key, inner) in shape.lists.items():
            series[name], halves = found.values[key].picked(inner, self._piece.tape)
            self._note(halves)
        return series

    def _note(self, halves: Sequence[int]) -> None:
        for row in halves:
            if HALF not in self._problems[row]:
                self._problems[row].append(HALF)

    def _other_keys(self, found: Objects, unverified: set[str]) -> list[str | None]:
        """The undeclared keys of each object; those that may not be there are problems."""
        texts: list[str | None] = [None] * len(found.states)
        spelt: set[bytes] = set()
        for row, (keys, text) in found.other_keys(self._piece.data).items():
            texts[row] = text
            if not self._shape.others or len(keys) > 1:
                self._problems[row] += key_problems(keys, expected=bool(self._shape.others))
            if not self._problems.get(row):
                self._problems.pop(row, None)
                spelt.update(keys)
        unverified.update(map(key_text, spelt))
        return texts

    def _raw(self, place: int) -> bytes:
        start, end = int(self._elements.starts[place]), int(self._elements.ends[place])
        data, kept, passed = self._piece.data, list[bytes](), self._shape.passed
        for _, (low, high) in passed_arrays(self._piece, passed, start, end) if passed else ():
            kept.append(data[start : low + 1])
            start = high - 1
        return b"".join([*kept, data[start:end]])

    def _refused(self, place: int, reasons: list[str]) -> Refused:
        order = int(self._elements.starts[place])
        located = [
            why if _LOCATED.search(why) else f"{why} (byte {self._piece.offset + order:,})" for why in reasons
        ]
        return Refused(place, order, located, self._raw(place))


def passed_arrays(piece: Piece, key: str, start: int, end: int) -> list[tuple[int, tuple[int, int]]]:
    """The arrays right inside an object after such a key, broken or not: number, start and end of each."""
    low, high = np.searchsorted(piece.tape[piece.arrays[0]], [start, end]).tolist()
    found: list[tuple[int, tuple[int, int]]] = []
    before = start
    for number in range(low, high):
        opening, closing = (int(piece.tape[piece.arrays[i, number]]) for i in (0, 1))
        if stands_under(piece.data, key, opening, before):
            found.append((number, (opening, closing + 1)))
        before = closing
    return found


def is_utf8(data: bytes) -> bool:
    """Whether all of it is."""
    try:
        pa.LargeStringArray.from_buffers(
            1, pa.py_buffer(np.array([0, len(data)], dtype=np.int64).data), pa.py_buffer(data)
        ).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def as_batch(
    typed_: Typed, refused: Sequence[Refused], starts: npt.NDArray[np.int32], columns: Columns
) -> Batch:
    """Typed and rejected rows as a batch, numbered in the order they stand in the file.

    Args:
        typed_: The rows.
        refused: Rejected rows besides its own.
        starts: Where each of its objects starts.
        columns: The declared columns.
    """
    refused = sorted([*typed_.refused, *refused], key=lambda one: one.order)
    places = typed_.places
    orders = np.concatenate([starts[places], np.array([one.order for one in refused], dtype=np.int32)])
    ranks = np.empty(len(orders), dtype=np.int64)
    ranks[np.argsort(orders, kind="stable")] = np.arange(len(orders))
    good = typed_.frame.height
    rejected = pl.DataFrame(
        {
            "row": ranks[good:],
            "reasons": [one.reasons for one in refused],
            "raw": [decode(one.raw)[0] for one in refused],
            "raw_bytes": [one.raw if decode(one.raw)[1] else None for one in refused],
        },
        schema=REJECTED,
    )
    return Batch(
        frame=columns.complete(typed_.frame),
        span=len(orders),
        raw=lambda positions: [decode(typed_.raw(int(places[p])))[0] for p in positions],
        rows=pl.Series(ranks[:good]) if refused else None,
        rejected=rejected,
        unverified=typed_.unverified,
    )
