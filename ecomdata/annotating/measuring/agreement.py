"""How far people agree: overall, by arm, by person, and pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import polars as pl

from ecomdata.annotating.measuring.coefficients import NO_PAIR, Level, alpha, kappa
from ecomdata.annotating.measuring.estimates import (
    FEWEST,
    Estimate,
    Floats,
    bootstrapped,
    none,
)
from ecomdata.annotating.measuring.judgements import Scale, spans_of
from ecomdata.annotating.measuring.times import ARMS
from ecomdata.annotating.measuring.units import Units, units_of

_LEVELS: Final[Mapping[str, tuple[Level, ...]]] = {
    "labels": ("nominal",),
    "score": ("nominal", "ordinal", "interval"),
    "spans": ("nominal",),
}
_UNITS: Final = {"labels": "item", "score": "item", "spans": "code point"}
MOST_PAIRS: Final = 200
"""Pairs of people with a kappa, those with the most items in common first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Cohen's kappa of two people; of scores also with quadratic weights."""

    one: str
    other: str
    kappa: Estimate
    weighted: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        weighted = {} if self.weighted is None else {"kappa_quadratic": self.weighted.as_dict()}
        return {"annotators": [self.one, self.other], "kappa": self.kappa.as_dict(), **weighted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement among people.

    Attributes:
        unit: What is agreed on: ``item``, ``label of an item`` or ``code point``.
        alpha: Krippendorff's alpha by level of measurement.
        by_arm: The same among the answers of one arm.
        by_annotator: The same on the items that this person answered.
        pairs: Pairs of people who have items in common.
        span_f1: Of spans: the F1 of exact spans between people (field, both ends and label), pooled over
            pairs; it approaches kappa, as most of a text is in no span (Hripcsak and Rothschild 2005).
    """

    unit: str
    alpha: dict[str, Estimate]
    by_arm: dict[str, dict[str, Estimate]]
    by_annotator: dict[str, dict[str, Estimate]]
    pairs: tuple[PairAgreement, ...]
    span_f1: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        nested = (("by_arm", self.by_arm), ("by_annotator", self.by_annotator))
        return {
            "unit": self.unit,
            "alpha": _dicts(self.alpha),
            **{name: {key: _dicts(value) for key, value in found.items()} for name, found in nested},
            "pairs": [pair.as_dict() for pair in self.pairs],
            **({} if self.span_f1 is None else {"span_f1": self.span_f1.as_dict()}),
        }


def _dicts(found: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: one.as_dict() for name, one in found.items()}


def agreement(
    judgements: pl.DataFrame,
    scale: Scale,
    *,
    lengths: Mapping[int, Mapping[str, int]] | None = None,
    seed: int = 0,
) -> Agreement:
    """Measure agreement.

    Args:
        judgements: ``item_id``, ``annotator``, ``arm``, ``value``.
        scale: What can be answered.
        lengths: Of spans: item -> field -> its length in code points.
        seed: Of the resampling.
    """
    judgements = judgements.filter(pl.len().over("item_id") > 1)
    units = units_of(judgements, scale, lengths)
    levels = _LEVELS[scale.kind]
    arms = {arm: units_of(judgements.filter(arm=arm), scale, lengths) for arm in ARMS}
    return Agreement(
        unit="label of an item" if scale.multiple else _UNITS[scale.kind],
        alpha={level: alpha(units, level, seed=seed) for level in levels},
        by_arm={arm: {level: alpha(one, level, seed=seed) for level in levels} for arm, one in arms.items()},
        by_annotator={
            name: {level: alpha(units.answered_by(place), level, seed=seed) for level in levels}
            for place, name in enumerate(units.names)
        },
        pairs=_pairs(units, scale, seed),
        span_f1=span_f1(judgements, seed=seed) if scale.kind == "spans" else None,
    )


def _pairs(units: Units, scale: Scale, seed: int) -> tuple[PairAgreement, ...]:
    answered = np.zeros((len(units.names), units.items), dtype=np.int64)
    answered[units.annotator, units.item] = 1
    common = answered @ answered.T
    order = sorted(
        (pair for pair in combinations(range(len(units.names)), 2) if common[pair] > 0),
        key=lambda pair: (-common[pair], pair),
    )
    return tuple(
        PairAgreement(
            one=units.names[one],
            other=units.names[other],
            kappa=kappa(units, one, other, seed=seed),
            weighted=kappa(units, one, other, weights="quadratic", seed=seed)
            if scale.kind == "score"
            else None,
        )
        for one, other in order[:MOST_PAIRS]
    )


def span_f1(judgements: pl.DataFrame, *, seed: int = 0) -> Estimate:
    """The F1 of exact spans between people, over all pairs; resampled by item.

    Args:
        judgements: ``item_id``, ``annotator``, ``value``.
        seed: Of the resampling.
    """
    rows: list[tuple[float, float]] = []
    for _, group in judgements.group_by("item_id", maintain_order=True):
        answers = [set(spans_of(value)) for value in group["value"]]
        pairs = list(combinations(answers, 2))
        if pairs:
            same = sum(2.0 * len(one & other) for one, other in pairs)
            rows.append((same, float(sum(len(one) + len(other) for one, other in pairs))))
    if not rows:
        return none(0, NO_PAIR)
    same_spans, all_spans = np.array(rows).T
    if not all_spans.any():
        return none(len(rows), "nobody marked a span")
    places = np.arange(len(rows), dtype=np.float64)

    def f1(drawn: Floats, axis: int = -1) -> Floats:
        chosen = drawn.astype(np.int64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return same_spans[chosen].sum(axis=axis) / all_spans[chosen].sum(axis=axis)

    if len(rows) < FEWEST:
        return Estimate(value=float(f1(places)), n=len(rows), reason="too few items for an interval")
    return bootstrapped([places], f1, seed=seed)
