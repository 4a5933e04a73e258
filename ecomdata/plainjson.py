"""JSON that somebody else may have written: of a bounded size and depth and with no key twice, or an error.

Python's own reader takes a text of any size, and raises RecursionError, which is no ValueError, where one is
nested too deep. What comes just below that depth can be read, but neither shown nor written.
"""

from __future__ import annotations

import json
import os
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, cast

LARGEST: Final = 64 << 20
"""Bytes; the manifest of 87,600 raw files, ten years of GH Archive hours, has about 25 million."""
DEEPEST: Final = 100
"""Levels; a manifest has 6, and what a strict endpoint answers fewer."""
_PLAIN: Final[Mapping[Any, tuple[type, ...]]] = {float: (int, float), int: (int,), str: (str,), bool: (bool,)}
"""A declared type -> what JSON may have made of it."""


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


def revived(kind: Any, value: Any) -> Any:  # noqa: ANN401 - of any declared type
    """A value of a declared type, such as a dataclass, from what JSON made of it.

    Raises:
        KeyError, TypeError, ValueError: it is not of that form.
    """
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind in {Any, object} or (origin is typing.Literal and value in parts):
        return value
    if origin in {types.UnionType, typing.Union}:
        return None if value is None else revived(parts[0], value)
    if is_dataclass(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        # A field that is younger than the file has its default.
        there = [one.name for one in fields(kind) if one.name in value]
        return cast("type", kind)(**{name: revived(hints[name], value[name]) for name in there})
    if origin is tuple and isinstance(value, list):
        each = [parts[0]] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(revived(part, one) for part, one in zip(each, value, strict=True))
    if origin in {dict, Mapping} and isinstance(value, dict):
        return {name: revived(parts[1], one) for name, one in value.items()}
    if type(value) not in _PLAIN.get(kind, ()):
        raise TypeError(f"{str(value)[:60]!r} is no {kind}")
    return value


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
