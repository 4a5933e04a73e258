"""Reading what a model said: an answer to the task, or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

from ecomdata.annotating.answers import Answer, validate
from ecomdata.annotating.task import Task
from ecomdata.errors import UsageError
from ecomdata.plainjson import parsed


def read_reply(task: Task, content: Mapping[str, object], text: str) -> Answer | None:
    """The answer that a reply is, or None where it is anything else.

    Args:
        task: The task.
        content: What the item shows, by column.
        text: The reply. Prose around the JSON, labels outside the set, other fields, a text that does not
            stand in the item: all of that is no answer.
    """
    try:
        value: object = parsed(text)
        return validate(task, content, _as_answer(task, content, value))
    except (ValueError, KeyError, TypeError, UsageError):
        return None


def _as_answer(task: Task, content: Mapping[str, object], value: object) -> dict[str, Any]:
    """The answer in the form that is stored: one label is a list of one, spans have offsets."""
    said = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if task.kind == "labels" and not task.multiple:
        if set(said) != {"label"}:
            raise ValueError("one label was asked for")
        return {"labels": [said["label"]]}
    if task.kind == "spans" and set(said) == {"spans"}:
        return {"spans": _located(content, said["spans"])}
    return said


def _located(content: Mapping[str, object], spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Spans with the places of their texts, which models cannot count: each next one after the one before."""
    after: defaultdict[tuple[str, str], int] = defaultdict(int)
    found: list[dict[str, Any]] = []
    for span in spans:
        if set(span) != {"field", "text", "label"} or not span["text"]:
            raise ValueError("a span has a field, a text and a label")
        field, text = str(span["field"]), str(span["text"])
        start = str(content.get(field) or "").index(text, after[field, text])
        after[field, text] = start + len(text)
        found.append({"field": field, "start": start, "end": start + len(text), "label": span["label"]})
    return found
