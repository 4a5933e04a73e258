"""The card of a release: everything that is said of it, put together. Here its parts meet."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from ecomdata.cardmaking.croissant import CROISSANT, croissant
from ecomdata.cardmaking.keeping import kept_or_made
from ecomdata.cardmaking.numbers import numbers_of
from ecomdata.cardmaking.pictures import Picture, draw_pictures
from ecomdata.cardmaking.prose import read_prose
from ecomdata.cardmaking.readme import Parts, readme
from ecomdata.declare import Dataset
from ecomdata.errors import DataError
from ecomdata.labelled import kept_labels
from ecomdata.languages.summaries import kept_languages
from ecomdata.pathnames import safe_relative
from ecomdata.plainjson import revived
from ecomdata.progress import Reporter, Silent
from ecomdata.published import Published
from ecomdata.release import Release
from ecomdata.store import missing_files
from ecomdata.validating import Validation, declared_of
from ecomdata.validating.builtin import key_rules
from ecomdata.vectorstats.keeping import kept_statistics

CARD: Final = "README.md"
DEFAULT_MEMORY: Final = "500MB"
"""What DuckDB may hold while it measures a release, before it spills to disk."""
_PICTURES_FORMAT: Final = 3
"""Counts up when a picture of the same data looks otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a card cannot know from the release and its declaration.

    Attributes:
        published: What stands in ``ecomdata.json`` beside it, personal data that were found included.
        repo: ``OWNER/NAME``, where it is published; empty for a card that stays here.
        notes: What people added to the card that is there now (:func:`ecomdata.cardmaking.kept_notes`).
        memory: What measuring may hold before it spills to disk.
        reporter: Hears of progress.
    """

    published: Published
    repo: str = ""
    notes: str = ""
    memory: str = DEFAULT_MEMORY
    reporter: Reporter = field(default_factory=Silent)


def make_card(release: Release, dataset: Dataset, facts: Facts) -> Mapping[str, bytes]:
    """``README.md``, ``croissant.json`` and pictures; equal releases and facts give equal bytes.

    Returns:
        Path in the repository -> content.

    Raises:
        EcomdataError: what is written of the dataset is not of the form.
        DataError: files of the release are missing or damaged.
    """
    require_whole(release)
    prose = read_prose(dataset)
    numbers = numbers_of(release, dataset, memory=facts.memory, reporter=facts.reporter)
    pictures = pictures_of(release, dataset, memory=facts.memory, reporter=facts.reporter)
    labels = tuple(one for _, one in kept_labels(release.home, dataset.name, release.folder.name))
    text = readme(
        Parts(
            dataset=dataset,
            manifest=release.manifest,
            published=facts.published,
            prose=prose,
            numbers=numbers,
            pictures=pictures,
            repo=facts.repo,
            notes=facts.notes,
            labels=labels,
        )
    )
    columns = {table.name: table.described for table in dataset.tables}
    described = croissant(
        dataset,
        facts.published,
        prose,
        repo=facts.repo,
        columns=columns,
        labels=labels,
        repeating=_repeating(release, dataset, numbers.validation),
    )
    drawn = {picture.path: picture.png for picture in pictures}
    return {CARD: text.encode(), CROISSANT: described, **drawn}


def _repeating(release: Release, dataset: Dataset, found: Validation) -> frozenset[str]:
    """The tables in which rows share what is declared to be their key."""
    declared = declared_of(dataset.name).rules
    rules = (*key_rules(dataset, release.manifest, declared), *declared)
    keys = {(table.name, frozenset(table.key)) for table in dataset.tables if table.key}
    about_keys = {(rule.table, rule.name) for rule in rules if (rule.table, frozenset(rule.unique)) in keys}
    return frozenset(one.table for one in found.rules if one.breaking and (one.table, one.name) in about_keys)


def require_whole(release: Release) -> None:
    """Go on only where all files of a release are there.

    Raises:
        DataError: some are missing, or have another size.
    """
    if problems := missing_files(release.folder, release.manifest):
        name = release.manifest.dataset
        raise DataError(
            f"{name} has no card, as its store is damaged: {problems[0]}",
            hint=f"load it again: ecomdata load {name} --force",
        )


def pictures_of(
    release: Release, dataset: Dataset, *, memory: str, reporter: Reporter
) -> tuple[Picture, ...]:
    """Draw the pictures of a release, or take those that were drawn of it before."""

    def drawn() -> dict[str, Any]:
        reporter.start(f"{dataset.name}: pictures", 0)
        try:
            pictures = draw_pictures(release, dataset, memory=memory)
        finally:
            reporter.finish()
        return {one.name: [one.title, one.alt, base64.b64encode(one.png).decode("ascii")] for one in pictures}

    told = [found.as_dict() for found in kept_languages(release)]
    vectors = [found.as_dict() for found in kept_statistics(release)]
    depends = [_PICTURES_FORMAT, version("matplotlib"), dataset.title, told, *vectors]
    return kept_or_made(release, "pictures", depends, drawn, reporter, read=_read_pictures)


def _read_pictures(kept: object) -> tuple[Picture, ...]:
    found: dict[str, tuple[str, str, str]] = revived(dict[str, tuple[str, str, str]], kept)
    if odd := [name for name in found if "/" in name or not safe_relative(name)]:
        raise ValueError(f"{odd[0]!r} is no name of a picture: it would be written elsewhere")
    return tuple(
        Picture(name, title, alt, base64.b64decode(png)) for name, (title, alt, png) in found.items()
    )
