"""Arguments as people give them in Python; what is typed on the command line has been looked at before."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, SupportsIndex, cast

from ecomdata.errors import UsageError


def names(given: str | Iterable[str]) -> tuple[str, ...]:
    """Names; a text alone is one of them, and not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def whole(name: str, value: object, *, least: int | None = None) -> int:
    """A whole number as Python's own, also where NumPy gave it, which JSON, polars and Arrow do not take.

    Args:
        name: What it is called.
        value: What was given.
        least: The least that it may be, if there is one.

    Raises:
        UsageError: it is no whole number, or below that.
    """
    try:
        number = operator.index(cast("SupportsIndex", value))
    except TypeError as error:
        raise UsageError(f"{name} {value!r} is no whole number", hint=f"give {name} as an int") from error
    if least is not None and number < least:
        raise UsageError(f"{name} cannot be {number}", hint=f"give at least {least}")
    return number


def whole_or_none(name: str, value: object, *, least: int | None = None) -> int | None:
    """A whole number where one is given; see :func:`whole`."""
    return None if value is None else whole(name, value, least=least)


def as_given(**options: Any) -> dict[str, Any]:
    """Those that are given; the others keep their defaults."""
    return {name: value for name, value in options.items() if value is not None}
