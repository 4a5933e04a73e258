"""Seconds per item, by arm and by person: medians, their difference, and how many times as long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from ecomdata.annotating.measuring.estimates import Estimate, Floats, bootstrapped

ARMS: Final = ("shown", "blind", "none")
"""A suggestion was shown; there was one and it was hidden; there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Active seconds per answer.

    Attributes:
        medians: By arm.
        difference: The median of ``shown`` less that of ``blind``, in seconds.
        ratio: The same as a quotient, each time divided by its person's own median first, so that it does not
            matter who worked how much in which arm.
        people: Of each person, the medians by arm.
    """

    medians: dict[str, Estimate]
    difference: Estimate
    ratio: Estimate
    people: dict[str, dict[str, Estimate]]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "median_seconds": {arm: one.as_dict() for arm, one in self.medians.items()},
            "difference_of_medians": self.difference.as_dict(),
            "ratio_of_medians": self.ratio.as_dict(),
            "by_annotator": {
                name: {arm: one.as_dict() for arm, one in arms.items()} for name, arms in self.people.items()
            },
        }


def times(judgements: pl.DataFrame, *, seed: int = 0) -> Times:
    """Measure times.

    Only ``shown`` and ``blind`` are compared, for which of them an answer is in was drawn. ``none`` is what
    came before there were suggestions: people were new to the task then.

    Args:
        judgements: ``annotator``, ``arm``, ``seconds``.
        seed: Of the resampling.
    """
    by_arm = {arm: seconds_of(judgements.filter(arm=arm)) for arm in ARMS}
    own = pl.col("seconds") / pl.col("seconds").median().over("annotator")
    compared = judgements.filter(pl.col("arm").is_in(["shown", "blind"])).with_columns(seconds=own)
    # Of a person whose own median is zero no time can be divided by it.
    compared = compared.filter(pl.col("seconds").is_finite())
    scaled = [seconds_of(compared.filter(arm=arm)) for arm in ("shown", "blind")]
    names = judgements["annotator"].unique().sort()
    return Times(
        medians={arm: bootstrapped([values], np.median, seed=seed) for arm, values in by_arm.items()},
        difference=bootstrapped([by_arm["shown"], by_arm["blind"]], _difference, seed=seed, against=True),
        ratio=bootstrapped(scaled, _ratio, seed=seed, against=True),
        people={
            name: {
                arm: bootstrapped(
                    [seconds_of(judgements.filter(annotator=name, arm=arm))], np.median, seed=seed
                )
                for arm in ARMS
            }
            for name in names
        },
    )


def seconds_of(judgements: pl.DataFrame) -> Floats:
    """The active seconds of the answers of which they are known."""
    return judgements["seconds"].drop_nulls().cast(pl.Float64).to_numpy()


def _difference(one: Floats, other: Floats, axis: int = -1) -> Floats:
    return np.median(one, axis=axis) - np.median(other, axis=axis)


def _ratio(one: Floats, other: Floats, axis: int = -1) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.median(one, axis=axis) / np.median(other, axis=axis)
