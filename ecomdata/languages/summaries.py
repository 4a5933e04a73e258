"""What was told of the languages of a release's texts, kept in the home for whoever shows it.

Cheap to import, unlike what tells languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ecomdata.plainjson import read_json, revived
from ecomdata.release import Release

TEXTS: Final[Mapping[str, str]] = {"reviews": "text", "items": "title", "products": "title", "media": "text"}
"""Canonical table -> its column of running text, which is looked at where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many rows are in a language.

    Attributes:
        language: Its tag; for a mixed text with its parts, as ``mixed:bn+en``.
        rows: How many.
        share: Of the rows that are not null.
        confidence: Their mean; from 0 to 1.
    """

    language: str
    rows: int
    share: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnLanguages:
    """The languages of one column.

    Attributes:
        dataset: Its name.
        release: The release that was looked at.
        table: The table.
        column: The column.
        path: The Parquet file with a row for each row of the table, in order.
        rows: Rows of the table.
        nulls: Those without text.
        languages: What the rest are in, the most frequent first; mixed texts together.
        mixed: The mixed texts by their parts, likewise.
        scripts: The mean share of each kind of character; of the texts that have any.
    """

    dataset: str
    release: str
    table: str
    column: str
    path: str
    rows: int
    nulls: int
    languages: tuple[Share, ...]
    mixed: tuple[Share, ...]
    scripts: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def kept_languages(release: Release) -> tuple[ColumnLanguages, ...]:
    """What :func:`ecomdata.describe_languages` found of a release before, by table and column."""
    found: list[ColumnLanguages] = []
    for path in sorted(folder_of(release.home, release.manifest.dataset, release.folder.name).glob("*.json")):
        try:
            found.append(revived(ColumnLanguages, read_json(path)))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not there any more, or not ours
    return tuple(found)


def folder_of(home: Path, dataset: str, release: str) -> Path:
    """Where tags and summaries of a release are."""
    return home.joinpath("languages", *dataset.split("/"), release)
