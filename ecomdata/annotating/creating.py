"""Making a project: the file is written aside and appears whole."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata import __version__
from ecomdata.annotating.database import PROJECT_FILE, create_database
from ecomdata.annotating.records import now, to_json
from ecomdata.durable import sync_folder
from ecomdata.errors import UsageError
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
    _check_positive(task, settings)
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
            _write(aside, task, meta, pool, settings, seed)
            try:
                aside.rename(folder)  # takes the place of an empty folder
            except OSError:
                require_free(folder)  # another process may have made one there meanwhile
                raise
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


def _write(
    folder: Path, task: Task, meta: Mapping[str, str], pool: Pool, settings: Settings, seed: int
) -> None:
    with closing(create_database(folder / PROJECT_FILE)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        names: dict[str, int] = {}
        rows = (
            (item.row_id, to_json(item.content), cluster, item.gold)
            for item, cluster in _clustered(task, pool, names, seed)
        )
        connection.executemany("INSERT INTO items (row_id, content, cluster, gold) VALUES (?, ?, ?, ?)", rows)
        _check(connection, settings)
        facts = {**meta, "clusters": to_json(list(names))}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
        connection.execute("COMMIT")
    sync_folder(folder)


def _clustered(
    task: Task, pool: Pool, names: dict[str, int], seed: int
) -> Iterator[tuple[PoolItem, int | None]]:
    """The items, each with the number of its cluster; ``names`` gets their names, in order."""
    if not pool.divided:
        for item in pool.items:
            yield item, None if item.cluster is None else names.setdefault(item.cluster, len(names))
        return
    from ecomdata.annotating.clusters import clusters_of_texts

    items = list(pool.items)
    texts = [task.text_of(item.content) for item in items]
    names |= {str(number): number for number in range(pool.divided)}
    yield from zip(items, clusters_of_texts(texts, pool.divided, seed=seed), strict=True)


def _check_positive(task: Task, settings: Settings) -> None:
    """See that the bandit looks for answers that the task has."""
    known = task.label_keys if task.score is None else tuple(map(str, task.score.values))
    if settings.positive and task.kind == "spans":
        raise UsageError(
            "the bandit looks for labels or scores, not for spans", hint="take another --strategy"
        )
    if unknown := [key for key in settings.positive if key not in known]:
        raise UsageError(f"{task.name} has no answer {unknown[0]!r}", hint=f"it has {', '.join(known)}")


def _check(connection: sqlite3.Connection, settings: Settings) -> None:
    items, gold, clusters = connection.execute(
        "SELECT count(*), count(gold), count(DISTINCT cluster) FROM items"
    ).fetchone()
    if items and settings.strategy in {"stratified", "bandit"} and clusters < 2:
        raise UsageError(
            f"the strategy {settings.strategy} goes by clusters, and there are {clusters}",
            hint="give --clusters: a column, or how many to make of the texts",
        )
    if not items:
        raise UsageError(
            "the pool is empty: no row has a text or images", hint="ecomdata sql shows what the query gives"
        )
    if items == gold:
        raise UsageError(
            f"all {items:,} items of the pool have a known answer, so there is nothing to ask",
            hint="give a smaller --gold-items",
        )
