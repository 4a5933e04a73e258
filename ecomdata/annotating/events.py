"""Events: what happened, one row each, added and never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ecomdata.annotating.records import now, to_json
from ecomdata.errors import UsageError

OF_ASSIGNMENTS: Final = frozenset({"answer", "skip", "undo"})
"""The kinds that say what became of an assignment."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        kind: What happened: ``answer``, ``skip``, ``undo``, ``adjudicate``, ``round``, ``token``, ...
        payload: More of it, as JSON-ready values.
        assignment_id: The assignment it is about.
        item_id: The item it is about.
        annotator_id: The person who did it.
        client_key: A text that says whether the same is sent again.
    """

    kind: str
    payload: Mapping[str, Any]
    assignment_id: int | None = None
    item_id: int | None = None
    annotator_id: int | None = None
    client_key: str | None = None


def append(connection: sqlite3.Connection, event: Event) -> int:
    """Add an event, within the caller's transaction, and return its number."""
    row = connection.execute(
        "INSERT INTO events (at, kind, assignment_id, item_id, annotator_id, payload, client_key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            now(),
            event.kind,
            event.assignment_id,
            event.item_id,
            event.annotator_id,
            to_json(event.payload),
            event.client_key,
        ),
    ).lastrowid
    return int(row or 0)


def known(connection: sqlite3.Connection, event: Event) -> int | None:
    """The number of the event that was stored under the same ``client_key``, or None.

    Raises:
        UsageError: it is an event about something else, so the key was not chosen well.
    """
    if event.client_key is None:
        return None
    row = connection.execute(
        "SELECT event_id, kind, assignment_id, item_id, annotator_id FROM events WHERE client_key = ?",
        (event.client_key,),
    ).fetchone()
    if row is None:
        return None
    if tuple(row)[1:] != (event.kind, event.assignment_id, event.item_id, event.annotator_id):
        raise UsageError(
            f"client_key {event.client_key!r} is that of another event", hint="choose it at random"
        )
    return int(row["event_id"])


def has_key(connection: sqlite3.Connection, client_key: str) -> bool:
    """Whether an event was stored under a ``client_key``."""
    return (
        connection.execute("SELECT 1 FROM events WHERE client_key = ?", (client_key,)).fetchone() is not None
    )
