"""Whether rows that are near each other have the same label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecomdata.vectors.intervals import Interval, of_mean

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often a row's neighbours have its label, and how often any other rows would.

    Attributes:
        share: Of a row's neighbours with a label, the share with the row's own, averaged over rows; 0 to 1.
            It is the k-nearest-neighbour purity of a labelling.
        interval: 95 % of it; None where all rows were looked at.
        chance: The same of two different rows with labels drawn at random: sum(c (c - 1)) / (n (n - 1)), c
            the rows of each label, n all of them. Simpson, "Measurement of diversity", Nature 1949.
        above_chance: (share - chance) / (1 - chance): 0 as by chance, 1 where all neighbours agree. The form
            of Cohen's kappa ("A coefficient of agreement for nominal scales", 1960).
        rows: Rows it is averaged over: those with a label and a neighbour that has one.
        neighbours: Neighbours looked at of each.
        reason: Why figures are None; empty where they are there.
    """

    share: float | None = None
    interval: Interval | None = None
    chance: float | None = None
    above_chance: float | None = None
    rows: int = 0
    neighbours: int = 0
    reason: str = ""


def neighbour_agreement(
    own: Codes, others: Codes, *, chance: float | None, sampled: bool = True
) -> Agreement:
    """How often neighbours have the same label; see :class:`Agreement`.

    Args:
        own: ``(n,)``: the label of each row, by number; below zero where it has none.
        others: ``(n, k)``: those of its neighbours.
        chance: As in :class:`Agreement`; None where there are fewer than two rows with a label.
        sampled: Whether the rows were drawn from more; those that are all have no interval.
    """
    known = (others >= 0) & (own >= 0)[:, None]
    rows = known.any(axis=1)
    k = others.shape[1]
    if not rows.any():
        reason = "no row with a label has a neighbour with one"
        return Agreement(chance=chance, neighbours=k, reason=reason)
    same = ((others == own[:, None]) & known)[rows].sum(axis=1)
    shares = same / known[rows].sum(axis=1)
    share = float(shares.mean())
    above = None if chance is None or chance >= 1 else (share - chance) / (1 - chance)
    return Agreement(
        share=share,
        interval=of_mean(shares) if sampled else None,
        chance=chance,
        above_chance=above,
        rows=int(rows.sum()),
        neighbours=k,
        reason="" if above is not None else "all rows have the same label: there is nothing to agree on",
    )
