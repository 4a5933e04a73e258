"""The page of an adjudicator: items that people answered differently, one after the other."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ecomdata.annotating.serving.forms import Posted, answer_of, checked
from ecomdata.annotating.serving.views import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecomdata.annotating.adjudicating import Disagreement
    from ecomdata.annotating.project import Project

_FRESH: Final = 20.0
"""Seconds for which the list of disagreements is kept: making it reads all answers."""


@dataclass(frozen=True, slots=True)
class GivenView:
    """One of the answers that people gave: as JSON, in words, and by how many."""

    json: str
    words: str
    count: int


class Decisions:
    """The disagreements of a project, and what was decided; safe from several threads."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._list: list[Disagreement] = []
        self._read = 0.0
        self._last: dict[int, Disagreement] = {}
        self._later: dict[int, dict[int, None]] = {}

    def next(self, annotator_id: int, *, later: int = 0) -> tuple[Disagreement | None, int]:
        """The next item for a person to decide on, and how many there are.

        Args:
            annotator_id: The person.
            later: An item that they leave for later, when they have seen all others; 0 for none.
        """
        from ecomdata.annotating.adjudicating import disagreements

        with self._lock:
            if not self._list or time.monotonic() - self._read > _FRESH:
                self._list, self._read = disagreements(self._project), time.monotonic()
            put_off = self._later.setdefault(annotator_id, {})
            if later in {one.item_id for one in self._list}:
                put_off.pop(later, None)
                put_off[later] = None  # is the last of them now
            places = {item: place for place, item in enumerate(put_off)}
            first = min(self._list, key=lambda one: places.get(one.item_id, -1), default=None)
            return first, len(self._list)

    def last(self, annotator_id: int) -> Disagreement | None:
        """What a person decided on last, since the server was started; None where that was nothing."""
        return self._last.get(annotator_id)

    def decide(self, annotator_id: int, posted: Posted) -> None:
        """Store what a form decides. What is sent twice counts once.

        Raises:
            FormError: it holds no decision.
            UsageError: there is no such item.
        """
        from ecomdata.annotating.adjudicating import adjudicate

        item_id, key = posted.number("assignment"), f"{annotator_id}:{posted.key()}"
        answer, comment = answer_of(self._project.task, posted), posted.text("comment") or None
        checked(self._project.task, self._project.item(item_id).content, answer)
        adjudicate(self._project, item_id, answer, annotator_id=annotator_id, comment=comment, client_key=key)
        with self._lock:
            decided = [one for one in self._list if one.item_id == item_id]
            if decided:
                self._last[annotator_id] = decided[0]
            self._list = [one for one in self._list if one.item_id != item_id]

    def given(self, one: Disagreement) -> Iterator[GivenView]:
        """The answers that people gave, as they are shown: without names."""
        for answer, count in one.answers:
            words = in_words(self._project.task, answer, one.content)
            yield GivenView(json.dumps(answer, ensure_ascii=False), words, count)
