"""A line of items that many people walk along, each at their own place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet


class Line:
    """Items in order. Who asks gets the first that still needs people and that they have not seen.

    A place that someone has passed is not looked at again for them: they have seen the item, or it was full.
    An item that needs people again must be joined to a line again. So a whole pool is walked along once a
    person, whatever its size, and nobody starts before the place where all items are full.
    """

    def __init__(self, items: Iterable[int] = ()) -> None:
        self._items = list(items)
        self._front = 0
        self._places: dict[int, int] = {}

    def join(self, item: int) -> None:
        """Put an item at the end."""
        self._items.append(item)

    def next(self, person: int, seen: AbstractSet[int], is_full: Callable[[int], bool]) -> int | None:
        """The next item for a person, or None."""
        items = self._items
        while self._front < len(items) and is_full(items[self._front]):
            self._front += 1
        place = max(self._places.get(person, 0), self._front)
        while place < len(items) and (items[place] in seen or is_full(items[place])):
            place += 1
        self._places[person] = place
        return items[place] if place < len(items) else None
