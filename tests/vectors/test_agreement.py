"""Neighbour agreement, beside a count by hand and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from sklearn.neighbors import NearestNeighbors

from ecomdata.vectors.agreement import neighbour_agreement


def _chance(labels: np.ndarray) -> float:
    """How often two different rows have one label."""
    same = labels[:, None] == labels
    return (same.sum() - labels.size) / (labels.size * (labels.size - 1))


def test_it_is_the_mean_share_of_neighbours_with_the_same_label() -> None:
    """Counted row by row; neighbours without a label are left out of a row's share."""
    rng = np.random.default_rng(0)
    own, others = rng.integers(-1, 4, 60), rng.integers(-1, 4, (60, 5))
    shares = [
        np.mean([label == mine for label in row if label >= 0])
        for mine, row in zip(own, others, strict=True)
        if mine >= 0 and (row >= 0).any()
    ]
    found = neighbour_agreement(own, others, chance=0.25)
    assert found.share == pytest.approx(np.mean(shares))
    assert (found.rows, found.neighbours) == (len(shares), 5)
    assert found.above_chance == pytest.approx((found.share - 0.25) / 0.75)


def test_clusters_agree_and_random_labels_do_not() -> None:
    """Labels of far clusters agree wholly; labels at random agree as chance has it, within the interval."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 800)
    vectors = rng.normal(size=(800, 6)) + 30 * np.eye(6)[labels]
    neighbours = NearestNeighbors(n_neighbors=8).fit(vectors).kneighbors(return_distance=False)
    apart = neighbour_agreement(labels, labels[neighbours], chance=_chance(labels))
    assert (apart.share, apart.above_chance) == (1.0, 1.0)
    mixed = rng.permutation(labels)
    chance = _chance(mixed)
    found = neighbour_agreement(mixed, mixed[neighbours], chance=chance)
    assert found.interval is not None
    assert found.interval[0] - 0.02 < chance < found.interval[1] + 0.02
    assert found.above_chance == pytest.approx(0, abs=0.03)


def test_above_chance_is_cohen_s_kappa() -> None:
    """With as many of each label, two columns of labels have kappa's own chance level."""
    even = np.repeat(np.arange(3), 400)
    others = np.where(np.arange(1200) % 3 == 0, (even + 1) % 3, even)
    found = neighbour_agreement(even, others[:, None], chance=1 / 3)
    assert found.above_chance == pytest.approx(cohen_kappa_score(even, others), abs=0.002)


def test_one_label_leaves_nothing_to_agree_on() -> None:
    """The share is 1 and so is chance: what is above it is None, with why."""
    found = neighbour_agreement(np.zeros(9, int), np.zeros((9, 3), int), chance=1.0)
    assert (found.share, found.above_chance) == (1.0, None)
    assert "the same label" in found.reason


@pytest.mark.parametrize("rows", [0, 3])
def test_without_labels_there_is_no_agreement(rows: int) -> None:
    """No rows, or none with a label: None, with why."""
    found = neighbour_agreement(np.full(rows, -1), np.zeros((rows, 2), int), chance=None)
    assert (found.share, found.rows) == (None, 0)
    assert "no row with a label" in found.reason
