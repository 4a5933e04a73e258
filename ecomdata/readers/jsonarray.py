"""One JSON array of objects of any size, or an object of objects: no element lost, in bounded memory.

The bytes are cut between elements (:mod:`ecomdata.readers.jsonpieces`); each element, or each element of
an array inside it, becomes a row or is rejected with its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Final, cast

import numpy as np
import polars as pl

from ecomdata.columns import Columns, DriftError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, undeclared, unreadable
from ecomdata.readers.jsonobjects import read_objects
from ecomdata.readers.jsonodd import between, key_text
from ecomdata.readers.jsonpieces import Elements, Piece, Pieces, Places
from ecomdata.readers.jsontyped import Refused, Rows, Shape, Typed, as_batch, is_utf8, passed_arrays

BLOCK_SIZE: Final = 12 << 20
_ROWS: Final = 20_000
"""Rows of a block at most, so that an element with very many is parsed in parts."""
_ARRAY: Final = "kind of the array"
_LOOKED_AT: Final = 2_000
"""Rows whose keys are compared with the declared ones before anything is read..."""
_HEAD: Final = 1 << 20
"""... and bytes in which they are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonArray:
    """A reader of one JSON array of objects, or of an object whose values are objects.

    A declared text column takes a string's content, and any other value as it is spelt in the file; number
    columns take numbers, and strings that hold one (white space alone is null). NaN and Infinity, which
    Python writes, are numbers. Columns named in the attributes below are made by the reader; all others are
    keys, under upstream's one name (aliases are not looked up). Keys that an object may lack are declared
    ``optional``.

    Attributes:
        without: The arrays under this key are read as empty ones.
        explode: A row is an element of the array under this key, not the element of the file itself.
        carry: With ``explode``: keys of the outer element whose values each row gets.
        key: In an object of objects, the key column that the outer key stands in for where it lacks it.
        verbatim: Text columns whose value stays as it is spelt, quotes included, and null is the word null.
        texts: Text columns that take strings and null alone.
        kinds: Column -> key whose JSON type it holds (see :data:`ecomdata.readers.jsonobjects.KIND`).
        lists: Column of lists of texts -> key of an array, and the key whose values in its objects it lists.
        others: The column that holds all keys not declared, letter for letter, as a JSON object; else they
            are errors.
        number: The column with the number of the element in the file, from 1.
        position: With ``explode``: the column with the row's place in its array, from 1.
        expected: Keys of which a file whose first rows all lack one is not what upstream publishes.
        expected_inside: With ``without``: the same for the keys of the rows inside the arrays.
        keep_partial: Whether a file that breaks off gives the rows before that place; else it is an error.
        block_size: Bytes to read at a time.
    """

    without: str = ""
    explode: str = ""
    carry: tuple[str, ...] = ()
    key: str = ""
    verbatim: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])
    lists: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    others: str = ""
    number: str = ""
    position: str = ""
    expected: tuple[str, ...] = ()
    expected_inside: tuple[str, ...] = ()
    keep_partial: bool = False
    block_size: int = BLOCK_SIZE

    def misfits(self, columns: Columns) -> list[str]:
        """What of a declaration it cannot do."""
        single = {name: getattr(self, name) for name in ("key", "others", "number", "position")}
        many = {name: getattr(self, name) for name in ("carry", "verbatim", "texts", "kinds", "lists")}
        named = undeclared(columns, **{name: (one,) for name, one in single.items() if one}, **many)
        return named + unreadable(self, {n: t for n, t in columns.dtypes.items() if n not in self.lists})

    def check(self, file: RawFile, columns: Columns) -> None:
        """Compare the keys of the first rows with the declared ones."""
        for piece in islice(self._pieces(file, min(self.block_size, _HEAD)), 1):
            self._check(piece, file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the first rows, then yield blocks of whole elements."""
        self.check(file, columns)

        def rest() -> Iterator[Block]:
            for piece in self._pieces(file, self.block_size):
                yield from self._blocks(piece, columns)

        return rest()

    def _pieces(self, file: RawFile, size: int) -> Iterator[Piece]:
        label = (*self.carry, self.key, "")[0]
        with file.open() as stream:
            yield from Pieces(stream, file.name, size, label=label, keep_partial=self.keep_partial)

    def _blocks(self, piece: Piece, columns: Columns) -> Iterator[Block]:
        size = int(piece.elements.ends[-1])
        if not self.explode or len(piece.data) <= 4 * self.block_size:
            yield Block(size, partial(self._parse, piece, columns))
            return
        inner = self._inner(piece, columns)
        count = max(1, -(-len(inner.rows.starts) // _ROWS))
        for part in range(count):
            share = inner.part(part * _ROWS, (part + 1) * _ROWS)
            yield Block(size // count, partial(self._parse_inner, piece, columns, share))

    def _parse(self, piece: Piece, columns: Columns) -> Batch:
        if self.explode:
            return self._parse_inner(piece, columns, self._inner(piece, columns))
        rows = Rows(piece, piece.elements, self._shape(columns), columns)
        typed = rows.read({}, partial(self._given, piece, columns))
        return as_batch(typed, (), piece.elements.starts, columns)

    def _parse_inner(self, piece: Piece, columns: Columns, inner: _Inner) -> Batch:
        rows = Rows(piece, inner.rows, self._shape(columns), columns)
        typed = rows.read(inner.lost, lambda places: self._carried(inner, places), utf8=inner.utf8)
        return as_batch(typed, inner.childless, inner.rows.starts, columns)

    def _keys(self, columns: Columns) -> tuple[str, ...]:
        """The declared columns that are keys of a row's own object."""
        made = {*self.kinds, *self.lists, *self.carry, self.others, self.number, self.position}
        return tuple(name for name in columns.names if name not in made)

    def _shape(self, columns: Columns) -> Shape:
        keys = self._keys(columns)
        return Shape(
            keys=keys,
            required=tuple(key for key in keys if key in columns.required),
            verbatim=self.verbatim,
            texts=self.texts,
            kinds=self.kinds,
            lists=self.lists,
            others=self.others,
            passed=self.without,
        )

    def _given(self, piece: Piece, columns: Columns, places: Places) -> list[pl.Series]:
        """Columns that the place of an element gives."""
        given: list[pl.Series] = []
        if self.number:
            given.append(pl.Series(self.number, places.astype(np.int64) + piece.first))
        if self.key and piece.keys is not None:
            numbers: list[int] = places.tolist()
            keys = [cast("str | None", json.loads(piece.keys[number])) for number in numbers]
            given.append(pl.Series(self.key, keys, dtype=pl.String).cast(columns.dtypes[self.key]))
        return given

    def _inner(self, piece: Piece, columns: Columns) -> _Inner:
        """The rows inside the elements of a piece, and what their elements give them."""
        shape = Shape(
            keys=self.carry,
            required=tuple(key for key in self.carry if key in columns.required),
            kinds={_ARRAY: self.explode},
            lists={},
            passed=self.explode,
            strict=False,
        )
        utf8 = is_utf8(piece.data)
        outer = Rows(piece, piece.elements, shape, columns)
        typed = outer.read({}, partial(self._given, piece, columns), utf8=utf8)
        refused = {one.place: one for one in typed.refused}
        kinds: list[str] = typed.frame[_ARRAY].to_list()
        for place, kind, jump in zip(typed.places.tolist(), kinds, typed.jumps.tolist(), strict=True):
            if jump < 0 and kind not in {"absent", "null"}:
                order = int(piece.elements.starts[place])
                why = f"{self.explode} is a JSON {kind} instead of an array (byte {piece.offset + order:,})"
                refused[place] = Refused(place, order, [why], typed.raw(place))
        owner = np.full(piece.arrays.shape[1], -1, dtype=np.int32)
        jumped = typed.jumps >= 0
        owner[typed.jumps[jumped]] = typed.places[jumped]
        for place in refused:
            start, end = int(piece.elements.starts[place]), int(piece.elements.ends[place])
            for number, _ in passed_arrays(piece, self.explode, start, end):
                owner[number] = place
        rows, array = _rows_in(piece, owner)
        owners = owner[array]
        positions = np.arange(len(array)) - np.searchsorted(array, array) + 1
        lost = {
            row: f"its element: {refused[place].reasons[0]}"
            for row, place in enumerate(owners.tolist() if refused else ())
            if place in refused
        }
        parents = set(owners.tolist()) if refused else set[int]()
        childless = [one for place, one in refused.items() if place not in parents]
        return _Inner(typed, rows, owners, positions, lost, childless, utf8)

    def _carried(self, inner: _Inner, places: Places) -> list[pl.Series]:
        """Columns that the outer element and the place in it give."""
        frame = inner.outer.frame.drop(_ARRAY)
        given = frame[np.searchsorted(inner.outer.places, inner.owners[places])].get_columns()
        if self.position:
            given.append(pl.Series(self.position, inner.positions[places]))
        return given

    def _check(self, piece: Piece, where: str, columns: Columns) -> None:
        shape = self._shape(columns)
        wanted, required = shape.wanted, (*shape.required, *self.expected)
        found = _keys_of(piece, self.explode)
        extra = [key for key in found if key not in wanted and not self.others]
        if self.explode and not found:
            # Elements without rows are data, and elements that have no place for rows are other data.
            found, required = _keys_of(piece), (self.explode,)
        missing = [key for key in required if key not in found]
        if found and (missing or extra):
            shown = extra or [key for key in found if key not in wanted]
            raise DriftError(where, found=found, missing=missing, extra=shown)
        if self.expected_inside:
            found = _keys_of(piece, self.without)
            missing = [key for key in self.expected_inside if key not in found]
            if found and missing:
                raise DriftError(where, found=found, missing=missing, extra=found)


@dataclass(frozen=True, slots=True)
class _Inner:
    """Rows inside elements.

    Attributes:
        outer: The elements.
        rows: The rows.
        owners: Per row the number of its element.
        positions: Its place in its array, from 1.
        lost: Row -> what is wrong with its element.
        childless: The unreadable elements that no row stands for.
        utf8: Whether the whole piece is.
    """

    outer: Typed
    rows: Elements
    owners: Places
    positions: np.typing.NDArray[np.int64]
    lost: dict[int, str]
    childless: list[Refused]
    utf8: bool

    def part(self, first: int, last: int) -> _Inner:
        """The rows ``first`` to ``last``."""
        cut, rows = slice(first, last), self.rows
        reasons = {row - first: why for row, why in rows.reasons.items() if first <= row < last}
        return replace(
            self,
            rows=Elements(rows.starts[cut], rows.ends[cut], rows.firsts[cut], rows.lasts[cut], reasons),
            owners=self.owners[cut],
            positions=self.positions[cut],
            lost={row - first: why for row, why in self.lost.items() if first <= row < last},
            childless=self.childless if not first else [],
        )


def _rows_in(piece: Piece, owner: Places) -> tuple[Elements, Places]:
    """The elements of the arrays that have an owner, and the number of the array of each."""
    array = piece.rows[2]
    kept = owner[array] >= 0
    firsts, lasts, array = piece.rows[0, kept], piece.rows[1, kept], array[kept]
    odd = np.flatnonzero((owner >= 0) & (piece.arrays[2] != 0)).tolist()
    if not odd:
        return Elements.marked(piece.tape, firsts, lasts), array
    plain = ~np.isin(array, odd)
    whole = Elements.marked(piece.tape, firsts, lasts)
    found = [
        (start, end, "") for (start, end), is_plain in zip(whole.pairs(), plain, strict=True) if is_plain
    ]
    arrays: list[int] = array[plain].tolist()
    for number in odd:
        low, high = np.searchsorted(array, [number, number + 1]).tolist()
        span = int(piece.tape[piece.arrays[0, number]]) + 1, int(piece.tape[piece.arrays[1, number]])
        more = between(piece.data, span, whole.pairs(low, high), first=True, last=True)
        found += more
        arrays += [number] * len(more)
    order = sorted(range(len(found)), key=found.__getitem__)
    return Elements.of(piece.tape, [found[i] for i in order]), np.array(
        [arrays[i] for i in order], dtype=np.int32
    )


def _keys_of(piece: Piece, inside: str = "") -> list[str]:
    """The keys that the first elements have, or the rows in their arrays under a key, in order."""
    rows = piece.elements
    if inside:
        owner = np.full(piece.arrays.shape[1], -1, dtype=np.int32)
        for start, end in rows.pairs(0, _LOOKED_AT):
            for number, _ in passed_arrays(piece, inside, start, end):
                owner[number] = 0
        rows, _ = _rows_in(piece, owner)
    good = np.array(
        [n for n in range(min(_LOOKED_AT, len(rows.starts))) if n not in rows.reasons], dtype=np.int64
    )
    spans = rows.firsts[good], rows.lasts[good]
    others = read_objects(piece.data, piece.tape, spans, ()).others
    spelt = (piece.data[begin:end] for begin, end in zip(others[1].tolist(), others[2].tolist(), strict=True))
    return list(dict.fromkeys(key_text(key) for key in dict.fromkeys(spelt) if is_utf8(key)))
