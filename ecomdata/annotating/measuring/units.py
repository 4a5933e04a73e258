"""Units of agreement: what two people may say the same of.

Where one value is chosen, the unit is the item. Where several labels are, each label of an item is a unit
that is given (``yes``) or not (``no``). Of spans it is the code point, with its label or ``(none)``; code
points between two ends of spans are one unit with their number as its weight, since nobody tells them apart.
Resampling is always by item, with all its units.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecomdata.annotating.measuring.judgements import NOTHING, Scale, Span, parts_of, spans_of
from ecomdata.annotating.records import from_json

Whole = NDArray[np.int64]
_YES_NO: Final = ("no", "yes")
_OVERLAP: Final = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What was said, in rows: of which unit of which item, by whom, and what.

    Attributes:
        item: The item of each row, numbered from 0.
        unit: The unit of each row, numbered from 0; units of one item stand together.
        weight: Of the row's unit.
        annotator: Who said it, numbered from 0.
        value: What, a place in ``domain``.
        domain: What can be said, in order.
        names: The annotators.
        items: How many items there are.
    """

    item: Whole
    unit: Whole
    weight: Whole
    annotator: Whole
    value: Whole
    domain: tuple[str, ...]
    names: tuple[str, ...]
    items: int

    def answered_by(self, annotator: int) -> Units:
        """All that was said of the items that this person answered."""
        rows = np.isin(self.item, self.item[self.annotator == annotator])
        return replace(
            self,
            item=self.item[rows],
            unit=self.unit[rows],
            weight=self.weight[rows],
            annotator=self.annotator[rows],
            value=self.value[rows],
        )


def units_of(
    judgements: pl.DataFrame, scale: Scale, lengths: Mapping[int, Mapping[str, int]] | None = None
) -> Units:
    """The units of agreement in judgements.

    Args:
        judgements: ``item_id``, ``annotator``, ``value``.
        scale: What can be answered.
        lengths: For spans: item -> field -> its length in code points.
    """
    names = tuple(judgements["annotator"].unique().sort())
    places = {name: place for place, name in enumerate(names)}
    rows: list[tuple[int, int, int, int, str]] = []
    unit = 0
    grouped = judgements.sort("item_id", "annotator").group_by("item_id", maintain_order=True)
    items = 0
    for (item_id, *_), group in grouped:
        answers = dict(zip(group["annotator"], group["value"], strict=True))
        long = (lengths or {}).get(int(str(item_id)), {})
        for weight, said in _said(answers, scale, long):
            rows += [(items, unit, weight, places[name], value) for name, value in said.items()]
            unit += 1
        items += 1
    domain = _domain(scale, (row[4] for row in rows))
    codes = {value: place for place, value in enumerate(domain)}
    numbers = np.array([(*row[:4], codes[row[4]]) for row in rows], dtype=np.int64).reshape(-1, 5)
    item, units, weights, who, value = numbers.T
    return Units(
        item=item, unit=units, weight=weights, annotator=who, value=value,
        domain=domain, names=names, items=items,
    )  # fmt: skip


def _domain(scale: Scale, said: Iterable[str]) -> tuple[str, ...]:
    if scale.multiple:
        return _YES_NO
    if scale.kind != "spans":
        return scale.values
    known = (NOTHING, *scale.values)
    return (*known, *sorted({*said} - {*known}))  # overlapping spans


def _said(
    answers: Mapping[str, str], scale: Scale, lengths: Mapping[str, int]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each unit of one item: its weight, and what each person said of it."""
    if scale.kind == "spans":
        yield from _segments({name: spans_of(value) for name, value in answers.items()}, lengths)
    elif scale.multiple:
        given = {name: set(parts_of(value, scale)) for name, value in answers.items()}
        for label in scale.values:
            yield 1, {name: _YES_NO[label in labels] for name, labels in given.items()}
    else:
        yield 1, dict(answers)


def _segments(
    answers: Mapping[str, list[Span]], lengths: Mapping[str, int]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Pieces of each field in which nobody's label changes."""
    fields = dict(lengths)
    for spans in answers.values():
        for field, _, end, _ in spans:
            fields[field] = max(fields.get(field, 0), end)
    for field, length in sorted(fields.items()):
        ends = {0, length}
        for spans in answers.values():
            for where, start, end, _ in spans:
                ends |= {start, end} if where == field else set()
        edges = sorted(ends)
        for low, high in pairwise(edges):
            yield high - low, {name: _label_at(spans, field, low) for name, spans in answers.items()}


def _label_at(spans: Iterable[Span], field: str, place: int) -> str:
    labels = {label for where, start, end, label in spans if where == field and start <= place < end}
    return _OVERLAP.join(sorted(labels)) or NOTHING


def lengths_of(items: pl.DataFrame, fields: Collection[str]) -> dict[int, dict[str, int]]:
    """The lengths in code points of the fields of each item in which spans may be marked.

    Args:
        items: ``item_id``, ``content``.
        fields: Those fields: a number or an address that is shown beside them is no text to agree on.
    """
    found: dict[int, dict[str, int]] = {}
    for item_id, content in items.select("item_id", "content").iter_rows():
        value: Any = from_json(content)
        found[int(item_id)] = {
            name: len(text) for name, text in value.items() if name in fields and isinstance(text, str)
        }
    return found
