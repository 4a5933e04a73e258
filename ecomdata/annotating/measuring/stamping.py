"""Rubber-stamping: suggestions kept one after the other, faster than the person works without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

FAST: Final = 1 / 3
"""An answer is very fast below this part of the person's own median without a suggestion. Our choice."""
STREAK: Final = 5
"""So many very fast accepts in a row are a streak. Our choice."""
_FEWEST_BLIND: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamping:
    """What one person did.

    Attributes:
        n: Answers with a suggestion shown, in the order in which they were given.
        pace: The person's median seconds without one (hidden ones; where there are fewer than five of them,
            those from before there were suggestions).
        limit: Seconds below which an answer is very fast.
        fast: Very fast accepts.
        streaks: Runs of them that are long enough; answers without a shown suggestion do not break a run.
        longest: The longest run.
        in_streaks: The answers in streaks.
        reason: Why none of it is known.
    """

    n: int
    pace: float | None = None
    limit: float | None = None
    fast: int | None = None
    streaks: int | None = None
    longest: int | None = None
    in_streaks: int | None = None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "n": self.n,
            "pace_without_suggestion": self.pace,
            "limit": self.limit,
            "fast_accepts": self.fast,
            "streaks": self.streaks,
            "longest": self.longest,
            "answers_in_streaks": self.in_streaks,
            **({"reason": self.reason} if self.reason else {}),
        }


def rubber_stamping(judgements: pl.DataFrame) -> dict[str, Stamping]:
    """Look for streaks of very fast accepts, for each person.

    Args:
        judgements: ``annotator``, ``arm``, ``seconds``, ``value``, ``suggested``, ``at``.
    """
    return {
        str(name): _of_person(judgements.filter(annotator=name))
        for name in judgements["annotator"].unique().sort()
    }


def _of_person(own: pl.DataFrame) -> Stamping:
    shown = own.filter(pl.col("arm") == "shown").drop_nulls(["suggested", "seconds"]).sort("at", "item_id")
    if not shown.height:
        return Stamping(n=0, reason="was shown no suggestion")
    without = own.filter(pl.col("arm") == "blind")["seconds"].drop_nulls()
    if len(without) < _FEWEST_BLIND:
        without = own.filter(pl.col("arm") != "shown")["seconds"].drop_nulls()
    if len(without) < _FEWEST_BLIND:
        return Stamping(
            n=shown.height,
            reason=f"has answered {len(without)} items without a suggestion; {_FEWEST_BLIND} tell a pace",
        )
    pace = float(np.median(without))
    limit = FAST * pace
    stamped = (shown["value"] == shown["suggested"]) & (shown["seconds"] < limit)
    runs = [
        length
        for length, hit in zip(*(stamped.rle().struct.field(name) for name in ("len", "value")), strict=True)
        if hit
    ]
    long = [length for length in runs if length >= STREAK]
    return Stamping(
        n=shown.height,
        pace=pace,
        limit=limit,
        fast=sum(runs),
        streaks=len(long),
        longest=max(runs, default=0),
        in_streaks=sum(long),
    )
