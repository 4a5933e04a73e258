"""SIGKILL at chance moments of the commands that write."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import ecomdata as ed
from tests.campaigns.kills import Killing, Subject
from tests.campaigns.stores import damage, stored, unfinished, visible
from tests.campaigns.trials import Scale, Trial

NAME = "kill"
PROMISE = (
    "Nothing that was acknowledged is lost, no half release is visible, and running the same command again "
    "gives the bytes of an undisturbed run."
)
TIMES: Final = {"short": 2, "full": 50}
CALM: Final = {"short": 1, "full": 3}
ROWS: Final = 20_000
DATASET: Final = "merrec"


class Load:
    """``load``, every second time over an earlier release."""

    name = "load"

    def __init__(self, folder: Path) -> None:
        few, many = folder / "few", folder / "many"
        self._before, calm = folder / "before", folder / "calm"
        for raw, home, rows in ((few, self._before, 500), (many, calm, ROWS)):
            ed.sample(DATASET, raw, rows=rows)
            ed.load(DATASET, source=raw, home=home)
        self.args: tuple[str, ...] = ("load", DATASET, "--source", str(many))
        self.env = dict[str, str]()
        self._old, self._new = visible(self._before, DATASET), visible(calm, DATASET)
        self._wanted = stored(calm, DATASET)

    def lay(self, home: Path, turn: int) -> None:
        """An earlier release, or nothing."""
        home.mkdir()
        if turn % 2:
            shutil.copytree(self._before / "store", home / "store")

    def begun(self, home: Path) -> bool:
        """Its folder aside is there."""
        return any(home.glob("store/*/releases/.loading-*"))

    def after_kill(self, home: Path) -> str:
        """The earlier release or the new one is visible, and whole."""
        there = (home / "store" / DATASET / "releases" / str(self._old)).exists()
        return damage(home, DATASET, [self._old if there else None, self._new])

    def after_all(self, home: Path) -> str:
        """The new one."""
        return unfinished(home, DATASET, self._new, self._wanted)


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Kill each command at moments drawn evenly from the time that its work lasts undisturbed."""
    for make in (Load,):
        subject: Subject = make(folder / make.name)
        killing = Killing(subject, folder / make.name / "homes", calm=CALM[scale])
        for kill in killing.kills(TIMES[scale], rng):
            fault = f"SIGKILL after {kill.at:.3f} of {kill.lasts:.3f} s"
            yield Trial(NAME, subject.name, fault, held=not kill.wrong, detail=kill.wrong)
