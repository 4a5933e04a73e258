"""What the arithmetic over vectors is compared with: the plain formulas in float64, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]


def similarities(queries: npt.NDArray[Any], gallery: npt.NDArray[Any], metric: str) -> Reals:
    """(n, m): the cosine, the inner product, or minus the distance, of each with each."""
    one, two = queries.astype(np.float64), gallery.astype(np.float64)
    if metric == "euclidean":
        return np.array([-np.linalg.norm(two - row, axis=1) for row in one]).reshape(len(one), len(two))
    if metric == "cosine":
        one, two = (rows / np.where(size := _sizes(rows), size, 1.0) for rows in (one, two))
    return one @ two.T


def _sizes(rows: Reals) -> Reals:
    return np.linalg.norm(rows, axis=1)[:, None]


def neighbours(scores: Reals, k: int) -> npt.NDArray[np.int64]:
    """(n, k): the highest of each row, of equals the first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def without_itself(scores: Reals) -> Reals:
    """No row is its own neighbour."""
    scores = scores.copy()
    np.fill_diagonal(scores, -np.inf)
    return scores
