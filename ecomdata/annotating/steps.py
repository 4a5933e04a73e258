"""The bandit's round: what the last batch was good for, and the next one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ecomdata.annotating.bandit import Bandit, next_batch
from ecomdata.annotating.draws import library_seed
from ecomdata.annotating.records import Item, from_json
from ecomdata.annotating.suggesting.embedded import Embedded
from ecomdata.annotating.validation import held_out, positive_f1, told
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project

Labels = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What the last batch was good for.

    Attributes:
        arm: The cluster that it was from.
        labelled: Its items that have a label.
        positive: Those with a positive one.
        before: The F1 score of positive items without the batch, among labels that are held out.
        after: The same with it.
        won: Whether the arm has won: the score has risen, and there was a positive item.
    """

    arm: int
    labelled: int
    positive: int
    before: float
    after: float
    won: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A round of the bandit: its state, the batch drawn by it, and the reward of the batch before."""

    bandit: Bandit
    arm: int
    items: tuple[int, ...]
    redraws: int
    reward: Reward | None

    def as_dict(self) -> dict[str, Any]:
        """The step as JSON-ready values."""
        return {**asdict(self), "bandit": self.bandit.as_dict(), "items": list(self.items)}


def next_step(
    project: Project, labels: Labels, items: Mapping[int, Item], waiting: Sequence[int], model: Embedded
) -> Step:
    """Reward the arm of the last batch, and draw the next batch.

    Raises:
        UsageError: nothing of the last batch is labelled yet, or all items are.
    """
    steps = _steps(project)
    remaining: defaultdict[int, list[int]] = defaultdict(list)
    for item in waiting:
        remaining[items[item].cluster or 0].append(item)
    reward = _reward(project, labels, items, steps[-1]) if steps else None
    bandit = Bandit.of(steps[-1]["bandit"]) if steps else Bandit.new(_arms(items))
    if reward is not None:
        bandit = bandit.told(reward.arm, won=reward.won)
    suggested = model.suggest([items[item] for item in waiting], round_number=0)
    positive = {one.item_id for one in suggested if is_positive(project, one.answer or {})}
    rng = np.random.default_rng([library_seed(project.seed), len(steps)])
    batch = next_batch(bandit, remaining, positive, project.settings.batch, rng)
    if batch is None:
        raise UsageError("all items of all clusters are labelled", hint="ecomdata annotate report is next")
    return Step(bandit=bandit, arm=batch.arm, items=batch.items, redraws=batch.redraws, reward=reward)


def is_positive(project: Project, answer: Mapping[str, Any]) -> bool:
    """Whether an answer is one that the bandit looks for."""
    given = answer.get("labels", []) if project.task.kind == "labels" else [str(answer.get("score"))]
    return any(key in project.settings.positive for key in given)


def _steps(project: Project) -> list[dict[str, Any]]:
    """The bandit's rounds so far."""
    rounds = [from_json(payload) for payload in project.events().filter(kind="round")["payload"]]
    return [one["strategy"] for one in rounds if one.get("strategy")]


def _arms(items: Mapping[int, Item]) -> int:
    return 1 + max(item.cluster or 0 for item in items.values())


def _reward(project: Project, labels: Labels, items: Mapping[int, Item], last: Mapping[str, Any]) -> Reward:
    batch = set(last["items"])
    labelled = [(items[item], label) for item, label in labels.items()]
    mine = [label for item, label in labelled if item.item_id in batch]
    if not mine:
        raise UsageError(
            "nothing of the last batch is labelled yet, so the bandit has learnt nothing",
            hint="label some of it first: ecomdata annotate serve",
        )
    learnt, tested = held_out(labelled, project.seed)
    tested = [*tested, *((item, item.gold) for item in items.values() if item.gold is not None)]
    without = [one for one in learnt if one[0].item_id not in batch]
    truth = [label for _, label in tested]
    before, after = (
        positive_f1(told(project, one, tested), truth, lambda answer: is_positive(project, answer))
        for one in (without, learnt)
    )
    positive = sum(is_positive(project, label) for label in mine)
    return Reward(
        arm=int(last["arm"]),
        labelled=len(mine),
        positive=positive,
        before=before,
        after=after,
        won=positive > 0 and after > before,
    )
