"""Killing a command at a moment of its work, and what must be true then and after running it again."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.campaigns.commands import Command, run

_OFTEN: Final = 4
"""A moment may come after the end, where the machine is faster than before: so often another is drawn."""


class Subject(Protocol):
    """A command, what it works on, and what it must leave.

    Attributes:
        name: The command, as one types it.
        args: Its arguments, ``--home`` excepted.
        env: Added to its environment.
    """

    name: str
    args: tuple[str, ...]
    env: dict[str, str]

    def lay(self, home: Path, turn: int) -> None:
        """Put what is there before the command runs."""
        ...

    def begun(self, home: Path) -> bool:
        """Whether its work has begun: the moments are drawn from then on."""
        ...

    def after_kill(self, home: Path) -> str:
        """What is wrong after the kill; nothing where all is whole."""
        ...

    def after_all(self, home: Path) -> str:
        """What is wrong when it has been run again and succeeded."""
        ...


@dataclass(frozen=True, slots=True)
class Killed:
    """A kill: how many seconds into the work of how many, and what was wrong afterwards."""

    at: float
    lasts: float
    wrong: str


class Killing:
    """Kills one subject again and again.

    Args:
        subject: What is killed.
        folder: Where it works.
        calm: Undisturbed runs, whose median is the time from which moments are drawn.
    """

    def __init__(self, subject: Subject, folder: Path, *, calm: int) -> None:
        self._subject = subject
        self._folder = folder
        folder.mkdir(parents=True)
        self._lasts = statistics.median(self._calm(turn) for turn in range(calm))

    def kills(self, times: int, rng: random.Random) -> Iterator[Killed]:
        """Kill it so many times at moments drawn from all its undisturbed work, its last step included."""
        for turn in range(times):
            at, wrong = self._kill(turn, rng)
            yield Killed(at, self._lasts, wrong)

    def _calm(self, turn: int) -> float:
        """Seconds that its work lasts undisturbed."""
        command, home = self._started(f"calm-{turn}", turn)
        began = time.monotonic()
        done = command.result()
        lasts = time.monotonic() - began
        assert done.code == 0, done.said
        assert not (wrong := self._subject.after_all(home)), wrong
        return lasts

    def _started(self, name: str, turn: int) -> tuple[Command, Path]:
        """The command, and its home, at the moment at which its work begins."""
        home = self._folder / name
        self._subject.lay(home, turn)
        command = Command(self._args(home), self._folder / "command", self._subject.env)
        while not self._subject.begun(home) and not command.ended(0.001):
            pass
        return command, home

    def _kill(self, turn: int, rng: random.Random) -> tuple[float, str]:
        at, wrong = 0.0, "every run ended before it was killed"
        for again in range(_OFTEN):
            command, home = self._started(f"{turn}-{again}", turn)
            at = rng.uniform(0, self._lasts)
            if not command.ended(at):
                command.kill()
                wrong = self._subject.after_kill(home) or self._run_again(home)
                break
        return at, wrong

    def _run_again(self, home: Path) -> str:
        done = run(*self._args(home), log=self._folder / "again", env=self._subject.env)
        return f"running again: {done.said}" if done.code else self._subject.after_all(home)

    def _args(self, home: Path) -> tuple[str, ...]:
        return (*self._subject.args, "--home", str(home))
