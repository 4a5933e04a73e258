"""``ecomdata annotate train``: the final classifier, its held-out scores, and labels for the whole pool."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
# (since scikit-learn carries no types)
from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from ecomdata import __version__
from ecomdata.annotating.adjudicating import resolved_items
from ecomdata.annotating.classifier import FinalClassifier, require_trainable
from ecomdata.annotating.exporting.labels import label_column
from ecomdata.annotating.exporting.storing import parquet_bytes, write_bytes
from ecomdata.annotating.logs import scale_of
from ecomdata.annotating.measuring.accuracy import Accuracy, accuracy
from ecomdata.annotating.measuring.judgements import Scale
from ecomdata.annotating.project import Project
from ecomdata.errors import UsageError
from ecomdata.manifest import write_durably
from ecomdata.store import writing

MODEL: Final = "model.npz"
SCORES: Final = "scores.json"
POOL: Final = "pool.parquet"
_FEWEST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A classifier that was trained on a project's labels.

    Attributes:
        folder: Where ``model.npz``, ``scores.json`` and ``pool.parquet`` are.
        task: The task.
        labelled: Items that it learnt from.
        folds: Parts of the cross-validation.
        held_out: Its scores on items that it had not seen.
        baseline: Those of always saying the most frequent label of the others.
        pool: Items that it labelled.
    """

    folder: str
    task: str
    labelled: int
    folds: int
    held_out: Accuracy
    baseline: Accuracy
    pool: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "folder": self.folder,
            "task": self.task,
            "labelled": self.labelled,
            "folds": self.folds,
            "held_out": self.held_out.as_dict(),
            "baseline": self.baseline.as_dict(),
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
    """Train the final classifier on the labels of a project, and label its whole pool with it.

    It is scored by cross-validation, stratified by label; items with the same text are in one part, so that
    none is tried that was learnt. Then it is trained on all.

    Args:
        folder: The project's.
        output: Where to write; default: ``trained`` in the project's folder.
        folds: Parts of the cross-validation; fewer where a label has fewer different texts.
        seed: Of the parts.

    Raises:
        UsageError: there is no project, its task is one of spans, there are too few labels, or scikit-learn
            is missing.
        EcomdataError: the disk is full, or may not be written.
    """
    if folds < 2:
        raise UsageError(f"{folds} parts are too few", hint="give --folds 2 or more")
    with Project.open(Path(folder)) as project:
        scale = scale_of(project.task)
        require_trainable(scale)
        items = project.items()
        texts = [project.task.text_of(json.loads(content)) for content in items["content"]]
        labels = {one.item_id: one.value for one in resolved_items(project) if one.value is not None}
        task = project.task.name
    known = [place for place, item in enumerate(items["item_id"]) if item in labels]
    values = [labels[items["item_id"][place]] for place in known]
    if len(known) < _FEWEST:
        raise UsageError(
            f"{len(known)} items have a label, and {_FEWEST} are needed", hint="label more, or adjudicate"
        )
    learnt = [texts[place] for place in known]
    parts, held_out, baseline = cross_validated(learnt, values, scale, folds=folds, seed=seed)
    model = FinalClassifier.fit(learnt, values, scale, seed=seed)
    target = Path(output) if output is not None else Path(folder) / "trained"
    trained = Trained(
        folder=str(target),
        task=task,
        labelled=len(known),
        folds=parts,
        held_out=held_out,
        baseline=baseline,
        pool=items.height,
    )
    _write(target, model, _labelled(items, texts, labels, model), trained)
    return trained


def cross_validated(
    texts: Sequence[str], values: Sequence[str], scale: Scale, *, folds: int, seed: int
) -> tuple[int, Accuracy, Accuracy]:
    """How many parts there were, the scores on held-out items, and those of the most frequent label.

    Raises:
        UsageError: there are not two labels with two different texts each.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = [" ".join(text.split()).casefold() for text in texts]
    different = Counter(value for value, _ in {*zip(values, groups, strict=True)})
    often = [count for count in different.values() if count > 1]
    if len(often) < 2:
        raise UsageError(
            "two labels with two different texts each are needed to hold some out", hint="label more items"
        )
    parts = min(folds, *often)
    numbers = np.unique(groups, return_inverse=True)[1]
    splitter = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    given, most = [""] * len(texts), [""] * len(texts)
    for seen, held in _splits(splitter, texts, values, numbers):
        frequent = Counter(values[place] for place in seen).most_common(1)[0][0]
        model = FinalClassifier.fit(
            [texts[place] for place in seen], [values[place] for place in seen], scale, seed=seed
        )
        told = model.predict([texts[place] for place in held])
        for place, (value, _) in zip(held, told, strict=True):
            given[place], most[place] = value, frequent
    scores = [accuracy(pl.DataFrame({"label": list(values), "given": told}), scale) for told in (given, most)]
    return parts, scores[0], scores[1]


def _splits(
    splitter: Any,  # noqa: ANN401 - it carries no types
    texts: Sequence[str],
    values: Sequence[str],
    groups: Any,  # noqa: ANN401 - an array
) -> list[tuple[list[int], list[int]]]:
    """Places to learn from and places to try, a pair for each part."""
    import warnings

    with warnings.catch_warnings():
        # A label with fewer texts than parts is not in all of them, which is so and need not be said.
        warnings.simplefilter("ignore", UserWarning)
        return [
            (seen.tolist(), held.tolist()) for seen, held in splitter.split(list(texts), list(values), groups)
        ]


def _labelled(
    items: pl.DataFrame, texts: Sequence[str], labels: dict[int, str], model: FinalClassifier
) -> pl.DataFrame:
    told = list(model.predict(texts))
    return items.select("item_id", "row_id").with_columns(
        label=label_column([value for value, _ in told], model.scale),
        confidence=pl.Series([sure for _, sure in told], dtype=pl.Float64),
        people=label_column([labels.get(item) for item in items["item_id"]], model.scale),
    )


def _write(folder: Path, model: FinalClassifier, table: pl.DataFrame, trained: Trained) -> None:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{MODEL}.{os.getpid()}.tmp"
        try:
            model.save(aside)
            aside.replace(folder / MODEL)
        finally:
            aside.unlink(missing_ok=True)
        write_bytes(folder / POOL, parquet_bytes(table))
        write_durably(folder / SCORES, json.dumps(trained.as_dict(), ensure_ascii=False, indent=1))
