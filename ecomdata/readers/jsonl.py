"""JSON lines: one object a line, under declared keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, NamedTuple, cast

import polars as pl

from ecomdata.columns import Columns
from ecomdata.errors import DataError
from ecomdata.plainjson import is_deeper
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import EXACT, Batch, Block, integer_limits, undeclared, unreadable
from ecomdata.readers.exact import Record, records, rejected_frame
from ecomdata.readers.textblocks import BLOCK_SIZE, record_blocks

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half a character, which JSON can spell and UTF-8 cannot."""
_LARGE: Final = 1 << 1000
_ASCII: Final = json.JSONEncoder()
_PLAIN: Final = json.JSONEncoder(ensure_ascii=False)
_DEEPEST: Final = 200
"""Levels of a line. Python's own bound depends on its version, and on where it is called."""
_TOO_DEEP: Final = ValueError(f"it is nested more than {_DEEPEST} levels deep")


class _Spelt(float):
    """A number that is no integer, with its spelling: ``1.10`` is not to become 1.1, nor 1e999 Infinity."""

    text: str = ""


def _spelt(text: str) -> _Spelt:
    number = _Spelt(text)
    number.text = text
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """A reader of JSON lines. A line that is too deep, or with a key missing or not declared, is rejected.

    Attributes:
        block_size: Bytes read at a time.
        rest: The declared column that takes every key that is not declared, as a JSON object; null where
            there is none.
        loose: Declared columns that may come in any type that says the same: any value for text (as JSON,
            unless it is text), whole floats for integers.
    """

    block_size: int = BLOCK_SIZE
    rest: str = ""
    loose: tuple[str, ...] = ()

    def misfits(self, columns: Columns) -> list[str]:
        """What of a declaration it cannot do."""
        named = undeclared(columns, rest=filter(None, [self.rest]), loose=self.loose)
        return named + unreadable(self, columns.dtypes, lists=True)

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check the keys of the first line."""
        with file.open() as stream:
            self._check(stream.readline(self.block_size), file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the first line, then yield blocks of whole lines."""
        self.check(file, columns)

        def rest() -> Iterator[Block]:
            with file.open() as stream:
                for data in record_blocks(stream, size=self.block_size):
                    yield Block(len(data), partial(self._parse, data, columns))

        return rest()

    def _check(self, line: bytes, where: str, columns: Columns) -> None:
        value = _loads(line.decode("utf-8-sig", errors="replace"))
        if not isinstance(value, dict):
            raise DataError(
                f"{where}: the first line is not a JSON object",
                hint="load the file as upstream released it, one JSON object a line",
            )
        keys = list(cast("dict[str, object]", value))
        if self.rest:
            columns.pick(keys, where, rest=self.rest)
        else:
            columns.match(keys, where)

    def _parse(self, data: bytes, columns: Columns) -> Batch:
        shape = self._shape(columns)
        good: list[Record] = []
        values: list[list[object]] = []
        rejected: list[tuple[Record, list[str]]] = []
        blank = 0
        taken: set[tuple[str, str]] = set()
        unverified: set[str] = set()
        for record in records(data, quoted=False):
            if not record.text.strip():
                blank += 1
                continue
            fields, reasons = _fields(record)
            if not reasons and self.rest:
                picked = columns.taken(fields, rest=self.rest)
                unverified.update(fields.keys() - picked.values())
                taken |= columns.places(picked, rest=self.rest)
                fields = _sorted_out(fields, picked, self.rest)
            row, reasons = ([], reasons) if reasons else self._row(fields, shape)
            if reasons:
                rejected.append((record, reasons))
            else:
                good.append(record)
                values.append(row)
        return Batch(
            frame=pl.DataFrame(values, schema=columns.dtypes, orient="row"),
            span=data.count(b"\n") + (not data.endswith(b"\n")),
            raw=lambda positions: [good[p].text for p in positions],
            rows=pl.Series([record.row for record in good], dtype=pl.Int64),
            rejected=rejected_frame(rejected),
            dropped={"blank line": blank} if blank else {},
            unverified=frozenset(unverified),
            taken=frozenset(taken),
        )

    def _row(self, fields: dict[str, object], shape: _Shape) -> tuple[list[object], list[str]]:
        other = shape.other
        named = {other.get(key, key): item for key, item in fields.items()} if other else fields
        if len(named) != len(fields):
            return [], ["a key stands beside its other name"]
        reasons = [f"key {name} is missing" for name in shape.required if name not in named]
        reasons += [f"key {name!r} is not expected" for name in named if name not in shape.fits]
        row: list[object] = []
        for name, fits in shape.fits.items():
            item = named.get(name)
            if item is not None and name in shape.loose:
                item = _loosened(item, shape.loose[name])
            if item is not None and not fits(item):
                reasons.append(f"{name}: {_json(item)[:60]!r} is not {str(shape.dtypes[name]).lower()}")
            row.append(item)
        return row, reasons

    def _shape(self, columns: Columns) -> _Shape:
        dtypes = columns.dtypes
        other = {alias: name for name, aliases in columns.aliases.items() for alias in aliases}
        return _Shape(
            other={} if self.rest else other,
            required=[name for name in columns.required if name != self.rest],
            dtypes=dtypes,
            fits={name: _fitting(dtype) for name, dtype in dtypes.items()},
            loose={name: dtypes[name] for name in self.loose},
        )


class _Shape(NamedTuple):
    """What a row has to be: worked out once a block, for there are many rows.

    Attributes:
        other: Alias -> declared name.
        required: Keys that no row may lack.
        dtypes: Column -> declared type, and ...
        fits: ... what tells whether a value is of it.
        loose: Columns that may come in another type -> declared type.
    """

    other: Mapping[str, str]
    required: Sequence[str]
    dtypes: Mapping[str, pl.DataType]
    fits: Mapping[str, Callable[[object], bool]]
    loose: Mapping[str, pl.DataType]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ; with two alike, one of the values would be lost."""
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"key {key!r} stands twice")
        seen.add(key)
    return fields


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_spelt)


def _loads(text: str) -> object:
    """The JSON value, or the exception that says why there is none."""
    try:
        value: object = _DECODER.decode(text)
    except ValueError as error:
        return error
    except RecursionError:
        return _TOO_DEEP
    # Only what has so many brackets can be so deep, and counting the levels takes its time.
    brackets = text.count("[") + text.count("{")
    return _TOO_DEEP if brackets > _DEEPEST and is_deeper(value, _DEEPEST) else value


def _fields(record: Record) -> tuple[dict[str, object], list[str]]:
    """The object of a line, and why there is none."""
    if record.reason:
        return {}, [record.reason]
    value = _loads(record.text.removeprefix("\ufeff"))
    if isinstance(value, Exception):
        return {}, [f"not JSON: {value}"]
    if not isinstance(value, dict):
        return {}, [f"a JSON {type(value).__name__} instead of an object"]
    return cast("dict[str, object]", value), []


def _sorted_out(fields: dict[str, object], picked: dict[str, str], rest: str) -> dict[str, object]:
    """The object under declared names, the keys that have none together as JSON."""
    others = {key: item for key, item in fields.items() if key not in picked.values()}
    named = {name: fields[key] for name, key in picked.items()}
    return {**named, rest: _json(others)} if others else named


def _json(value: object, *, ascii_only: bool = True) -> str:
    """JSON as :func:`json.dumps` has it, but with numbers as they were spelt."""
    if isinstance(value, str):
        return (_ASCII if ascii_only else _PLAIN).encode(value)
    if isinstance(value, _Spelt):
        return value.text
    if isinstance(value, list):
        items = [_json(item, ascii_only=ascii_only) for item in cast("list[object]", value)]
        return f"[{', '.join(items)}]"
    if isinstance(value, dict):
        encode = (_ASCII if ascii_only else _PLAIN).encode
        pairs = cast("dict[str, object]", value).items()
        texts = [f"{encode(key)}: {_json(item, ascii_only=ascii_only)}" for key, item in pairs]
        return f"{{{', '.join(texts)}}}"
    return str(value) if type(value) is int else _ASCII.encode(value)


def _loosened(item: object, dtype: pl.DataType) -> object:
    """A value in another type that says the same; itself where there is none."""
    if dtype == pl.String and not isinstance(item, str):
        return _json(item, ascii_only=False)
    if dtype.is_integer() and isinstance(item, float) and item.is_integer() and abs(item) <= EXACT:
        return int(item)
    if isinstance(dtype, pl.List) and isinstance(item, list):
        inner = dtype.inner
        items = cast("list[object]", item)
        return [_loosened(one, inner) for one in items] if isinstance(inner, pl.DataType) else items
    return item


@cache
def _fitting(dtype: pl.DataType) -> Callable[[object], bool]:
    """What tells whether a value, not null, is of a type. A truth value is no integer."""
    if dtype == pl.String:
        return _is_text
    if dtype == pl.Boolean:
        return lambda item: isinstance(item, bool)
    if dtype.is_integer():
        low, high = integer_limits(dtype)
        return lambda item: type(item) is int and low <= item <= high
    if dtype.is_float():
        return lambda item: isinstance(item, float) or (type(item) is int and abs(item) <= _LARGE)
    inner = dtype.inner if isinstance(dtype, pl.List) else None
    if not isinstance(inner, pl.DataType):
        return lambda _: False
    fits = _fitting(inner)
    return lambda item: (
        isinstance(item, list) and all(one is None or fits(one) for one in cast("list[object]", item))
    )


def _is_text(item: object) -> bool:
    return isinstance(item, str) and (item.isascii() or not _SURROGATE.search(item))
