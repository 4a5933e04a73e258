"""Answers: what people and models may say of an item, checked against the task and the item.

As JSON an answer is ``{"labels": [keys]}``, ``{"score": number}``, or ``{"spans": [{"field", "start", "end",
"label"}]}``. Offsets count Unicode code points, from 0; ``end`` is the first one that is not in the span.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from ecomdata.annotating.records import to_json
from ecomdata.annotating.task import Task
from ecomdata.errors import UsageError
from ecomdata.plainjson import parsed


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of a text: the field's column, code points ``start`` to ``end``, and the label's key."""

    field: str
    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that fits its task: labels in the order of the set, spans in the order of the text.

    Attributes:
        labels: Keys of labels, of a task of labels.
        score: The number, of a task of scores.
        spans: The spans, of a task of spans.
    """

    labels: tuple[str, ...] | None = None
    score: int | None = None
    spans: tuple[Span, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The answer as JSON-ready values."""
        if self.labels is not None:
            return {"labels": list(self.labels)}
        if self.spans is not None:
            return {"spans": [asdict(span) for span in self.spans]}
        return {"score": self.score}

    def as_json(self) -> str:
        """The answer as JSON; equal answers are equal texts."""
        return to_json(self.as_dict())


def validate(task: Task, content: Mapping[str, object], value: object) -> Answer:
    """The answer, checked and in its one form.

    Args:
        task: The task.
        content: What the item shows, by column.
        value: An answer as JSON-ready values, from anyone.

    Raises:
        UsageError: it is no answer to the task: a label outside the set, a score outside its range, a span
            outside the text.
    """
    entry = _entry(value)
    if set(entry) == {task.kind}:
        check = {"labels": _labels, "score": _score, "spans": _spans}[task.kind]
        return check(task, content, entry[task.kind])
    raise UsageError(f"an answer to {task.name} is {{{task.kind!r}: ...}}, not {_short(value)}")


def parse_answer(task: Task, content: Mapping[str, object], text: str) -> Answer:
    """The answer that a JSON text holds; see :func:`validate`.

    Raises:
        UsageError: it is no JSON, or no answer to the task.
    """
    try:
        value: object = parsed(text)
    except ValueError as error:
        raise UsageError(f"an answer is JSON, not {_short(text)}") from error
    return validate(task, content, value)


def _labels(task: Task, _content: Mapping[str, object], value: object) -> Answer:
    keys = _listed("labels", value)
    for key in keys:
        _check_label(task, key)
    chosen = tuple(key for key in task.label_keys if key in keys)
    if len(chosen) != len(keys):
        raise UsageError("a label is given twice")
    if not task.multiple and len(chosen) != 1:
        raise UsageError(f"{task.name} takes exactly one label, not {len(chosen)}")
    return Answer(labels=chosen)


def _score(task: Task, _content: Mapping[str, object], value: object) -> Answer:
    if task.score is None:  # a task of this kind has one; its reader sees to it
        raise UsageError(f"{task.name} has no scores")
    if not isinstance(value, int) or isinstance(value, bool) or value not in task.score.values:
        raise UsageError(
            f"the score is a whole number from {task.score.low} to {task.score.high}, not {_short(value)}"
        )
    return Answer(score=value)


def _spans(task: Task, content: Mapping[str, object], value: object) -> Answer:
    spans = [_span(task, content, one) for one in _listed("spans", value)]
    if len(set(spans)) != len(spans):
        raise UsageError("a span is given twice")
    return Answer(spans=tuple(sorted(spans)))


def _span(task: Task, content: Mapping[str, object], value: object) -> Span:
    entry = _entry(value)
    if set(entry) != {"field", "start", "end", "label"}:
        raise UsageError(f"a span has field, start, end and label, which {_short(value)} has not")
    column, start, end = entry["field"], entry["start"], entry["end"]
    if column not in [field.column for field in task.texts]:
        raise UsageError(f"{task.name} has no field of texts {_short(column)}")
    _check_label(task, entry["label"])
    text = content.get(column)
    length = len(text) if isinstance(text, str) else 0
    if not (type(start) is int and type(end) is int and 0 <= start < end <= length):
        raise UsageError(
            f"a span from {_short(start)} to {_short(end)} is not within the {length} characters of {column}"
        )
    return Span(column, start, end, entry["label"])


def _entry(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _listed(what: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise UsageError(f"{what} are a list, not {_short(value)}")
    return cast("list[object]", value)


def _check_label(task: Task, key: object) -> None:
    if key not in task.label_keys:
        raise UsageError(
            f"{_short(key)} is not in the label set of {task.name}",
            hint=f"it has {', '.join(task.label_keys)}",
        )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
