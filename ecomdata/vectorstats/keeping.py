"""Statistics of vectors are kept in the home, for the card and for whoever asks again."""

from __future__ import annotations

import json
from pathlib import Path

from ecomdata.durable import write_durably
from ecomdata.plainjson import read_json, revived
from ecomdata.release import Release
from ecomdata.store import writing
from ecomdata.vectorstats.figures import EmbeddingStatistics


def folder_of(home: Path, dataset: str, release: str) -> Path:
    """Where the statistics of a release's vectors are."""
    return home.joinpath("statistics", *dataset.split("/"), release)


def keep(found: EmbeddingStatistics, home: Path) -> Path:
    """Write statistics into the home, in place of those of the same set, and return the file.

    Raises:
        EcomdataError: the disk is full, or may not be written.
    """
    path = folder_of(home, found.dataset, found.release) / f"{found.name}.json"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, json.dumps(found.as_dict(), ensure_ascii=False, indent=1, allow_nan=False))
    return path


def kept_statistics(release: Release) -> tuple[EmbeddingStatistics, ...]:
    """What :func:`ecomdata.stats` found of this very release before, by name; never of another."""
    found: list[EmbeddingStatistics] = []
    for path in sorted(folder_of(release.home, release.manifest.dataset, release.folder.name).glob("*.json")):
        try:
            one: EmbeddingStatistics = revived(EmbeddingStatistics, read_json(path))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not there any more, or not ours
        if one.name == path.stem:  # pictures are called so
            found.append(one)
    return tuple(found)
