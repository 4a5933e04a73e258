"""What all declarations are checked for when they are made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

import dataframely as dy

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

TABLE: Final = re.compile(r"[a-z][a-z0-9_]*")
"""A name in SQL that needs no quotes."""


class DeclarationError(ValueError):
    """A loader declares something that cannot be; the message names the field and the fix."""


def require(ok: object, message: str) -> None:
    """Refuse what is not so (DeclarationError)."""
    if not ok:
        raise DeclarationError(message)


def require_text(where: str, declared: DataclassInstance, *more: object) -> None:
    """Refuse text that no file can hold, in all fields of a declaration and what more there is."""
    for text in _texts((*(getattr(declared, part.name) for part in fields(declared)), *more)):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DeclarationError(f"{where}: {text!a} has half of a character in it") from None


def require_many(where: str, declared: DataclassInstance) -> None:
    """Refuse a single value where a declaration has several: ``("a.csv")`` is a text, no tuple of one."""
    for part in fields(declared):
        value, kind = getattr(declared, part.name), str(part.type)
        if "|" in kind:
            continue  # a reader of somebody's own may take None or a text, too
        pairs = {part.name: value} if kind.startswith("tuple[") else {}
        if "tuple[str, ...]]" in kind and isinstance(value, Mapping):
            pairs = {
                f"{part.name}[{key!r}]": item for key, item in cast("Mapping[str, object]", value).items()
            }
        for name, several in pairs.items():
            shown = repr(several) if isinstance(several, str) else f"{type(several).__name__}(...)"
            require(
                isinstance(several, (tuple, list)),
                f"{where}: {name} is a tuple; write ({shown},) with a comma, not {shown}",
            )


def require_schema(where: str, schema: object) -> None:
    """Refuse what is no class of columns."""
    named = isinstance(schema, type) and issubclass(schema, dy.Schema)
    require(named, f"{where}: schema is a class such as class Events(dy.Schema), and not {schema!r}")


def _texts(value: object) -> Iterator[str]:
    """All text in a value, and in what it is made of; a declaration in it has looked at its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for pair in cast("Mapping[object, object]", value).items():
            yield from _texts(pair)
    elif isinstance(value, (tuple, frozenset)):
        for part in cast("Iterable[object]", value):
            yield from _texts(part)


def frozen_map(mapping: Mapping[str, object]) -> Mapping[str, object]:
    """A copy that nobody changes."""
    return MappingProxyType(dict(mapping))
