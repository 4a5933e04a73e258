"""``ecomdata annotate export``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from ecomdata.annotating.exporting import argilla, labelstudio
from ecomdata.annotating.exporting.labels import labels_frame
from ecomdata.annotating.exporting.pieces import pieces_of
from ecomdata.annotating.exporting.storing import parquet_bytes, store_labels
from ecomdata.annotating.project import Project
from ecomdata.durable import aside, sync_folder, write_durably
from ecomdata.errors import UsageError
from ecomdata.pathnames import file_to_write
from ecomdata.sqltext import quoted, schema_name
from ecomdata.store import writing

Target = Literal["store", "label-studio", "argilla"]
_CONFIG: Final = ".xml"
_NAMES: Final = {"label-studio": "label-studio.json", "argilla": "argilla.json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        to: For whom.
        path: The file.
        items: Items in it.
        view: The view of the catalog that shows it, as SQL has it; empty where none does.
        config: Label Studio's labelling interface for it; else empty.
    """

    to: str
    path: str
    items: int
    view: str = ""
    config: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def export_labels(
    folder: str | os.PathLike[str],
    *,
    to: Target = "store",
    output: str | os.PathLike[str] | None = None,
    home: str | os.PathLike[str] | None = None,
) -> Exported:
    """Write what people said of a project's items.

    ``store`` writes the labelled table beside the release that the pool is from, where the catalog shows it
    as ``<dataset>.labels_<task>`` and the card and Croissant tell of it; with ``output`` a Parquet file of
    your own instead. ``label-studio`` and ``argilla`` write JSON in those tools' own form.

    Args:
        folder: The project's.
        to: For whom.
        output: The file; default: HOME/labels/... for the store, else a file in the working folder.
        home: Where the store is.

    Raises:
        UsageError: the folder holds no project, nothing was said yet, the file's folder is not there, or the
            file is the one that Label Studio's interface goes to.
        EcomdataError: the disk is full, or may not be written.
    """
    if to not in get_args(Target):
        raise UsageError(
            f"nothing is exported to {to!r}", hint=f"choose one of {', '.join(get_args(Target))}"
        )
    path = None if output is None else file_to_write(output)
    if path is not None and to == "label-studio" and path.suffix.lower() == _CONFIG:
        raise UsageError(
            f"{path} is where the labelling interface goes, beside the JSON",
            hint=f"write -o {path.with_suffix('.json')}",
        )
    with Project.open(Path(folder)) as project:
        if to != "store":
            return _json(project, to, path or Path(_NAMES[to]))
        if path is not None:
            return _parquet(project, path)
        where, found = store_labels(project, home=home)
        name = f"labels_{found.task}"
        view = f"{schema_name(found.dataset)}.{name if name.isidentifier() else quoted(name)}"
        return Exported(to=to, path=str(where), items=found.items, view=view)


def _parquet(project: Project, path: Path) -> Exported:
    table = labels_frame(project)
    with writing(path):
        write_durably(path, parquet_bytes(table))
    return Exported(to="store", path=str(path), items=table.height)


def _json(project: Project, to: str, path: Path) -> Exported:
    task = project.task
    if to == "argilla":
        return Exported(to=to, path=str(path), items=_stream(path, argilla.records(task, pieces_of(project))))
    items = _stream(path, labelstudio.tasks(task, pieces_of(project)))
    config = path.with_suffix(_CONFIG)
    with writing(config):
        write_durably(config, labelstudio.config(task))
    return Exported(to=to, path=str(path), items=items, config=str(config))


def _stream(path: Path, values: Iterator[dict[str, Any]]) -> int:
    """Write a JSON array, an object a line, whole or not at all; how many there are.

    Raises:
        UsageError: there are none.
    """
    count = 0
    with writing(path):
        with aside(path) as temporary:
            with temporary.open("w", encoding="utf-8") as file:
                for value in values:
                    file.write((",\n" if count else "[\n") + json.dumps(value, ensure_ascii=False))
                    count += 1
                file.write("\n]\n")
                file.flush()
                os.fsync(file.fileno())
            if not count:
                raise UsageError("nothing was said of any item yet", hint="export it once people answered")
            temporary.replace(path)
        sync_folder(path.absolute().parent)
    return count
