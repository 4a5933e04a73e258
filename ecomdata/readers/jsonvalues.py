"""Values of JSON as Python has them, one at a time: what is odd in them, and what they say.

Numbers keep their spelling, a key that stands twice is no object, and what is nested too deep is no value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Final, cast

import polars as pl

from ecomdata.plainjson import is_deeper
from ecomdata.readers.base import EXACT, integer_limits

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half a character, which JSON can spell and UTF-8 cannot."""
_LARGE: Final = 1 << 1000
_ASCII: Final = json.JSONEncoder()
_PLAIN: Final = json.JSONEncoder(ensure_ascii=False)
_DEEPEST: Final = 200
"""Levels of a line. Python's own bound depends on its version, and on where it is called."""
_TOO_DEEP: Final = ValueError(f"it is nested more than {_DEEPEST} levels deep")


class _Spelt(float):
    """A number that is no integer, with its spelling: ``1.10`` is not to become 1.1, nor 1e999 Infinity."""

    text: str = ""


def _spelt(text: str) -> _Spelt:
    number = _Spelt(text)
    number.text = text
    return number


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ; with two alike, one of the values would be lost."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"key {key!r} stands twice")
        seen.add(key)
    return found


_SPELT: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_spelt)


def loads(text: str) -> object:
    """The JSON value of a whole line, or the exception that says why there is none."""
    try:
        value: object = _SPELT.decode(text)
    except ValueError as error:
        # One that was never raised: whoever keeps it keeps no frames, and with them what they read.
        return ValueError(str(error))
    except RecursionError:
        return _TOO_DEEP
    # Only what has so many brackets can be so deep, and counting the levels takes its time.
    brackets = text.count("[") + text.count("{")
    return _TOO_DEEP if brackets > _DEEPEST and is_deeper(value, _DEEPEST) else value


def not_an_object(value: object) -> str:
    """Why what was read of a line, the value or the exception in its place, is no object."""
    if isinstance(value, Exception):
        return f"not JSON: {value}"
    return f"a JSON {type(value).__name__} instead of an object"


def as_json(value: object, *, ascii_only: bool = True) -> str:
    """JSON as :func:`json.dumps` has it, but with numbers as they were spelt."""
    if isinstance(value, str):
        return (_ASCII if ascii_only else _PLAIN).encode(value)
    if isinstance(value, _Spelt):
        return value.text
    if isinstance(value, list):
        items = [as_json(item, ascii_only=ascii_only) for item in cast("list[object]", value)]
        return f"[{', '.join(items)}]"
    if isinstance(value, dict):
        encode = (_ASCII if ascii_only else _PLAIN).encode
        pairs = cast("dict[str, object]", value).items()
        texts = [f"{encode(key)}: {as_json(item, ascii_only=ascii_only)}" for key, item in pairs]
        return f"{{{', '.join(texts)}}}"
    return str(value) if type(value) is int else _ASCII.encode(value)


def loosened(item: object, dtype: pl.DataType) -> object:
    """A value in another type that says the same; itself where there is none, and where it is null."""
    if item is None:
        return None
    if dtype == pl.String and not isinstance(item, str):
        return as_json(item, ascii_only=False)
    if dtype.is_integer() and isinstance(item, float) and item.is_integer() and abs(item) <= EXACT:
        return int(item)
    if isinstance(dtype, pl.List) and isinstance(item, list):
        inner = dtype.inner
        items = cast("list[object]", item)
        return [loosened(one, inner) for one in items] if isinstance(inner, pl.DataType) else items
    if isinstance(dtype, pl.Struct) and isinstance(item, dict):
        types = fields(dtype)
        members = cast("dict[str, object]", item).items()
        return {key: loosened(one, types[key]) if key in types else one for key, one in members}
    return item


def fields(dtype: pl.Struct) -> dict[str, pl.DataType]:
    """Key -> type; all are types with their parameters, as a schema's columns are."""
    return {field.name: cast("pl.DataType", field.dtype) for field in dtype.fields}


@cache
def fitting(dtype: pl.DataType) -> Callable[[object], bool]:
    """What tells whether a value, not null, is of a type. A truth value is no integer."""
    if dtype == pl.String:
        return _is_text
    if dtype == pl.Boolean:
        return lambda item: isinstance(item, bool)
    if dtype.is_integer():
        low, high = integer_limits(dtype)
        return lambda item: type(item) is int and low <= item <= high
    if dtype.is_float():
        return lambda item: isinstance(item, float) or (type(item) is int and abs(item) <= _LARGE)
    return _nested_fitting(dtype)


def _nested_fitting(dtype: pl.DataType) -> Callable[[object], bool]:
    """Of lists, and of objects that may lack keys, but have no others; nothing is of any other type."""
    if isinstance(dtype, pl.Struct):
        of_keys = {key: fitting(inner) for key, inner in fields(dtype).items()}
        return lambda item: (
            isinstance(item, dict)
            and item.keys() <= of_keys.keys()
            and all(one is None or of_keys[key](one) for key, one in cast("dict[str, object]", item).items())
        )
    inner = dtype.inner if isinstance(dtype, pl.List) else None
    if not isinstance(inner, pl.DataType):
        return lambda _: False
    fits = fitting(inner)
    return lambda item: (
        isinstance(item, list) and all(one is None or fits(one) for one in cast("list[object]", item))
    )


def misfit(item: object, dtype: pl.DataType, where: str) -> str:
    """What keeps a value from being of a type, at the first place in it where something does.

    Args:
        item: The value, which does not fit.
        dtype: The type.
        where: The name of the column, and places in it.
    """
    if isinstance(dtype, pl.List) and isinstance(item, list) and isinstance(dtype.inner, pl.DataType):
        fits = fitting(dtype.inner)
        for place, one in enumerate(cast("list[object]", item)):
            if one is not None and not fits(one):
                return misfit(one, dtype.inner, f"{where}[{place}]")
    if isinstance(dtype, pl.Struct) and isinstance(item, dict):
        types = fields(dtype)
        for key, one in cast("dict[str, object]", item).items():
            if key not in types:
                return f"{where}: key {key!r} is not expected"
            if one is not None and not fitting(types[key])(one):
                return misfit(one, types[key], f"{where}.{key}")
    return f"{where}: {as_json(item)[:60]!r} is not {_said(dtype)}"


def _said(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.DataType):
        return f"list({_said(dtype.inner)})"
    return "object" if isinstance(dtype, pl.Struct) else str(dtype).lower()


def _is_text(item: object) -> bool:
    return isinstance(item, str) and (item.isascii() or not _SURROGATE.search(item))
