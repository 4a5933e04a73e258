"""The labelled table beside the store, with its manifest, for the catalog, the card and Croissant."""

from __future__ import annotations

import hashlib
import io
import statistics
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ecomdata import __version__
from ecomdata.annotating.exporting.labels import labels_frame
from ecomdata.annotating.measuring.measured import measure
from ecomdata.annotating.measuring.words import in_words
from ecomdata.annotating.reporting import log_of
from ecomdata.durable import write_durably
from ecomdata.errors import UsageError
from ecomdata.labelled import LabelSet, kept_labels, labels_folder
from ecomdata.manifest import MANIFEST, WrittenFile
from ecomdata.progress import Silent
from ecomdata.registry import loader
from ecomdata.release import Release
from ecomdata.store import Store, alone, home_folder, writing

if TYPE_CHECKING:
    import os

    from ecomdata.annotating.project import Project


def store_labels(project: Project, *, home: str | os.PathLike[str] | None = None) -> tuple[Path, LabelSet]:
    """Write the labelled table beside the release that the pool is from, and return where it is.

    It appears whole or not at all, and takes the place of the one that was written before.

    Raises:
        UsageError: the pool is from no dataset, its release is gone, nothing was answered, or the name of
            the task is taken.
        EcomdataError: a library of the extra ``annotate`` is missing, or the disk may not be written.
    """
    release = _release(project, home)
    table = _with_key(labels_frame(project), project, release)
    content = parquet_bytes(table)
    folder = labels_folder(home_folder(home), project.meta["dataset"], project.meta["release"])
    folder = folder / project.task.name
    digest = hashlib.sha256(content).hexdigest()
    file = WrittenFile(
        path=f"labels-{digest[:12]}.parquet", size=len(content), sha256=digest, rows=table.height
    )
    found = _set_of(project, table, file)
    lock = folder.with_name(f".{folder.name.lower()}.lock")
    with alone(lock, f"storing the labels of {project.task.name}", Silent().say), writing(folder):
        _require_own_view(found, home_folder(home))
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(folder / file.path, content)
        write_durably(folder / MANIFEST, found.as_text())
        for other in folder.glob("labels-*.parquet"):
            if other.name != file.path:
                other.unlink()
    return folder / file.path, found


def _require_own_view(labels: LabelSet, home: Path) -> None:
    """See that no other labels hide behind the same view: names in SQL have no case.

    Raises:
        UsageError: labels of a task whose name differs by its case alone are there.
    """
    for path, other in kept_labels(home, labels.dataset, labels.release):
        if other.task != labels.task and other.task.lower() == labels.task.lower():
            raise UsageError(
                f"labels of the task {other.task!r} are there, and SQL cannot tell it from {labels.task!r}",
                hint=f"remove {path.parent}, or write a file instead: -o labels.parquet",
            )


def parquet_bytes(table: pl.DataFrame) -> bytes:
    """A table as Parquet; the same table gives the same bytes."""
    written = io.BytesIO()
    table.write_parquet(written, compression="zstd", statistics=True)
    return written.getvalue()


def _release(project: Project, home: str | os.PathLike[str] | None) -> Release:
    dataset, release = project.meta["dataset"], project.meta["release"]
    if not dataset:
        raise UsageError(
            f"the pool of {project.folder} is from no dataset", hint="write a file instead: -o labels.parquet"
        )
    store = Store(home_folder(home))
    if release not in store.releases(dataset):
        raise UsageError(
            f"release {release} of {dataset}, which the pool is from, is not in {store.home}",
            hint="write a file instead: -o labels.parquet",
        )
    return Release(store.folder(dataset) / "releases" / release, dataset)


def _with_key(table: pl.DataFrame, project: Project, release: Release) -> pl.DataFrame:
    """The table with the columns that identify a row upstream, behind ``row_id``; where there are any."""
    name = project.meta["table"]
    if name not in release:
        return table
    key = [
        column for column in loader(project.meta["dataset"]).table(name).key if column not in table.columns
    ]
    if not key:
        return table
    rows = release[name].scan().with_row_index("row_id")
    wanted = pl.LazyFrame({"row_id": table["row_id"]})
    numbered = rows.select(pl.col("row_id").cast(pl.Int64) + 1, *key)
    keys = numbered.join(wanted, on="row_id", how="semi").collect()
    names = table.columns
    names[2:2] = key
    return table.join(keys, on="row_id", how="left").select(names)


def _set_of(project: Project, table: pl.DataFrame, file: WrittenFile) -> LabelSet:
    log = log_of(project)
    measured = measure(log)
    counts = table["annotators"].to_list()
    tools = log.suggestions.filter(outcome="ok").select("source", "model").unique().sort("source", "model")
    return LabelSet(
        task=project.task.name,
        dataset=project.meta["dataset"],
        release=project.meta["release"],
        table=project.meta["table"],
        query=project.meta["query"],
        kind=project.task.kind,
        question=project.task.question,
        values=log.scale.values,
        items=table.height,
        answers=log.judgements.height,
        annotators=log.judgements["annotator"].n_unique(),
        per_item=(min(counts), float(statistics.median(counts)), max(counts)),
        sources=dict(sorted(Counter(table["source"].to_list()).items())),
        tools=tuple(f"{source} {model}" for source, model in tools.iter_rows()),
        blind_share=project.settings.blind_share,
        # Names of people are nobody's business, so sentences that have them are left out.
        analysis=tuple(one for one in in_words(measured, log.scale) if "look at" not in one),
        tool_version=__version__,
        file=file,
    )
