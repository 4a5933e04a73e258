"""The embedded suggester: a small model, trained on the labels so far, with no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ecomdata.annotating.answers import Answer
from ecomdata.annotating.measuring.estimates import Floats
from ecomdata.annotating.records import Item, Suggestion
from ecomdata.annotating.suggesting.classifier import TextClassifier
from ecomdata.annotating.suggesting.surfaces import SurfaceForms
from ecomdata.annotating.task import Task
from ecomdata.errors import UsageError

LEAST_LABELS: Final = 20
"""Labelled items that it needs, whatever the task."""
Labelled = Sequence[tuple[Item, Mapping[str, Any]]]
"""Items with their labels, answers as JSON-ready values."""
Tell = Callable[[Sequence[Item]], Iterator[tuple[Answer, float]]]
"""What gives the answer and the confidence for each item."""


class Embedded:
    """A suggester that has learnt from labels; see :class:`ecomdata.annotating.suggesting.base.Suggester`.

    Labels are told by logistic regression, several labels by one for each. A score is told as an ordered
    label: the median of the probabilities, which is least far off on average. Spans are marked as before.

    Raises:
        UsageError: there are fewer than 20 labels, or all are the same.
    """

    source: Final = "embedded"

    def __init__(self, task: Task, labelled: Labelled, *, seed: int = 0, least: int = LEAST_LABELS) -> None:
        self._task = task
        if len(labelled) < least:
            raise UsageError(
                f"the embedded suggester needs {least} labelled items, and there are {len(labelled)}",
                hint="label some more first: ecomdata annotate serve",
            )
        learn = {"labels": self._learn_labels, "score": self._learn_scores, "spans": self._learn_spans}
        self._tell: Tell = learn[task.kind](labelled, seed)

    @property
    def model(self) -> str:
        """The model's name."""
        return "surface-forms" if self._task.kind == "spans" else "tfidf-logistic"

    def suggest(self, items: Sequence[Item], *, round_number: int) -> Iterator[Suggestion]:
        """One suggestion for each item, in order."""
        for item, (answer, confidence) in zip(items, self._tell(items), strict=True):
            yield Suggestion(
                item_id=item.item_id,
                source=self.source,
                model=self.model,
                round=round_number,
                answer=answer.as_dict(),
                confidence=round(confidence, 6),
            )

    def text_of(self, item: Item) -> str:
        """What it reads of an item."""
        return self._task.text_of(item.content)

    def _texts(self, items: Sequence[Item]) -> list[str]:
        return [self.text_of(item) for item in items]

    def _learn_labels(self, labelled: Labelled, seed: int) -> Tell:
        if self._task.multiple:
            return self._learn_each(labelled, seed)
        keys = self._task.label_keys
        model = self._classifier(labelled, [keys.index(answer["labels"][0]) for _, answer in labelled], seed)

        def tell(items: Sequence[Item]) -> Iterator[tuple[Answer, float]]:
            for row in model.probabilities(self._texts(items)):
                best = int(row.argmax())
                yield Answer(labels=(keys[model.classes[best]],)), float(row[best])

        return tell

    def _learn_scores(self, labelled: Labelled, seed: int) -> Tell:
        model = self._classifier(labelled, [answer["score"] for _, answer in labelled], seed)

        def tell(items: Sequence[Item]) -> Iterator[tuple[Answer, float]]:
            for row in model.probabilities(self._texts(items)):
                middle = min(int(np.searchsorted(row.cumsum(), 0.5)), len(row) - 1)
                yield Answer(score=model.classes[middle]), float(row[middle])

        return tell

    def _learn_each(self, labelled: Labelled, seed: int) -> Tell:
        """A yes or no for each label; one that all or no items have is as it always was."""
        texts = self._texts([item for item, _ in labelled])
        told: list[tuple[str, TextClassifier | float]] = []
        for key in self._task.label_keys:
            has = [int(key in answer["labels"]) for _, answer in labelled]
            told.append((key, TextClassifier(texts, has, seed=seed) if 0 < sum(has) < len(has) else has[0]))

        def tell(items: Sequence[Item]) -> Iterator[tuple[Answer, float]]:
            columns = [_yes(model, self._texts(items)) for _, model in told]
            for row in np.array(columns).T:
                keys = tuple(key for (key, _), share in zip(told, row, strict=True) if share >= 0.5)
                yield Answer(labels=keys), float(np.maximum(row, 1 - row).min())

        return tell

    def _learn_spans(self, labelled: Labelled, _seed: int) -> Tell:
        forms = SurfaceForms.learnt(self._task, [(item.content, answer) for item, answer in labelled])
        return lambda items: (forms.suggest(item.content) for item in items)

    def _classifier(self, labelled: Labelled, classes: Sequence[int], seed: int) -> TextClassifier:
        if len(set(classes)) < 2:
            raise UsageError(
                f"all {len(labelled)} labels are the same, so there is nothing to learn",
                hint="label some more first",
            )
        return TextClassifier(self._texts([item for item, _ in labelled]), classes, seed=seed)


def _yes(model: TextClassifier | float, texts: Sequence[str]) -> Floats:
    if isinstance(model, float | int):
        return np.full(len(texts), float(model))
    return np.array([row[model.classes.index(1)] for row in model.probabilities(texts)])
