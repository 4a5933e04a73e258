"""How often the suggester, and each person, is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from ecomdata.annotating.measuring.estimates import Estimate, proportion
from ecomdata.annotating.measuring.judgements import Scale, label_of, parts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class of a classifier's answers against labels.

    Attributes:
        label: The class.
        precision: Of the items (or spans) that were given it, the share that have it; None where none were.
        recall: Of those that have it, the share that were given it; None where none have.
        f1: Twice the items that are right, by those of both sides together, so 0 where none was given;
            None where none has it and none was given it.
        n: How many have it.
        given: How many were given it.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    n: int
    given: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanScore:
    """Exact spans of all labels together: field, both ends and label are the same.

    Attributes:
        precision: Of the spans that were given, the share that is right; None where none were.
        recall: Of the right spans, the share that was given; None where there are none.
        f1: Twice the spans that are the same, by those of both sides together, so 0 where none was given;
            None where both sides have none.
        n: How many are right.
        given: How many were given.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    n: int
    given: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """A classifier's answers against labels.

    Attributes:
        exact: The share of items with exactly the right answer.
        macro_f1: The mean F1 of the classes that have one; a class that was never given counts as 0.
        classes: Each class.
        spans: Of a task of spans: all of them together.
    """

    exact: Estimate
    macro_f1: float | None
    classes: tuple[ClassScore, ...]
    spans: SpanScore | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "exact": self.exact.as_dict(),
            "macro_f1": self.macro_f1,
            "classes": [asdict(one) for one in self.classes],
            **({} if self.spans is None else {"spans": asdict(self.spans)}),
        }


def accuracy(pairs: pl.DataFrame, scale: Scale) -> Accuracy:
    """Score answers against labels.

    Args:
        pairs: ``label`` (what is right) and ``given``, both in the form of judgements; a row an item.
        scale: What can be answered. Of spans, each is right that is in the labels exactly.
    """
    exact = pairs.filter(pl.col("label") == pl.col("given")).height
    counted = _counted(pairs, scale)
    classes = tuple(
        ClassScore(label=label, **_scores(*(counts[label] for counts in counted))) for label in scale.values
    )
    scores = [one.f1 for one in classes if one.f1 is not None]
    together = SpanScore(**_scores(*(counts.total() for counts in counted)))
    return Accuracy(
        exact=proportion(exact, pairs.height),
        macro_f1=float(np.mean(scores)) if scores else None,
        classes=classes if pairs.height else (),
        spans=together if scale.kind == "spans" else None,
    )


def _counted(pairs: pl.DataFrame, scale: Scale) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How often each label was given and is right, is right, and was given."""
    hits, n, given = Counter[str](), Counter[str](), Counter[str]()
    for values in pairs.select("label", "given").iter_rows():
        right, told = (set(parts_of(value, scale)) for value in values)
        for counts, parts in ((hits, right & told), (n, right), (given, told)):
            counts.update(map(label_of, parts))
    return hits, n, given


def _scores(hits: int, n: int, given: int) -> dict[str, Any]:
    return {
        "precision": hits / given if given else None,
        "recall": hits / n if n else None,
        "f1": 2 * hits / (n + given) if n + given else None,
        "n": n,
        "given": given,
    }


def gold_accuracy(judgements: pl.DataFrame, gold: Mapping[int, str]) -> dict[str, Estimate]:
    """The share of each person's answers to gold items that are the gold answer.

    Args:
        judgements: ``item_id``, ``annotator``, ``value``.
        gold: Item -> its known answer, in the form of judgements.
    """
    asked = judgements.with_columns(
        gold=pl.col("item_id").replace_strict(dict(gold), default=None, return_dtype=pl.String)
    ).drop_nulls("gold")
    return {
        str(name): proportion(
            asked.filter(pl.col("annotator") == name, pl.col("value") == pl.col("gold")).height,
            asked.filter(annotator=name).height,
        )
        for name in judgements["annotator"].unique().sort()
    }
