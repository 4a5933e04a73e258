"""What each command is given where two meet in one folder, and what must be true afterwards.

The commands come from the command line itself: one that is neither called here nor waived fails a test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Final

import click
import pyarrow as pa
import pyarrow.parquet as pq

import ecomdata as ed
from ecomdata.cli import cli
from ecomdata.errors import EcomdataError
from tests.annotating.simulated import simulate
from tests.campaigns.commands import Done
from tests.faulty import leftovers

DATASET: Final = "merrec"
HOME: Final = frozenset({"home"})
PROJECT: Final = frozenset({"project"})
BOTH: Final = HOME | PROJECT


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it is called, from a folder with raw files, a home and an annotation project.

    Attributes:
        words: Its arguments.
        of: What it reads or writes there; two that share nothing cannot meet.
        writes: Whether it writes anything.
        heavy: Whether it takes seconds to import what it needs.
        once: Whether it is refused when it is called again, as what it makes is there then.
        stays: Whether it runs until it is asked to end.
    """

    words: tuple[str, ...]
    of: frozenset[str] = HOME
    writes: bool = True
    heavy: bool = False
    once: bool = False
    stays: bool = False


def _call(words: str, *more: str, of: frozenset[str] = HOME, **what: bool) -> Call:
    return Call((*words.split(), *more), of, **what)


_TITLES: Final = "merrec --table items --column title"
CALLS: Final[Mapping[str, Call]] = {
    "annotate export": _call("annotate export project", of=BOTH),
    "annotate init": _call(
        "annotate init merrec --out new --task sentiment --query",
        "select title as text from merrec.items limit 20",
        once=True,
    ),
    "annotate people add": _call("annotate people add project Zoe", of=PROJECT, once=True),
    "annotate people renew": _call("annotate people renew project", "person 1", of=PROJECT),
    "annotate report": _call("annotate report project --report report.html", of=PROJECT, heavy=True),
    "annotate serve": _call("annotate serve project --port 0", of=PROJECT, stays=True),
    "annotate status": _call("annotate status project", of=PROJECT, writes=False),
    "annotate suggest": _call("annotate suggest project", of=PROJECT, heavy=True),
    "annotate train": _call("annotate train project", of=PROJECT, heavy=True),
    "card": _call("card merrec -o card", heavy=True),
    "catalog": _call("catalog catalog.duckdb"),
    "dedup": _call(f"dedup {_TITLES}", heavy=True),
    "dedup (applied)": _call(f"dedup {_TITLES} --apply --max-removed 1", heavy=True),
    "doctor": _call("doctor --offline", writes=False),
    "doctor (pruning)": _call("doctor --offline --prune"),
    "embed": _call(f"embed {_TITLES} --dim 4 --force", heavy=True),
    "export": _call("export merrec out --format recbole --force"),
    "info": _call("info merrec", writes=False),
    "languages": _call("languages merrec", heavy=True),
    "list": _call("list", writes=False),
    "load": _call("load merrec --source few"),
    "load (forced)": _call("load merrec --source raw --force"),
    "personal-data": _call("personal-data merrec"),
    "publish": _call("publish merrec acme/masked --mask -y", heavy=True),
    "publish (as stored)": _call("publish merrec acme/stored --as-stored --mask -y", heavy=True),
    "sample": _call("sample merrec synthetic --rows 50", once=True),
    "sql": _call("sql", "select count(*) from merrec.events", writes=False),
    "sql (to a file)": _call("sql --format csv --output answer.csv", "from merrec.events"),
    "stats": _call("stats merrec --table items_title_lsa --report stats.html", heavy=True),
    "validate": _call("validate merrec --report validation.html"),
    "verify": _call("verify merrec --full", writes=False),
}
"""By name: the command, and in brackets what is special where it is called in two ways."""

WAIVED: Final[Mapping[str, str]] = {
    "annotate tasks": "prints what is shipped, and reads and writes nothing of the user's",
    "languages train": "trains for minutes from shipped texts into one file, and knows no home",
}
"""Commands that meet no other, and why."""


def commands(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all commands that there are."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from commands(inner, (*path, name))


def untried() -> list[str]:
    """The commands that are neither called nor waived; must be none."""
    called = {name.split(" (")[0] for name in CALLS} | WAIVED.keys()
    # A group that is a command itself, such as ``languages NAME``, is listed with its name as a placeholder.
    return [name for name in commands() if name.removesuffix(" NAME") not in called]


def pairs() -> list[tuple[str, str]]:
    """All pairs that can meet: they share something, and one of them writes."""
    return [
        (one, other)
        for one, other in combinations_with_replacement(CALLS, 2)
        if CALLS[one].of & CALLS[other].of and (CALLS[one].writes or CALLS[other].writes)
    ]


def lay(folder: Path, *, vectors: bool = True) -> None:
    """A home with a release and a superseded one, raw files, a project with answers; and vectors."""
    home = folder / "home"
    for name, rows, seed in (("few", 60, 1), ("raw", 120, 0)):
        ed.sample(DATASET, folder / name, rows=rows, seed=seed)
        release = ed.load(DATASET, source=folder / name, home=home)
    if vectors:
        ed.embed(DATASET, table="items", column="title", dim=4, home=home)
    source = (DATASET, release.manifest.release, "items")
    with simulate(folder / "project", items=40, dataset=source) as project:
        assert project.annotators()


CLEAR: Final = (
    "another process",
    "meanwhile",
    "already",
    "not an empty folder",
    "run the same command again",
)
"""What a command that gave way says, one of them."""


def unclear(done: Done) -> str:
    """What is wrong with the way a command ended beside another: it is done, or says who is in the way."""
    if done.code == 0:
        return ""
    if wrong := done.complaint(done.code):
        return wrong
    return "" if any(word in done.err for word in CLEAR) else f"not clear who is in the way: {done.said}"


def broken(folder: Path) -> str:
    """What is wrong in a folder in which two commands have met: half a file, a leftover, a damaged store."""
    try:
        found = ed.verify(DATASET, home=folder / "home", full=True).differences
    except EcomdataError as error:
        return str(error)
    if found:
        return f"verify: {found[0]}"
    if left := leftovers(folder):
        return f"left behind: {left[0].relative_to(folder)}"
    for path in folder.rglob("*.json"):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            return f"{path.relative_to(folder)}: {error}"
    for path in folder.rglob("*.parquet"):
        try:
            pq.read_metadata(path)
        except (OSError, pa.ArrowException) as error:
            return f"{path.relative_to(folder)}: {error}"
    return ""
