"""Rounds: a suggester looks at items that wait, and the project's strategy says which of them come first."""

from __future__ import annotations

import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from ecomdata.annotating.adjudicating import labels_to_learn
from ecomdata.annotating.records import Item, Suggestion, item_of, to_json
from ecomdata.annotating.steps import next_step
from ecomdata.annotating.strategies import disputed, least_certain
from ecomdata.annotating.suggesting.embedded import Embedded
from ecomdata.annotating.validation import held_out, score
from ecomdata.progress import Reporter, Silent

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project

ITEMS: Final = 5_000
"""Items that get a suggestion in a round, unless told otherwise."""
_STEP: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round did.

    Attributes:
        number: Its number, from 1.
        source: The kind of suggester.
        model: The suggester's name.
        labels: Labels that it has learnt from.
        suggested: Items with a suggestion.
        first: How many of them come before all other items.
        held_out: Labels that were held out to see how good it is.
        right: The share of those that it tells right, or None.
        seconds: Time it took.
        strategy: What the strategy says of the round.
    """

    number: int
    source: str
    model: str
    labels: int
    suggested: int
    first: int
    held_out: int
    right: float | None
    seconds: float
    strategy: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_dict(self) -> dict[str, Any]:
        """The round as JSON-ready values."""
        return asdict(self)


def suggest_embedded(project: Project, *, limit: int = ITEMS, reporter: Reporter | None = None) -> Round:
    """Train the embedded suggester on the labels so far, and let it suggest.

    Args:
        project: The project.
        limit: Suggest for at most so many items: those that come next, or of which the model is least
            certain, as the strategy has it. Items with a known answer get a suggestion too, so that nobody
            can tell them from the others.
        reporter: Hears of progress.

    Raises:
        UsageError: there are too few labels, scikit-learn is not installed, or the strategy cannot go on.
    """
    began = time.perf_counter()
    labels = labels_to_learn(project)
    items = _items(project)
    labelled = [(items[item], label) for item, label in labels.items()]
    model = Embedded(project.task, labelled, seed=project.seed)
    learnt, tested = held_out(labelled, project.seed)
    waiting = [item for item in project.waiting() if item not in labels]
    number = project.counts().round + 1
    step = (
        next_step(project, labels, items, waiting, model) if project.settings.strategy == "bandit" else None
    )
    gold = [item for item, one in items.items() if one.gold is not None]
    first = [] if step is None else list(step.items)
    asked = list(dict.fromkeys((*gold, *first, *_asked(project, labels, waiting, limit))))
    suggestions = _suggest(model, [items[item] for item in asked], number, reporter or Silent())
    if project.settings.strategy == "uncertainty":
        first = [item for item in least_certain(suggestions) if items[item].gold is None][:limit]
        kept = {*first, *gold}
        suggestions = [one for one in suggestions if one.item_id in kept]
    return record_round(
        project,
        suggestions,
        Round(
            number=number,
            source=model.source,
            model=model.model,
            labels=len(labels),
            suggested=len(suggestions),
            first=len(first),
            held_out=len(tested),
            right=score(project, learnt, tested),
            seconds=time.perf_counter() - began,
            strategy={} if step is None else step.as_dict(),
        ),
        first=first,
    )


def record_round(
    project: Project, suggestions: Sequence[Suggestion], done: Round, *, first: Sequence[int] = ()
) -> Round:
    """Store what a suggester said, and which items come first from now on.

    With the strategy ``disagreement`` those come first on which the latest suggestions of different
    suggesters disagree; else those in ``first``.
    """
    if project.settings.strategy == "disagreement":
        first = disputed(_latest(project, suggestions), labels_to_learn(project))
    payload = {**done.as_dict(), "first": list(first)}
    project.add_round(suggestions, payload)
    return replace(done, first=len(first))


def _items(project: Project) -> dict[int, Item]:
    return {row["item_id"]: item_of(row) for row in project.items().iter_rows(named=True)}


def _asked(project: Project, labels: Container[int], waiting: Sequence[int], limit: int) -> list[int]:
    """The items to suggest for: none that the model has learnt from, whose label it would only repeat."""
    if project.settings.strategy == "uncertainty":
        return list(waiting)
    told: list[int] = []
    if project.settings.strategy == "disagreement":
        told = project.suggestions().filter(source="endpoint")["item_id"].to_list()
    return [*(item for item in told if item not in labels), *waiting[:limit]]


def _suggest(model: Embedded, items: Sequence[Item], number: int, reporter: Reporter) -> list[Suggestion]:
    found: list[Suggestion] = []
    reporter.start("suggesting", sum(len(model.text_of(item)) for item in items))
    try:
        for start in range(0, len(items), _STEP):
            block = items[start : start + _STEP]
            found += model.suggest(block, round_number=number)
            reporter.advance(size=sum(len(model.text_of(item)) for item in block), rows=len(block))
    finally:
        reporter.finish()
    return found


def _latest(project: Project, added: Sequence[Suggestion]) -> list[tuple[int, str, float | None]]:
    """Item, answer and confidence of the latest suggestion of each suggester."""
    before = project.suggestions().filter(outcome="ok")
    latest: dict[tuple[int, str, str], tuple[int, str, float | None]] = {
        (item, source, model): (item, answer, confidence)
        for item, source, model, answer, confidence in before.select(
            "item_id", "source", "model", "answer", "confidence"
        ).iter_rows()
    }
    for one in added:
        if one.outcome == "ok":
            latest[one.item_id, one.source, one.model] = one.item_id, to_json(one.answer), one.confidence
    return list(latest.values())
