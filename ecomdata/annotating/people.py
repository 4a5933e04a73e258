"""The people who answer. Each has a link with a token of which only the hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import unicodedata
from typing import Final

from ecomdata.annotating import events
from ecomdata.annotating.records import Annotator, now
from ecomdata.errors import UsageError

_LONGEST: Final = 100
_TOKENS: Final = (
    "SELECT annotator_id, name, coalesce((SELECT json_extract(payload, '$.token_sha256') FROM events e "
    "WHERE e.kind = 'token' AND e.annotator_id = a.annotator_id "
    "ORDER BY event_id DESC LIMIT 1), token_sha256) AS token_sha256, "
    "EXISTS (SELECT 1 FROM events e WHERE e.kind = 'adjudicator' AND e.annotator_id = a.annotator_id) "
    "AS adjudicator FROM annotators a ORDER BY annotator_id"
)


def add(connection: sqlite3.Connection, name: str, *, adjudicator: bool = False) -> str:
    """Add a person, and return their token.

    Raises:
        UsageError: the name is empty, too long, has control characters, or is taken.
    """
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise UsageError(f"{name!r} is no name", hint=f"1 to {_LONGEST} printable characters")
    if _number_of(connection, name) is not None:
        raise UsageError(
            f"there is already someone called {name}",
            hint="choose another name, or make a new link: ecomdata annotate people renew",
        )
    token = _new_token()
    number = connection.execute(
        "INSERT INTO annotators (name, token_sha256, created) VALUES (?, ?, ?)", (name, _hash(token), now())
    ).lastrowid
    if adjudicator:
        events.append(connection, events.Event("adjudicator", {}, annotator_id=number))
    return token


def renew(connection: sqlite3.Connection, name: str) -> str:
    """Make a new token for a person, and return it.

    Raises:
        UsageError: there is no such person.
    """
    number = _number_of(connection, unicodedata.normalize("NFC", name.strip()))
    if number is None:
        names = [person.name for person in everyone(connection)]
        raise UsageError(
            f"there is nobody called {name}", hint=f"there are {', '.join(names) or 'no people yet'}"
        )
    token = _new_token()
    events.append(connection, events.Event("token", {"token_sha256": _hash(token)}, annotator_id=number))
    return token


def by_token(connection: sqlite3.Connection, token: str) -> Annotator | None:
    """Whose token it is. How long it takes says nothing of how near a guess is."""
    given = _hash(token)
    found = None
    for row in connection.execute(_TOKENS):
        if hmac.compare_digest(given, row["token_sha256"]):
            found = _person(row)
    return found


def everyone(connection: sqlite3.Connection) -> list[Annotator]:
    """All people, in the order in which they were added."""
    return [_person(row) for row in connection.execute(_TOKENS)]


def _person(row: sqlite3.Row) -> Annotator:
    return Annotator(row["annotator_id"], row["name"], bool(row["adjudicator"]))


def _number_of(connection: sqlite3.Connection, name: str) -> int | None:
    row = connection.execute("SELECT annotator_id FROM annotators WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _hash(token: str) -> str:
    # A token has 256 random bits, so a plain hash is as good as a slow one.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
