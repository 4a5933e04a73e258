"""What the tests of vectors share."""

from __future__ import annotations

import pytest


class Listener:
    """A reporter that remembers what it is told in words."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self, title: str, total: int) -> None:
        """Nothing to remember."""

    def advance(self, *, size: int = 0, rows: int = 0) -> None:
        """Nothing to remember."""

    def finish(self) -> None:
        """Nothing to remember."""

    def say(self, text: str) -> None:
        """Remember it."""
        self.said.append(text)


@pytest.fixture
def listener() -> Listener:
    """See :class:`Listener`."""
    return Listener()
