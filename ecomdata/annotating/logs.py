"""The log of a project in the form in which it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ecomdata.annotating.measuring.judgements import JUDGEMENTS, Scale, values_of

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project
    from ecomdata.annotating.task import Task


def scale_of(task: Task) -> Scale:
    """What can be answered to a task."""
    scores = map(str, task.score.values) if task.score else ()
    return Scale(kind=task.kind, values=task.label_keys or tuple(scores), multiple=task.multiple)


def judgements_of(project: Project) -> pl.DataFrame:
    """The answers that count; see :mod:`ecomdata.annotating.measuring.judgements`."""
    scale = scale_of(project.task)
    answers = project.answers()
    return answers.select(
        "item_id",
        "annotator",
        "arm",
        "round",
        seconds=pl.col("active_ms") / 1000,
        value=values_of(answers["answer"], scale),
        suggested=values_of(answers["suggestion"], scale),
        at="at",
    ).cast(pl.Schema(JUDGEMENTS))


def suggestions_of(project: Project) -> pl.DataFrame:
    """All suggestions with ``value``, their answer in the form of judgements."""
    suggestions = project.suggestions()
    return suggestions.with_columns(value=values_of(suggestions["answer"], scale_of(project.task)))


def gold_of(project: Project) -> dict[int, str]:
    """Gold item -> its known answer in the form of judgements."""
    gold = project.items().drop_nulls("gold")
    return dict(zip(gold["item_id"], values_of(gold["gold"], scale_of(project.task)), strict=True))
