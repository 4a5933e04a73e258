"""JSON lines that hold what is declared and nothing odd, by the compiled loops that read JSON arrays.

A line with anything else (a value of another type, bytes that are no text, two objects) is not looked at
again here, so that :mod:`ecomdata.readers.jsonl` alone decides what is wrong with it, and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ecomdata.columns import Columns
from ecomdata.readers.exact import Record
from ecomdata.readers.jsonobjects import (
    ARRAY,
    BOOLEAN,
    ESCAPED,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    Objects,
    Values,
    read_objects,
)
from ecomdata.readers.jsonpieces import Places, Room
from ecomdata.readers.jsontyped import is_utf8
from ecomdata.readers.jsonvalues import as_json, fields, fitting, loads
from ecomdata.readers.textblocks import decode

Mask = npt.NDArray[np.bool_]
_NEWLINE: Final = 10
_RETURN: Final = 13
_LARGE: Final = 1e300
"""Numbers beyond are looked at one by one: Python has integers that no float can hold."""
_SCALAR: Final = r"-?[1-9][0-9]{0,99}|0|true|false|-?[0-9]{1,100}[.eE][0-9.eE+-]{1,100}"
"""Numbers and truth values that are written again just as they are spelt."""
_MEMBER: Final = rf'^"[ !#-\[\]-~]*": (?:"[ !#-\[\]-~]*"|null|{_SCALAR})$'
"""The same of members."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of a block start and end, without what breaks them."""

    data: bytes
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, data: bytes) -> Lines:
        """All lines; what stands behind the last break is one, unless that is nothing."""
        codes = np.frombuffer(data, dtype=np.uint8)
        breaks = np.flatnonzero(codes == _NEWLINE)
        ends = breaks if data.endswith(b"\n") else np.append(breaks, len(data))
        starts = np.append(0, breaks + 1)[: len(ends)]
        returns = (ends > starts) & (codes[ends - 1] == _RETURN)
        return cls(data, starts, ends - returns)

    def record(self, number: int) -> Record:
        """One of them."""
        data = self.data[self.starts[number] : self.ends[number]]
        text, problem = decode(data)
        return Record(number, text, data, problem)


@dataclass(frozen=True, slots=True)
class PlainLines:
    """Lines without anything odd.

    Attributes:
        frame: Their rows.
        rows: The number of the line of each, ascending.
        unverified: Keys that are not declared.
        taken: As in :class:`ecomdata.readers.base.Batch`.
    """

    frame: pl.DataFrame
    rows: npt.NDArray[np.int64]
    unverified: frozenset[str]
    taken: frozenset[tuple[str, str]]


def plain_lines(
    lines: Lines, columns: Columns, *, rest: str = "", loose: Collection[str] = ()
) -> PlainLines | None:
    """The lines that hold what is declared and nothing odd; None where the block is not UTF-8.

    Args:
        lines: The block.
        columns: What is declared; ...
        rest: ... the column of all other keys, and ...
        loose: ... the columns that may come in another type, as in :class:`ecomdata.readers.JsonLines`.
    """
    data = lines.data
    if not is_utf8(data):
        return None
    found = Room().outline(data, first=True)
    firsts, lasts = found.elements
    starts, ends = found.tape[firsts], found.tape[lasts] + 1
    numbers = np.searchsorted(lines.starts, starts, side="right") - 1
    whole = (starts == lines.starts[numbers]) & (ends == lines.ends[numbers])
    dtypes = {name: dtype for name, dtype in columns.dtypes.items() if name != rest}
    spans = firsts[whole], lasts[whole]
    objects = read_objects(data, found.tape, spans, list(dtypes))
    good = objects.states == 0
    series: dict[str, pl.Series] = {}
    for name, dtype in dtypes.items():
        values = objects.values[name]
        series[name], right = _column(values, dtype, found.tape, loose=name in loose)
        good &= right
        if name in columns.required:
            good &= values.kinds != 0
    unverified: set[str] = set()
    if rest:
        series[rest] = _others(objects, data, _names(columns), good, unverified)
    else:
        good[objects.others[0]] = False
    frame = pl.DataFrame([series[name].alias(name) for name in columns.names]).filter(good)
    return PlainLines(
        frame,
        numbers[whole][good],
        frozenset(unverified),
        _taken(objects, columns, rest, good) if rest else frozenset(),
    )


def _column(values: Values, dtype: pl.DataType, tape: Places, *, loose: bool) -> tuple[pl.Series, Mask]:
    """The values as the declared type, and which of them are of it, or null."""
    if isinstance(dtype, pl.List):
        return _lists(values, cast("pl.DataType", dtype.inner), tape, loose=loose)
    if isinstance(dtype, pl.Struct):
        return _objects(values, dtype, tape, loose=loose)
    kinds = values.kinds
    null = kinds <= NULL
    texts, halves = values.texts()
    if dtype == pl.String:
        right = null | (kinds == STRING) | (kinds == ESCAPED)
        right[halves] = False
        return _loose_texts(values, texts, right) if loose and not right.all() else (texts, right)
    if dtype == pl.Boolean:
        return texts == "true", null | (kinds == BOOLEAN)
    if dtype.is_integer():
        whole = texts.cast(dtype, strict=False)
        return whole, null | ((kinds == NUMBER) & whole.is_not_null().to_numpy())
    numbers = texts.cast(pl.Float64, strict=False)
    # Python has -0 for the integer 0, which has no sign.
    small = ((numbers.abs() < _LARGE) & (texts != "-0")).fill_null(value=False).to_numpy()
    return numbers.cast(dtype), null | ((kinds == NUMBER) & small)


def _lists(values: Values, inner: pl.DataType, tape: Places, *, loose: bool) -> tuple[pl.Series, Mask]:
    elements, edges = values.elements(tape)
    made, fine = _column(elements, inner, tape, loose=loose)
    null = values.kinds <= NULL
    odd = np.cumsum(np.append(0, ~fine))[edges]
    parts: Any = pa.array(edges), made.to_arrow()  # its stub takes them for arrays of truth values
    lists = pa.LargeListArray.from_arrays(*parts, mask=pa.array(null))
    return pl.Series(lists, dtype=pl.List(inner)), null | ((values.kinds == ARRAY) & (odd[1:] == odd[:-1]))


def _objects(values: Values, dtype: pl.Struct, tape: Places, *, loose: bool) -> tuple[pl.Series, Mask]:
    there = values.kinds == OBJECT
    firsts, lasts = (
        np.searchsorted(tape, places[there]).astype(np.int32) for places in (values.begins, values.stops - 1)
    )
    types = fields(dtype)
    objects = read_objects(values.data, tape, (firsts, lasts), list(types))
    fine = objects.states == 0
    fine[objects.others[0]] = False
    columns: dict[str, pl.Series] = {}
    for name, inner in types.items():
        columns[name], right = _column(objects.values[name], inner, tape, loose=loose)
        fine &= right
    made = pl.DataFrame(columns).to_struct()
    right = values.kinds <= NULL
    right[there] = fine
    if there.all():
        return made, right
    return made.gather(pl.Series(np.cumsum(there) - 1).set(pl.Series(~there), None)), right


def _loose_texts(values: Values, texts: pl.Series, right: Mask) -> tuple[pl.Series, Mask]:
    """Texts, and any other value as JSON."""
    kinds = values.kinds
    spelt = texts.str.contains(rf"^(?:{_SCALAR}|\[\]|\{{\}})$").fill_null(value=False).to_numpy()
    right = right | ((kinds != STRING) & (kinds != ESCAPED) & spelt)
    nested = ((kinds == ARRAY) | (kinds == OBJECT)) & ~spelt
    made: dict[int, str] = {}
    fits = fitting(pl.String())
    for row in np.flatnonzero(nested).tolist():
        found = loads(f"[{values.raw(row)}]")  # one level down, as it stands in its line
        if not isinstance(found, Exception):
            text = as_json(cast("list[object]", found)[0], ascii_only=False)
            if fits(text):
                made[row] = text
                right[row] = True
    return texts.scatter([*made], [*made.values()]), right


def _names(columns: Columns) -> frozenset[str]:
    """All names that a declared column may go by."""
    return frozenset(columns.names).union(*columns.aliases.values())


def _others(
    objects: Objects, data: bytes, known: Collection[str], good: Mask, unverified: set[str]
) -> pl.Series:
    """The other keys of each object as JSON; what is odd in them makes a line odd."""
    rows, begins, ends, _, stops = objects.others
    spelt = np.full(len(rows), ARRAY, dtype=np.uint8)
    members = pl.DataFrame(
        {
            "row": rows,
            "key": Values(data, begins + 1, ends - 1, spelt).texts()[0],
            "member": Values(data, begins, stops, spelt).texts()[0],
        }
    )
    once = pl.col("key").n_unique() == pl.len()
    found = members.group_by("row", maintain_order=True).agg(
        pl.format("{{{}}}", pl.col("member").str.join(", ")).first().alias("text"),
        plain=pl.col("member").str.contains(_MEMBER).all() & once,
    )
    plain, odd = found.filter("plain"), found.filter(~pl.col("plain"))["row"].to_numpy()
    names: list[str] = members["key"].unique().to_list()
    strange = [name for name in names if name.strip() in known]
    good[members.filter(pl.col("key").is_in(strange))["row"].to_numpy()] = False
    made: dict[int, str] = {}
    for row, text in _rest_of(objects, data, odd):
        value = loads(text)
        others = cast("dict[str, object]", value) if isinstance(value, dict) else None
        if others is None or any(key.strip() in known for key in others):
            good[row] = False
        elif good[row]:
            made[row] = as_json(others)
            unverified.update(others)
    kept = plain["row"].filter(good[plain["row"].to_numpy()])
    unverified.update(members.filter(pl.col("row").is_in(kept.implode()))["key"].unique())
    texts = pl.Series([None] * len(good), dtype=pl.String).scatter(plain["row"], plain["text"])
    return texts.scatter([*made], [*made.values()])


def _rest_of(objects: Objects, data: bytes, rows: npt.NDArray[np.int32]) -> Iterator[tuple[int, str]]:
    """The members under other keys of some objects."""
    some = replace(objects, others=objects.others[:, np.isin(objects.others[0], rows)])
    return ((row, text) for row, (_, text) in some.other_keys(data).items())


def _taken(objects: Objects, columns: Columns, rest: str, good: Mask) -> frozenset[tuple[str, str]]:
    """What each declared column was found under, for all the ways in which lines lack keys."""
    there = pl.DataFrame({name: values.kinds[good] != 0 for name, values in objects.values.items()})
    found: set[tuple[str, str]] = set()
    for pattern in there.unique().iter_rows(named=True):
        found |= columns.places({name: name for name, stands in pattern.items() if stands}, rest=rest)
    return frozenset(found)
