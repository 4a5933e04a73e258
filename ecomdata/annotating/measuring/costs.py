"""What an answer costs, and what suggestions save: people's time and the model's price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ecomdata.annotating.measuring.estimates import Estimate, Floats, bootstrapped, none
from ecomdata.annotating.measuring.times import ARMS, seconds_of

_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Money, in the unit of ``hourly``; the model's is in US dollars.

    Attributes:
        hourly: What an hour of a person costs; None where it was not told.
        people: What people's time for an answer costs, by arm: the mean, for money follows sums.
        model: What the suggestions cost in all.
        model_item: The same for each item that has one; calls without an answer are paid as well.
        saving: What a suggestion saves: ``blind`` less ``shown`` less ``model_item``; below 0 it costs more.
        share: The same as a share of ``blind``.
    """

    hourly: float | None
    people: dict[str, Estimate]
    model: float
    model_item: Estimate
    saving: Estimate
    share: Estimate

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "hourly": self.hourly,
            "people_per_answer": {arm: one.as_dict() for arm, one in self.people.items()},
            "model_total": self.model,
            "model_per_item": self.model_item.as_dict(),
            "saving_per_answer": self.saving.as_dict(),
            "saving_share": self.share.as_dict(),
        }


def costs(
    judgements: pl.DataFrame, suggestions: pl.DataFrame, *, hourly: float | None, seed: int = 0
) -> Costs:
    """Measure costs.

    Args:
        judgements: ``arm``, ``seconds``.
        suggestions: ``item_id``, ``outcome``, ``cost`` (US dollars; null where it cost nothing).
        hourly: What an hour of a person costs, in the same currency as the model.
        seed: Of the resampling.
    """
    total = float(suggestions["cost"].sum() or 0.0)
    items = suggestions.filter(outcome="ok")["item_id"].n_unique()
    each = total / items if items else 0.0
    model_item = Estimate(value=each, n=items) if items else none(0, "no suggestions")
    if hourly is None:
        unknown = none(judgements.height, "what an hour costs was not told")
        return Costs(
            hourly=None,
            people=dict.fromkeys(ARMS, unknown),
            model=total,
            model_item=model_item,
            saving=unknown,
            share=unknown,
        )
    money = {arm: seconds_of(judgements.filter(arm=arm)) * hourly / _HOUR for arm in ARMS}

    def saved(shown: Floats, blind: Floats, axis: int = -1) -> Floats:
        return np.mean(blind, axis=axis) - np.mean(shown, axis=axis) - each

    def share(shown: Floats, blind: Floats, axis: int = -1) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return saved(shown, blind, axis) / np.mean(blind, axis=axis)

    both = [money["shown"], money["blind"]]
    return Costs(
        hourly=hourly,
        people={arm: bootstrapped([values], np.mean, seed=seed) for arm, values in money.items()},
        model=total,
        model_item=model_item,
        saving=bootstrapped(both, saved, seed=seed, against=True),
        share=bootstrapped(both, share, seed=seed, against=True),
    )
