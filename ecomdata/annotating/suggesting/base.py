"""What every suggester does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ecomdata.annotating.records import Item, Suggestion


class Suggester(Protocol):
    """A model that suggests answers.

    It never raises for what an item holds or a model says: such an item gets a suggestion with the outcome
    ``unparsed`` or ``failed`` and no answer. Each answer has passed ``ecomdata.annotating.answers.validate``.
    """

    @property
    def source(self) -> str:
        """What kind of suggester it is: ``embedded`` or ``endpoint``."""
        ...

    @property
    def model(self) -> str:
        """The model's name, which is stored with each suggestion."""
        ...

    def suggest(self, items: Sequence[Item], *, round_number: int) -> Iterator[Suggestion]:
        """One suggestion for each item, in any order, as they are made.

        Args:
            items: The items.
            round_number: The round they are made in, from 1.
        """
        ...
