"""Which items come first."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ecomdata.annotating.draws import draws
from ecomdata.annotating.settings import Settings

if TYPE_CHECKING:
    import numpy.typing as npt

    from ecomdata.annotating.records import Suggestion


def order_of(connection: sqlite3.Connection, settings: Settings, seed: int) -> Sequence[int]:
    """All items without a known answer in the order that holds while no round says otherwise.

    Shuffled by the seed, or, with the strategy ``stratified``, the clusters in turns, each shuffled: so small
    clusters are labelled as often as large ones until they are exhausted.
    """
    rows = connection.execute("SELECT item_id, cluster FROM items WHERE gold IS NULL ORDER BY item_id")
    numbered = np.array([(row[0], -1 if row[1] is None else row[1]) for row in rows], dtype=np.int64)
    items, clusters = numbered[:, 0], numbered[:, 1]
    shuffled = draws(seed, "order", items).argsort(kind="stable")
    if settings.strategy == "stratified":
        shuffled = shuffled[_turns(clusters[shuffled]).argsort(kind="stable")]
    return items[shuffled].tolist()


def _turns(clusters: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The number of items of the same cluster before each."""
    order = clusters.argsort(kind="stable")
    of_cluster = clusters[order]
    first = np.searchsorted(of_cluster, of_cluster, side="left")
    turns = np.empty(len(clusters), dtype=np.int64)
    turns[order] = np.arange(len(clusters)) - first
    return turns


def least_certain(suggestions: Iterable[Suggestion]) -> list[int]:
    """The items of the suggestions, the one that the model is least sure of first.

    Source: least-confidence sampling (Lewis and Gale, "A sequential algorithm for training text
    classifiers", SIGIR 1994). Items without an answer are what the model knows least of.
    """
    return [one.item_id for one in sorted(suggestions, key=lambda one: (_confidence(one), one.item_id))]


def _confidence(suggestion: Suggestion) -> float:
    return suggestion.confidence if suggestion.outcome == "ok" and suggestion.confidence is not None else 0.0


def disputed(latest: Iterable[tuple[int, str, float | None]], labels: Mapping[int, object]) -> list[int]:
    """The items on which suggesters disagree, those with the most different answers first.

    Of as many, the one of whose answers the suggesters are surest comes first: there at least one of them is
    surely mistaken. Items that have a label already are left out.

    Args:
        latest: Item, answer and confidence of the latest suggestion of each suggester.
        labels: Items with a label.
    """
    answers: defaultdict[int, set[str]] = defaultdict(set)
    sure: defaultdict[int, float] = defaultdict(float)
    for item, answer, confidence in latest:
        if item not in labels:
            answers[item].add(answer)
            sure[item] += confidence or 0.0
    apart = [item for item, different in answers.items() if len(different) > 1]
    return sorted(apart, key=lambda item: (-len(answers[item]), -sure[item], item))
