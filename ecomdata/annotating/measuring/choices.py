"""What people do with suggestions: keep them, change them, and in which direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ecomdata.annotating.measuring.estimates import Estimate, bootstrapped, none, proportion
from ecomdata.annotating.measuring.judgements import Scale, label_of, labels_of, parts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What became of suggestions that were shown.

    Attributes:
        kept: The share of answers that are what was suggested.
        up: Of scores: the share of answers above the suggestion.
        down: The share below it.
        shift: Of scores: the mean of the answer less the suggestion, kept ones included.
        changes: Where one value is chosen: ``suggested``, ``chosen``, ``n``, the most frequent first, kept
            ones included; a confusion matrix in long form.
        parts: Where several are: for each label ``kept``, ``removed`` and ``added``. A span with other ends
            or another label is one removed and one added.
    """

    kept: Estimate
    up: Estimate
    down: Estimate
    shift: Estimate
    changes: tuple[dict[str, Any], ...]
    parts: dict[str, dict[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "kept": self.kept.as_dict(),
            "up": self.up.as_dict(),
            "down": self.down.as_dict(),
            "mean_shift": self.shift.as_dict(),
            "changes": list(self.changes),
            "parts": self.parts,
        }


def choices(judgements: pl.DataFrame, scale: Scale, *, seed: int = 0) -> Choices:
    """Measure what people did with the suggestions that they were shown.

    Args:
        judgements: ``arm``, ``value``, ``suggested``.
        scale: What can be answered.
        seed: Of the resampling.
    """
    shown = judgements.filter(pl.col("arm") == "shown").drop_nulls("suggested")
    n = shown.height
    kept = shown.filter(pl.col("value") == pl.col("suggested")).height
    up = down = shift = none(n, "answers are no scores")
    if scale.kind == "score":
        moved = (shown["value"].cast(pl.Int64) - shown["suggested"].cast(pl.Int64)).cast(pl.Float64)
        up = proportion(int((moved > 0).sum()), n)
        down = proportion(int((moved < 0).sum()), n)
        shift = bootstrapped([moved.to_numpy()], np.mean, seed=seed)
    pairs = (
        shown.group_by("suggested", "value")
        .len()
        .sort("len", "suggested", "value", descending=[True, False, False])
    )
    return Choices(
        kept=proportion(kept, n),
        up=up,
        down=down,
        shift=shift,
        changes=()
        if scale.several
        else tuple(
            {"suggested": suggested, "chosen": chosen, "n": count}
            for suggested, chosen, count in pairs.iter_rows()
        ),
        parts=_parts(pairs.iter_rows(), scale) if scale.several else {},
    )


def _parts(pairs: Iterable[tuple[str, str, int]], scale: Scale) -> dict[str, dict[str, int]]:
    counted = {name: Counter[str]() for name in ("kept", "removed", "added")}
    for suggested, chosen, count in pairs:
        before, after = set(parts_of(suggested, scale)), set(parts_of(chosen, scale))
        for name, parts in (
            ("kept", before & after),
            ("removed", before - after),
            ("added", after - before),
        ):
            for part in parts:
                counted[name][label_of(part)] += count
    return {
        label: {name: counts[label] for name, counts in counted.items()}
        for label in scale.values
        if any(counts[label] for counts in counted.values())
    }


def label_counts(judgements: pl.DataFrame, scale: Scale) -> dict[str, int]:
    """How often each label is in the answers, in the scale's order."""
    counted = Counter[str]()
    for value, count in judgements.group_by("value").len().iter_rows():
        for label in labels_of(value, scale):
            counted[label] += count
    return {label: counted[label] for label in scale.values}
