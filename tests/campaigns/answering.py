"""People who answer on the annotation page while its server is killed."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx2

from ecomdata.annotating.project import Project
from tests.annotating.serving.site import STARS, Visitor, make_project
from tests.campaigns.commands import Command
from tests.campaigns.kills import Killed

ITEMS: Final = 60
PEOPLE: Final = ("Amina", "Linh")
_SOON: Final = 30
"""Seconds in which a server must be up."""


def score_of(item: int) -> int:
    """What everybody answers, so that two runs give the same."""
    return 1 + item % 5


@dataclass
class Person:
    """Somebody with a browser, who answers until there is nothing more or the server is gone.

    Attributes:
        told: Items whose answer the server said to have stored.
        open: The form that was sent last, while nobody said that it is stored.
    """

    visitor: Visitor
    told: list[int] = field(default_factory=list[int])
    open: tuple[int, dict[str, Any]] | None = None

    def work(self) -> None:
        """Send what was not acknowledged again, then go on."""
        try:
            while (form := self.open or self._next()) is not None:
                self.open = form
                if self.visitor.post(form[1]).status_code != httpx2.codes.SEE_OTHER:
                    return  # what is missing is found when all is done
                self.told.append(form[0])
                self.open = None
        except httpx2.TransportError:
            return

    def _next(self) -> tuple[int, dict[str, Any]] | None:
        found = re.search(r"item (\d+)", self.visitor.look())
        if found is None:
            return None
        item = int(found[1])
        return item, self.visitor.fields(score=str(score_of(item)))


class Answering:
    """Kills ``annotate serve`` again and again.

    Args:
        folder: Where it works.
        calm: Undisturbed runs, whose median is the time from which moments are drawn.
    """

    def __init__(self, folder: Path, *, calm: int) -> None:
        self._folder = folder
        self._before = folder / "before"
        folder.mkdir(parents=True)
        make_project(
            self._before, STARS, [{"text": f"item {number}", "rating": 1} for number in range(ITEMS)]
        )
        with Project.open(self._before) as project:
            self._tokens = [project.add_annotator(name) for name in PEOPLE]
        self._lasts = statistics.median(self._calm(turn) for turn in range(calm))

    def kills(self, times: int, rng: random.Random) -> Iterator[Killed]:
        """Kill the server so many times, at moments of all the time that the people answer."""
        for turn in range(times):
            project = self._laid(f"project-{turn}")
            at = rng.uniform(0, self._lasts)
            yield Killed(at, self._lasts, self._kill(project, at))

    def _laid(self, name: str) -> Path:
        return Path(shutil.copytree(self._before, self._folder / name))

    def _calm(self, turn: int) -> float:
        project = self._laid(f"calm-{turn}")
        command, url = self._served(project, 0)
        people = self._people(url)
        began = time.monotonic()
        _all_work(people)
        lasts = time.monotonic() - began
        assert not (wrong := self._ended(command, project, people)), wrong
        return lasts

    def _kill(self, project: Path, at: float) -> str:
        command, url = self._served(project, 0)
        people = self._people(url)
        threads = _start(people)
        time.sleep(at)
        command.kill()
        for thread in threads:
            thread.join()
        if wrong := _lost(project, people):
            return wrong
        again, _ = self._served(project, int(url.rsplit(":", 1)[1].strip("/")))
        _all_work(people)
        return self._ended(again, project, people)

    def _served(self, project: Path, port: int) -> tuple[Command, str]:
        """The server, and its address, from the first line that it says."""
        log = project.with_name("serve")
        command = Command(("annotate", "serve", str(project), "--port", str(port)), log)
        end = time.monotonic() + _SOON
        while not (
            said := log.with_suffix(".out").read_text("utf-8") if log.with_suffix(".out").exists() else ""
        ).endswith("\n"):
            assert not command.ended(0.002), command.result().said
            assert time.monotonic() < end, "the server does not come up"
        return command, said.strip()

    def _people(self, url: str) -> list[Person]:
        people = [Person(Visitor(httpx2.Client(base_url=url, trust_env=False))) for _ in PEOPLE]
        for person, token in zip(people, self._tokens, strict=True):
            person.visitor.enter(token)
        return people

    def _ended(self, command: Command, project: Path, people: list[Person]) -> str:
        """What is wrong when all have answered all there is and the server was asked to end."""
        for person in people:
            person.visitor.client.close()
        command.interrupt()
        done = command.result()
        if done.code:
            return f"exit code {done.code} of the server: {done.said}"
        stored = _stored(project)
        missing = set(range(ITEMS)) - set(stored)
        return f"nobody was asked for items {sorted(missing)}" if missing else _lost(project, people)


def _start(people: list[Person]) -> list[Thread]:
    threads = [Thread(target=person.work) for person in people]
    for thread in threads:
        thread.start()
    return threads


def _all_work(people: list[Person]) -> None:
    for thread in _start(people):
        thread.join()


def _stored(project: Path) -> list[int]:
    """The items with an answer, each as often as it has one."""
    with Project.open(project) as opened:
        numbers = [int(re.findall(r"\d+", content["text"])[0]) for content in opened.contents()]
        return [numbers[item - 1] for item in opened.answers()["item_id"]]


def _lost(project: Path, people: list[Person]) -> str:
    """What is wrong with what is stored: an answer that was acknowledged is not there, or one twice."""
    with closing(sqlite3.connect(next(project.glob("*.sqlite")))) as database:
        found = database.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        return f"SQLite: {found}"
    stored = _stored(project)
    if len(stored) != len(set(stored)):
        return f"answered twice: {sorted(item for item in set(stored) if stored.count(item) > 1)}"
    lost = {item for person in people for item in person.told} - set(stored)
    return f"acknowledged and lost: {sorted(lost)}" if lost else ""
