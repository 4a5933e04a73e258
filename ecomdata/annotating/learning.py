"""How a task is learnt: of labels and scores by a classifier, of spans by a dictionary."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np

from ecomdata.annotating.classifier import FinalClassifier
from ecomdata.annotating.dictionary import FinalDictionary
from ecomdata.annotating.draws import library_seed
from ecomdata.annotating.logs import scale_of
from ecomdata.annotating.task import Task
from ecomdata.errors import UsageError

Split = tuple[list[int], list[int]]
"""Places to learn from, and places to try."""
_NO_SPAN: Final = "[]"
"""The form of an answer without spans."""


class Model(Protocol):
    """What was learnt."""

    def predict(self, items: Sequence[Any], /) -> Iterator[tuple[str, float]]:
        """The answer to each item as its learner reads it, in the form of judgements, and how sure it is."""
        ...

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as a file that holds data alone."""
        ...


class Learner(Protocol):
    """What learns a task.

    Attributes:
        file: The name of the model's file.
        baseline: What the scores stand beside.
    """

    file: str
    baseline: str

    def reads(self, content: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a text, or all of it
        """What it reads of what an item shows."""
        ...

    def fit(self, items: Sequence[Any], values: Sequence[str]) -> Model:
        """Learn from items as it reads them, and their labels in the form of judgements."""
        ...

    def plain(self, values: Sequence[str]) -> str:
        """What the baseline says of every item, after it has seen these labels."""
        ...

    def splits(self, groups: Sequence[str], values: Sequence[str], folds: int) -> list[Split]:
        """Parts of a cross-validation, at most ``folds``; no group is on both sides of one."""
        ...


class Classifying:
    """Learns labels and scores from the text that an item shows; parts are stratified by label."""

    file: str = "model.npz"
    baseline: str = "most frequent label"

    def __init__(self, task: Task, *, seed: int = 0) -> None:
        self._task, self._seed = task, library_seed(seed)

    def reads(self, content: Mapping[str, Any]) -> str:
        """The text."""
        return self._task.text_of(content)

    def fit(self, items: Sequence[str], values: Sequence[str]) -> FinalClassifier:
        """Train the classifier; see there."""
        return FinalClassifier.fit(items, values, scale_of(self._task), seed=self._seed)

    def plain(self, values: Sequence[str]) -> str:
        """The most frequent label."""
        return Counter(values).most_common(1)[0][0]

    def splits(self, groups: Sequence[str], values: Sequence[str], folds: int) -> list[Split]:
        """Parts in which labels are as frequent as in all; fewer where a label has fewer different texts.

        Raises:
            UsageError: there are not two labels with two different texts each.
        """
        from sklearn.model_selection import StratifiedGroupKFold

        different = Counter(value for value, _ in {*zip(values, groups, strict=True)})
        often = [count for count in different.values() if count > 1]
        if len(often) < 2:
            raise UsageError(
                "two labels with two different texts each are needed to hold some out",
                hint="label more items",
            )
        splitter: Any = StratifiedGroupKFold(min(folds, *often), shuffle=True, random_state=self._seed)
        numbers: Any = np.unique(groups, return_inverse=True)[1]
        with warnings.catch_warnings():
            # A label with fewer texts than parts is not in all of them, which is so and need not be said.
            warnings.simplefilter("ignore", UserWarning)
            return [
                (seen.tolist(), held.tolist())
                for seen, held in splitter.split(list(groups), list(values), numbers)
            ]


class Marking:
    """Learns spans as a dictionary of pieces; different texts are dealt to parts at random."""

    file: str = "model.json"
    baseline: str = "marking nothing"

    def __init__(self, task: Task, *, seed: int = 0) -> None:
        self._task, self._seed = task, library_seed(seed)

    def reads(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """All of it."""
        return content

    def fit(self, items: Sequence[Mapping[str, Any]], values: Sequence[str]) -> FinalDictionary:
        """Make the dictionary; see there."""
        return FinalDictionary.fit(items, values, self._task)

    def plain(self, values: Sequence[str]) -> str:  # noqa: ARG002 - it says the same whatever they are
        """No span."""
        return _NO_SPAN

    def splits(self, groups: Sequence[str], values: Sequence[str], folds: int) -> list[Split]:
        """Parts with as many different texts each, of those items with spans and of those without.

        Raises:
            UsageError: there are not two different texts with spans.
        """
        marked = sorted({group for group, value in zip(groups, values, strict=True) if value != _NO_SPAN})
        if len(marked) < 2:
            raise UsageError(
                f"two different texts with spans are needed to hold one out, and there are {len(marked)}",
                hint="label more items, or adjudicate",
            )
        parts = min(folds, len(marked))
        drawing = np.random.default_rng(self._seed)
        part: dict[str, int] = {}
        for dealt in (marked, sorted({*groups} - {*marked})):
            places = (drawing.permutation(len(dealt)) % parts).tolist()
            part |= dict(zip(dealt, places, strict=True))
        own = [part[group] for group in groups]
        return [
            (
                [place for place, mine in enumerate(own) if mine != number],
                [place for place, mine in enumerate(own) if mine == number],
            )
            for number in range(parts)
        ]


def learner_of(task: Task, *, seed: int = 0) -> Learner:
    """What learns a task."""
    return (Marking if task.kind == "spans" else Classifying)(task, seed=seed)
