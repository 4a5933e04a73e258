"""Thompson sampling over clusters, as learning to sample does it for rare classes.

Each cluster is an arm of a bandit. An arm has won where a batch of its items made the classifier better. So
batches come from the clusters in which there is something to learn, and now and then from others. Source:
Barbosa, Gondhali, Petrossian, Sharma, Chakraborty, Jacquet and Freire, "A Cost-Effective LLM-based Approach
to Identify Wildlife Trafficking in Online Marketplaces", SIGMOD 2025, with the authors' programs
(github.com/VIDA-NYU/LTS). Other than there, redraws are bounded, an arm without items leaves the draw, a
batch in which nobody found a positive item is a loss, and a half that lacks items is filled from the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

PRIOR: Final = 0.5
"""Wins and losses of an arm before any: Beta(0.5, 0.5), the prior of Jeffreys."""
DECAY: Final = 0.99
"""What is left of all wins and losses after a round, so that the bandit forgets."""
REDRAWS: Final = 10
"""So often another arm is drawn where none of the arm's items is predicted to be positive."""


@dataclass(frozen=True, slots=True)
class Bandit:
    """Wins and losses by arm."""

    wins: tuple[float, ...]
    losses: tuple[float, ...]

    @classmethod
    def new(cls, arms: int) -> Bandit:
        """So many arms, of which nothing is known."""
        return cls((0.0,) * arms, (0.0,) * arms)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Bandit:
        """As :meth:`as_dict` has it."""
        return cls(tuple(map(float, values["wins"])), tuple(map(float, values["losses"])))

    def as_dict(self) -> dict[str, list[float]]:
        """The state as JSON-ready values."""
        return {"wins": list(self.wins), "losses": list(self.losses)}

    def draw(self, arms: Sequence[int], rng: np.random.Generator) -> int:
        """The arm, of those given, with the greatest number drawn from its Beta(0.5 + wins, 0.5 + losses)."""
        drawn = [rng.beta(PRIOR + self.wins[arm], PRIOR + self.losses[arm]) for arm in arms]
        return arms[max(range(len(arms)), key=drawn.__getitem__)]

    def told(self, arm: int, *, won: bool) -> Bandit:
        """The state after a round: one more win or loss of the arm, then everything decays."""
        wins, losses = list(self.wins), list(self.losses)
        (wins if won else losses)[arm] += 1
        return Bandit(tuple(DECAY * one for one in wins), tuple(DECAY * one for one in losses))


@dataclass(frozen=True, slots=True)
class Batch:
    """The items of a round: those to label next, the arm they are from, and how often it was drawn again."""

    arm: int
    items: tuple[int, ...]
    redraws: int


def next_batch(
    bandit: Bandit,
    remaining: Mapping[int, Sequence[int]],
    positive: AbstractSet[int] | None,
    size: int,
    rng: np.random.Generator,
) -> Batch | None:
    """Draw an arm, and a batch of its items.

    Args:
        bandit: The state.
        remaining: Arm -> its items that are still to be labelled. An arm without any leaves the draw.
        positive: The items that the classifier predicts to be positive; None while there is no classifier.
        size: Items of the batch; half of them predicted positives, as far as there are any.
        rng: Decides what is drawn.

    Returns:
        The batch, or None when all arms are exhausted.
    """
    arms = sorted(arm for arm, items in remaining.items() if items)
    if not arms:
        return None
    redraws = 0
    arm = bandit.draw(arms, rng)
    while positive is not None and redraws < REDRAWS and positive.isdisjoint(remaining[arm]):
        arm = bandit.draw(arms, rng)
        redraws += 1
    return Batch(arm, _halves(remaining[arm], positive or frozenset(), size, rng), redraws)


def _halves(
    items: Sequence[int], positive: AbstractSet[int], size: int, rng: np.random.Generator
) -> tuple[int, ...]:
    """Half the items from those predicted to be positive, and the rest from the others, shuffled."""
    yes = [int(one) for one in rng.permutation([item for item in items if item in positive])]
    no = [int(one) for one in rng.permutation([item for item in items if item not in positive])]
    from_yes = max(min(len(yes), size // 2), size - len(no))
    chosen = yes[:from_yes]
    chosen += no[: size - len(chosen)]
    return tuple(int(one) for one in rng.permutation(chosen))
