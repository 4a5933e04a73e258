"""What a campaign is made of: trials in groups, and where the groups are."""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol, cast

KINDS: Final = ("faults", "hostile")
SEED: Final = 20261128

Scale = Literal["short", "full"]
"""How much a group tries: a sample in seconds for the tests, or all of it for ``make faults``."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault and what came of it.

    Attributes:
        group: The group's name.
        target: What met the fault: a command, a reader, an output.
        fault: What was done to it, in words.
        held: Whether what is promised held.
        detail: The message that the user got; where it did not hold, what was wrong. One line.
    """

    group: str
    target: str
    fault: str
    held: bool
    detail: str = ""


class Skipped(Exception):  # noqa: N818 - as unittest's and pytest's; nothing went wrong
    """A group cannot be tried on this machine; the words say why."""


class Group(Protocol):
    """A module in a folder of a kind; it is found by being there.

    Attributes:
        NAME: The file's stem.
        PROMISE: One sentence: what must hold after each trial.
    """

    NAME: str
    PROMISE: str

    def trials(self, folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
        """Try the faults one by one in an empty folder, all chance taken from ``rng``.

        Raises:
            Skipped: this machine does not let it be tried.
        """
        ...


def groups(kind: str) -> dict[str, Group]:
    """The groups of a kind by name, in order."""
    stems = sorted(path.stem for path in (Path(__file__).parent / kind).glob("[!_]*.py"))
    return {stem: cast("Group", importlib.import_module(f"tests.campaigns.{kind}.{stem}")) for stem in stems}


def chance(seed: int, name: str) -> random.Random:
    """A group's own stream of chance: no group changes what another tries."""
    return random.Random(f"{seed} {name}")  # noqa: S311
