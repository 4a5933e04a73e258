"""What the templates are given: an item as it is shown, and never more than the person may see."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ecomdata.annotating.serving.images import image_of, listed
from ecomdata.annotating.serving.texts import visible_text

if TYPE_CHECKING:
    from markupsafe import Markup

    from ecomdata.annotating.records import Assignment, Suggestion
    from ecomdata.annotating.task import Field, Task

_MOST_BUTTONS: Final = 11
"""Scores with more values are typed."""
_HUES: Final = 8


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of an item: its column, what it is called, how its text is written, and that as HTML."""

    column: str
    title: str
    kind: str
    language: str
    direction: str
    html: Markup


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: what is stored, what people read, its key and its colour."""

    value: str
    name: str
    hotkey: str
    description: str
    hue: int


@dataclass(frozen=True, slots=True)
class ImageView:
    """An image of an item: its address where the page may load it, and what is said in its place."""

    address: str
    words: str


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A suggestion that the person may see: the answer in words and as JSON, who made it, how sure it is."""

    words: str
    answer: str
    source: str
    sure: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item: what is shown of it."""

    fields: tuple[FieldView, ...]
    images: tuple[ImageView, ...]
    pair: bool


def item_view(task: Task, content: Mapping[str, Any], image_hosts: Collection[str]) -> ItemView:
    """An item of the pool as it is shown."""
    fields = tuple(_field(field, content.get(field.column)) for field in task.fields)
    texts = [field for field in fields if field.kind == "text"]
    return ItemView(fields, tuple(_images(task, content, image_hosts)), pair=len(texts) == 2)


def _field(field: Field, value: object) -> FieldView:
    text = "" if value is None else str(value)
    title = field.title or field.column
    return FieldView(field.column, title, field.kind, field.language, field.direction, visible_text(text))


def _images(task: Task, content: Mapping[str, Any], hosts: Collection[str]) -> list[ImageView]:
    addresses = listed(content.get(task.images) if task.images else None)
    views: list[ImageView] = []
    for number, value in enumerate(addresses, 1):
        found = image_of(value)
        if found is None:
            views.append(ImageView("", f"Image {number}: its address is not one that can be shown"))
        elif found.host in hosts:
            views.append(ImageView(found.address, f"Image {number} of {len(addresses)}"))
        else:
            views.append(ImageView("", f"Image {number}: on {found.host}, not loaded"))
    return views


def options_of(task: Task) -> tuple[Option, ...]:
    """What may be chosen; nothing where a number is typed."""
    if task.score is None:
        return tuple(
            Option(label.key, label.name or label.key, label.hotkey, label.description, number % _HUES)
            for number, label in enumerate(task.labels)
        )
    values = task.score.values
    if len(values) > _MOST_BUTTONS:
        return ()
    steps = task.score.steps or ("",) * len(values)
    return tuple(
        Option(str(value), step or str(value), _digit(value, values), "", 0)
        for value, step in zip(values, steps, strict=True)
    )


def _digit(value: int, values: range) -> str:
    """The key of a score: its digit, and 0 for 10 where nothing else has it."""
    if 0 <= value <= 9:
        return str(value)
    return "0" if value == 10 and 0 not in values else ""


def suggestion_view(task: Task, assignment: Assignment) -> SuggestionView | None:
    """The suggestion, where the person may see it: never in the blind arm."""
    suggestion = assignment.suggestion
    if assignment.arm != "shown" or suggestion is None or suggestion.answer is None:
        return None
    return SuggestionView(
        words=in_words(task, suggestion.answer, assignment.content),
        answer=json.dumps(suggestion.answer, ensure_ascii=False),
        source=_source(suggestion),
        sure="" if suggestion.confidence is None else f"{suggestion.confidence:.0%} sure",
    )


def _source(suggestion: Suggestion) -> str:
    names = {"embedded": "the project's own model", "endpoint": "a language model"}
    return f"{names.get(suggestion.source, suggestion.source)} ({suggestion.model})"


def in_words(task: Task, answer: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    """An answer as people read it."""
    names: dict[Any, str] = {option.value: option.name for option in options_of(task)}
    if "score" in answer:
        score = str(answer["score"])
        step = names.get(score, score)
        return score if step == score else f"{score}, {step}"
    if "labels" in answer:
        return ", ".join(names.get(key, str(key)) for key in answer["labels"]) or "none of them"
    return "; ".join(_span(span, names, content) for span in answer["spans"]) or "nothing to mark"


def _span(span: Mapping[str, Any], names: Mapping[Any, str], content: Mapping[str, Any]) -> str:
    text = str(content.get(span["field"], ""))
    return f"{names.get(span['label'], span['label'])}: {text[span['start'] : span['end']]}"


@dataclass(frozen=True, slots=True)
class BeforeView:
    """An answer that was undone: what was chosen, the spans as JSON, the comment, and the time it took."""

    chosen: tuple[str, ...]
    spans: str | None
    comment: str
    active_ms: int


def before_view(payload: Mapping[str, Any] | None) -> BeforeView | None:
    """The answer to go on from, as its event holds it; None where there is none."""
    if payload is None:
        return None
    answer = payload["answer"]
    chosen = [*answer.get("labels", ()), *([answer["score"]] if "score" in answer else ())]
    spans = json.dumps(answer["spans"], ensure_ascii=False) if "spans" in answer else None
    return BeforeView(tuple(map(str, chosen)), spans, payload["comment"] or "", payload["active_ms"])


def pace(seconds: float | None) -> str:
    """A duration as people say it."""
    if seconds is None:
        return ""
    if seconds >= 90:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
