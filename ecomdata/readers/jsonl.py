"""JSON lines: one object a line, under declared keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import polars as pl

from ecomdata.columns import Columns
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import EXACT, Batch, Block, integer_limits, undeclared, unreadable
from ecomdata.readers.exact import Record, records, rejected_frame
from ecomdata.readers.textblocks import BLOCK_SIZE, record_blocks

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half a character, which JSON can spell and UTF-8 cannot."""
_LARGE: Final = 1 << 1000


class _Spelt(float):
    """A number that is no integer, with its spelling: ``1.10`` is not to become 1.1, nor 1e999 Infinity."""

    text: str = ""


def _spelt(text: str) -> _Spelt:
    number = _Spelt(text)
    number.text = text
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """A reader of JSON lines. A line with a key that is missing or not declared is rejected.

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
            row, reasons = ([], reasons) if reasons else self._row(fields, columns)
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

    def _row(self, fields: dict[str, object], columns: Columns) -> tuple[list[object], list[str]]:
        other = {alias: name for name, aliases in columns.aliases.items() for alias in aliases}
        named = fields if self.rest else {other.get(key, key): item for key, item in fields.items()}
        if len(named) != len(fields):
            return [], ["a key stands beside its other name"]
        dtypes = columns.dtypes
        reasons = [f"key {n} is missing" for n in columns.required if n not in named and n != self.rest]
        reasons += [f"key {name!r} is not expected" for name in named if name not in dtypes]
        for name, dtype in dtypes.items():
            item = named.get(name)
            if item is not None and name in self.loose:
                item = named[name] = _loosened(item, dtype)
            if item is not None and not _fits(item, dtype):
                reasons.append(f"{name}: {_json(item)[:60]!r} is not {str(dtype).lower()}")
        return [named.get(name) for name in columns.names], reasons


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ; with two alike, one of the values would be lost."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise ValueError(f"key {twice!r} stands twice")
    return fields


def _loads(text: str) -> object:
    """The JSON value, or the exception that says why there is none."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_spelt)
    except (ValueError, RecursionError) as error:
        return error


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
    try:
        return _dumps(value, ascii_only=ascii_only)
    except RecursionError:  # nested hundreds deep: what is written in C goes deeper
        return json.dumps(value, ensure_ascii=ascii_only)


def _dumps(value: object, *, ascii_only: bool) -> str:
    dumps = partial(_dumps, ascii_only=ascii_only)
    if isinstance(value, _Spelt):
        return value.text
    if isinstance(value, list):
        return f"[{', '.join(map(dumps, cast('list[object]', value)))}]"
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return f"{{{', '.join(f'{dumps(key)}: {dumps(item)}' for key, item in items)}}}"
    return json.dumps(value, ensure_ascii=ascii_only)


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


def _fits(item: object, dtype: pl.DataType) -> bool:
    if dtype == pl.String:
        return isinstance(item, str) and (item.isascii() or not _SURROGATE.search(item))
    if dtype == pl.Boolean:
        return isinstance(item, bool)
    if dtype.is_integer():
        low, high = integer_limits(dtype)
        return isinstance(item, int) and not isinstance(item, bool) and low <= item <= high
    if dtype.is_float():
        whole = isinstance(item, int) and not isinstance(item, bool) and abs(item) <= _LARGE
        return whole or isinstance(item, float)
    if isinstance(dtype, pl.List) and isinstance(item, list):
        inner = dtype.inner
        items = cast("list[object]", item)
        return isinstance(inner, pl.DataType) and all(i is None or _fits(i, inner) for i in items)
    return False
