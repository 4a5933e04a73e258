"""The plane of the two directions with most variance, beside scikit-learn's PCA."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from ecomdata.vectors.mapping import Plane, plane_of


def plane(vectors: np.ndarray) -> Plane:
    """Of vectors in float64."""
    return plane_of(vectors.mean(axis=0), np.atleast_2d(np.cov(vectors, rowvar=False)))


def test_it_is_the_plane_of_principal_components() -> None:
    """Places and shares agree with scikit-learn's, whose axes may point the other way."""
    vectors = np.random.default_rng(0).normal(size=(120, 9)) * np.arange(1, 10) + 4
    found = plane(vectors)
    reference = PCA(n_components=2).fit(vectors)
    places = reference.transform(vectors)
    assert np.abs(found.places(vectors)) == pytest.approx(np.abs(places))
    assert found.shares == pytest.approx(tuple(reference.explained_variance_ratio_))


def test_axes_always_point_the_same_way() -> None:
    """The largest number of an axis is above zero, whatever the sign that the decomposition gave."""
    vectors = np.random.default_rng(1).normal(size=(80, 6)) * [5, 1, 1, 3, 1, 1]
    for axes in (plane(vectors).axes, plane(-vectors).axes):
        largest = axes[[0, 1], np.abs(axes).argmax(axis=1)]
        assert (largest > 0).all()
    assert plane(-vectors).axes == pytest.approx(plane(vectors).axes)


def test_a_tie_goes_to_the_first_number() -> None:
    """On the line x = -y both numbers of the axis are as large; the first is above zero."""
    found = plane(np.array([[1.0, -1.0], [-1.0, 1.0], [3.0, -3.0]]))
    assert found.axes[0] == pytest.approx([2**-0.5, -(2**-0.5)])


@pytest.mark.parametrize("vectors", [np.full((5, 4), 2.0), np.arange(6.0).reshape(6, 1)])
def test_what_has_no_plane_lies_at_zero(vectors: np.ndarray) -> None:
    """Equal vectors all lie in the middle; vectors of one number on the first axis."""
    found = plane(vectors)
    places = found.places(vectors)
    assert places.shape == (len(vectors), 2)
    assert places[:, 1] == pytest.approx(0)
    assert np.isfinite(found.shares).all()
