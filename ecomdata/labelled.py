"""What lies beside the store of the labels that people gave to a release's rows; cheap to read.

    HOME/labels/<dataset>/<release>/<task>/manifest.json, labels-<hash>.parquet

A set is seen only if its file is there, whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ecomdata.manifest import MANIFEST, WrittenFile
from ecomdata.plainjson import read_json, revived

LABELS: Final = "labels"
"""The folder of the sets, and the first part of a view's name."""
_FILE: Final = re.compile(r"labels-[0-9a-f]{12}\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """The labels of one task, and how they came about.

    Attributes:
        task: The task's name, which is the set's.
        dataset: The dataset.
        release: Its release.
        table: The table that ``row_id`` counts the rows of; empty where it counts those of ``query``.
        query: The query that gave the pool.
        kind: ``labels``, ``score`` or ``spans``.
        question: What people were asked.
        values: What could be answered.
        items: Items with a row in the file.
        answers: Answers that count.
        annotators: People who answered.
        per_item: The least, the median and the most answers of an item.
        sources: How many labels rest on what; see :mod:`ecomdata.annotating.resolving`.
        tools: The suggesters whose suggestions there were.
        blind_share: The share of items whose suggestion was hidden.
        analysis: What was measured, in sentences.
        tool_version: The ecomdata that wrote it.
        file: The Parquet file.
    """

    task: str
    dataset: str
    release: str
    table: str
    query: str
    kind: str
    question: str
    values: tuple[str, ...]
    items: int
    answers: int
    annotators: int
    per_item: tuple[int, float, int]
    sources: Mapping[str, int]
    tools: tuple[str, ...]
    blind_share: float
    analysis: tuple[str, ...]
    tool_version: str
    file: WrittenFile

    def as_text(self) -> str:
        """The set as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    @property
    def spread(self) -> str:
        """How many answers items have, in words."""
        least, median, most = self.per_item
        return f"{most}" if least == most else f"{least} to {most}, median {median:g}"


def labels_folder(home: Path, dataset: str, release: str) -> Path:
    """Where the label sets of a release are."""
    return home.joinpath(LABELS, *dataset.split("/"), release)


def kept_labels(home: Path, dataset: str, release: str) -> Iterator[tuple[Path, LabelSet]]:
    """The label sets of a release that are whole, by name, each with the path of its file."""
    for place in sorted(labels_folder(home, dataset, release).glob("[!.]*")):
        found = _read(place)
        if found is None:
            continue
        path = place / found.file.path
        if path.is_file() and path.stat().st_size == found.file.size:
            yield path, found


def _read(folder: Path) -> LabelSet | None:
    """What a folder says it holds; None where it holds no set of ours."""
    try:
        found: LabelSet = revived(LabelSet, read_json(folder / MANIFEST))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.task == folder.name and _FILE.fullmatch(found.file.path) else None
