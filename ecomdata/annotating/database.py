"""The SQLite file of a project: its tables, and how it is opened.

Rows are only ever added: triggers refuse to change or delete one, so that all that people did can be told.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

from ecomdata.errors import DataError, EcomdataError, UsageError

PROJECT_FILE: Final = "project.sqlite"
VERSION: Final = 1
"""The schema's version, in ``user_version``. A file with a higher one was written by a newer ecomdata."""
_APPLICATION: Final = 0x65636461
"""``application_id``: "ecda"; a file with another one is no project."""
_WAIT: Final = 30.0
"""Seconds to wait for another process that writes."""

_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    item_id INTEGER PRIMARY KEY, row_id INTEGER NOT NULL, content TEXT NOT NULL, cluster INTEGER, gold TEXT
);
CREATE TABLE annotators (
    annotator_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, token_sha256 TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE TABLE suggestions (
    suggestion_id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES items, source TEXT NOT NULL,
    model TEXT NOT NULL, round INTEGER NOT NULL, answer TEXT, confidence REAL,
    outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'unparsed', 'failed')), created TEXT NOT NULL,
    prompt_sha256 TEXT, tokens_in INTEGER, tokens_out INTEGER, cost REAL, milliseconds REAL
);
CREATE INDEX suggestions_by_item ON suggestions (item_id, outcome);
CREATE TABLE assignments (
    assignment_id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES items,
    annotator_id INTEGER NOT NULL REFERENCES annotators,
    arm TEXT NOT NULL CHECK (arm IN ('shown', 'blind', 'none')),
    suggestion_id INTEGER REFERENCES suggestions, round INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('pool', 'gold', 'overlap', 'adjudication')), created TEXT NOT NULL
);
CREATE INDEX assignments_by_item ON assignments (item_id);
CREATE TABLE events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL,
    assignment_id INTEGER REFERENCES assignments, item_id INTEGER REFERENCES items,
    annotator_id INTEGER REFERENCES annotators, payload TEXT NOT NULL, client_key TEXT UNIQUE
);
CREATE INDEX events_by_assignment ON events (assignment_id);
CREATE INDEX events_by_kind ON events (kind);
"""
_SQLITES: Final = frozenset({"sqlite_sequence", "sqlite_stat1", "sqlite_stat4"})
_NAMES: Final = ("meta", "items", "annotators", "suggestions", "assignments", "events")
_KEPT: Final = "".join(
    f"CREATE TRIGGER {name}_{verb} BEFORE {verb} ON {name} "
    f"BEGIN SELECT RAISE(ABORT, 'rows of {name} are never changed'); END;\n"
    for name in _NAMES
    for verb in ("UPDATE", "DELETE")
)


def create_database(path: Path) -> sqlite3.Connection:
    """A new file with the empty tables."""
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES + _KEPT)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_database(folder: Path) -> sqlite3.Connection:
    """The file of a project folder.

    Raises:
        UsageError: the folder has none, or it is another program's.
        EcomdataError: it was written by a newer version, or may not be read.
        DataError: it is damaged.
    """
    path = folder / PROJECT_FILE
    if not path.is_file():
        raise UsageError(f"{folder} is no annotation project", hint="make one: ecomdata annotate init --help")
    reading_only = not os.access(folder, os.W_OK)
    try:
        connection = _connect_reading(path) if reading_only else _connect(path)
    except sqlite3.OperationalError as error:
        raise EcomdataError(
            f"{path} cannot be read: {error}", hint="may you read it? Who made the project can let you"
        ) from error
    try:
        application = _number(connection, "application_id")
        version = _number(connection, "user_version")
        if application == _APPLICATION and version == VERSION:
            _check_schema(connection)
            if not reading_only:
                connection.execute("PRAGMA journal_mode = WAL")
            return connection
    except sqlite3.DatabaseError as error:
        connection.close()
        raise DataError(
            f"{path} cannot be read: {error}", hint="is it a project's file? Take it from a copy"
        ) from error
    connection.close()
    if application != _APPLICATION:
        raise UsageError(
            f"{path} is an SQLite file, but no annotation project", hint="ecomdata annotate init makes one"
        )
    raise EcomdataError(
        f"{path} was written by a newer ecomdata (schema {version}, this one knows {VERSION})",
        hint="upgrade with pip install --upgrade ecomdata",
    )


def _connect_reading(path: Path) -> sqlite3.Connection:
    """A project where nothing may be written, not even the files that SQLite keeps beside it."""
    rest = path.with_name(f"{path.name}-wal")
    if rest.exists() and rest.stat().st_size:
        raise EcomdataError(
            f"the last answers stand in {rest}, which cannot be taken in as {path.parent} may not be written",
            hint="copy the whole folder to where it may be, and use that",
        )
    return _connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1")


def _connect(path: Path | str) -> sqlite3.Connection:
    # One connection serves all threads of a process, one after the other: Project has a lock.
    connection = sqlite3.connect(
        path, timeout=_WAIT, isolation_level=None, check_same_thread=False, uri=isinstance(path, str)
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _schema(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """All that the file declares: kind, name and SQL; without what SQLite adds by itself."""
    found = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return frozenset((str(kind), str(name), str(sql)) for kind, name, sql in found if name not in _SQLITES)


def _check_schema(connection: sqlite3.Connection) -> None:
    if _schema(connection) != _own_schema():
        raise sqlite3.DatabaseError("its tables, or what happens when one is written, are others")


@cache
def _own_schema() -> frozenset[tuple[str, str, str]]:
    # A project may come from a stranger: a trigger or a view of theirs would run with every answer.
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES + _KEPT)
        return _schema(connection)


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
