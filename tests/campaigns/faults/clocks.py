"""A wall clock that jumps by hours and years at every reading, under commands that write."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ecomdata.store import Store
from tests.campaigns.clock import Jumping
from tests.campaigns.commands import Command, Done
from tests.campaigns.meetings import CALLS, DATASET, broken, lay
from tests.campaigns.stores import stored, visible
from tests.campaigns.trials import Scale, Trial
from tests.hub.server import Hub
from tests.hub.writing import TOKEN
from tests.loopback import instead

NAME = "clocks"
PROMISE = (
    "Releases, their order and their bytes do not depend on the wall clock, durations are true, and nobody "
    "waits longer than a server asked."
)
TIMES: Final = {"short": 1, "full": 2}
TRIED: Final = {
    "short": ("load (forced)", "annotate people renew"),
    "full": (
        *("load (forced)", "load", "dedup (applied)", "embed", "personal-data", "publish", "languages"),
        *("annotate init", "annotate people renew", "annotate export", "annotate suggest", "annotate report"),
    ),
}
_LONGEST: Final = 100.0
"""Seconds that no command here takes, even on a busy machine."""


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Each command under a clock that jumps, beside what it gives under one that does not."""
    lay(folder / "laid", vectors=scale == "full")
    for name in TRIED[scale]:
        calm, said = _state(_Run(folder, name, None)), ""
        for _ in range(TIMES[scale]):
            jumping = _Run(folder, name, Jumping(rng.random()))
            wrong = _wrong(jumping, calm)
            shutil.rmtree(jumping.place)
            yield Trial(NAME, name, "a wall clock that jumps at each reading", not wrong, wrong or said)


class _Run:
    """A command in a copy of the folder, with a Hub that is busy at first."""

    def __init__(self, folder: Path, name: str, clock: Jumping | None) -> None:
        self.place = folder / "place"
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(folder / "laid", self.place)
        self.home = self.place / "home"
        with Hub() as hub:
            hub.fail(instead(503, retry_after="Thu, 01 Jan 2026 00:00:01 GMT", Date=_SERVERS_CLOCK))
            env = {
                "ECOMDATA_HOME": str(self.home),
                "HF_ENDPOINT": hub.url,
                "HF_HOME": str(self.place / "hf"),
                "HF_TOKEN": TOKEN,
            }
            began = time.monotonic()
            self.done: Done = Command(CALLS[name].words, self.place / "log", env, clock).result()
            self.lasted = time.monotonic() - began
            self.published = sorted(
                (path, blob.sha256 or blob.oid)
                for repo in hub.repos.values()
                for path, blob in repo.files().items()
                if path.endswith(".parquet")
            )


_SERVERS_CLOCK: Final = "Thu, 01 Jan 2026 00:00:00 GMT"


def _state(run: _Run) -> Sequence[object]:
    """What may not depend on the clock: the visible release, all others, their bytes, what was published."""
    store = Store(run.home)
    return visible(run.home, DATASET), store.releases(DATASET), stored(run.home, DATASET), run.published


def _wrong(run: _Run, calm: Sequence[object]) -> str:
    if run.done.code:
        return run.done.said
    if run.lasted > _LONGEST:
        return f"it took {run.lasted:.0f} s"
    if _state(run) != calm:
        return "another release, or other bytes, than under a clock that is right"
    for path in run.home.rglob("*.json"):
        seconds = json.loads(path.read_text("utf-8")).get("seconds", 0.0)
        if not 0 <= seconds <= _LONGEST:
            return f"{path.name} has {seconds} seconds"
    return broken(run.place)
