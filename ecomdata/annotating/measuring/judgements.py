"""Answers as values that can be compared and counted.

A frame of judgements has a row for each answer that counts, one for each item and annotator:

    item_id     Int64
    annotator   String
    arm         shown, blind or none
    round       Int64
    seconds     Float64: active time; null where it is not known
    value       String: the answer in a form that is the same for equal answers
    suggested   String: the suggestion in the same form, also where it was hidden; null where there was none
    at          String: when, ISO 8601; sorts
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import polars as pl

from ecomdata.annotating.records import from_json
from ecomdata.annotating.task import Kind

JUDGEMENTS: Final[Mapping[str, pl.DataType]] = {
    "item_id": pl.Int64(),
    "annotator": pl.String(),
    "arm": pl.String(),
    "round": pl.Int64(),
    "seconds": pl.Float64(),
    "value": pl.String(),
    "suggested": pl.String(),
    "at": pl.String(),
}
_JOIN: Final = "+"
NOTHING: Final = "(none)"
"""The value of an answer with no label, and of text outside of all spans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What can be answered.

    Attributes:
        kind: The kind of the task.
        values: The keys of the labels, or the scores as texts, from the lowest.
        multiple: Whether an answer may have several labels.
    """

    kind: Kind
    values: tuple[str, ...]
    multiple: bool = False

    @property
    def several(self) -> bool:
        """Whether an answer is a set: any number of labels, or of spans."""
        return self.multiple or self.kind == "spans"


Span = tuple[str, int, int, str]
"""The field, where it begins and ends in Unicode code points, and the label."""


def value_of(answer: Mapping[str, Any], scale: Scale) -> str:
    """The form of an answer that equal answers share: labels and spans are in order."""
    if scale.kind == "score":
        return str(int(answer["score"]))
    if scale.kind == "spans":
        return json.dumps(sorted(_span(one) for one in answer["spans"]), ensure_ascii=False)
    return _JOIN.join(sorted(answer["labels"])) or NOTHING


def values_of(answers: pl.Series, scale: Scale) -> pl.Series:
    """The same for a series of answers as JSON; null stays null."""
    different = {
        text: value_of(cast("dict[str, Any]", from_json(text)), scale)
        for text in answers.drop_nulls().unique()
    }
    return pl.Series(
        answers.name, [None if text is None else different[text] for text in answers], dtype=pl.String
    )


def parts_of(value: str, scale: Scale) -> Sequence[str | Span]:
    """What an answer is made of: its score, its labels, or its spans."""
    if scale.kind == "spans":
        return spans_of(value)
    if value == NOTHING:
        return []
    return value.split(_JOIN) if scale.multiple else [value]


def spans_of(value: str) -> list[Span]:
    """The spans of an answer in this form."""
    return [(str(f), int(start), int(end), str(label)) for f, start, end, label in json.loads(value)]


def labels_of(value: str, scale: Scale) -> list[str]:
    """The labels of an answer, one for each span or label."""
    return [label_of(part) for part in parts_of(value, scale)]


def label_of(part: str | Span) -> str:
    """The label of a part of an answer."""
    return part if isinstance(part, str) else part[3]


def _span(one: Mapping[str, Any]) -> Span:
    return str(one["field"]), int(one["start"]), int(one["end"]), str(one["label"])


def answer_of(value: str, scale: Scale) -> dict[str, Any]:
    """The answer that has this form, as JSON-ready values; labels in the scale's order."""
    if scale.kind == "score":
        return {"score": int(value)}
    if scale.kind == "spans":
        names = ("field", "start", "end", "label")
        return {"spans": [dict(zip(names, span, strict=True)) for span in spans_of(value)]}
    given = set(parts_of(value, scale))
    return {"labels": [label for label in scale.values if label in given]}
