"""Who has what: the state that follows from the assignments and events of a project.

Nothing of it is stored. Each process reads the rows that are new to it, within the transaction in which it
decides, so all of them decide on the same facts.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from ecomdata.annotating.draws import draw, draws
from ecomdata.annotating.queues import Line
from ecomdata.annotating.records import from_json
from ecomdata.annotating.settings import Settings

_MOST_SKIPS: Final = 3
"""An item that so many people have skipped is not given to another."""
_RECENT: Final = 20
_NEW_ASSIGNMENTS: Final = (
    "SELECT assignment_id, item_id, annotator_id, created FROM assignments "
    "WHERE assignment_id > ? AND reason <> 'adjudication' ORDER BY assignment_id"
)
_NEW_EVENTS: Final = (
    "SELECT event_id, at, kind, assignment_id, "
    "CASE kind WHEN 'undo' THEN json_extract(payload, '$.event_id') "
    "WHEN 'round' THEN json_extract(payload, '$.first') "
    "WHEN 'answer' THEN json_extract(payload, '$.active_ms') END "
    "FROM events WHERE event_id > ? AND kind IN ('answer', 'skip', 'undo', 'round') ORDER BY event_id"
)


@dataclass(slots=True)
class _Person:
    """What one person has seen and done."""

    seen: set[int] = field(default_factory=set[int])
    open: dict[int, None] = field(default_factory=dict[int, None])
    """Open assignments; the one to show is the last that was undone, else the first."""
    undone: list[int] = field(default_factory=list[int])
    done: list[int] = field(default_factory=list[int])
    """Events that can be undone, the last one last."""
    skipped: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))


class Ledger:
    """The state; :meth:`read` brings it up to date."""

    def __init__(
        self,
        *,
        items: int,
        gold: Sequence[int],
        settings: Settings,
        seed: int,
        order: Sequence[int],
    ) -> None:
        self._settings = settings
        self._seed = seed
        self._gold = frozenset(gold)
        self._gold_lines: dict[int, Line] = {}
        self._all = list(order)
        self._line, self._again, self._first = Line(self._all), Line(), Line()
        self.size = items - len(self._gold)
        self.gold = len(self._gold)
        self.complete = self.answers = 0
        self._needs = _needs(items, settings, seed)
        self._taken = [0] * (items + 1)
        self._answers = [0] * (items + 1)
        self._skips = [0] * (items + 1)
        self._people: defaultdict[int, _Person] = defaultdict(_Person)
        self._assigned: dict[int, tuple[int, int]] = {}
        self._events: dict[int, int] = {}
        self._skips_of: set[int] = set()
        self._since: dict[int, float] = {}
        self._held: deque[tuple[float, int]] = deque()
        self._latest = 0.0
        self._last_assignment = self._last_event = 0
        self.round = 0

    def read(self, connection: sqlite3.Connection) -> None:
        """Take in what was added since the last time."""
        for assignment, item, annotator, at in connection.execute(_NEW_ASSIGNMENTS, (self._last_assignment,)):
            self._last_assignment = assignment
            self._assign(assignment, item, annotator, _seconds(at))
        for event, at, kind, assignment, value in connection.execute(_NEW_EVENTS, (self._last_event,)):
            self._last_event = event
            if kind == "answer":
                self._close(event, assignment)
                self._answered(assignment, float(value or 0) / 1000)
            elif kind == "skip":
                self._close(event, assignment)
                self._skipped(assignment)
            elif kind == "undo":
                self._reopen(int(value), _seconds(at))
            else:
                self.round += 1
                self._first = Line(from_json(value or "[]"))

    def _assign(self, assignment: int, item: int, annotator: int, at: float) -> None:
        self._assigned[assignment] = item, annotator
        self._taken[item] += 1
        person = self._people[annotator]
        person.seen.add(item)
        person.open[assignment] = None
        self._hold(assignment, at)

    def _hold(self, assignment: int, at: float) -> None:
        self._since[assignment] = at
        self._held.append((at, assignment))
        self._latest = max(self._latest, at)

    def _close(self, event: int, assignment: int) -> None:
        person = self._people[self._assigned[assignment][1]]
        self._events[event] = assignment
        person.open.pop(assignment, None)
        person.done.append(event)
        if assignment in person.undone:
            person.undone.remove(assignment)

    def _answered(self, assignment: int, seconds: float) -> None:
        item, annotator = self._assigned[assignment]
        if self._since.pop(assignment, None) is None:  # it was let go, and is answered all the same
            self._taken[item] += 1
        self._count_answer(item, 1)
        self._people[annotator].recent.append(seconds)

    def _skipped(self, assignment: int) -> None:
        item, annotator = self._assigned[assignment]
        held = self._since.pop(assignment, None) is not None
        self._people[annotator].skipped += 1
        self._skips[item] += 1
        self._skips_of.add(assignment)
        self._release(item, taken=held)

    def _reopen(self, event: int, at: float) -> None:
        """An answer or a skip was undone."""
        assignment = self._events.pop(event)
        item, annotator = self._assigned[assignment]
        person = self._people[annotator]
        person.done.remove(event)
        person.open[assignment] = None
        person.undone.append(assignment)
        self._hold(assignment, at)
        if assignment in self._skips_of:
            self._skips_of.remove(assignment)
            person.skipped -= 1
            self._skips[item] -= 1
            self._taken[item] += 1
            self._release(item, taken=False)  # others have passed it while too many had skipped it
        else:
            self._count_answer(item, -1)
            if person.recent:
                person.recent.pop()

    def _count_answer(self, item: int, change: int) -> None:
        self.answers += change
        if item not in self._gold:
            before = self._answers[item] >= self._needs[item]
            self._answers[item] += change
            self.complete += (self._answers[item] >= self._needs[item]) - before

    def _release(self, item: int, *, taken: bool) -> None:
        self._taken[item] -= taken
        if item not in self._gold and not self._is_full(item):
            self._again.join(item)

    def lapse(self, at: float) -> None:
        """Let go what people have had open for too long; ``at`` is the time in seconds since 1970."""
        if self._latest > at:
            self._set_back(at)
        limit = at - 60 * self._settings.hold_minutes
        while self._held and self._held[0][0] < limit:
            held, assignment = self._held.popleft()
            if self._since.get(assignment) == held:  # neither answered nor undone since
                del self._since[assignment]
                self._release(self._assigned[assignment][0], taken=True)

    def _set_back(self, at: float) -> None:
        """The clock was ahead when something was handed out, for years perhaps: that is held from now on.

        So nobody holds an item for that long, and what was handed out later is not behind it in the line.
        """
        self._since = {assignment: min(since, at) for assignment, since in self._since.items()}
        self._held = deque(sorted((since, assignment) for assignment, since in self._since.items()))
        self._latest = at

    def waiting(self) -> list[int]:
        """The items that lack answers, in the order of the pool."""
        return [
            item
            for item in self._all
            if self._answers[item] < self._needs[item] and self._skips[item] < _MOST_SKIPS
        ]

    def _is_full(self, item: int) -> bool:
        return self._taken[item] >= self._needs[item] or self._skips[item] >= _MOST_SKIPS

    def is_open(self, assignment: int) -> bool:
        """Whether an assignment waits for its answer."""
        given = self._assigned.get(assignment)
        return given is not None and assignment in self._people[given[1]].open

    def open_for(self, annotator: int) -> int | None:
        """The assignment that a person has to answer first, if any is open."""
        person = self._people[annotator]
        return person.undone[-1] if person.undone else next(iter(person.open), None)

    def last_done(self, annotator: int) -> tuple[int, int] | None:
        """The event and the assignment that a person would undo."""
        done = self._people[annotator].done
        return (done[-1], self._events[done[-1]]) if done else None

    def choose(self, annotator: int) -> tuple[int, str] | None:
        """The next item for a person, and the reason, or None when there is nothing left for them."""
        seen = self._people[annotator].seen
        if self._gold and draw(self._seed, "gold", annotator, len(seen)) < self._settings.gold_share:
            line = self._gold_lines.setdefault(annotator, Line(self._gold_order(annotator)))
            if (item := line.next(annotator, seen, lambda _: False)) is not None:
                return item, "gold"
        for line in (self._again, self._first, self._line):
            if (item := line.next(annotator, seen, self._is_full)) is not None:
                return item, "overlap" if self._taken[item] else "pool"
        return None

    def _gold_order(self, annotator: int) -> list[int]:
        return sorted(self._gold, key=lambda item: draw(self._seed, "gold order", annotator, item))

    def done(self, annotator: int) -> tuple[int, int, list[float]]:
        """What a person has answered and skipped, and the active seconds of the last answers."""
        person = self._people[annotator]
        return len(person.done) - person.skipped, person.skipped, list(person.recent)


def _needs(items: int, settings: Settings, seed: int) -> list[int]:
    """How many people are to answer each item; the place is its number."""
    several = draws(seed, "overlap", np.arange(items + 1)) < settings.overlap_share
    return np.where(several, settings.overlap, 1).tolist()


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
