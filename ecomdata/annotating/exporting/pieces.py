"""What each item has gathered, an item at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecomdata.annotating.adjudicating import EVENT, resolved_items
from ecomdata.annotating.records import from_json

if TYPE_CHECKING:
    import polars as pl

    from ecomdata.annotating.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One item and all that was said of it.

    Attributes:
        item_id: Its number.
        row_id: Its row in the table.
        content: What it shows, by column.
        answers: The answers that count, as rows of ``Project.answers`` with the answer parsed.
        suggestions: The usable suggestions, likewise.
        decided: The adjudicator's last decision: ``event_id``, ``annotator_id``, ``at`` and ``answer``.
        source: What its label rests on; None where it has none.
    """

    item_id: int
    row_id: int
    content: Mapping[str, Any]
    answers: tuple[Mapping[str, Any], ...]
    suggestions: tuple[Mapping[str, Any], ...]
    decided: Mapping[str, Any] | None
    source: str | None


def pieces_of(project: Project) -> Iterator[Piece]:
    """Items of which anything was said, by number."""
    answers = _by_item(project.answers(), "answer")
    suggestions = _by_item(project.suggestions().filter(outcome="ok"), "answer")
    decided = _by_item(project.events().filter(kind=EVENT), "payload")
    sources = {one.item_id: one.source for one in resolved_items(project)}
    for item_id, row_id, content in project.items().select("item_id", "row_id", "content").iter_rows():
        if not (item_id in answers or item_id in suggestions or item_id in decided):
            continue
        last = decided[item_id][-1] if item_id in decided else None
        yield Piece(
            item_id=item_id,
            row_id=row_id,
            content=from_json(content),
            answers=tuple(answers.get(item_id, ())),
            suggestions=tuple(suggestions.get(item_id, ())),
            decided=None if last is None else {**last, "answer": last["payload"]["answer"]},
            source=sources.get(item_id),
        )


def _by_item(frame: pl.DataFrame, parsed: str) -> dict[int, list[dict[str, Any]]]:
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in frame.iter_rows(named=True):
        found[row["item_id"]].append({**row, parsed: from_json(row[parsed])})
    return dict(found)
