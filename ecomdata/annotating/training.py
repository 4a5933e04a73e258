"""``ecomdata annotate train``: the final model, its held-out scores, and labels for the whole pool."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from ecomdata import __version__
from ecomdata.annotating.adjudicating import resolved_items
from ecomdata.annotating.exporting.labels import label_column
from ecomdata.annotating.exporting.storing import parquet_bytes
from ecomdata.annotating.learning import Learner, Model, learner_of
from ecomdata.annotating.logs import scale_of
from ecomdata.annotating.measuring.accuracy import Accuracy, accuracy
from ecomdata.annotating.measuring.judgements import Scale
from ecomdata.annotating.project import Project
from ecomdata.annotating.records import from_json
from ecomdata.annotating.suggesting.classifier import require_learning
from ecomdata.annotating.task import Task
from ecomdata.durable import aside, write_durably
from ecomdata.errors import UsageError
from ecomdata.progress import Silent
from ecomdata.store import alone, writing

SCORES: Final = "scores.json"
POOL: Final = "pool.parquet"
_FEWEST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model that was trained on a project's labels.

    Attributes:
        folder: Where the model, ``scores.json`` and ``pool.parquet`` are.
        model: The name of its file there.
        task: The task.
        labelled: Items that it learnt from.
        folds: Parts of the cross-validation.
        held_out: Its scores on items that it had not seen.
        baseline: Those of always saying the most frequent label of the others; of spans, of marking nothing.
        baseline_name: Which of the two.
        pool: Items that it labelled.
    """

    folder: str
    model: str
    task: str
    labelled: int
    folds: int
    held_out: Accuracy
    baseline: Accuracy
    baseline_name: str
    pool: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "folder": self.folder,
            "model": self.model,
            "task": self.task,
            "labelled": self.labelled,
            "folds": self.folds,
            "held_out": self.held_out.as_dict(),
            "baseline": self.baseline.as_dict(),
            "baseline_name": self.baseline_name,
            "pool": self.pool,
            "tool_version": __version__,
        }


def train_classifier(
    folder: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Trained:
    """Train the final model on the labels of a project, and label its whole pool with it.

    It is scored by cross-validation; items with the same text are in one part, so that none is tried that was
    learnt. Then it is trained on all. Labels and scores are learnt by a classifier, spans by a dictionary.

    Args:
        folder: The project's.
        output: Where to write; default: ``trained`` in the project's folder.
        folds: Parts of the cross-validation; fewer where a label has fewer different texts.
        seed: Of the parts.

    Raises:
        UsageError: there is no project, there are too few labels, or scikit-learn is missing.
        EcomdataError: the disk is full, or may not be written.
    """
    if folds < 2:
        raise UsageError(f"{folds} parts are too few", hint="give --folds 2 or more")
    with Project.open(Path(folder)) as project:
        require_learning()
        task = project.task
        items = project.items()
        contents: list[dict[str, Any]] = [from_json(content) for content in items["content"]]
        labels = {one.item_id: one.value for one in resolved_items(project) if one.value is not None}
    known = [place for place, item in enumerate(items["item_id"]) if item in labels]
    values = [labels[items["item_id"][place]] for place in known]
    if len(known) < _FEWEST:
        raise UsageError(
            f"{len(known)} items have a label, and {_FEWEST} are needed", hint="label more, or adjudicate"
        )
    learner = learner_of(task, seed=seed)
    learnt = [contents[place] for place in known]
    parts, held_out, baseline = cross_validated(learner, learnt, values, task, folds=folds)
    model = learner.fit([learner.reads(content) for content in learnt], values)
    told = model.predict([learner.reads(content) for content in contents])
    target = Path(output) if output is not None else Path(folder) / "trained"
    trained = Trained(
        folder=str(target),
        model=learner.file,
        task=task.name,
        labelled=len(known),
        folds=parts,
        held_out=held_out,
        baseline=baseline,
        baseline_name=learner.baseline,
        pool=items.height,
    )
    _write(target, model, _labelled(items, list(told), labels, scale_of(task)), trained)
    return trained


def cross_validated(
    learner: Learner, contents: Sequence[Mapping[str, Any]], values: Sequence[str], task: Task, *, folds: int
) -> tuple[int, Accuracy, Accuracy]:
    """How many parts there were, the scores on held-out items, and those of the baseline.

    Raises:
        UsageError: there are too few different texts with labels.
    """
    groups = [" ".join(task.text_of(content).split()).casefold() for content in contents]
    items = [learner.reads(content) for content in contents]
    splits = learner.splits(groups, values, folds)
    given, plain = [""] * len(items), [""] * len(items)
    for seen, held in splits:
        learnt = [values[place] for place in seen]
        # Parts are not quite even; one label may be all it knows.
        if task.kind != "spans" and len({*learnt}) == 1:
            told = iter([(learnt[0], 1.0)] * len(held))
        else:
            model = learner.fit([items[place] for place in seen], learnt)
            told = model.predict([items[place] for place in held])
        for place, (value, _) in zip(held, told, strict=True):
            given[place], plain[place] = value, learner.plain(learnt)
    pairs = (pl.DataFrame({"label": list(values), "given": told}) for told in (given, plain))
    held_out, baseline = (accuracy(one, scale_of(task)) for one in pairs)
    return len(splits), held_out, baseline


def _labelled(
    items: pl.DataFrame, told: Sequence[tuple[str, float]], labels: Mapping[int, str], scale: Scale
) -> pl.DataFrame:
    return items.select("item_id", "row_id").with_columns(
        label=label_column([value for value, _ in told], scale),
        confidence=pl.Series([sure for _, sure in told], dtype=pl.Float64),
        people=label_column([labels.get(item) for item in items["item_id"]], scale),
    )


def _write(folder: Path, model: Model, table: pl.DataFrame, trained: Trained) -> None:
    # The three belong together: another process that trains must not come between them.
    whole = folder.resolve()
    lock = whole.with_name(f".{whole.name}.lock")
    with alone(lock, f"writing to {folder}", Silent().say), writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with aside(folder / trained.model) as temporary:
            model.save(temporary)
            temporary.replace(folder / trained.model)
        write_durably(folder / POOL, parquet_bytes(table))
        write_durably(folder / SCORES, json.dumps(trained.as_dict(), ensure_ascii=False, indent=1))
