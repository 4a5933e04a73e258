"""The card of a release: everything that is said of it, put together. Here its parts meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ecomdata.cardmaking.croissant import CROISSANT, croissant
from ecomdata.cardmaking.numbers import numbers_of
from ecomdata.cardmaking.prose import read_prose
from ecomdata.cardmaking.readme import Parts, readme
from ecomdata.declare import Dataset
from ecomdata.progress import Reporter, Silent
from ecomdata.published import Published
from ecomdata.release import Release

CARD: Final = "README.md"
DEFAULT_MEMORY: Final = "500MB"
"""What DuckDB may hold while it measures a release, before it spills to disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a card cannot know from the release and its declaration.

    Attributes:
        published: What stands in ``ecomdata.json`` beside it.
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
    """``README.md`` and ``croissant.json``; equal releases and facts give equal bytes.

    Returns:
        Path in the repository -> content.

    Raises:
        EcomdataError: what is written of the dataset is not of the form.
        DataError: files of the release are missing or damaged.
    """
    prose = read_prose(dataset)
    numbers = numbers_of(release, dataset, memory=facts.memory, reporter=facts.reporter)
    text = readme(
        Parts(
            dataset=dataset,
            manifest=release.manifest,
            published=facts.published,
            prose=prose,
            numbers=numbers,
            repo=facts.repo,
            notes=facts.notes,
        )
    )
    columns = {table.name: table.described for table in dataset.tables}
    described = croissant(dataset, facts.published, prose, repo=facts.repo, columns=columns)
    return {CARD: text.encode(), CROISSANT: described}
