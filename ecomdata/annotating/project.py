"""A project: the task, the pool and all that people and models said, in one SQLite file.

Every row is added and none is changed, so the state is what follows from the rows; see
:mod:`ecomdata.annotating.ledger`. Several threads and several processes may use a project at once. What a
method has returned from is in the file: a process that is killed loses nothing, and an answer is on the disk
even when the power fails (SQLite's ``synchronous = FULL``).
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ecomdata.annotating import events
from ecomdata.annotating.answers import validate
from ecomdata.annotating.creating import create_project
from ecomdata.annotating.draws import draw
from ecomdata.annotating.ledger import Ledger
from ecomdata.annotating.projectfile import ProjectFile
from ecomdata.annotating.records import (
    Arm,
    Assignment,
    Counts,
    Item,
    Progress,
    Suggestion,
    from_json,
    item_of,
    now,
    suggestion_of,
    to_json,
)
from ecomdata.annotating.strategies import order_of
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.annotating.pool import Pool
    from ecomdata.annotating.settings import Settings
    from ecomdata.annotating.task import Task

_SUGGESTION: Final = (
    "SELECT * FROM suggestions WHERE item_id = ? AND outcome = 'ok' ORDER BY suggestion_id DESC LIMIT 1"
)
_ADD_SUGGESTION: Final = (
    "INSERT INTO suggestions (item_id, source, model, round, answer, confidence, outcome, created, "
    "prompt_sha256, tokens_in, tokens_out, cost, milliseconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LONGEST: Final = 10_000
"""Characters of a comment, or of a reason to skip."""


class Project(ProjectFile):
    """An open project; close it, or use it as a context.

    Attributes:
        folder: Where it is.
        task: What people are asked.
        settings: How items are handed out.
        seed: What decides all draws.
        meta: All that was written down when it was made, as texts.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        super().__init__(folder, connection)
        self._state: Ledger | None = None

    @classmethod
    def create(
        cls, folder: str | Path, *, task: Task, pool: Pool, settings: Settings, seed: int = 0
    ) -> Project:
        """Make a project in a new folder, whole or not at all, and open it.

        Raises:
            UsageError: the folder is there and not empty, or the pool is empty.
            EcomdataError: the disk is full, or may not be written.
        """
        path = Path(folder)
        create_project(path, task=task, pool=pool, settings=settings, seed=seed)
        return cls.open(path)

    def _ledger(self, connection: sqlite3.Connection) -> Ledger:
        """The state as of this transaction."""
        if self._state is None:
            count = connection.execute("SELECT count(*) FROM items").fetchone()[0]
            gold = connection.execute("SELECT item_id FROM items WHERE gold IS NOT NULL").fetchall()
            self._state = Ledger(
                items=count,
                gold=[row[0] for row in gold],
                settings=self.settings,
                seed=self.seed,
                order=order_of(connection, self.settings, self.seed),
            )
        self._state.read(connection)
        return self._state

    def item(self, item_id: int) -> Item:
        """One item.

        Raises:
            UsageError: there is none of that number.
        """
        with self._lock:
            row = self._connection.execute("SELECT * FROM items WHERE item_id = ?", (item_id,)).fetchone()
        if row is None:
            raise UsageError(f"there is no item {item_id}")
        return item_of(row)

    def next_item(self, annotator_id: int) -> Assignment | None:
        """What a person is to answer next; the same until they have answered or skipped it.

        Returns:
            The assignment, which is stored, or None when there is nothing left for them.
        """
        with self._writing(durable=False) as connection:
            # A lost power supply may take an assignment along that nobody has answered; an answer takes it to
            # the disk with itself.
            ledger = self._ledger(connection)
            ledger.lapse(time.time())
            assignment = ledger.open_for(annotator_id)
            if assignment is None:
                chosen = ledger.choose(annotator_id)
                if chosen is None:
                    return None
                assignment = self._assign(connection, annotator_id, *chosen, ledger.round)
            return self._assignment(connection, assignment)

    def _assign(
        self, connection: sqlite3.Connection, annotator: int, item: int, reason: str, number: int
    ) -> int:
        """Store an assignment, and decide now and for good whether the suggestion is seen."""
        found = connection.execute(_SUGGESTION, (item,)).fetchone()
        arm: Arm = "none"
        if found is not None:
            arm = (
                "blind" if draw(self.seed, "blind", item, annotator) < self.settings.blind_share else "shown"
            )
        row = connection.execute(
            "INSERT INTO assignments (item_id, annotator_id, arm, suggestion_id, round, reason, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (item, annotator, arm, found and found["suggestion_id"], number, reason, now()),
        ).lastrowid
        return int(row or 0)

    def assignment(self, assignment_id: int) -> Assignment:
        """One assignment.

        Raises:
            UsageError: there is none of that number.
        """
        with self._lock:
            return self._assignment(self._connection, assignment_id)

    def last_answer(self, assignment_id: int) -> Mapping[str, Any] | None:
        """The payload of the last answer to an assignment, also where it was taken back; None before any."""
        with self._lock:
            row = self._connection.execute(
                "SELECT payload FROM events WHERE assignment_id = ? AND kind = 'answer' "
                "ORDER BY event_id DESC LIMIT 1",
                (assignment_id,),
            ).fetchone()
        return None if row is None else from_json(row["payload"])

    def _assignment(self, connection: sqlite3.Connection, assignment_id: int) -> Assignment:
        row = connection.execute(
            "SELECT a.*, i.content FROM assignments a JOIN items i USING (item_id) WHERE assignment_id = ?",
            (assignment_id,),
        ).fetchone()
        if row is None:
            raise UsageError(f"there is no assignment {assignment_id}")
        values: dict[str, Any] = dict(zip(row.keys(), row, strict=True))
        suggestion: Suggestion | None = None
        if row["arm"] == "shown":
            suggestion = suggestion_of(
                connection.execute(
                    "SELECT * FROM suggestions WHERE suggestion_id = ?", (row["suggestion_id"],)
                ).fetchone()
            )
        values |= {"content": from_json(row["content"]), "suggestion": suggestion}
        return Assignment(**values)

    def record_answer(
        self,
        assignment_id: int,
        answer: Mapping[str, Any],
        *,
        active_ms: int,
        wall_ms: int,
        accepted: bool | None = None,
        comment: str | None = None,
        client_key: str | None = None,
    ) -> int:
        """Store an answer.

        Args:
            assignment_id: The assignment that it answers.
            answer: The answer as JSON-ready values; see :mod:`ecomdata.annotating.answers`.
            active_ms: Milliseconds that the person looked at the item.
            wall_ms: Milliseconds since they were given it.
            accepted: Whether they took the suggestion as it was; None where they saw none.
            comment: What they want to say of it.
            client_key: A text of the caller's choice; what is sent again with it counts once.

        Returns:
            The event's number; that of the first time where ``client_key`` is known.

        Raises:
            UsageError: it is no answer to the task, or the assignment is answered already.
        """
        given = self.assignment(assignment_id)
        checked = validate(self.task, given.content, answer)
        payload = {
            "answer": checked.as_dict(),
            "active_ms": active_ms,
            "wall_ms": wall_ms,
            "accepted": accepted,
            "comment": _bounded("comment", comment),
        }
        return self._close("answer", given, payload, client_key)

    def skip(
        self,
        assignment_id: int,
        reason: str,
        *,
        active_ms: int,
        wall_ms: int,
        comment: str | None = None,
        client_key: str | None = None,
    ) -> int:
        """Store that a person leaves an item out, and why; the arguments are those of :meth:`record_answer`.

        Raises:
            UsageError: the assignment is answered already.
        """
        payload = {
            "reason": _bounded("reason", reason),
            "active_ms": active_ms,
            "wall_ms": wall_ms,
            "comment": _bounded("comment", comment),
        }
        return self._close("skip", self.assignment(assignment_id), payload, client_key)

    def _close(self, kind: str, given: Assignment, payload: Mapping[str, Any], key: str | None) -> int:
        event = events.Event(
            kind,
            payload,
            assignment_id=given.assignment_id,
            item_id=given.item_id,
            annotator_id=given.annotator_id,
            client_key=key,
        )
        with self._writing() as connection:
            if (known := events.known(connection, event)) is not None:
                return known
            if not self._ledger(connection).is_open(given.assignment_id):
                raise UsageError(
                    f"assignment {given.assignment_id} is answered already", hint="undo it to answer it again"
                )
            return events.append(connection, event)

    def undo(self, annotator_id: int, *, client_key: str | None = None) -> Assignment | None:
        """Take back a person's last answer or skip; :meth:`next_item` then gives that item again.

        Returns:
            The assignment that is open again, or None when there is nothing to take back.
        """
        with self._writing() as connection:
            ledger = self._ledger(connection)
            if client_key is not None and events.has_key(connection, client_key):
                again = ledger.open_for(annotator_id)
                return None if again is None else self._assignment(connection, again)
            last = ledger.last_done(annotator_id)
            if last is None:
                return None
            event, assignment = last
            undone = events.Event(
                "undo",
                {"event_id": event},
                assignment_id=assignment,
                annotator_id=annotator_id,
                client_key=client_key,
            )
            events.append(connection, undone)
            return self._assignment(connection, assignment)

    def record(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        item_id: int | None = None,
        annotator_id: int | None = None,
        client_key: str | None = None,
    ) -> int:
        """Store an event of another kind, such as ``adjudicate``, and return its number.

        Raises:
            UsageError: the kind has a method of its own, or ``client_key`` is another event's.
        """
        if kind in events.OF_ASSIGNMENTS:
            raise UsageError(f"events of the kind {kind!r} belong to assignments")
        event = events.Event(kind, payload, item_id=item_id, annotator_id=annotator_id, client_key=client_key)
        with self._writing() as connection:
            known = events.known(connection, event)
            return events.append(connection, event) if known is None else known

    def add_suggestions(self, suggestions: Iterable[Suggestion]) -> int:
        """Add what a suggester said, all of it or nothing, and return how many there were."""
        rows = [_suggestion_row(one) for one in suggestions]
        with self._writing() as connection:
            connection.executemany(_ADD_SUGGESTION, rows)
        return len(rows)

    def add_round(self, suggestions: Iterable[Suggestion], payload: Mapping[str, Any]) -> int:
        """End a round: add its suggestions and the event that says so, all of it or nothing.

        Args:
            suggestions: What the suggester said.
            payload: What is to be known of the round. From now on the items in ``first`` come before all
                others, in that order.

        Returns:
            The event's number.
        """
        rows = [_suggestion_row(one) for one in suggestions]
        with self._writing() as connection:
            connection.executemany(_ADD_SUGGESTION, rows)
            return events.append(connection, events.Event("round", payload))

    def waiting(self) -> list[int]:
        """The items that lack answers, in the order of the pool; those with a known answer are left out."""
        with self._writing(durable=False) as connection:
            return self._ledger(connection).waiting()

    def progress(self, annotator_id: int) -> Progress:
        """How far a person is, and the project."""
        with self._writing(durable=False) as connection:
            ledger = self._ledger(connection)
            answered, skipped, recent = ledger.done(annotator_id)
            return Progress(
                answered=answered,
                skipped=skipped,
                seconds=statistics.median(recent) if recent else None,
                items=ledger.size,
                complete=ledger.complete,
            )

    def counts(self) -> Counts:
        """The project in numbers."""
        with self._writing(durable=False) as connection:
            ledger = self._ledger(connection)
            suggested = connection.execute(
                "SELECT count(DISTINCT item_id) FROM suggestions WHERE outcome = 'ok'"
            ).fetchone()[0]
            return Counts(
                items=ledger.size + ledger.gold,
                gold=ledger.gold,
                complete=ledger.complete,
                answers=ledger.answers,
                round=ledger.round,
                suggested=suggested,
            )


def _suggestion_row(one: Suggestion) -> tuple[object, ...]:
    return (
        one.item_id,
        one.source,
        one.model,
        one.round,
        None if one.answer is None else to_json(one.answer),
        one.confidence,
        one.outcome,
        now(),
        one.prompt_sha256,
        one.tokens_in,
        one.tokens_out,
        one.cost,
        one.milliseconds,
    )


def _bounded(what: str, text: str | None) -> str | None:
    if text is not None and len(text) > _LONGEST:
        raise UsageError(f"the {what} has {len(text):,} characters", hint=f"at most {_LONGEST:,} are kept")
    return text
