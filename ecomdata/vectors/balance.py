"""How evenly rows are spread over clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecomdata.vectors.spectrum import entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How evenly rows are spread over k clusters, empty ones included.

    Attributes:
        entropy: Shannon's entropy of the clusters' shares as a share of the largest it can be, ln k (Pielou,
            "The measurement of diversity in different types of biological collections", 1966): 1 where all
            are of the same size, 0 where one has all rows.
        gini: Half the mean difference of two clusters' sizes as a share of the mean size (Gini 1912):
            0 where all are of the same size, (k - 1) / k where one has all rows.
        reason: Why the figures are None; empty where they are there.
    """

    entropy: float | None = None
    gini: float | None = None
    reason: str = ""


def balance_of(sizes: npt.NDArray[np.int64]) -> Balance:
    """The balance of clusters with these numbers of rows; see :class:`Balance`.

    The Gini coefficient is computed as 2 sum(i x_i) / (k sum(x)) - (k + 1) / k over sizes x in rising order.
    """
    k, total = len(sizes), int(sizes.sum())
    if k < 2 or not total:
        return Balance(reason=f"too few for a balance: clusters {k}, rows {total:,}")
    rising = np.sort(sizes).astype(np.float64)
    places = np.arange(1, k + 1)
    return Balance(
        entropy=entropy(rising / total) / float(np.log(k)),
        gini=float(2 * (places @ rising) / (k * total) - (k + 1) / k),
    )
