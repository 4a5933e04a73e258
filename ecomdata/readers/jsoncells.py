"""Texts out of JSON as declared types; a number may stand in a string."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, cast

import polars as pl

from ecomdata.readers.base import integer_limits

_EXACT: Final = 1 << 53
"""Whole numbers up to here are exact as floats."""


def typed_column(texts: pl.Series, dtype: pl.DataType) -> tuple[pl.Series, pl.Series | None]:
    """A text column as its declared type, and which cells failed (None when none did).

    White space alone is null in a number column; ``5.0`` is the integer 5.
    """
    if dtype == pl.String:
        return texts, None
    bare = texts.str.strip_chars()
    if dtype == pl.Boolean:
        cast_ = pl.select(
            pl.when(bare == "true").then(statement=True).when(bare == "false").then(statement=False)
        ).to_series()
    elif dtype.is_integer():
        cast_ = _integers(bare, dtype)
    else:
        cast_ = bare.cast(dtype, strict=False)
    failed = cast_.is_null() & bare.is_not_null() & (bare != "")
    return cast_.alias(texts.name), failed if failed.any() else None


def _integers(bare: pl.Series, dtype: pl.DataType) -> pl.Series:
    whole = bare.cast(dtype, strict=False)
    if whole.null_count() == bare.null_count():
        return whole
    number = bare.cast(pl.Float64, strict=False)
    low, high = integer_limits(dtype)
    exact = (number == number.floor()) & number.is_between(max(low, -_EXACT), min(high, _EXACT))
    rounded = number.set(~exact.fill_null(value=False), None).cast(dtype, strict=False)
    return whole.zip_with(whole.is_not_null(), rounded)


def cell_problem(name: str, text: str, dtype: pl.DataType) -> str:
    """What to say of a cell that is not of its column's type."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    kind = "an integer" if dtype.is_integer() else "a number" if dtype.is_numeric() else f"{dtype}".lower()
    return f"{name}: {shown!r} is not {kind}"


def other_keys(raw: bytes, declared: Sequence[str]) -> str | None:
    """The keys of a JSON object that are not declared, as a JSON object; null when there are none."""
    fields = cast("dict[str, object]", json.loads(raw))
    rest = {key: value for key, value in fields.items() if key not in declared}
    return json.dumps(rest, ensure_ascii=False) if rest else None
