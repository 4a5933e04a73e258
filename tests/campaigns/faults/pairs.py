"""Two processes at once, on every pair of commands that can meet in a home or in an annotation project."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.campaigns.commands import Command, Done, preload
from tests.campaigns.meetings import CALLS, broken, lay, pairs, unclear, untried
from tests.campaigns.trials import Scale, Trial
from tests.hub.server import Hub
from tests.hub.writing import TOKEN

NAME = "pairs"
PROMISE = (
    "Both end well, or one says that the other is in its way; the home verifies, nothing half-written is "
    "left, and running it again succeeds."
)
FEW: Final = 4
APART: Final = 0.15
"""Seconds between their starts, at most."""
_HEAVY: Final = (
    "sklearn.linear_model",
    "ecomdata.annotating.suggesting.classifier",
    "ecomdata.annotating.training",
    "ecomdata.cardmaking.writing",
    "ecomdata.duplicates.searching",
    "ecomdata.embeddings.embedding",
    "ecomdata.embeddings.lsa",
    "ecomdata.languages.describing",
    "ecomdata.vectorstats.working",
)


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """A few pairs of light commands, or all pairs in a process that has everything imported."""
    if missing := untried():
        yield Trial(NAME, ", ".join(missing), "itself", held=False, detail="give it arguments, or a waiver")
    if scale == "short":
        light = [pair for pair in pairs() if not any(CALLS[name].heavy for name in pair)]
        yield from _tried(folder, rng.sample(light, FEW), rng.random())
        return
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield from pool.submit(_all, folder, rng.random()).result()


def _all(folder: Path, seed: float) -> list[Trial]:
    preload(*_HEAVY)
    return list(_tried(folder, pairs(), seed))


def _tried(folder: Path, chosen: Sequence[tuple[str, str]], seed: float) -> Iterator[Trial]:
    chance = random.Random(seed)  # noqa: S311
    heavy = any(CALLS[name].heavy for pair in chosen for name in pair)
    lay(folder / "laid", vectors=heavy)
    with Hub() as hub:
        for number, pair in enumerate(chosen):
            place = folder / str(number)
            shutil.copytree(folder / "laid", place)
            yield _Meeting(place, pair, hub.url).trial(chance)
            shutil.rmtree(place)
            hub.repos.clear()


class _Meeting:
    """Two commands at once in a folder."""

    def __init__(self, folder: Path, pair: tuple[str, str], hub: str) -> None:
        self._folder = folder
        self._pair = pair
        self._env = {
            "ECOMDATA_HOME": str(folder / "home"),
            "HF_ENDPOINT": hub,
            "HF_HOME": str(folder / "hf"),
            "HF_TOKEN": TOKEN,
        }

    def trial(self, chance: random.Random) -> Trial:
        """Start one, a little later the other, and look at what they say and leave."""
        after = chance.uniform(0, APART)
        order = [*self._pair] if chance.random() < 0.5 else [*reversed(self._pair)]
        one = self._start(order[0], "one")
        time.sleep(after)
        other = self._start(order[1], "other")
        ended = self._ended(order, [one, other])
        wrong = (
            next(filter(None, map(unclear, ended)), "") or broken(self._folder) or self._again(order, ended)
        )
        said = next((done.said for done in ended if done.code), "")
        return Trial(NAME, " and ".join(order), f"{after:.3f} s apart", held=not wrong, detail=wrong or said)

    def _start(self, name: str, log: str) -> Command:
        return Command(CALLS[name].words, self._folder / log, self._env)

    def _ended(self, names: Sequence[str], running: Sequence[Command]) -> list[Done]:
        """Wait for both; what would run for ever is asked to end when the other one has ended."""
        staying = [command for name, command in zip(names, running, strict=True) if CALLS[name].stays]
        if len(staying) == len(running):
            while not any(command.ended(0.02) for command in running):
                pass  # one is refused
        for command in running:
            if command not in staying:
                command.result()
        for command in staying:
            while not command.told() and not command.ended(0.02):
                pass  # it must have begun to be asked
            command.interrupt()
        return [command.result() for command in running]

    def _again(self, names: Sequence[str], ended: Sequence[Done]) -> str:
        """What is wrong with running again what gave way."""
        for name, done in zip(names, ended, strict=True):
            if done.code and not CALLS[name].once and not CALLS[name].stays:
                again = self._start(name, "again").result()
                if again.code:
                    return f"run again: {again.said}"
        return broken(self._folder)
