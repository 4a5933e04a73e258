"""SIGKILL at chance moments of the commands that write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.campaigns.answering import Answering
from tests.campaigns.commands import preload
from tests.campaigns.killed import Dedup, Load, Publish
from tests.campaigns.kills import Killed, Killing, Subject
from tests.campaigns.trials import Scale, Trial
from tests.hub.server import Hub

NAME = "kill"
PROMISE = (
    "Nothing that was acknowledged is lost, no half release is visible, and running the same command again "
    "gives the bytes of an undisturbed run."
)
TIMES: Final = {"short": 1, "full": 50}
"""Kills of each command."""
CALM: Final = {"short": 1, "full": 3}
"""Undisturbed runs of each command, which say how long it lasts."""


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Kill each command at moments drawn evenly from the time that its work lasts undisturbed."""
    times, calm = TIMES[scale], CALM[scale]
    preload("ecomdata.publishing", "ecomdata.verifying", "ecomdata.annotating.serving.app")
    with Hub() as hub:
        makers = {Load: (), Dedup: (), Publish: (hub,)}
        for make, more in makers.items():
            subject: Subject = make(folder / make.__name__, *more)
            killing = Killing(subject, folder / make.__name__ / "homes", calm=calm)
            for kill in killing.kills(times, rng):
                yield _trial(subject.name, kill)
    for kill in Answering(folder / "annotate", calm=calm).kills(times, rng):
        yield _trial("annotate serve", kill)


def _trial(name: str, kill: Killed) -> Trial:
    fault = f"SIGKILL after {kill.at:.3f} of {kill.lasts:.3f} s"
    return Trial(NAME, name, fault, held=not kill.wrong, detail=kill.wrong)
