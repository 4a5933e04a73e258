"""JSON that somebody else may have written: of a bounded size and depth and with no key twice, or an error.

Python's own reader takes a text of any size, and raises RecursionError, which is no ValueError, where one is
nested too deep. What comes just below that depth can be read, but neither shown nor written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, cast

LARGEST: Final = 64 << 20
"""Bytes; the manifest of 87,600 raw files, ten years of GH Archive hours, has about 25 million."""
DEEPEST: Final = 100
"""Levels; a manifest has 6, and what a strict endpoint answers fewer."""


def parsed(content: str | bytes, *, most: int = LARGEST) -> Any:  # noqa: ANN401 - whatever stands there
    """The value of a JSON text.

    Args:
        content: The text.
        most: Bytes, or characters of a str, that it may have.

    Raises:
        ValueError: it is no JSON, too large or nested too deep, or an object has a key twice.
    """
    if len(content) > most:
        raise ValueError(f"it has {len(content):,} bytes, and {most:,} are read")
    try:
        value: object = json.loads(content, object_pairs_hook=_unique)
        deeper = is_deeper(value, DEEPEST)
    except RecursionError:
        value, deeper = None, True
    if deeper:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return value


def is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects are nested in a value more than so many levels deep."""
    level = list(_inside([value]))
    while level and levels:
        level = [inner for one in level for inner in _inside(one)]
        levels -= 1
    return bool(level)


def read_json(path: Path, *, most: int = LARGEST) -> Any:  # noqa: ANN401 - whatever stands there
    """The value of a JSON file; what is too large is not read.

    Raises:
        OSError: it is not there, or cannot be read.
        ValueError: as :func:`parsed`.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise ValueError(f"it has {size:,} bytes, and {most:,} are read")
        return parsed(file.read(most + 1), most=most)


def _inside(value: object) -> Iterable[object]:
    """The containers right inside a value."""
    values: Iterable[object] = ()
    if isinstance(value, dict):
        values = cast("dict[str, object]", value).values()
    elif isinstance(value, list):
        values = cast("list[object]", value)
    return filter(_holds, values)


def _holds(value: object) -> bool:
    return isinstance(value, (dict, list))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice in an object of it")
    return fields
