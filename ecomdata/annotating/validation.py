"""How good the embedded suggester is: labels that it has not learnt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ecomdata.annotating.draws import draw
from ecomdata.annotating.suggesting.embedded import Embedded, Labelled
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project

SHARE: Final = 0.2
"""Of the labels, those that are held out; seed and item say which, so it is the same in every round."""


def held_out(labelled: Labelled, seed: int) -> tuple[Labelled, Labelled]:
    """The labels to learn from, and those that are held out."""
    out = [draw(seed, "held out", item.item_id) < SHARE for item, _ in labelled]
    return (
        [one for one, held in zip(labelled, out, strict=True) if not held],
        [one for one, held in zip(labelled, out, strict=True) if held],
    )


def told(project: Project, learnt: Labelled, tested: Labelled) -> list[Mapping[str, Any]] | None:
    """What a model that has learnt from some items says of others; None where it cannot learn from them."""
    try:
        model = Embedded(project.task, learnt, seed=project.seed, least=2)
    except UsageError:
        return None
    suggestions = model.suggest([item for item, _ in tested], round_number=0)
    return [one.answer or {} for one in suggestions]


def score(project: Project, learnt: Labelled, tested: Labelled) -> float | None:
    """The share of the held-out labels that are told exactly right, or None where none is held out."""
    answers = told(project, learnt, tested) if tested else None
    if answers is None:
        return None
    return sum(answer == label for answer, (_, label) in zip(answers, tested, strict=True)) / len(tested)


def positive_f1(
    answers: Sequence[Mapping[str, Any]] | None,
    labels: Sequence[Mapping[str, Any]],
    is_positive: Callable[[Mapping[str, Any]], bool],
) -> float:
    """The F1 score of telling positive items from others: 2 TP / (2 TP + FP + FN); 0 where there is none.

    Source: van Rijsbergen, "Information Retrieval", 1979, chapter 7.
    """
    if answers is None:
        return 0.0
    pairs = [(is_positive(one), is_positive(other)) for one, other in zip(answers, labels, strict=True)]
    right = sum(one and other for one, other in pairs)
    wrong = sum(one != other for one, other in pairs)
    return 2 * right / (2 * right + wrong) if right or wrong else 0.0
