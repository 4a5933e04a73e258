"""Stores and projects of strangers: manifests that lead elsewhere, project files that do more than theirs."""

from __future__ import annotations

import copy
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import ecomdata as ed
from ecomdata.annotating.database import PROJECT_FILE
from ecomdata.annotating.project import Project
from ecomdata.catalog import connect
from ecomdata.errors import EcomdataError
from ecomdata.manifest import MANIFEST
from ecomdata.verifying import verify
from tests.campaigns.trials import Scale, Trial
from tests.faulty import BEHAVIOR, sampled

NAME: Final = "manifests"
PROMISE: Final = (
    "A store or a project from a stranger is read as what it says of itself and no further, or is an error"
    " that names the file; nothing outside it is read or written, and no unforeseen error comes."
)
_HOSTILE: Final[tuple[object, ...]] = (
    *(
        "../../../etc/passwd",
        "/etc/passwd",
        "..",
        "a/../../b",
        "C:\\x",
        "a\0b",
        "'; DROP TABLE x; --",
        "\x1b[2J",
    ),
    *("", None, True, -1, 1 << 80, 1e308, "x" * 100_000, [], {}, [[]], {"a": {"b": []}}),
)
_PLANTED: Final = (
    "CREATE TRIGGER more AFTER INSERT ON events BEGIN INSERT INTO meta VALUES (new.at, ''); END",
    "CREATE VIEW item AS SELECT * FROM items",
    "CREATE TABLE notes (text)",
    "CREATE INDEX one ON items (content)",
    "DROP TRIGGER events_UPDATE",
    "CREATE VIRTUAL TABLE words USING fts5(text)",
)


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Leaves of a real manifest replaced one by one; full: each by each of the hostile values."""
    home, raw = folder / "home", sampled(BEHAVIOR, folder / "raw", 50)
    ed.load(BEHAVIOR, source=raw, home=home)
    (path,) = home.rglob(MANIFEST)
    whole = json.loads(path.read_text("utf-8"))
    chosen = [(place, value) for place in _leaves(whole) for value in _HOSTILE]
    for place, value in rng.sample(chosen, 12) if scale == "short" else chosen:
        spoiled = copy.deepcopy(whole)
        _put(spoiled, place, value)
        path.write_text(json.dumps(spoiled), "utf-8")
        yield _trial(home, "stores", f"{'.'.join(map(str, place))} is {str(value)[:30]!r}")
    for fault, text in (("nested 100,000 deep", "[" * 100_000), ("empty", ""), ("NUL bytes", "\0" * 99)):
        path.write_text(text, "utf-8")
        yield _trial(home, "stores", f"a manifest that is {fault}")
    yield from _projects(folder, rng, 3 if scale == "short" else 100)


def _leaves(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of all values in a document, those that hold others too."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*place, key)
        yield from _leaves(inner, (*place, key))


def _put(document: Any, place: tuple[str | int, ...], value: object) -> None:
    for key in place[:-1]:
        document = document[key]
    document[place[-1]] = value


def _trial(home: Path, target: str, fault: str) -> Trial:
    said: list[str] = []
    for act in _ACTS:
        try:
            act(home)
        except EcomdataError as error:
            said.append(str(error)[:150])
        except Exception as error:  # noqa: BLE001 - it is what must not come
            return Trial(NAME, target, fault, held=False, detail=f"{type(error).__name__}: {error}"[:200])
    return Trial(NAME, target, fault, held=True, detail=said[0] if said else "it makes no difference")


def _catalog(home: Path) -> None:
    with connect(home):
        pass


_ACTS: Final[tuple[Callable[[Path], object], ...]] = (
    lambda home: ed.open(BEHAVIOR, home=home),
    lambda home: verify(BEHAVIOR, home=home),
    _catalog,
)


def _projects(folder: Path, rng: random.Random, spoiled: int) -> Iterator[Trial]:
    from tests.annotating.projects import make_project

    for number, planted in enumerate(_PLANTED):
        place = folder / f"planted-{number}"
        make_project(place, 3).close()
        with closing(sqlite3.connect(place / PROJECT_FILE)) as connection, connection:
            connection.execute(planted)
        yield _opened(place, planted)
    make_project(folder / "whole", 3).close()
    content = (folder / "whole" / PROJECT_FILE).read_bytes()
    for number in range(spoiled):
        place = folder / f"spoiled-{number}"
        place.mkdir()
        at = rng.randrange(100, 4096)  # its first page, where the schema is
        noise = rng.randbytes(40)
        (place / PROJECT_FILE).write_bytes(content[:at] + noise + content[at + len(noise) :])
        yield _opened(place, f"noise at byte {at}", may_open=True)


def _opened(place: Path, fault: str, *, may_open: bool = False) -> Trial:
    try:
        Project.open(place).close()
    except EcomdataError as error:
        return Trial(NAME, "projects", fault, held=PROJECT_FILE in str(error), detail=str(error)[:200])
    except Exception as error:  # noqa: BLE001 - it is what must not come
        return Trial(NAME, "projects", fault, held=False, detail=f"{type(error).__name__}: {error}"[:200])
    return Trial(NAME, "projects", fault, held=may_open, detail="it was opened")
