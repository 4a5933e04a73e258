"""What a card takes long to make is kept beside the store, and made again when what it depends on changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from ecomdata import __version__
from ecomdata.durable import write_durably
from ecomdata.errors import EcomdataError
from ecomdata.plainjson import read_json
from ecomdata.progress import Reporter
from ecomdata.release import Release
from ecomdata.sqltext import schema_name
from ecomdata.store import writing

_Read = TypeVar("_Read")
_ENOUGH: Final = "enough"
"""Kept where no amount of memory would give more."""


def kept_or_made(
    release: Release,
    name: str,
    depends: Sequence[object],
    make: Callable[[], dict[str, Any]],
    reporter: Reporter,
    *,
    read: Callable[[Any], _Read],
    memory: str = "",
    whole: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> _Read:
    """What was made of a release before, or is made now: read from the same JSON in either case.

    What lacked memory is used again only for who gives no more than it had: the same amount.

    Args:
        release: Its files count by their hashes.
        name: What is kept.
        depends: What else it depends on, as JSON.
        make: Makes it.
        reporter: Hears when it cannot be kept.
        read: Reads the JSON; a ValueError, KeyError or TypeError where what is kept is not ours.
        memory: What making it may hold.
        whole: Whether nothing was left out of what was made for want of memory.
    """
    files = [[file.path, file.sha256] for table in release.manifest.tables.values() for file in table.files]
    key = hashlib.sha256(json.dumps([__version__, release.folder.name, files, *depends]).encode()).hexdigest()
    place = release.home / "cards" / f"{schema_name(release.manifest.dataset)}-{name}.json"
    try:
        found: dict[str, Any] = read_json(place)
        if found["key"] == key and found["memory"] in {_ENOUGH, memory}:
            return read(found["value"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or not ours: it is made again
    value = make()
    had = _ENOUGH if whole(value) else memory
    text = json.dumps({"key": key, "memory": had, "value": value}, ensure_ascii=False)
    try:
        with writing(place):
            place.parent.mkdir(exist_ok=True)
            write_durably(place, text)
    except EcomdataError as error:
        reporter.say(f"note: what was measured is not kept: {error}")
    return read(json.loads(text)["value"])
