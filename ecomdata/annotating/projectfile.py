"""The file of a project: what it says of itself, transactions, people, and all of it as frames."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ecomdata.annotating import frames, people
from ecomdata.annotating.database import PROJECT_FILE, open_database
from ecomdata.annotating.records import Annotator, from_json
from ecomdata.annotating.settings import Settings, settings_of
from ecomdata.annotating.task import Task
from ecomdata.annotating.taskfile import task_of
from ecomdata.errors import DataError, EcomdataError
from ecomdata.plainjson import parsed

if TYPE_CHECKING:
    import polars as pl


class ProjectFile:
    """An open project file; see :class:`ecomdata.annotating.project.Project`."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection
        self._lock = threading.RLock()
        self._durable = True
        self.meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        try:
            self.task: Task = task_of(parsed(self.meta["task"]), where=str(folder / PROJECT_FILE))
            self.settings: Settings = settings_of(parsed(self.meta["settings"]))
            self.seed = int(self.meta["seed"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{folder / PROJECT_FILE} does not say what a project says: {error}",
                hint="is it a project's file? Take it from a copy",
            ) from error

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a project.

        Raises:
            UsageError: there is none in the folder.
            EcomdataError: it was written by a newer version.
            DataError: it is damaged.
        """
        path = Path(folder)
        connection = open_database(path)
        try:
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the file. The project cannot be used any more."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self, *, durable: bool = True) -> Generator[sqlite3.Connection]:
        """A transaction that nobody else writes in. On the disk when it ends, if durable.

        Raises:
            EcomdataError: the disk is full or read-only, or another process holds the file for too long.
        """
        with self._lock:
            try:
                if durable != self._durable:
                    self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                    self._durable = durable
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.OperationalError as error:
                raise EcomdataError(
                    f"{self.folder / PROJECT_FILE} cannot be written: {error}",
                    hint="is the disk full or read-only, or another process at it? What was answered is kept",
                ) from error

    def add_annotator(self, name: str, *, adjudicator: bool = False) -> str:
        """Add a person, who may also be one who decides where others disagree.

        Returns:
            The token of their link. It is not kept, only its hash: give it to them now.

        Raises:
            UsageError: the name is empty, too long, or taken.
        """
        with self._writing() as connection:
            return people.add(connection, name, adjudicator=adjudicator)

    def renew_token(self, name: str) -> str:
        """A new token for a person; the one before is good for nothing from now on.

        Raises:
            UsageError: there is no such person.
        """
        with self._writing() as connection:
            return people.renew(connection, name)

    def annotator_by_token(self, token: str) -> Annotator | None:
        """Whose token it is, or None. Compared in constant time."""
        with self._lock:
            return people.by_token(self._connection, token)

    def annotators(self) -> list[Annotator]:
        """All people, in the order in which they were added."""
        with self._lock:
            return people.everyone(self._connection)

    def contents(self) -> Iterator[Mapping[str, Any]]:
        """What each item shows, by column; read as it is asked for."""
        with self._lock:
            for row in self._connection.execute("SELECT content FROM items ORDER BY item_id"):
                yield from_json(row["content"])

    def items(self) -> pl.DataFrame:
        """All items: item_id, row_id, content (JSON), cluster, gold (JSON)."""
        return self._frame(frames.ITEMS)

    def answers(self) -> pl.DataFrame:
        """The answers that count, a row for each person and item; ``frames.ANSWERS`` says which columns."""
        return self._frame(frames.ANSWERS)

    def suggestions(self) -> pl.DataFrame:
        """All suggestions ever made."""
        return self._frame(frames.SUGGESTIONS)

    def assignments(self) -> pl.DataFrame:
        """All assignments ever made."""
        return self._frame(frames.ASSIGNMENTS)

    def events(self) -> pl.DataFrame:
        """All that ever happened, in order."""
        return self._frame(frames.EVENTS)

    def _frame(self, wanted: frames.Frame) -> pl.DataFrame:
        with self._lock:
            return frames.read(self._connection, wanted)
