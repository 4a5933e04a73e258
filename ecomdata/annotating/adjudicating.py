"""Adjudication: who decides where annotators disagree. Decisions are events of the kind ``adjudicate``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ecomdata.annotating.answers import validate
from ecomdata.annotating.logs import gold_of, judgements_of, scale_of
from ecomdata.annotating.measuring.judgements import answer_of, value_of
from ecomdata.annotating.records import from_json
from ecomdata.annotating.resolving import Resolved, Source, resolve, to_adjudicate

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project

EVENT: Final = "adjudicate"
"""The kind of the events; their payload is ``{"answer": {...}, "comment": text or null}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An item that waits for a decision.

    Attributes:
        item_id: The item.
        content: What it shows, by column.
        answers: What was answered, without who did, and how often; the most frequent first.
        source: ``disputed``, or ``majority``: more than half said the same.
        agreement: The share of pairs of answers that are the same.
    """

    item_id: int
    content: Mapping[str, Any]
    answers: tuple[tuple[Mapping[str, Any], int], ...]
    source: Source
    agreement: float


def disagreements(project: Project) -> list[Disagreement]:
    """The items on which people disagree and nobody has decided, those with most disagreement first."""
    scale = scale_of(project.task)
    answers = judgements_of(project)
    counted = answers.group_by("item_id", "value").len().sort("len", "value", descending=[True, False])
    given: defaultdict[int, list[tuple[Mapping[str, Any], int]]] = defaultdict(list)
    for item, value, count in counted.iter_rows():
        given[item].append((answer_of(value, scale), count))
    shown = dict(project.items().select("item_id", "content").iter_rows())
    return [
        Disagreement(
            item_id=one.item_id,
            content=from_json(shown[one.item_id]),
            answers=tuple(given[one.item_id]),
            source=one.source,
            agreement=one.agreement or 0.0,
        )
        for one in to_adjudicate(resolve(answers, decisions(project)))
    ]


def adjudicate(
    project: Project,
    item_id: int,
    answer: Mapping[str, Any],
    *,
    annotator_id: int | None = None,
    comment: str | None = None,
    client_key: str | None = None,
) -> int:
    """Decide what an item's label is; a later decision takes the place of an earlier one.

    Args:
        project: The project.
        item_id: The item.
        answer: The answer as JSON-ready values.
        annotator_id: Who decides.
        comment: What they want to say of it.
        client_key: A text of the caller's choice; what is sent again with it counts once.

    Returns:
        The event's number.

    Raises:
        UsageError: there is no such item, or it is no answer to the task.
    """
    checked = validate(project.task, project.item(item_id).content, answer)
    payload = {"answer": checked.as_dict(), "comment": comment}
    return project.record(EVENT, payload, item_id=item_id, annotator_id=annotator_id, client_key=client_key)


def decisions(project: Project) -> dict[int, str]:
    """Item -> what was decided last, in the form of judgements."""
    scale = scale_of(project.task)
    events = project.events().filter(kind=EVENT).sort("event_id")
    return {
        int(item): value_of(from_json(payload)["answer"], scale)
        for item, payload in events.select("item_id", "payload").iter_rows()
    }


def resolved_items(project: Project) -> list[Resolved]:
    """The label of every item that was answered or decided on."""
    return resolve(judgements_of(project), decisions(project))


def labels_to_learn(project: Project) -> dict[int, dict[str, Any]]:
    """Item -> its label, an answer as JSON-ready values; items with a known answer are left out."""
    scale, gold = scale_of(project.task), gold_of(project)
    return {
        one.item_id: answer_of(one.value, scale)
        for one in resolved_items(project)
        if one.value is not None and one.item_id not in gold
    }
