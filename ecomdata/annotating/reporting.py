"""``ecomdata annotate report``: what a project shows, measured, in words, and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ecomdata.annotating.adjudicating import decisions
from ecomdata.annotating.logs import gold_of, judgements_of, scale_of, suggestions_of
from ecomdata.annotating.measuring.measured import Log, Measurements, measure
from ecomdata.annotating.measuring.units import lengths_of
from ecomdata.annotating.measuring.words import in_words
from ecomdata.annotating.project import Project
from ecomdata.annotating.records import from_json
from ecomdata.errors import UsageError
from ecomdata.pathnames import file_to_write

if TYPE_CHECKING:
    import os


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a project shows.

    Attributes:
        folder: Where the project is.
        task: Its task's name.
        title: Its task's title.
        dataset: The dataset that the pool is from.
        release: Its release.
        log: What was measured.
        measured: The figures.
        words: The same in sentences, the most asked for first.
    """

    folder: str
    task: str
    title: str
    dataset: str
    release: str
    log: Log
    measured: Measurements
    words: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "project": self.folder,
            "task": self.task,
            "dataset": self.dataset,
            "release": self.release,
            "words": list(self.words),
            **self.measured.as_dict(),
        }


def log_of(project: Project) -> Log:
    """The log of a project, ready to be measured."""
    scale = scale_of(project.task)
    judgements = judgements_of(project)
    events = project.events()
    items = project.items()
    answered = items.filter(items["item_id"].is_in(judgements["item_id"].unique().to_list()))
    undone = [from_json(payload)["event_id"] for payload in events.filter(kind="undo")["payload"]]
    texts = {field.column for field in project.task.texts}
    return Log(
        scale=scale,
        judgements=judgements,
        suggestions=suggestions_of(project),
        adjudicated=decisions(project),
        gold=gold_of(project),
        lengths=lengths_of(answered, texts) if scale.kind == "spans" else {},
        skips=events.filter(pl.col("kind") == "skip", ~pl.col("event_id").is_in(undone)).height,
        items=items.height,
    )


def report_on(
    folder: str | os.PathLike[str],
    *,
    page: str | os.PathLike[str] | None = None,
    hourly_cost: float | None = None,
    seed: int = 0,
) -> Report:
    """Measure a project; definitions are in ``docs/annotation-measurements.md``.

    Args:
        folder: The project's.
        page: A file to write an HTML page to that needs nothing but itself.
        hourly_cost: What an hour of a person costs, in US dollars.
        seed: Of all resampling; the same log and seed give the same figures.

    Raises:
        UsageError: the folder holds no project, the cost is below zero, or the page's folder is not there.
        EcomdataError: a library of the extra ``annotate`` is missing, or the page cannot be written.
    """
    if hourly_cost is not None and not 0 <= hourly_cost < float("inf"):
        raise UsageError(f"an hour cannot cost {hourly_cost}", hint="give --hourly-cost in US dollars")
    target = None if page is None else file_to_write(page)
    with Project.open(Path(folder)) as project:
        log = log_of(project)
        measured = measure(log, hourly_cost=hourly_cost, seed=seed)
        report = Report(
            folder=str(project.folder),
            task=project.task.name,
            title=project.task.title or project.task.name,
            dataset=project.meta["dataset"],
            release=project.meta["release"],
            log=log,
            measured=measured,
            words=in_words(measured, log.scale),
        )
    if target is not None:
        from ecomdata.annotating.reportpage import write_page

        write_page(report, target)
    return report
