"""Synthetic hours of GH Archive in its three shapes; every repository, person and message is invented.

Shares of the types are those of the 100 real events of 27 November 2019 in github.com/go-faster/gha.
Quirks: clock times with an offset and without ids in 2014, organisations, half a character in a message, a
blank line, a line that breaks off, repositories of which nothing but later events is there.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from numpy.random import Generator

from ecomdata.sampling import choice, long_tail, stream

_HOURS: Final = ("2014-12-31-22", "2014-12-31-23", "2015-01-01-0", "2019-11-27-3", "2025-10-20-7")
_PACIFIC: Final = timezone(timedelta(hours=-8))
_TYPES: Final = {
    "PushEvent": 50,
    "CreateEvent": 21,
    "WatchEvent": 13,
    "ForkEvent": 6,
    "PullRequestEvent": 5,
    "DeleteEvent": 2,
    "IssuesEvent": 2,
    "PublicEvent": 1,
}
_REFS: Final = {"branch": 12, "repository": 9, "tag": 2}
_THIRD_SHAPE: Final = 2025
_EVENTS_PER_REPOSITORY: Final = 40
"""Far more than in a real hour, since a repository's series runs over eleven years here."""


def sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``rows`` events in all as ``2014-12-31-22.json.gz`` and four more hours."""
    for number, hour in enumerate(_HOURS):
        count = (rows + number) // len(_HOURS)
        if count:
            lines = _lines(stream(seed, hour), hour, count, max(1, rows // _EVENTS_PER_REPOSITORY))
            # No time of writing and no name, so that the same rows give the same bytes.
            with (
                (folder / f"{hour}.json.gz").open("wb") as file,
                gzip.GzipFile("", "wb", 6, file, mtime=0) as stored,
            ):
                stored.write("".join(lines).encode())


def _lines(rng: Generator, hour: str, rows: int, repositories: int) -> list[str]:
    start = datetime.strptime(hour, "%Y-%m-%d-%H").replace(tzinfo=UTC)
    types = choice(rng, _TYPES, rows).to_list()
    refs = choice(rng, _REFS, rows).to_list()
    ranks = long_tail(rng, repositories, rows, 0.9).tolist()
    seconds = sorted(rng.integers(0, 3600, rows).tolist())
    lines: list[str] = []
    for place, (kind, ref, rank, second) in enumerate(zip(types, refs, ranks, seconds, strict=True)):
        when = start + timedelta(seconds=second)
        shaped = _timeline if start.year < 2015 else _event
        event = shaped(kind, ref, rank, when, place)
        # Half a character is written as its escape, as upstream does.
        lines.append(json.dumps(event, separators=(",", ":")) + "\n")
    lines.insert(len(lines) // 2, "\n")
    if rows > 1:  # a file of a broken line alone would be none of upstream's
        lines[-1] = lines[-1][: len(lines[-1]) // 2] + "\n"
    return lines


def _timeline(kind: str, ref: str, rank: int, when: datetime, place: int) -> dict[str, object]:
    """An event as the Timeline API gave it, until 2014: no id, actor by name."""
    repository: dict[str, object] = {
        "id": 10_000 + rank,
        "owner": f"owner{rank % 97}",
        "name": f"repository-{rank}",
        # Some repositories are older than the first hour, one in three is made on that day.
        "created_at": (when - timedelta(days=rank % 3 * 400))
        .astimezone(_PACIFIC)
        .isoformat(timespec="seconds"),
    }
    if rank % 5 == 0:
        repository["organization"] = f"owner{rank % 97}"
    payload: dict[str, dict[str, object]] = {
        "PushEvent": {"shas": [["0" * 40, "someone@example.invalid", _message(place), "Someone"]], "size": 1},
        "WatchEvent": {"action": "started"},
        "CreateEvent": {"ref": None, "ref_type": ref, "master_branch": "master"},
    }
    return {
        "created_at": when.astimezone(_PACIFIC).isoformat(timespec="seconds"),
        "payload": payload.get(kind, {}),
        "public": True,
        "type": kind,
        "url": f"https://github.com/owner{rank % 97}/repository-{rank}",
        "actor": f"person{place}",
        "actor_attributes": {"login": f"person{place}", "type": "User"},
        "repository": repository,
    }


def _event(kind: str, ref: str, rank: int, when: datetime, place: int) -> dict[str, object]:
    """An event as the Events API gives it; without commits since October 2025."""
    # Every tenth repository was renamed between the shapes: the id stays.
    name = f"owner{rank % 97}/{'renamed' if rank % 10 == 9 else 'repository'}-{rank}"
    push: dict[str, object] = {
        "push_id": place,
        "ref": "refs/heads/main",
        "head": "0" * 40,
        "before": "1" * 40,
    }
    fork: dict[str, object] = {"forkee": {"id": 900_000 + place, "name": f"repository-{rank}"}}
    if when.year < _THIRD_SHAPE:
        push |= {"size": 1, "distinct_size": 1, "commits": [{"sha": "0" * 40, "message": _message(place)}]}
    else:
        fork["action"] = "forked"
    payload: dict[str, dict[str, object]] = {
        "PushEvent": push,
        "ForkEvent": fork,
        "WatchEvent": {"action": "started"},
        "CreateEvent": {"ref": None, "ref_type": ref, "master_branch": "main", "pusher_type": "user"},
    }
    return {
        "id": str(10_000_000_000 + place),
        "type": kind,
        "actor": {"id": place, "login": f"person{place}"},
        "repo": {"id": 10_000 + rank, "name": name, "url": f"https://api.github.com/repos/{name}"},
        "payload": payload.get(kind, {}),
        "public": True,
        "created_at": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _message(place: int) -> str:
    return "fix \ud83d" if place % 50 == 7 else f"change {place}"
