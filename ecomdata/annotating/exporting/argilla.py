"""Argilla's records as JSON, as ``rg.Dataset.records.from_json`` reads them.

See https://docs.argilla.io/latest/reference/argilla/records/records (``Record.to_dict``) and, for the values
of questions, https://docs.argilla.io/latest/how_to_guides/dataset. A question has one suggestion: the last.
Offsets of spans count Unicode code points, as Argilla's server does. A person's id there is a UUID, here one
made of the name; the names, in the order of the responses, are in the metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from ecomdata.annotating.exporting.pieces import Piece

if TYPE_CHECKING:
    from ecomdata.annotating.task import Task

_PEOPLE: Final = "https://github.com/ecomdata/annotators/"


def records(task: Task, pieces: Iterator[Piece]) -> Iterator[dict[str, Any]]:
    """An Argilla record for each item."""
    for piece in pieces:
        yield {
            "id": str(piece.item_id),
            "fields": {name: None if value is None else str(value) for name, value in piece.content.items()},
            "metadata": {
                "row_id": piece.row_id,
                "annotators": [str(answer["annotator"]) for answer in piece.answers],
                **({} if piece.source is None else {"source": piece.source}),
            },
            "suggestions": _suggestions(task, piece),
            "responses": _responses(task, piece),
            "vectors": {},
            "status": "completed" if piece.source not in {None, "disputed"} else "pending",
        }


def user_id(name: str) -> str:
    """The UUID of a person."""
    return str(uuid5(NAMESPACE_URL, _PEOPLE + name))


def _suggestions(task: Task, piece: Piece) -> dict[str, Any]:
    if not piece.suggestions:
        return {}
    last = piece.suggestions[-1]
    return {
        question: {"value": value, "score": last["confidence"], "agent": f"{last['source']} {last['model']}"}
        for question, value in _values(task, last["answer"]).items()
    }


def _responses(task: Task, piece: Piece) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for answer in piece.answers:
        for question, value in _values(task, answer["answer"]).items():
            response = {"value": value, "user_id": user_id(answer["annotator"])}
            found.setdefault(question, []).append(response)
    return found


def _values(task: Task, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each question."""
    if "score" in answer:
        return {task.name: answer["score"]}
    if "labels" in answer:
        return {task.name: list(answer["labels"]) if task.multiple else answer["labels"][0]}
    return {
        f"{task.name}_{field.column}": [
            {name: span[name] for name in ("start", "end", "label")}
            for span in answer["spans"]
            if span["field"] == field.column
        ]
        for field in task.texts
    }
