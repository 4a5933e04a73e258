"""Columns that hold text, however nested: finding the rows worth a look, and going through their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import polars as pl

from ecomdata.personaldata.looking import Look

Change = Callable[[str, str], str]
"""(text, the name of what holds it) -> the text to stand in its place."""
_DIGITS_ONLY: Final = r"(?m)^[0-9]{7,}$"
_LINE: Final = r"(?m)^.+$"
_MOST: Final = 0.5
"""Where no more of the lines than this are numbers, they say nothing of one another: it is free text."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column with text in it, and its type."""

    name: str
    dtype: pl.DataType

    def worth_a_look(self, look: Look) -> pl.Expr:
        """Whether a row's text matches the prefilter."""
        parts = [
            text.str.contains(look.prefilter(name))
            for text, name in _texts(pl.col(self.name), self.dtype, self.name)
        ]
        return pl.any_horizontal(parts).fill_null(value=False)

    def digits_only(self) -> pl.Expr:
        """How many lines are seven or more digits and nothing else, in texts of which most lines are that."""
        counted = [
            (text.str.count_matches(_DIGITS_ONLY).sum(), text.str.count_matches(_LINE).sum())
            for text, _ in _texts(pl.col(self.name), self.dtype, self.name)
        ]
        return pl.sum_horizontal(
            pl.when(numbers > _MOST * lines).then(numbers).otherwise(0) for numbers, lines in counted
        )

    def changed(self, value: object, change: Change) -> Any:  # noqa: ANN401 - as nested as the type
        """The value with all its texts changed; the same object where none is."""
        return _changed(value, self.dtype, self.name, change)


def text_columns(schema: pl.Schema) -> Iterator[TextColumn]:
    """The columns in which free text can stand. The words of an enum are declared, and so none is strange."""
    for name, dtype in schema.items():
        if _has_text(dtype):
            yield TextColumn(name, dtype)


def _has_text(dtype: Any) -> bool:  # noqa: ANN401 - a type of polars or its class
    if isinstance(dtype, pl.List | pl.Array):
        return _has_text(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return any(_has_text(field.dtype) for field in dtype.fields)
    return dtype in (pl.String, pl.Categorical)


def _texts(value: pl.Expr, dtype: Any, name: str) -> list[tuple[pl.Expr, str]]:  # noqa: ANN401 - any polars type
    """Expressions that hold, together, all text of each row; lists as lines."""
    if dtype == pl.String:
        return [(value, name)]
    if dtype == pl.Categorical:
        return [(value.cast(pl.String), name)]
    if isinstance(dtype, pl.Array):
        return _texts(value.arr.to_list(), pl.List(dtype.inner), name)
    if isinstance(dtype, pl.Struct):
        return [
            text
            for field in dtype.fields
            if _has_text(field.dtype)
            for text in _texts(value.struct.field(field.name), field.dtype, field.name)
        ]
    return [
        (value.list.eval(text).list.join("\n", ignore_nulls=True), inner)
        for text, inner in _texts(pl.element(), dtype.inner, name)
    ]


def _changed(value: Any, dtype: Any, name: str, change: Change) -> Any:  # noqa: ANN401 - as nested as the type
    if value is None or not _has_text(dtype):
        return value
    if isinstance(dtype, pl.List | pl.Array):
        before = cast("list[Any]", value)
        after = [_changed(item, dtype.inner, name, change) for item in before]
        return value if all(a is b for a, b in zip(after, before, strict=True)) else after
    if isinstance(dtype, pl.Struct):
        fields = {field.name: field.dtype for field in dtype.fields}
        items = {key: _changed(item, fields[key], key, change) for key, item in value.items()}
        return value if all(items[key] is value[key] for key in items) else items
    return change(cast("str", value), name)
