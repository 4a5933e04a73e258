"""Making a project: the file is written aside and appears whole."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata import __version__
from ecomdata.annotating.database import PROJECT_FILE, create_database
from ecomdata.annotating.records import now, to_json
from ecomdata.errors import EcomdataError, UsageError
from ecomdata.manifest import sync_folder
from ecomdata.store import writing

if TYPE_CHECKING:
    from ecomdata.annotating.pool import Pool, PoolItem
    from ecomdata.annotating.settings import Settings
    from ecomdata.annotating.task import Task


def create_project(folder: Path, *, task: Task, pool: Pool, settings: Settings, seed: int) -> None:
    """Write the project's folder.

    Raises:
        UsageError: the folder is there and not empty, or the pool is empty.
        EcomdataError: the disk is full, or may not be written.
    """
    require_free(folder)
    meta = {
        "task": to_json(task.as_dict()),
        "dataset": pool.dataset,
        "release": pool.release,
        "table": pool.table,
        "query": pool.query,
        "seed": str(seed),
        "settings": to_json(settings.as_dict()),
        "created": now(),
        "tool_version": __version__,
    }
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    with writing(folder):
        aside.mkdir(parents=True)
        try:
            _write(aside, meta, pool.items)
            aside.rename(folder)  # takes the place of an empty folder
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def require_free(folder: Path) -> None:
    """See that a project can be made in a folder.

    Raises:
        UsageError: something is there.
    """
    if (folder / PROJECT_FILE).exists():
        raise UsageError(
            f"{folder} holds a project already",
            hint="open it with ecomdata annotate status, or give another --out",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and not empty", hint="give a new folder with --out")
    if not folder.name:
        raise UsageError(f"{folder} is no name of a new folder", hint="give one with --out")


def _write(folder: Path, meta: Mapping[str, str], items: Iterable[PoolItem]) -> None:
    connection = create_database(folder / PROJECT_FILE)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        connection.executemany(
            "INSERT INTO items (row_id, content, gold) VALUES (?, ?, ?)",
            ((item.row_id, to_json(item.content), item.gold) for item in items),
        )
        _check(connection)
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise EcomdataError(
            f"{folder} cannot be written: {error}",
            hint="free some space, or give another --out; nothing was lost",
        ) from error
    finally:
        connection.close()
    sync_folder(folder)


def _check(connection: sqlite3.Connection) -> None:
    items, gold = connection.execute("SELECT count(*), count(gold) FROM items").fetchone()
    if not items:
        raise UsageError(
            "the pool is empty: no row has a text or images", hint="ecomdata sql shows what the query gives"
        )
    if items == gold:
        raise UsageError(
            f"all {items:,} items of the pool have a known answer, so there is nothing to ask",
            hint="give a smaller --gold-items",
        )
