"""JSON lines: one object a line, under declared keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple, cast

import numpy as np
import polars as pl

from ecomdata.columns import Columns
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, undeclared, unreadable
from ecomdata.readers.exact import Record, rejected_frame
from ecomdata.readers.jsonplain import Lines, PlainLines, plain_lines
from ecomdata.readers.jsonvalues import as_json, fitting, loads, loosened, misfit, not_an_object
from ecomdata.readers.textblocks import BLOCK_SIZE, line_blocks

_LARGE: Final = 2 << 20
"""Bytes from which on the compiled loops gain more than importing them takes."""
_LARGEST: Final = 2 * BLOCK_SIZE
"""Bytes of a block; in one with a longer line there may be so many marks that their places take gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """A reader of JSON lines. A line that is too deep, or with a key missing or not declared, is rejected.

    Lists and objects are read as declared, at any depth. An object in a column may lack keys, which are then
    null; one that has others puts its line among the rejected.

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
        return named + unreadable(self, columns.dtypes, nested=True)

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check the keys of the first line."""
        with file.open() as stream:
            self._check(stream.readline(self.block_size), file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the first line, then yield blocks of whole lines."""
        self.check(file, columns)
        return line_blocks(file, partial(self._parse, columns=columns), size=self.block_size)

    def _check(self, line: bytes, where: str, columns: Columns) -> None:
        value = loads(line.decode("utf-8-sig", errors="replace"))
        if not isinstance(value, dict):
            raise DataError(
                f"{where}: the first line is not a JSON object",
                hint=f"load the file as upstream released it, one JSON object a line{_other_form(line)}",
            )
        keys = list(cast("dict[str, object]", value))
        if self.rest:
            columns.pick(keys, where, rest=self.rest)
        else:
            columns.match(keys, where)

    def _parse(self, data: bytes, columns: Columns) -> Batch:
        lines = Lines.of(data)
        odd = np.ones(len(lines.starts), dtype=np.bool_)
        plain = None
        if _LARGE <= len(data) <= _LARGEST:
            plain = plain_lines(lines, columns, rest=self.rest, loose=self.loose)
        if plain is not None:
            odd[plain.rows] = False
        found = self._each(map(lines.record, np.flatnonzero(odd).tolist()), columns, span=len(odd))
        return found if plain is None else _merged(plain, found, lines)

    def _each(self, each: Iterable[Record], columns: Columns, *, span: int) -> Batch:
        """Parse records one at a time, and say of each what is odd in it."""
        shape = self._shape(columns)
        good: list[Record] = []
        values: list[list[object]] = []
        rejected: list[tuple[Record, list[str]]] = []
        blank = 0
        taken: set[tuple[str, str]] = set()
        unverified: set[str] = set()
        for record in each:
            if not record.text.strip():
                blank += 1
                continue
            fields, reasons = _fields(record)
            if not reasons and self.rest:
                picked = columns.taken(fields, rest=self.rest)
                unverified.update(fields.keys() - picked.values())
                taken |= columns.places(picked, rest=self.rest)
                fields = _sorted_out(fields, picked, self.rest)
            row: list[object] = []
            if not reasons:
                row, reasons = self._row(fields, shape)
            if reasons:
                rejected.append((record, reasons))
            else:
                good.append(record)
                values.append(row)
        return Batch(
            frame=pl.DataFrame(values, schema=columns.dtypes, orient="row"),
            span=span,
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
                item = loosened(item, shape.loose[name])
            if item is not None and not fits(item):
                reasons.append(misfit(item, shape.dtypes[name], name))
            row.append(item)
        return row, reasons

    def _shape(self, columns: Columns) -> _Shape:
        dtypes = columns.dtypes
        other = {alias: name for name, aliases in columns.aliases.items() for alias in aliases}
        return _Shape(
            other={} if self.rest else other,
            required=[name for name in columns.required if name != self.rest],
            dtypes=dtypes,
            fits={name: fitting(dtype) for name, dtype in dtypes.items()},
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


def _merged(plain: PlainLines, found: Batch, lines: Lines) -> Batch:
    """The plain lines of a block and all others, in order."""
    frame, rows = plain.frame, plain.rows
    if found.frame.height:
        rows = np.concatenate([rows, cast("pl.Series", found.rows).to_numpy()])
        order = np.argsort(rows)
        frame, rows = pl.concat([frame, found.frame])[order], rows[order]

    def raw(positions: Sequence[int]) -> list[str]:
        return [lines.record(int(rows[position])).text for position in positions]

    return replace(
        found,
        frame=frame,
        raw=raw,
        rows=pl.Series(rows),
        unverified=found.unverified | plain.unverified,
        taken=found.taken | plain.taken,
    )


def _other_form(line: bytes) -> str:
    """What the loader would say if upstream itself wrote this, where that can be told from the first line."""
    start = line.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return "; where upstream writes one array, its loader says so: JsonArray()"
    if start.startswith((b"{'", b"{u'")):
        return "; where upstream writes Python's literals, its loader parses them (docs/add-a-dataset.md)"
    return ""


def _fields(record: Record) -> tuple[dict[str, object], list[str]]:
    """The object of a line, and why there is none."""
    if record.reason:
        return {}, [record.reason]
    value = loads(record.text.removeprefix("\ufeff"))
    if not isinstance(value, dict):
        return {}, [not_an_object(value)]
    return cast("dict[str, object]", value), []


def _sorted_out(fields: dict[str, object], picked: dict[str, str], rest: str) -> dict[str, object]:
    """The object under declared names, the keys that have none together as JSON."""
    others = {key: item for key, item in fields.items() if key not in picked.values()}
    named = {name: fields[key] for name, key in picked.items()}
    return {**named, rest: as_json(others)} if others else named
