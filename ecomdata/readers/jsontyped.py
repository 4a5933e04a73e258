"""JSON objects at known places as typed rows, and those that cannot be as rejected rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from ecomdata.columns import Columns
from ecomdata.readers.base import REJECTED, Batch
from ecomdata.readers.jsoncells import cell_problem, other_keys, typed_column
from ecomdata.readers.jsonrows import Rows, Wanted, layout_problems, read_rows
from ecomdata.readers.jsonscan import Ints
from ecomdata.readers.textblocks import decode

_LOCATED: Final = re.compile(r"\(byte [\d,]+\)$")


@dataclass(frozen=True, slots=True)
class Spans:
    """Where objects are.

    Attributes:
        data: The bytes that hold them.
        starts: Where each starts.
        ends: Where it ends.
        order: Where it starts among all rows of the block.
        offset: Where the block starts in the file.
    """

    data: bytes
    starts: Ints
    ends: Ints
    order: Ints
    offset: int

    def raw(self, place: int) -> bytes:
        """The bytes of one object."""
        return self.data[self.starts[place] : self.ends[place]]


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that is rejected: where it starts in the block, why, and its bytes."""

    order: int
    reasons: list[str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Typed:
    """Typed rows.

    Attributes:
        frame: One row for each object that could be typed.
        places: Per row of ``frame``, the number of its object.
        spans: Where the objects are.
        refused: The others.
    """

    frame: pl.DataFrame
    places: Ints
    spans: Spans
    refused: list[Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the keys of an object become.

    Attributes:
        wanted: What to take out of it.
        required: Keys it must have.
        others: The column with all keys not declared, or empty: then they are errors.
        ignored: Keys that are known, but not taken out.
        strict: Whether undeclared keys matter at all.
    """

    wanted: Wanted
    required: tuple[str, ...]
    others: str = ""
    ignored: tuple[str, ...] = ()
    strict: bool = True

    @property
    def known(self) -> tuple[str, ...]:
        """The keys that are not others."""
        return (*self.wanted.keys, *self.ignored)


def typed_rows(
    spans: Spans,
    shape: Shape,
    columns: Columns,
    known: Mapping[int, str],
    given: Callable[[Ints], Sequence[pl.Series]] = lambda _: (),
) -> Typed:
    """Read objects as typed rows.

    Args:
        spans: Where they are.
        shape: What to take out of each.
        columns: The declared types.
        known: Object -> why it is rejected unread.
        given: Columns that do not come out of the objects, for the objects with these numbers; where
            one is among the keys too it fills the nulls.
    """
    rows = read_rows(spans.data, spans.starts, spans.ends, shape.wanted, known)
    problems: dict[int, list[str]] = defaultdict(list)
    others = _check_keys(rows, shape, problems)
    frame = _typed_columns(rows.frame, columns, shape.wanted.keys, problems)
    for column in given(rows.places):
        filled = frame[column.name].fill_null(column) if column.name in frame.columns else column
        frame = frame.with_columns(filled.alias(column.name))
    if shape.others:
        texts = [None] * frame.height if not others.any() else _others(spans, rows, others, shape)
        frame = frame.with_columns(pl.Series(shape.others, texts, dtype=pl.String))
    bad = np.zeros(frame.height, dtype=np.bool_)
    bad[list(problems)] = True
    reasons = {place: [why] for place, why in rows.reasons.items()}
    reasons |= {int(rows.places[row]): why for row, why in problems.items()}
    refused = [_refused(spans, place, why) for place, why in reasons.items()]
    return Typed(frame.filter(~bad), rows.places[~bad], spans, refused)


def _refused(spans: Spans, place: int, reasons: list[str]) -> Refused:
    order = int(spans.order[place])
    return Refused(order, [located(why, spans.offset + order) for why in reasons], spans.raw(place))


def located(reason: str, offset: int) -> str:
    """A reason with the byte of the file at which its row starts, unless it names one."""
    return reason if _LOCATED.search(reason) else f"{reason} (byte {offset:,})"


def _check_keys(rows: Rows, shape: Shape, problems: dict[int, list[str]]) -> pl.Series:
    """Note what is wrong with the keys of rows; which rows have keys that are not declared."""
    others = pl.repeat(value=False, n=rows.frame.height, eager=True)
    for layout in rows.layout.unique().to_list():
        keys = shape.known
        found = layout_problems(layout, shape.required, keys, others=bool(shape.others) or not shape.strict)
        unknown = bool(shape.others) and bool(layout_problems(layout, (), keys, others=False))
        if found or unknown:
            mine = rows.layout == layout
            others |= mine if unknown else False
            for row in mine.arg_true().to_list() if found else ():
                problems[row] += found
    return others


def _typed_columns(
    texts: pl.DataFrame, columns: Columns, keys: Sequence[str], problems: dict[int, list[str]]
) -> pl.DataFrame:
    found: list[pl.Series] = []
    for text in texts:
        if text.name not in keys:
            found.append(text)
            continue
        dtype = columns.dtypes[text.name]
        column, failed = typed_column(text, dtype)
        found.append(column)
        for row in failed.arg_true().to_list() if failed is not None else ():
            problems[row].append(cell_problem(text.name, text[row], dtype))
    return pl.DataFrame(found)


def _others(spans: Spans, rows: Rows, others: pl.Series, shape: Shape) -> list[str | None]:
    return [
        other_keys(spans.raw(place), shape.known) if other else None
        for place, other in zip(rows.places.tolist(), others.to_list(), strict=True)
    ]


def as_batch(typed: Typed, refused: Sequence[Refused], columns: Columns) -> Batch:
    """Typed and rejected rows as a batch, numbered in the order they stand in the file."""
    refused = sorted([*typed.refused, *refused], key=lambda one: one.order)
    orders = np.concatenate(
        [typed.spans.order[typed.places], np.array([one.order for one in refused], dtype=np.int64)]
    )
    ranks = np.empty(len(orders), dtype=np.int64)
    ranks[np.argsort(orders, kind="stable")] = np.arange(len(orders))
    good = typed.frame.height
    spans, places = typed.spans, typed.places
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
        frame=columns.complete(typed.frame),
        span=len(orders),
        raw=lambda positions: [decode(spans.raw(int(places[p])))[0] for p in positions],
        rows=pl.Series(ranks[:good]),
        rejected=rejected,
    )
