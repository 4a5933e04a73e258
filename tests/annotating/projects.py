"""Small projects for tests, made without a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecomdata.annotating.pool import Pool, PoolItem
from ecomdata.annotating.project import Project
from ecomdata.annotating.records import Suggestion
from ecomdata.annotating.settings import Settings
from ecomdata.annotating.task import Task
from ecomdata.annotating.taskfile import read_task, task_of

POSITIVE = {"labels": ["positive"]}
NEGATIVE = {"labels": ["negative"]}


def task(**entries: Any) -> Task:
    """A task of two labels over one text, with other entries where given."""
    entries = {
        "name": "view",
        "question": "Is it good?",
        "kind": "labels",
        "fields": [{"column": "text"}],
        "labels": [{"key": "positive"}, {"key": "negative"}],
        **entries,
    }
    return task_of({name: value for name, value in entries.items() if value is not None}, where="test")


def make_project(
    folder: Path,
    texts: Sequence[str] | int = 10,
    *,
    task: Task | str = "sentiment",
    gold: Mapping[int, str] | None = None,
    seed: int = 0,
    **settings: Any,
) -> Project:
    """A project whose items show these texts, or so many made-up ones; ``gold`` is row -> answer as JSON."""
    if isinstance(texts, int):
        texts = [f"text {number}" for number in range(texts)]
    known = gold or {}
    items = (PoolItem(row, {"text": text}, known.get(row - 1)) for row, text in enumerate(texts, 1))
    chosen = read_task(task) if isinstance(task, str) else task
    return Project.create(
        folder, task=chosen, pool=Pool(items=items), settings=Settings(**settings), seed=seed
    )


def people(project: Project, count: int = 1) -> list[int]:
    """The numbers of so many new people."""
    before = len(project.annotators())
    for number in range(count):
        project.add_annotator(f"person {before + number}")
    return [person.annotator_id for person in project.annotators()[before:]]


def answer(project: Project, annotator: int, value: Mapping[str, Any] = POSITIVE, **options: Any) -> int:
    """Answer the next item; its number."""
    given = project.next_item(annotator)
    assert given is not None
    project.record_answer(given.assignment_id, value, **{"active_ms": 2000, "wall_ms": 3000, **options})
    return given.item_id


def suggest(project: Project, value: Mapping[str, Any] = POSITIVE, **options: Any) -> None:
    """The same suggestion for every item."""
    values = {"source": "embedded", "model": "toy", "round": 1, "confidence": 0.9, **options}
    project.add_suggestions(
        Suggestion(item_id=item_id, answer=value, **values) for item_id in project.items()["item_id"]
    )
