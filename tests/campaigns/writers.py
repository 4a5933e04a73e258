"""Every command that writes, on a disk of its own, and what of its files may be visible when."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.campaigns.commands import run
from tests.campaigns.killed import DATASET, FEW, REPO, loaded
from tests.hub.server import Hub
from tests.hub.writing import TOKEN

ROWS: Final = 3000
TEXTS: Final = "select item_id, title as text from merrec.items"
_WITH_TIME: Final = ("manifest.json", "summary.json", "ecomdata.json", ".json", ".sqlite", ".html")
"""Ends of names of files that hold the time, or in which equal content has no equal bytes."""

Args = Callable[[Path], tuple[str | Path, ...]]
Files = dict[str, str]
"""Path -> SHA-256 of the file; for those that hold the time, whether it is readable."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A command: its name, and its arguments on a disk that has a home and room for output."""

    name: str
    args: Args


def writers(raw: Path, hub: Hub) -> list[Writer]:
    """All of them; ``raw`` are the raw files of another release than the home has."""
    items = (DATASET, "--table", "items", "--column", "title")
    query = "select e.*, i.title from merrec.events e join merrec.items i using (item_id)"
    return [
        Writer("load", lambda disk: ("load", DATASET, "--source", raw, "--home", disk / "home")),
        Writer(
            "dedup --apply",
            lambda disk: ("dedup", *items, "--max-removed", "1", "--apply", "--home", disk / "home"),
        ),
        Writer(
            "publish",
            lambda disk: ("publish", DATASET, REPO, "-y", "--endpoint", hub.url, "--home", disk / "home"),
        ),
        Writer("embed", lambda disk: ("embed", *items, "--dim", "8", "--home", disk / "home")),
        Writer("languages", lambda disk: ("languages", *items, "--home", disk / "home")),
        Writer("card", lambda disk: ("card", DATASET, "--html", "-o", disk / "out", "--home", disk / "home")),
        Writer(
            "sql --output",
            lambda disk: ("sql", query, "--format", "csv", "-o", disk / "out.csv", "--home", disk / "home"),
        ),
        Writer(
            "sql --format parquet",
            lambda disk: (
                *("sql", query, "--format", "parquet"),
                *("-o", disk / "out.parquet", "--home", disk / "home"),
            ),
        ),
        Writer(
            "export",
            lambda disk: ("export", DATASET, disk / "out", "--format", "recbole", "--home", disk / "home"),
        ),
        Writer("sample", lambda disk: ("sample", DATASET, disk / "out", "--rows", str(ROWS))),
        Writer(
            "annotate init",
            lambda disk: (
                *("annotate", "init", DATASET, "--query", TEXTS, "--task", "sentiment"),
                *("--out", disk / "out", "--home", disk / "home"),
            ),
        ),
    ]


class Ground:
    """What lies on the disk before a command runs."""

    def __init__(self, folder: Path, disk: Path) -> None:
        self.raw, _ = loaded(folder, "raw", ROWS)
        _, self._home = loaded(folder, "before", FEW)
        # Pictures are kept beside the store and take more space than all else: sizes are for the rest.
        made = run(
            "card", DATASET, "--html", "-o", folder / "card", "--home", self._home, log=folder / "made"
        )
        assert made.code == 0, made.said
        self._disk = disk
        self.env = {"TMPDIR": str(disk), "HF_TOKEN": TOKEN, "HF_HOME": str(folder / "hf")}

    def lay(self) -> Files:
        """A home with a release and nothing else."""
        for path in self._disk.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self._home, self._disk / "home")
        return files(self._disk)


def files(disk: Path) -> Files:
    """The files that are there for all to see; what begins with a dot is not."""
    found: Files = {}
    for path in sorted(disk.rglob("*")):
        name = path.relative_to(disk)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            content = path.read_bytes()
            found[name.as_posix()] = _state(name.name, content)
    return found


def _state(name: str, content: bytes) -> str:
    if not name.endswith(_WITH_TIME):
        return hashlib.sha256(content).hexdigest()
    if name.endswith(".json"):
        try:
            json.loads(content)
        except ValueError:
            return "broken off"
    return "readable"


def half_visible(there: Files, *allowed: Files) -> str:
    """The first file that is neither as it was before nor as it will be when all is done."""
    for name, state in there.items():
        if state not in [one.get(name) for one in allowed]:
            return name
    return ""
