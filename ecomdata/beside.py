"""What lies beside the store: by release, vectors, their statistics, languages, duplicates; and downloads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ecomdata.sources.plan import raw_folder, unfinished
from ecomdata.store import Store

KINDS: Final = ("embeddings", "statistics", "languages", "duplicates")
"""Folders of the home in which a dataset has one for each release. Cards and copies without personal data
have one place for a dataset, and what is there gives way to what is made next."""
_RELEASE: Final = re.compile(r"[0-9a-f]{12}(-\d+)?")


def left_beside(store: Store, dataset: str) -> list[Path]:
    """Folders of what was made of releases that are superseded, or gone already."""
    current = store.current(dataset)
    if current is None:
        return []
    places = [
        place for kind in KINDS for place in sorted(store.home.joinpath(kind, *dataset.split("/")).glob("*"))
    ]
    return [
        place
        for place in places
        if place.is_dir() and _RELEASE.fullmatch(place.name) and place.name != current.name
    ]


def broken_off(store: Store, dataset: str) -> list[Path]:
    """Files of downloads that broke off. A load of the same commit resumes them; of an older one, nobody."""
    return sorted(path for path in raw_folder(store.home, dataset).rglob("*.part*") if unfinished(path))
