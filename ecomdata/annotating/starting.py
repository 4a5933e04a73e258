"""Making a project out of what is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata.annotating.creating import require_free
from ecomdata.annotating.pool import Choice, pool_of
from ecomdata.annotating.project import Project
from ecomdata.annotating.settings import Settings
from ecomdata.annotating.task import Task
from ecomdata.annotating.taskfile import read_task

if TYPE_CHECKING:
    import os


def init_project(
    dataset: str,
    *,
    task: Task | str | Path,
    out: str | Path,
    choice: Choice,
    settings: Settings | None = None,
    seed: int = 0,
    home: str | os.PathLike[str] | None = None,
) -> Project:
    """Make a project in a new folder, and open it.

    Args:
        dataset: The loaded dataset that the pool is from.
        task: The task, its file, or a shipped task's name.
        out: The project's folder.
        choice: Which rows make the pool.
        settings: How items are handed out.
        seed: Decides all draws.
        home: Where the store is.

    Raises:
        UsageError: the task file is not of the form, the folder is there and not empty, the dataset is not
            loaded, the query is wrong, a column is missing, or the pool is empty.
        EcomdataError: the disk is full, or may not be written.
    """
    chosen = task if isinstance(task, Task) else read_task(task)
    folder = Path(out)
    require_free(folder)
    with pool_of(chosen, dataset, choice, seed=seed, home=home) as pool:
        return Project.create(folder, task=chosen, pool=pool, settings=settings or Settings(), seed=seed)
