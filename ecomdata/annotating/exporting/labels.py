"""The labelled table: a row for each item that was answered or decided on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import polars as pl

from ecomdata.annotating.adjudicating import resolved_items
from ecomdata.annotating.logs import gold_of, scale_of
from ecomdata.annotating.measuring.judgements import Scale, answer_of
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project


def label_type(scale: Scale) -> pl.DataType:
    """The type of the column ``label``: a key, a list of keys, a number, or a list of spans."""
    if scale.kind == "score":
        return pl.Int64()
    if scale.kind == "spans":
        span = {"field": pl.String(), "start": pl.Int64(), "end": pl.Int64(), "label": pl.String()}
        return pl.List(pl.Struct(span))
    return pl.List(pl.String()) if scale.multiple else pl.String()


def labels_frame(project: Project) -> pl.DataFrame:
    """The labelled table, by item.

    Columns: ``item_id``; ``row_id``, the row of the pool's table, from 1; ``label`` (null where people
    disagree and nobody decided); ``source`` (see :mod:`ecomdata.annotating.resolving`); ``annotators``, how
    many answered; ``saw_suggestion``, how many of them saw one; ``agreement``, the share of pairs of answers
    that are the same; ``round``, the latest round of suggestions in which it was answered; ``cluster``;
    ``model``, whose suggestion there was, shown or hidden; ``gold``, whether its answer was known.

    Raises:
        UsageError: nothing is labelled yet.
    """
    scale = scale_of(project.task)
    resolved = resolved_items(project)
    if not resolved:
        raise UsageError(
            f"nothing in {project.folder} is labelled yet", hint="export it once people answered"
        )
    answers = (
        project.answers()
        .group_by("item_id")
        .agg(
            pl.col("round").max(),
            saw_suggestion=(pl.col("arm") == "shown").sum().cast(pl.Int64),
            model=pl.concat_str("source", "model", separator=" ").drop_nulls().last(),
        )
    )
    items = project.items().select("item_id", "row_id", "cluster")
    table = pl.DataFrame(
        {
            "item_id": [one.item_id for one in resolved],
            "label": label_column([one.value for one in resolved], scale),
            "source": pl.Series([one.source for one in resolved], dtype=pl.String),
            "annotators": pl.Series([one.annotators for one in resolved], dtype=pl.Int64),
            "agreement": pl.Series([one.agreement for one in resolved], dtype=pl.Float64),
        },
        schema_overrides={"item_id": pl.Int64()},
    )
    gold = list(gold_of(project))
    return (
        table.join(items, on="item_id", how="left")
        .join(answers, on="item_id", how="left")
        .with_columns(pl.col("saw_suggestion").fill_null(0), gold=pl.col("item_id").is_in(gold))
        .select(
            "item_id", "row_id", "label", "source", "annotators", "saw_suggestion", "agreement", "round",
            "cluster", "model", "gold",
        )
        .sort("item_id")
    )  # fmt: skip


def label_column(values: Iterable[str | None], scale: Scale) -> pl.Series:
    """Labels in the form of judgements as a column of the task's type."""
    return pl.Series("label", [_label(value, scale) for value in values], dtype=label_type(scale))


def _label(value: str | None, scale: Scale) -> Any:  # noqa: ANN401 - its type is the task's
    if value is None:
        return None
    answer = answer_of(value, scale)
    if scale.kind == "labels" and not scale.multiple:
        return answer["labels"][0]
    return answer[scale.kind]
