"""A disk that fills up while a command writes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.campaigns.commands import Done, run
from tests.campaigns.smalldisk import SmallDisk, small_disk
from tests.campaigns.trials import Scale, Trial
from tests.campaigns.writers import Files, Ground, Writer, files, half_visible, writers
from tests.hub.conftest import shown_whole
from tests.hub.server import Hub

NAME = "disk"
PROMISE = (
    "The message says that there is no space left and where, what was there before is whole, no half file is "
    "visible, and with more space the same command gives the bytes of an undisturbed run."
)
WRITERS: Final = {"short": 4, "full": 11}
"""Commands that are tried: for the tests, some of them by chance."""
KEPT: Final = "home/cards/"
"""Where figures are kept that only spare work."""
SIZES: Final = {"short": 1, "full": 8}
"""Sizes of the disk for each command, spread over all that it writes."""


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Run each command with too little space: from none to nearly as much as it needs."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "disk"))
        hub = stack.enter_context(Hub())
        ground = Ground(folder / "ground", disk.place)
        for writer in rng.sample(writers(ground.raw, hub), WRITERS[scale]):
            filling = _Filling(writer, disk, ground, hub, folder / "command")
            for step in range(SIZES[scale]):
                if trial := filling.trial((step + rng.random()) / SIZES[scale]):
                    yield trial


class _Filling:
    """One command on disks of many sizes."""

    def __init__(self, writer: Writer, disk: SmallDisk, ground: Ground, hub: Hub, log: Path) -> None:
        self._writer, self._disk, self._ground, self._hub, self._log = writer, disk, ground, hub, log
        self._before = self._laid()
        with disk.watched() as used:
            done = self._run()
        assert done.code == 0, done.said
        self._after = files(disk.place)
        self._needs = used[0]

    def trial(self, share: float) -> Trial | None:
        """With this share of the space that it needs; None where that was enough."""
        room = int(share * self._needs)
        self._laid()
        self._disk.leave(room)
        done = self._run()
        wrong = self._wrong(done)
        if not done.code and not wrong:
            return None
        fault = f"no space left after {room:,} of {self._needs:,} bytes"
        wrong = wrong or self._again()
        return Trial(NAME, self._writer.name, fault, held=not wrong, detail=wrong or done.said)

    def _laid(self) -> Files:
        self._disk.leave()
        self._hub.repos.clear()
        return self._ground.lay()

    def _run(self) -> Done:
        return run(*self._writer.args(self._disk.place), log=self._log, env=self._ground.env)

    def _wrong(self, done: Done) -> str:
        """What is wrong after it ran out of space, or just did not."""
        there = files(self._disk.place)
        if done.code == 0:
            other = _other(there, self._after)
            return f"exit code 0, and other files than there should be: {other}" if other else ""
        if complaint := done.complaint(1, "no space left on the disk", str(self._disk.place)):
            return complaint
        if half := half_visible(there, self._before, self._after):
            return f"{half} is half-written; the message was: {done.said}"
        if gone := [name for name in self._before if name not in there]:
            return f"{gone[0]} is gone"
        if not all(shown_whole(repo) for repo in self._hub.repos.values()):
            return "the Hub shows a card without its data"
        return ""

    def _again(self) -> str:
        """What is wrong when it is run again with enough space."""
        self._disk.leave()
        done = self._run()
        if done.code:
            return f"running again: {done.said}"
        other = _other(files(self._disk.place), self._after)
        return f"running again gives another {other}" if other else ""


def _other(there: Files, wanted: Files) -> str:
    """A file that is there and should not be, or should be, or is another; kept figures may be missing.

    ``publish`` and ``card`` say that they are not kept, and go on.
    """
    differ = set(there.items()) ^ set(wanted.items())
    return min((name for name, _ in differ if name in there or not name.startswith(KEPT)), default="")
