"""Whether people's answers move toward the model when they see what it suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ecomdata.annotating.measuring.choices import label_counts
from ecomdata.annotating.measuring.estimates import (
    RESAMPLES,
    Estimate,
    Floats,
    bootstrapped,
    none,
    percentiles,
    proportion,
    with_interval,
)
from ecomdata.annotating.measuring.judgements import Scale, labels_of
from ecomdata.annotating.measuring.times import ARMS
from ecomdata.annotating.measuring.units import Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """How answers in the two arms differ.

    Attributes:
        shown: The share of answers that are what the model says, where people saw it.
        blind: The same where it was hidden from them.
        pull: The first less the second. Above 0, people say what the model says more often when they see it.
        distance: Of scores: the mean distance to the model's score, shown less blind; below 0 is a pull.
        labels: How often each label was given, by arm.
        variation: The total variation distance between the arms' distributions of labels: half the sum of the
            absolute differences, from 0 to 1.
        by_chance: What it is on average when answers are dealt to the arms anew; no estimate of it is 0.
        p: The share of such deals in which it is as large or larger.
    """

    shown: Estimate
    blind: Estimate
    pull: Estimate
    distance: Estimate
    labels: dict[str, dict[str, int]]
    variation: Estimate
    by_chance: float | None
    p: float | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "agreement_with_model": {"shown": self.shown.as_dict(), "blind": self.blind.as_dict()},
            "pull": self.pull.as_dict(),
            "score_distance": self.distance.as_dict(),
            "labels": self.labels,
            "total_variation": self.variation.as_dict(),
            "total_variation_by_chance": self.by_chance,
            "p_value": self.p,
        }


def pull_toward_model(judgements: pl.DataFrame, scale: Scale, *, seed: int = 0) -> Pull:
    """Measure the pull.

    Args:
        judgements: ``arm``, ``value``, ``suggested``.
        scale: What can be answered.
        seed: Of the resampling.
    """
    compared = judgements.drop_nulls("suggested")
    arms = {arm: compared.filter(arm=arm) for arm in ("shown", "blind")}
    same = {
        arm: (frame["value"] == frame["suggested"]).cast(pl.Float64).to_numpy() for arm, frame in arms.items()
    }
    distance = none(arms["shown"].height, "answers are no scores", against=arms["blind"].height)
    if scale.kind == "score":
        far = [
            (frame["value"].cast(pl.Int64) - frame["suggested"].cast(pl.Int64)).abs().cast(pl.Float64)
            for frame in arms.values()
        ]
        distance = bootstrapped([one.to_numpy() for one in far], _difference, seed=seed, against=True)
    variation, by_chance, p = _variation(arms["shown"], arms["blind"], scale, seed)
    return Pull(
        shown=proportion(int(same["shown"].sum()), len(same["shown"])),
        blind=proportion(int(same["blind"].sum()), len(same["blind"])),
        pull=bootstrapped([same["shown"], same["blind"]], _difference, seed=seed, against=True),
        distance=distance,
        labels={arm: label_counts(judgements.filter(arm=arm), scale) for arm in ARMS},
        variation=variation,
        by_chance=by_chance,
        p=p,
    )


def _difference(one: Floats, other: Floats, axis: int = -1) -> Floats:
    return np.mean(one, axis=axis) - np.mean(other, axis=axis)


def _variation(
    shown: pl.DataFrame, blind: pl.DataFrame, scale: Scale, seed: int
) -> tuple[Estimate, float | None, float | None]:
    """The distance, its mean by chance, and its p-value.

    Answers that are equal are one pattern, and a resample, or a deal, is how often each is drawn: the
    multinomial and the hypergeometric distribution. So the time does not grow with the number of answers.
    """
    sizes = shown.height, blind.height
    if not all(sizes):
        missing = none(sizes[0], "an arm has no answers", against=sizes[1])
        return missing, None, None
    one, two, labels = _patterns(shown, blind, scale)
    rng = np.random.default_rng(seed)
    found = float(_distance(one[None] @ labels, two[None] @ labels)[0])
    if not np.isfinite(found):
        return none(sizes[0], "an arm has no labels", against=sizes[1]), None, None
    draws = _distance(
        rng.multinomial(sizes[0], one / sizes[0], RESAMPLES) @ labels,
        rng.multinomial(sizes[1], two / sizes[1], RESAMPLES) @ labels,
    )
    dealt = rng.multivariate_hypergeometric(one + two, sizes[0], RESAMPLES, method="marginals")
    chance = _distance(dealt @ labels, (one + two - dealt) @ labels)
    chance = chance[np.isfinite(chance)]
    # The deal that was made is one of those that could be (Phipson and Smyth 2010).
    p = float((np.count_nonzero(chance >= found - 1e-12) + 1) / (len(chance) + 1))
    low, high = percentiles(draws)
    return with_interval(found, low, high, n=sizes[0], against=sizes[1]), float(chance.mean()), p


def _patterns(shown: pl.DataFrame, blind: pl.DataFrame, scale: Scale) -> tuple[Whole, Whole, Floats]:
    """How many answers of each arm have which labels: a row for each combination of labels that there is."""
    counted: dict[tuple[str, ...], list[int]] = {}
    for arm, frame in enumerate((shown, blind)):
        for value, count in frame.group_by("value").len().sort("value").iter_rows():
            counted.setdefault(tuple(sorted(labels_of(value, scale))), [0, 0])[arm] += count
    labels = np.zeros((len(counted), len(scale.values)))
    for row, pattern in enumerate(counted):
        for label in pattern:
            labels[row, scale.values.index(label)] += 1
    both = np.array(list(counted.values()), dtype=np.int64)
    return both[:, 0], both[:, 1], labels


def _distance(one: Floats, two: Floats) -> Floats:
    """Total variation between rows of counts; not finite where a row has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [rows / rows.sum(axis=1, keepdims=True) for rows in (one, two)]
    return np.abs(shares[0] - shares[1]).sum(axis=1) / 2
