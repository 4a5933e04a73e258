"""Statistics of vectors are kept in the home, for the card and for whoever asks again."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from ecomdata.durable import write_durably
from ecomdata.plainjson import read_json
from ecomdata.release import Release
from ecomdata.store import writing
from ecomdata.vectorstats.figures import EmbeddingStatistics

_PLAIN: Final[Mapping[Any, tuple[type, ...]]] = {float: (int, float), int: (int,), str: (str,), bool: (bool,)}
"""A declared type -> what JSON may have made of it."""


def folder_of(home: Path, dataset: str, release: str) -> Path:
    """Where the statistics of a release's vectors are."""
    return home.joinpath("statistics", *dataset.split("/"), release)


def keep(found: EmbeddingStatistics, home: Path) -> Path:
    """Write statistics into the home, in place of those of the same set, and return the file.

    Raises:
        EcomdataError: the disk is full, or may not be written.
    """
    path = folder_of(home, found.dataset, found.release) / f"{found.name}.json"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, json.dumps(found.as_dict(), ensure_ascii=False, indent=1, allow_nan=False))
    return path


def kept_statistics(release: Release) -> tuple[EmbeddingStatistics, ...]:
    """What :func:`ecomdata.stats` found of this very release before, by name; never of another."""
    found: list[EmbeddingStatistics] = []
    for path in sorted(folder_of(release.home, release.manifest.dataset, release.folder.name).glob("*.json")):
        try:
            value = read_json(path)
            found.append(_revived(EmbeddingStatistics, value))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not there any more, or not ours
    return tuple(found)


def _revived(kind: Any, value: Any) -> Any:  # noqa: ANN401 - of any declared type
    """A value of a declared type from what JSON made of it.

    Raises:
        KeyError, TypeError: it is not of that form.
    """
    if is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is no {kind}")
        # A field that is younger than the file has its default.
        there = [one.name for one in fields(kind) if one.name in value]
        return kind(**{name: _revived(hints[name], value[name]) for name in there})
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        each = [parts[0]] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(_revived(part, one) for part, one in zip(each, value, strict=True))
    if origin in {types.UnionType, typing.Union}:
        return None if value is None else _revived(parts[0], value)
    if origin in {dict, Mapping}:
        return {str(name): _revived(parts[1], one) for name, one in value.items()}
    if kind not in _PLAIN or not isinstance(value, _PLAIN[kind]):
        raise TypeError(f"{value!r} is no {kind}")
    return value
