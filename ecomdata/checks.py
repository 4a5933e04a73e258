"""The schema check: good rows on one side, rejected rows with every reason on the other."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

import dataframely as dy
import polars as pl
from dataframely.exc import SchemaError

from ecomdata.errors import LOADER_FAULT, EcomdataError

_POSITION: Final = "ecomdata_position"
_WORDS: Final = {
    "nullability": "is null",
    "min": "is below the minimum",
    "max": "is above the maximum",
    "min_exclusive": "is below the minimum",
    "max_exclusive": "is above the maximum",
    "min_length": "is too short",
    "max_length": "is too long",
    "regex": "does not have the expected form",
    "is_in": "is not one of the known values",
    "nan": "is not a number",
    "inf": "is infinite",
}
_INSIDE: Final = re.compile(rf"inner_(?P<keys>(?:.*_)?)(?P<kind>{'|'.join(_WORDS)})")
"""What dataframely calls rules of what is in lists and objects: ``inner_inner_KEY_nullability``."""
_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
_ASIDE: Final = re.compile(r" \([^()]*\)$")
_PLACE: Final = re.compile(r" at (byte|character) \d+ of (the line|it)$|: line \d+ column \d+$")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the schema check found.

    Attributes:
        good: The rows that keep every rule.
        bad: Positions of the others in the frame that was checked.
        reasons: Per bad row, every rule it breaks.
    """

    good: pl.DataFrame
    bad: list[int]
    reasons: list[list[str]]


def check(frame: pl.DataFrame, schema: type[dy.Schema]) -> Checked:
    """Split a normalised frame by its schema.

    Raises:
        EcomdataError: columns or types differ from the schema's, which is a fault of the loader.
    """
    try:
        good, failure = schema.filter(frame)
    except SchemaError as error:
        raise EcomdataError(
            f"the loader does not produce what {schema.__name__} declares: {said(error)}",
            hint="this is a fault in the loader's normalize function; please report it",
        ) from error
    if not len(failure):
        return Checked(good, [], [])
    # Only a frame with bad rows pays for knowing which they are.
    numbered = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(_POSITION))
    _, failure = _with_position(schema).filter(numbered)
    details = failure.details()
    rules = [name for name in details.columns if name not in {*schema.column_names(), _POSITION}]
    broken: list[list[str]] = [[] for _ in range(details.height)]
    for rule in rules:
        rows: list[int] = (details[rule] == "invalid").arg_true().to_list()
        for row in rows:
            broken[row].append(_say(rule))
    return Checked(good, details[_POSITION].to_list(), broken)


@contextmanager
def own_code(what: str) -> Generator[None]:
    """Say of which code of a loader an error comes: one of polars names a column and no more.

    Raises:
        EcomdataError: the code failed; an error that says so itself is passed on, and so is want of memory.
    """
    try:
        yield
    except (EcomdataError, MemoryError):
        raise
    except Exception as error:
        raise EcomdataError(
            f"{what} failed: {type(error).__name__}: {said(error)}",
            hint=LOADER_FAULT,
        ) from error


def said(error: BaseException) -> str:
    """An error's message, without the plan that polars shows behind it."""
    return str(error).partition("\n\nResolved plan until failure")[0].strip()


@cache
def _with_position(schema: type[dy.Schema]) -> type[dy.Schema]:
    """The schema plus the position column, so that a failure can be traced to its row."""
    return type(f"Numbered{schema.__name__}", (schema,), {_POSITION: dy.Int64(nullable=False)})


def _say(rule: str) -> str:
    column, _, kind = rule.partition("|")
    if not kind:
        return f"breaks the rule {rule}"
    if inside := _INSIDE.fullmatch(kind):
        key = inside["keys"].replace("inner_", "").strip("_")
        return f"{column} has {key or 'a value'} in it that {_WORDS[inside['kind']]}"
    return f"{column} {_WORDS.get(kind, f'breaks {kind}')}"


def reason_class(reason: str) -> str:
    """A reason without the values and places in it, so that reasons can be counted."""
    return _PLACE.sub("", _ASIDE.sub("", _QUOTED.sub("…", reason)))
