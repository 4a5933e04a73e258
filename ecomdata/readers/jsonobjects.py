"""JSON objects at known places as columns: where each value is, and its text."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ecomdata.readers.base import EXACT, integer_limits
from ecomdata.readers.jsonpieces import Places

KIND: Final = pl.Enum(["absent", "null", "string", "number", "boolean", "array", "object"])
"""What can stand under a key, in the order of the codes in :mod:`ecomdata.readers.jsonsyntax`."""

NULL, STRING, NUMBER, BOOLEAN, ARRAY, OBJECT, ESCAPED = range(1, 8)
Codes = npt.NDArray[np.uint8]
Edges = npt.NDArray[np.int64]
_NO_ARRAYS: Final = np.zeros((3, 0), dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Values:
    """Values of some rows: where each starts and ends in the bytes, and what it is."""

    data: bytes
    begins: Places
    stops: Places
    kinds: Codes

    def of(self, rows: npt.NDArray[np.bool_]) -> Values:
        """Those of some rows."""
        return Values(self.data, self.begins[rows], self.stops[rows], self.kinds[rows])

    def spelt(self) -> Values:
        """The same as they are spelt in the file: strings with their quotes, null as a word."""
        quotes = ((self.kinds == STRING) | (self.kinds == ESCAPED)).astype(np.int32)
        kinds = np.where(self.kinds == 0, self.kinds, np.uint8(ARRAY))
        return Values(self.data, self.begins - quotes, self.stops + quotes, kinds)

    def kind(self) -> pl.Series:
        """What they are."""
        return pl.Series(np.where(self.kinds == ESCAPED, np.uint8(STRING), self.kinds)).cat.to(KIND)

    def raw(self, row: int) -> str:
        """One of them as it is spelt."""
        return self.data[self.begins[row] : self.stops[row]].decode()

    def texts(self) -> tuple[pl.Series, list[int]]:
        """A string's content, anything else as it is spelt, null for null; and where half a character is."""
        array, halves = self.arrow()
        return pl.Series(array), halves

    def arrow(self) -> tuple[pa.LargeStringArray, list[int]]:
        """The same as an Arrow array."""
        from ecomdata.readers.jsonkernels import gather

        there = self.kinds > NULL
        out = np.empty(int((self.stops - self.begins)[there].sum(dtype=np.int64)), dtype=np.uint8)
        edges = np.empty(len(there) + 1, dtype=np.int64)
        halves = np.zeros(len(there), dtype=np.uint8)
        codes = np.frombuffer(self.data, dtype=np.uint8)
        count = gather(codes, self.begins, self.stops, self.kinds, out, edges, halves)
        valid = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little").data)
        buffers = pa.py_buffer(edges.data), pa.py_buffer(out.data), valid
        array = cast("pa.LargeStringArray", pa.LargeStringArray.from_buffers(len(there), *buffers))
        return array, np.flatnonzero(halves).tolist() if count else []

    def elements(self, tape: Places) -> tuple[Values, Edges]:
        """The elements of all arrays, and the number of the first of each, with how many there are."""
        from ecomdata.readers.jsonkernels import elements

        codes = np.frombuffer(self.data, dtype=np.uint8)
        return self._inside(2, partial(elements, codes, tape, self.begins, self.stops, self.kinds))

    def picked(self, key: str, tape: Places) -> tuple[pl.Series, list[int]]:
        """Of each array the texts under one key of its objects; and the rows with half a character."""
        from ecomdata.readers.jsonkernels import picked

        codes, name = (np.frombuffer(text, dtype=np.uint8) for text in (self.data, key.encode()))
        find = partial(picked, codes, tape, self.begins, self.stops, self.kinds, name)
        found, edges = self._inside(len(name) + 5, find)
        inner, halves = found.arrow()
        lists = pl.Series(cast("Any", pa.LargeListArray).from_arrays(edges, inner))  # its stub knows no numpy
        return lists, (np.searchsorted(edges, halves, side="right") - 1).tolist()

    def _inside(
        self, least: int, find: Callable[[Places, Places, Codes, Edges], int]
    ) -> tuple[Values, Edges]:
        """What a loop finds in all arrays, each in ``least`` bytes or more, and where that of each begins."""
        room = int((self.stops - self.begins)[self.kinds == ARRAY].sum(dtype=np.int64)) // least + 1
        begins, stops = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        kinds, edges = np.empty(room, dtype=np.uint8), np.empty(len(self.kinds) + 1, dtype=np.int64)
        count = find(begins, stops, kinds, edges)
        return Values(self.data, begins[:count], stops[:count], kinds[:count]), edges


@dataclass(frozen=True, slots=True)
class Objects:
    """What is in some objects.

    Attributes:
        values: Wanted key -> its values.
        states: What each object is found to be (see :mod:`ecomdata.readers.jsonkernels`); 0 is fine.
        jumps: The number of the array that was not looked into, or -1.
        others: The members under other keys, as :func:`ecomdata.readers.jsonkernels.members` has them.
    """

    values: dict[str, Values]
    states: Codes
    jumps: Places
    others: Places

    def other_keys(self, data: bytes) -> dict[int, tuple[list[bytes], str]]:
        """Object -> its other keys as they are spelt, and these members as they are spelt, as an object."""
        found: dict[int, tuple[list[bytes], str]] = {}
        spelt = ((row, data[a:b], data[c:d]) for row, a, b, c, d in self.others.T.tolist())
        for row, members in itertools.groupby(spelt, lambda member: member[0]):
            pairs = [(key, value) for _, key, value in members]
            text = b", ".join(key + b": " + value for key, value in pairs).decode()
            found[row] = [key for key, _ in pairs], f"{{{text}}}"
        return found


def read_objects(
    data: bytes,
    tape: Places,
    spans: tuple[Places, Places],
    keys: Sequence[str],
    arrays: Places = _NO_ARRAYS,
    passed: str = "",
) -> Objects:
    """Find the values of keys in objects.

    Args:
        data: The bytes.
        tape: Their marks.
        spans: The first and the last mark of each object.
        keys: The wanted keys.
        arrays: The arrays right inside the objects; needed with ``passed`` alone.
        passed: The wanted key whose array is not looked into.
    """
    from ecomdata.readers.jsonkernels import members

    firsts, lasts = spans
    shape = len(keys), len(firsts)
    names = [key.encode() for key in keys]
    edges = np.cumsum([0, *map(len, names)], dtype=np.int64)
    states, jumps = np.empty(len(firsts), dtype=np.uint8), np.empty(len(firsts), dtype=np.int32)
    room, count = len(firsts) + 100, -1
    codes, joined = (np.frombuffer(text, dtype=np.uint8) for text in (data, b"".join(names)))
    number = keys.index(passed) if passed else -1
    while True:
        begins, stops = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32)
        kinds, others = np.zeros(shape, dtype=np.uint8), np.empty((5, room), dtype=np.int32)
        count = members(
            *(codes, tape, firsts, lasts, joined, edges, number, arrays[0], arrays[1]),
            *(begins, stops, kinds, states, jumps, others),
        )
        if count <= room:
            break
        room = count
    found = {key: Values(data, begins[i], stops[i], kinds[i]) for i, key in enumerate(keys)}
    return Objects(found, states, jumps, others[:, :count])


def typed(texts: pl.Series, dtype: pl.DataType) -> tuple[pl.Series, pl.Series | None]:
    """A text column as its declared type, and which cells failed (None when none did).

    White space alone is null in a number column; ``5.0`` is the integer 5.
    """
    if dtype == pl.String:
        return texts, None
    if dtype == pl.Boolean:
        words = {"true": True, "false": False}
        cast_ = texts.str.strip_chars().replace_strict(words, default=None, return_dtype=pl.Boolean)
    else:
        cast_ = texts.cast(dtype, strict=False)
        if cast_.null_count() == texts.null_count():
            return cast_, None
        bare = texts.str.strip_chars()
        cast_ = _integers(bare, dtype) if dtype.is_integer() else bare.cast(dtype, strict=False)
    failed = cast_.is_null() & texts.is_not_null() & (texts.str.strip_chars() != "")
    return cast_, failed if failed.any() else None


def _integers(bare: pl.Series, dtype: pl.DataType) -> pl.Series:
    whole = bare.cast(dtype, strict=False)
    number = bare.cast(pl.Float64, strict=False)
    low, high = integer_limits(dtype)
    exact = (number == number.floor()) & number.is_between(max(low, -EXACT), min(high, EXACT))
    rounded = number.set(~exact.fill_null(value=False), None).cast(dtype, strict=False)
    return whole.zip_with(whole.is_not_null(), rounded)


def cell_problem(name: str, text: str, dtype: pl.DataType) -> str:
    """What to say of a cell that is not of its column's type."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    kind = "an integer" if dtype.is_integer() else "a number" if dtype.is_numeric() else f"{dtype}".lower()
    return f"{name}: {shown!r} is not {kind}"


def key_problems(spelt: Sequence[bytes], *, expected: bool) -> list[str]:
    """What is wrong with the keys of an object that are not declared."""
    keys = [cast("str", json.loads(key)) if b"\\" in key else key[1:-1].decode() for key in spelt]
    problems = [f"key {key!r} stands twice" for key, count in Counter(keys).items() if count > 1]
    return problems if expected else problems + [f"key {key!r} is not expected" for key in keys]
