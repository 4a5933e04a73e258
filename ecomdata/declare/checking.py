"""What all declarations are checked for when they are made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

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


def _texts(value: object) -> Iterator[str]:
    """All text in a value, and in what it is made of; a declaration in it has looked at its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for pair in cast("Mapping[object, object]", value).items():
            yield from _texts(pair)
    elif isinstance(value, tuple | frozenset):
        for part in cast("Iterable[object]", value):
            yield from _texts(part)


def frozen_map(mapping: Mapping[str, object]) -> Mapping[str, object]:
    """A copy that nobody changes."""
    return MappingProxyType(dict(mapping))
