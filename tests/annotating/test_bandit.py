from __future__ import annotations

import numpy as np
import pytest

from ecomdata.annotating.bandit import REDRAWS, Bandit, Batch, next_batch


def test_the_update_is_that_of_a_plain_reference() -> None:
    """One more win or loss of the arm, then all times 0.99; drawn from Beta(0.5 + W, 0.5 + L)."""
    rng, ours = np.random.default_rng(1), Bandit.new(4)
    wins, losses = np.zeros(4), np.zeros(4)
    for _ in range(200):
        arm, won = int(rng.integers(4)), bool(rng.random() < 0.4)
        ours = ours.told(arm, won=won)
        (wins if won else losses)[arm] += 1
        wins, losses = wins * 0.99, losses * 0.99
    assert ours.wins == pytest.approx(wins)
    assert ours.losses == pytest.approx(losses)
    assert Bandit.of(ours.as_dict()) == ours
    for seed in range(20):
        drawn = [np.random.default_rng(seed).beta(0.5 + wins, 0.5 + losses).argmax()]
        assert ours.draw(range(4), np.random.default_rng(seed)) == drawn[0]


def test_arms_are_drawn_as_often_as_they_are_likely_to_be_the_best() -> None:
    """Probability matching: with Beta(5.5, 2.5) against Beta(2.5, 5.5), by simulation."""
    bandit, rng = Bandit((5.0, 2.0), (2.0, 5.0)), np.random.default_rng(0)
    share = sum(bandit.draw([0, 1], rng) == 0 for _ in range(4000)) / 4000
    expected = float((rng.beta(5.5, 2.5, 200_000) > rng.beta(2.5, 5.5, 200_000)).mean())
    assert abs(share - expected) < 4 * (expected * (1 - expected) / 4000) ** 0.5


def _best_share(seed: int) -> float:
    """Of the last 100 of 300 draws, those of the one arm of eight that wins 60 % of the time."""
    rng, bandit, drawn = np.random.default_rng(seed), Bandit.new(8), []
    for _ in range(300):
        arm = bandit.draw(range(8), rng)
        bandit = bandit.told(arm, won=rng.random() < (0.6 if arm == 5 else 0.2))
        drawn.append(arm)
    return drawn[-100:].count(5) / 100


def test_the_bandit_finds_a_planted_arm() -> None:
    """Over forty seeded runs it is drawn far more often than by chance, which is one time in eight."""
    shares = [_best_share(seed) for seed in range(40)]
    assert np.mean(shares) > 0.55
    assert np.mean([share > 0.25 for share in shares]) > 0.8


def test_it_forgets() -> None:
    """When another arm becomes the good one, the decay lets the bandit change over."""
    rng, bandit, late = np.random.default_rng(0), Bandit.new(2), []
    for number in range(1200):
        arm = bandit.draw([0, 1], rng)
        good = 0 if number < 600 else 1
        bandit = bandit.told(arm, won=rng.random() < (0.9 if arm == good else 0.1))
        if number >= 1000:
            late.append(arm)
    assert late.count(1) > 150


def test_half_of_a_batch_are_predicted_positives() -> None:
    """As far as there are so many; what one half lacks the other fills."""
    rng = np.random.default_rng(0)
    for positives, size, expected in ((50, 20, 10), (3, 20, 3), (95, 20, 15), (100, 20, 20), (50, 7, 3)):
        batch = next_batch(Bandit.new(1), {0: range(100)}, set(range(positives)), size, rng)
        assert batch is not None
        assert len(batch.items) == len(set(batch.items)) == size
        assert sum(item < positives for item in batch.items) == expected
    batch = next_batch(Bandit.new(1), {0: [4, 7]}, {4}, 20, rng)
    assert batch is not None
    assert sorted(batch.items) == [4, 7]


def test_exhausted_arms_leave_the_draw() -> None:
    """However often they have won; when all are, there is no batch."""
    bandit, rng = Bandit((100.0, 0.0), (0.0, 100.0)), np.random.default_rng(0)
    for _ in range(20):
        batch = next_batch(bandit, {0: [], 1: [1, 2, 3]}, None, 2, rng)
        assert batch is not None
        assert batch.arm == 1
    assert next_batch(bandit, {0: [], 1: []}, None, 2, rng) is None
    assert next_batch(bandit, {}, None, 2, rng) is None


def test_redraws_are_bounded() -> None:
    """An arm with predicted positives is looked for; where there is none, a batch comes all the same."""
    bandit, rng = Bandit.new(2), np.random.default_rng(0)
    found = [next_batch(bandit, {0: range(9), 1: range(9, 18)}, {12}, 4, rng) for _ in range(50)]
    assert all(batch is not None and batch.arm == 1 and 12 in batch.items for batch in found)
    assert max(batch.redraws for batch in found if batch) > 0
    none = next_batch(bandit, {0: range(9), 1: range(9, 18)}, set(), 4, rng)
    assert none is not None
    assert (none.redraws, len(none.items)) == (REDRAWS, 4)


def test_the_seed_decides() -> None:
    """The same state of the generator gives the same batch."""

    def batch(seed: int) -> Batch | None:
        remaining = {arm: range(100 * arm, 100 * arm + 100) for arm in range(5)}
        return next_batch(
            Bandit.new(5), remaining, set(range(0, 500, 7)), 10, np.random.default_rng([7, seed])
        )

    assert batch(1) == batch(1)
    assert batch(1) != batch(2)
