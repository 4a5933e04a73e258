"""A small set of pictures for a dataset, made from what its release holds.

Which ones is decided by the canonical tables and columns that there are, never by a dataset's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ecomdata.cardmaking import growth, lengths, longtails, mixes, overtime, vectormaps
from ecomdata.cardmaking.subject import Picture, Subject

if TYPE_CHECKING:
    from ecomdata.declare import Dataset
    from ecomdata.release import Release

__all__ = ["Picture", "draw_pictures"]

_MOST: Final = 4

Drawer = Callable[[Subject], Picture | None]
"""Draws one table's picture of a kind; None where that would show nothing."""

_DRAWERS: Final[Mapping[str, Sequence[Drawer]]] = {
    "interactions": (overtime.events_over_time, mixes.event_mix, longtails.activity, lengths.sessions),
    "reviews": (
        mixes.ratings,
        mixes.languages,
        longtails.activity,
        overtime.reviews_over_time,
        mixes.helpfulness,
        lengths.texts,
        lengths.image_lists,
    ),
    "series": (growth.growth, overtime.births),
    "sequences": (lengths.histories,),
    "semantic_ids": (longtails.code_use,),
    "media": (lengths.image_lists, mixes.languages, lengths.texts, longtails.activity, mixes.domains),
    "products": (mixes.category_mix, mixes.languages),
    "items": (mixes.category_mix, mixes.languages, longtails.categories, mixes.prices, lengths.titles),
    "embeddings": (vectormaps.flat_map, vectormaps.nearest, vectormaps.spectrum),
}
"""Canonical table -> its kinds of pictures. Tables and pictures that tell most come first."""


def draw_pictures(release: Release, dataset: Dataset, *, memory: str = "1GB") -> tuple[Picture, ...]:
    """Draw one to four pictures of a release.

    The same release gives the same bytes, as long as matplotlib stays the same. A table without rows, or of
    no canonical kind, has none.

    Args:
        release: What was loaded.
        dataset: Its declaration.
        memory: What DuckDB may hold before it spills beside the release, such as ``1GB``.

    Raises:
        UsageError: ``memory`` is not an amount.
        DataError: the files of a table cannot be read.
        EcomdataError: there is too little memory or disk.
    """
    from ecomdata.languages.summaries import TEXTS, kept_languages
    from ecomdata.validating.asking import asking
    from ecomdata.vectorstats.keeping import kept_statistics

    found = {one.name: one for one in kept_statistics(release)}
    told = {(found.table, found.column): found for found in kept_languages(release)}
    with asking(release.folder, release.manifest, memory=memory, spill=release.folder.parent) as asker:
        tables = [table for table in release.values() if len(table) and table.record.kind in _DRAWERS]
        kinds = [table.record.kind for table in tables]
        subjects = [
            Subject(
                dataset,
                table,
                release.manifest.sample,
                asker,
                alone=kinds.count(table.record.kind) == 1,
                told=told.get((table.name, TEXTS.get(table.record.kind, ""))),
                vectors=found.get(table.name),
            )
            for table in sorted(tables, key=lambda table: list(_DRAWERS).index(table.record.kind))
        ]
        subjects += [
            Subject(dataset, release[one.table], release.manifest.sample, asker, vectors=one)
            for one in found.values()
            if one.name not in release and one.table in release
        ]
        return _first(subjects)


def _first(subjects: Sequence[Subject]) -> tuple[Picture, ...]:
    """Of each table the picture that tells most, then of each the second, until there are enough."""
    drawn: list[Picture] = []
    waiting = [(subject, list(_DRAWERS[subject.kind])) for subject in subjects]
    while waiting and len(drawn) < _MOST:
        for subject, drawers in waiting:
            picture = None
            while drawers and picture is None and len(drawn) < _MOST:
                picture = drawers.pop(0)(subject)
            if picture is not None:
                drawn.append(picture)
        waiting = [(subject, drawers) for subject, drawers in waiting if drawers]
    return tuple(drawn)
