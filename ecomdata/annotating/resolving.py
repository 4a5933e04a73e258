"""What an item's label is in the end: what an adjudicator said, else what its annotators agree on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

import polars as pl

Source = Literal["adjudicated", "consensus", "majority", "single", "disputed"]
SOURCES: Final[tuple[Source, ...]] = ("adjudicated", "consensus", "majority", "single", "disputed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The label of an item.

    Attributes:
        item_id: The item.
        value: The label in the form of judgements; None where it is disputed.
        source: ``adjudicated``: somebody decided; ``consensus``: two or more said the same;
            ``majority``: more than half did; ``single``: one person answered; ``disputed``: no answer has
            more than half.
        annotators: How many answered.
        agreement: The share of pairs of answers that are the same; None with one answer.
    """

    item_id: int
    value: str | None
    source: Source
    annotators: int
    agreement: float | None


def resolve(judgements: pl.DataFrame, adjudicated: Mapping[int, str]) -> list[Resolved]:
    """The label of every item that was answered or adjudicated, by item.

    Args:
        judgements: ``item_id``, ``value``.
        adjudicated: Item -> what an adjudicator said, in the form of judgements.
    """
    answers: dict[int, list[str]] = {item: [] for item in adjudicated}
    for item, value in judgements.sort("item_id", "value").select("item_id", "value").iter_rows():
        answers.setdefault(item, []).append(value)
    return [_resolved(item, answers[item], adjudicated.get(item)) for item in sorted(answers)]


def _resolved(item: int, values: list[str], decided: str | None) -> Resolved:
    counted = Counter(values).most_common(1)
    value, times = counted[0] if counted else (None, 0)
    source: Source
    if decided is not None:
        value, source = decided, "adjudicated"
    elif len(values) == 1:
        source = "single"
    elif times == len(values):
        source = "consensus"
    elif times * 2 > len(values):
        source = "majority"
    else:
        value, source = None, "disputed"
    return Resolved(
        item_id=item, value=value, source=source, annotators=len(values), agreement=_agreement(values)
    )


def _agreement(values: Iterable[str]) -> float | None:
    pairs = [one == other for one, other in combinations(values, 2)]
    return sum(pairs) / len(pairs) if pairs else None


def to_adjudicate(resolved: Iterable[Resolved]) -> list[Resolved]:
    """The items on which people disagree and nobody decided yet: disputed ones, then those with a majority.

    Within each, where fewer pairs agree comes first.
    """
    open_ones = [one for one in resolved if one.source in {"disputed", "majority"}]
    return sorted(open_ones, key=lambda one: (one.source == "majority", one.agreement or 0.0, one.item_id))
