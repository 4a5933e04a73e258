"""What a project holds, one row at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from ecomdata.errors import DataError
from ecomdata.plainjson import DEEPEST, parsed

Arm = Literal["shown", "blind", "none"]
Reason = Literal["pool", "gold", "overlap", "adjudication"]
Outcome = Literal["ok", "unparsed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of the pool.

    Attributes:
        item_id: Its number in the project, from 1.
        row_id: Its row in the table, or in the answer to the query, from 1.
        content: What is shown, by column.
        cluster: The cluster it is in, or None.
        gold: The answer that is known to be right, or None.
    """

    item_id: int
    row_id: int
    content: Mapping[str, Any]
    cluster: int | None = None
    gold: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Annotator:
    """A person who answers; an adjudicator also decides where others disagree."""

    annotator_id: int
    name: str
    adjudicator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a model says of an item.

    Attributes:
        item_id: The item.
        source: ``embedded`` or ``endpoint``.
        model: The model's name.
        round: The round it was made in, from 1.
        answer: The answer, or None where the outcome is not ``ok``.
        confidence: How sure the model is, 0 to 1, or None.
        outcome: ``ok``, ``unparsed`` (said something that is no answer) or ``failed`` (said nothing).
        suggestion_id: Its number; 0 before it is added.
        prompt_sha256: The prompt's hash.
        tokens_in: Tokens sent.
        tokens_out: Tokens received.
        cost: US dollars.
        milliseconds: Time it took.
    """

    item_id: int
    source: str
    model: str
    round: int
    answer: Mapping[str, Any] | None
    confidence: float | None = None
    outcome: Outcome = "ok"
    suggestion_id: int = 0
    prompt_sha256: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One item that was given to one person.

    Attributes:
        assignment_id: Its number.
        item_id: The item.
        annotator_id: The person.
        content: What is shown of the item, by column.
        arm: Whether there is a suggestion, and whether the person sees it.
        suggestion_id: The suggestion that there was, in either arm.
        suggestion: The suggestion where it is shown, and None where it is hidden.
        round: The round of suggestions it belongs to.
        reason: Why it was given: from the pool, a known answer, or as one of several people.
        created: When, ISO 8601 in UTC.
    """

    assignment_id: int
    item_id: int
    annotator_id: int
    content: Mapping[str, Any]
    arm: Arm
    suggestion_id: int | None
    suggestion: Suggestion | None
    round: int
    reason: Reason
    created: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a person is, and the project.

    Attributes:
        answered: What the person has answered.
        skipped: What the person has skipped.
        seconds: The median active seconds of the person's last 20 answers, or None.
        items: Items of the pool, those with known answers left out.
        complete: Those that have all the answers they need.
    """

    answered: int
    skipped: int
    seconds: float | None
    items: int
    complete: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A project in numbers.

    Attributes:
        items: All items.
        gold: Those with a known answer.
        complete: Items of the pool with all the answers that they need.
        answers: Answers that count, those to gold items too.
        round: Rounds of suggestions so far.
        suggested: Items with a suggestion.
    """

    items: int
    gold: int
    complete: int
    answers: int
    round: int
    suggested: int


def now() -> str:
    """The time, as it is stored: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def item_of(row: sqlite3.Row | Mapping[str, Any]) -> Item:
    """An item as its row has it."""
    return Item(
        item_id=row["item_id"],
        row_id=row["row_id"],
        content=from_json(row["content"]),
        cluster=row["cluster"],
        gold=None if row["gold"] is None else from_json(row["gold"]),
    )


def suggestion_of(row: sqlite3.Row) -> Suggestion:
    """A suggestion as its row has it."""
    values: dict[str, Any] = dict(zip(row.keys(), row, strict=True))
    del values["created"]
    values["answer"] = None if values["answer"] is None else from_json(values["answer"])
    return Suggestion(**values)


def to_json(value: object) -> str:
    """A value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Any:  # noqa: ANN401 - whatever stands there
    """The value of a JSON text from a project, which somebody else may have made.

    Raises:
        DataError: it cannot be read, or is nested too deep to be shown.
    """
    try:
        # Only what has so many brackets can be so deep, and counting the levels takes its time.
        return parsed(text) if text.count("[") + text.count("{") > DEEPEST else json.loads(text)
    except ValueError as error:
        raise DataError(
            f"the project holds JSON that cannot be read: {error}",
            hint="another program changed it; take the copy from before, or make the project again",
        ) from error
