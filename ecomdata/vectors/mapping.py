"""A map: vectors on the two directions in which they spread most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane of the first two principal components.

    Attributes:
        origin: ``(d,)``: the mean.
        axes: ``(2, d)``: unit vectors; the second is 0 where the vectors have one number only.
        shares: How much of the variance lies along each, from 0 to 1.
    """

    origin: Floats
    axes: Floats
    shares: tuple[float, float]

    def places(self, vectors: npt.NDArray[np.floating]) -> Floats:
        """``(n, 2)``: where vectors lie in it, from the mean, in their own unit."""
        return (vectors.astype(np.float64) - self.origin) @ self.axes.T


def plane_of(mean: Floats, covariance: Floats) -> Plane:
    """The plane in which vectors with these moments spread most: principal component analysis.

    Pearson, "On lines and planes of closest fit to systems of points in space", 1901. An axis and its
    negative are as good as each other: here the number of an axis that is largest in size is above zero, the
    first of several, so that the same vectors give the same map.

    Args:
        mean: ``(d,)``.
        covariance: ``(d, d)``.
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values[::-1], 0.0)
    axes = np.zeros((2, len(mean)))
    found = vectors[:, ::-1][:, :2].T
    # Sizes that differ by rounding only are the same.
    sizes = np.abs(found).round(9)
    signs = np.sign(np.take_along_axis(found, sizes.argmax(axis=1)[:, None], axis=1))
    axes[: len(found)] = found * np.where(signs == 0, 1.0, signs)
    total = float(values.sum()) or 1.0
    along = [*(values[:2] / total).tolist(), 0.0]
    return Plane(mean, axes, (along[0], along[1]))
