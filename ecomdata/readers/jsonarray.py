"""One giant JSON array of objects, or an object of objects: read in bounded memory, no element lost.

The bytes are cut between elements by counting brackets (:mod:`ecomdata.readers.jsonscan`); each
element, or each element of an array inside it, becomes a row or is rejected with its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import IO, Final, cast

import numpy as np
import polars as pl

from ecomdata.columns import Columns, DriftError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block
from ecomdata.readers.jsonnested import Nested, heads, nested
from ecomdata.readers.jsonpieces import Piece, Pieces
from ecomdata.readers.jsonrows import Wanted, key_list, read_rows
from ecomdata.readers.jsonscan import Ints
from ecomdata.readers.jsontyped import Refused, Shape, Spans, Typed, as_batch, located, typed_rows

BLOCK_SIZE: Final = 8 << 20
_ROWS: Final = 20_000
"""Rows of a block at most, so that an element with very many is parsed in parts."""
_ARRAY: Final = "kind of the array"
_LOOKED_AT: Final = 2_000
"""Rows whose keys are compared with the declared ones before anything is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonArray:
    """A reader of one JSON array of objects, or of an object whose values are objects.

    A declared text column takes a string's content, and any other value as JSON; number columns take
    numbers, and strings that hold one (white space alone is null). Columns named in the attributes
    below are made by the reader; all others are keys, under upstream's one name (aliases are not
    looked up). Keys that an object may lack are declared ``optional``.

    Attributes:
        without: The arrays under this key are read as empty ones.
        explode: A row is an element of the array under this key, not the element of the file itself.
        carry: With ``explode``: keys of the outer element whose values each row gets.
        key: In an object of objects, the key column that the outer key stands in for where it lacks it.
        kinds: Column -> key whose JSON type it holds (see :data:`ecomdata.readers.jsonrows.KIND`).
        lists: Column -> JSONPath into the row; a column of lists of texts.
        others: The column that holds all keys not declared, as a JSON object; else they are errors.
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
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])
    lists: Mapping[str, str] = field(default_factory=dict[str, str])
    others: str = ""
    number: str = ""
    position: str = ""
    expected: tuple[str, ...] = ()
    expected_inside: tuple[str, ...] = ()
    keep_partial: bool = False
    block_size: int = BLOCK_SIZE

    def check(self, file: RawFile, columns: Columns) -> None:
        """Compare the keys of the first rows with the declared ones."""
        with file.open() as stream:
            for piece in islice(self._pieces(stream, file.name), 1):
                self._check(piece, file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the first rows, then yield blocks of whole elements."""
        self.check(file, columns)

        def rest() -> Iterator[Block]:
            with file.open() as stream:
                for piece in self._pieces(stream, file.name):
                    yield from self._blocks(piece, columns)

        return rest()

    def _pieces(self, stream: IO[bytes], name: str) -> Pieces:
        label = (*self.carry, self.key, "")[0]
        return Pieces(stream, name, self.block_size, label=label, keep_partial=self.keep_partial)

    def _blocks(self, piece: Piece, columns: Columns) -> Iterator[Block]:
        size = int(piece.elements.ends[-1])
        if not self.explode or len(piece.data) <= 4 * self.block_size:
            yield Block(size, partial(self._parse, piece, columns))
            return
        rows = nested(piece, self.explode)
        count = max(1, -(-len(rows.starts) // _ROWS))
        for part in range(count):
            share = rows.part(part * _ROWS, (part + 1) * _ROWS)
            yield Block(size // count, partial(self._parse, piece, columns, share, first=part == 0))

    def _parse(
        self, piece: Piece, columns: Columns, rows: Nested | None = None, *, first: bool = True
    ) -> Batch:
        shape = self._shape(columns)
        if not self.explode:
            given = partial(self._given, piece, columns)
            return as_batch(
                typed_rows(self._spans(piece), shape, columns, piece.elements.reasons, given), (), columns
            )
        rows = nested(piece, self.explode) if rows is None else rows
        outer = self._outer(piece, columns)
        known = {
            row: f"its element: {outer.lost[owner]}"
            for row, owner in enumerate(rows.owners.tolist() if outer.lost else ())
            if owner in outer.lost
        }
        typed = typed_rows(
            _inside(piece, rows),
            shape,
            columns,
            {**rows.reasons, **known},
            lambda places: self._carried(outer, rows, places),
        )
        return as_batch(typed, _childless(outer, rows) if first else (), columns)

    def _keys(self, columns: Columns) -> tuple[str, ...]:
        """The declared columns that are keys of a row's own object."""
        made = {*self.kinds, *self.lists, *self.carry, self.others, self.number, self.position}
        return tuple(name for name in columns.names if name not in made)

    def _shape(self, columns: Columns) -> Shape:
        keys = self._keys(columns)
        return Shape(
            wanted=Wanted(keys=keys, kinds=self.kinds, lists=self.lists),
            required=tuple(key for key in keys if key in columns.required),
            others=self.others,
            ignored=(self.without,) if self.without else (),
        )

    def _spans(self, piece: Piece) -> Spans:
        """The elements of the file themselves."""
        starts, ends = piece.elements.starts, piece.elements.ends
        if not self.without:
            return Spans(piece.data, starts, ends, starts, piece.offset)
        head = heads(piece, self.without)
        return Spans(head.data, head.starts, head.ends, starts, piece.offset)

    def _given(self, piece: Piece, columns: Columns, places: Ints) -> list[pl.Series]:
        """Columns that the place of an element gives."""
        given: list[pl.Series] = []
        if self.number:
            given.append(pl.Series(self.number, places + piece.first))
        if self.key and piece.keys is not None:
            numbers: list[int] = places.tolist()
            keys = [cast("str | None", json.loads(piece.keys[number])) for number in numbers]
            given.append(pl.Series(self.key, keys, dtype=pl.String).cast(columns.dtypes[self.key]))
        return given

    def _outer(self, piece: Piece, columns: Columns) -> _Outer:
        """The elements that rows are inside of."""
        head = heads(piece, self.explode)
        spans = Spans(head.data, head.starts, head.ends, piece.elements.starts, piece.offset)
        shape = Shape(
            wanted=Wanted(keys=self.carry, kinds={_ARRAY: self.explode}, lists={}),
            required=tuple(key for key in self.carry if key in columns.required),
            strict=False,
        )
        given = partial(self._given, piece, columns)
        typed = typed_rows(spans, shape, columns, piece.elements.reasons, given)
        kinds = typed.frame[_ARRAY].cast(pl.String).to_list()
        refused = list(typed.refused)
        for place, kind in zip(typed.places.tolist(), kinds, strict=True):
            if kind not in {"absent", "null"} and place not in head.emptied:
                escaped = f"the key {self.explode} is spelt with escapes"
                why = escaped if kind == "array" else f"{self.explode} is a JSON {kind} instead of an array"
                order = int(spans.order[place])
                refused.append(Refused(order, [located(why, piece.offset + order)], spans.raw(place)))
        orders = [one.order for one in refused]
        numbers: list[int] = np.searchsorted(spans.order, orders).tolist()
        lost = {number: one.reasons[0] for number, one in zip(numbers, refused, strict=True)}
        return _Outer(typed, dict(zip(numbers, refused, strict=True)), lost)

    def _carried(self, outer: _Outer, rows: Nested, places: Ints) -> list[pl.Series]:
        """Columns that the outer element and the place in it give."""
        frame = outer.typed.frame.drop(_ARRAY)
        given = frame[np.searchsorted(outer.typed.places, rows.owners[places])].get_columns()
        if self.position:
            given.append(pl.Series(self.position, rows.positions[places]))
        return given

    def _check(self, piece: Piece, where: str, columns: Columns) -> None:
        shape = self._shape(columns)
        wanted, required = shape.known, (*shape.required, *self.expected)
        found = _keys_of(_inside(piece, nested(piece, self.explode)) if self.explode else self._spans(piece))
        extra = [] if self.others else [key for key in found if key not in wanted]
        if self.explode and not found:
            # Elements without rows are data, and elements that have no place for rows are other data.
            head = heads(piece, self.explode)
            starts = piece.elements.starts
            found = _keys_of(Spans(head.data, head.starts, head.ends, starts, piece.offset))
            required = (self.explode,)
        missing = [key for key in required if key not in found]
        if found and (missing or extra):
            shown = extra or [key for key in found if key not in wanted]
            raise DriftError(where, found=found, missing=missing, extra=shown)
        if self.expected_inside:
            found = _keys_of(_inside(piece, nested(piece, self.without)))
            missing = [key for key in self.expected_inside if key not in found]
            if found and missing:
                raise DriftError(where, found=found, missing=missing, extra=found)


@dataclass(frozen=True, slots=True)
class _Outer:
    """Elements that rows are inside of: those that could be read, the others, and why."""

    typed: Typed
    refused: dict[int, Refused]
    lost: dict[int, str]


def _keys_of(spans: Spans) -> list[str]:
    """The keys that the first objects have, in order."""
    wanted = Wanted(keys=("any",), kinds={}, lists={})
    rows = read_rows(spans.data, spans.starts[:_LOOKED_AT], spans.ends[:_LOOKED_AT], wanted, {})
    layouts: list[str] = rows.layout.unique(maintain_order=True).to_list()
    return list(dict.fromkeys(key for layout in layouts for key in key_list(layout)))


def _inside(piece: Piece, rows: Nested) -> Spans:
    return Spans(piece.data, rows.starts, rows.ends, rows.starts, piece.offset)


def _childless(outer: _Outer, rows: Nested) -> list[Refused]:
    """The unreadable elements that no row stands for."""
    parents = set(rows.owners.tolist())
    return [one for number, one in outer.refused.items() if number not in parents]
