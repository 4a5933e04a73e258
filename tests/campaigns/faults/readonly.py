"""Homes and projects that may not be written, that are files, or that go away half-way."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.campaigns.commands import Command, Done, run
from tests.campaigns.meetings import CALLS, DATASET, HOME, broken, lay
from tests.campaigns.stores import stored
from tests.campaigns.trials import Scale, Skipped, Trial
from tests.conftest import ROOT

NAME = "readonly"
PROMISE = (
    "Who only reads is served, who would write hears what is in the way, and what was there is as it was."
)
FEW: Final = 4
NOBODY: Final = 65534
VANISHING: Final = {"short": 1, "full": 12}
READING: Final = (
    *("annotate init", "annotate report", "annotate status", "card", "catalog", "export", "info", "list"),
    *("personal-data", "sample", "sql", "sql (to a file)", "validate", "verify"),
)
"""Calls that write elsewhere at most, and so must work where nothing may be written."""
SAYS: Final = {"doctor": "cannot be written", "doctor (pruning)": "read-only"}
"""What those say that look for just this, and end with 1."""


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every call, or every light one, on what is read-only and on a file; loads whose home goes away."""
    chosen = [*CALLS]
    if scale == "short":
        chosen = rng.sample([name for name, call in CALLS.items() if not (call.heavy or call.stays)], FEW)
    with _read_only(folder / "disk", scale) as disk:
        for number, name in enumerate(chosen):
            place = _beside(folder / str(number), disk)
            done = _run(name, place, disk / "home")
            yield _trial(name, "a read-only disk", _refused(name, done), done)
    taken = folder / "taken"
    taken.write_text("no folder")
    for name in chosen:
        if CALLS[name].of == HOME:
            place = _beside(folder / f"taken {name}", folder / "nothing")
            done = _run(name, place, taken)
            wrong = done.complaint(done.code) if done.code and "problem" not in done.out else ""
            yield _trial(name, "a file in place of the home", wrong, done)
    lay(folder / "own", vectors=False)
    for _ in range(VANISHING[scale]):
        yield _vanishing(folder / "own", rng.uniform(0, 0.4))
    if scale == "full" and os.geteuid() == 0:
        with suppress(PermissionError):  # Python itself may be where only root may run it
            yield _not_permitted()


def _trial(target: str, fault: str, wrong: str, done: Done) -> Trial:
    return Trial(NAME, target, fault, held=not wrong, detail=wrong or (done.said if done.code else ""))


@contextmanager
def _read_only(place: Path, scale: Scale) -> Generator[Path]:
    """What :func:`lay` makes, on a disk of its own that may not be written any more."""
    place.mkdir()
    _mount("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place))
    try:
        lay(place, vectors=scale == "full")
        _mount("mount", "-o", "remount,ro", str(place))
        yield place
    finally:
        _mount("umount", str(place))


def _mount(program: str, *args: str) -> None:
    found = shutil.which(program)
    if not found or subprocess.run([found, *args], check=False, capture_output=True).returncode:
        raise Skipped("it mounts a small disk, which this user may not")


def _beside(place: Path, disk: Path) -> Path:
    """A folder of its own, in which the project and the raw files are links."""
    place.mkdir()
    for name in ("project", "few", "raw"):
        (place / name).symlink_to(disk / name)
    return place


def _run(name: str, place: Path, home: Path) -> Done:
    env = {"ECOMDATA_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "none"}
    return run(*CALLS[name].words, log=place / "log", env=env)


def _refused(name: str, done: Done) -> str:
    """What is wrong with the way a call ended where nothing may be written."""
    if name in READING:
        return f"exit code {done.code}: {done.said}" if done.code else ""
    if said := SAYS.get(name):
        return "" if done.code == 1 and said in done.out + done.err else f"{said!r} is not said: {done.said}"
    if name.startswith("publish"):
        return done.complaint(1, "127.0.0.1:9")  # it looks at the Hub first
    return done.complaint(1, "read-only") if done.code else ""


def _vanishing(folder: Path, after: float) -> Trial:
    """A load whose home is renamed meanwhile, as a disk that is taken out; then it is there again."""
    home, elsewhere = folder / "home", folder / "elsewhere"
    before = stored(home, DATASET)
    env = {"ECOMDATA_HOME": str(home)}
    command = Command(CALLS["load (forced)"].words, folder / "log", env)
    command.ended(after)
    home.rename(elsewhere)
    done = command.result()
    shutil.rmtree(home, ignore_errors=True)
    elsewhere.rename(home)
    wrong = done.complaint(1) if done.code else ""
    if stored(home, DATASET) != before:
        wrong = wrong or "the release that was there is another one"
    again = run(*CALLS["load (forced)"].words, log=folder / "log", env=env)
    wrong = wrong or (again.said if again.code else broken(folder))
    return _trial("load (forced)", f"the home goes away after {after:.3f} s", wrong, done)


def _not_permitted() -> Trial:
    """A load by a user who may not write into the home's folder."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HOME": "/nonexistent",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    words = ("load", DATASET, "--sample", "--home", "/usr/ecomdata-home")
    ended = subprocess.run(
        [sys.executable, "-m", "ecomdata", *words],
        env=environment,
        cwd="/",
        user=NOBODY,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    done = Done(ended.returncode, ended.stdout, ended.stderr)
    return _trial("load", "a folder without permission", done.complaint(1, "no permission to write"), done)
