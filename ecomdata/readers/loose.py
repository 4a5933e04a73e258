"""Columns of a table whose names and types are not all known: what is declared is typed, the rest is JSON."""

from __future__ import annotations

import polars as pl

from ecomdata.readers.base import rows_as_json


def json_objects(frame: pl.DataFrame) -> pl.Series:
    """Each row of a frame as a JSON object, nulls included."""
    if _polars_can(frame):
        return frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    return pl.Series(rows_as_json(frame, range(frame.height)), dtype=pl.String)


def _polars_can(frame: pl.DataFrame) -> bool:
    """Whether polars writes these values without loss; it has no NaN, and forms of its own for some types."""
    for series in frame:
        values = series
        while isinstance(values.dtype, pl.List):
            values = values.explode()
        if values.dtype.is_float():
            if not values.drop_nulls().is_finite().all():
                return False
        elif not _is_plain(values.dtype):
            return False
    return True


def _is_plain(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or isinstance(dtype, pl.String | pl.Boolean | pl.Null)


def loosely(
    column: pl.Expr, found: pl.DataType, wanted: pl.DataType
) -> tuple[pl.Expr, pl.Expr | None] | None:
    """A column in a wanted type that says the same, and in which rows it does (None: in all).

    A number, a time or a list of texts can be text, and floats that are whole can be integers; None where
    nothing of the kind is known.
    """
    if wanted == pl.String:
        if found.is_numeric() or found.is_temporal() or found == pl.Boolean:
            return column.cast(pl.String), None
        if isinstance(found, pl.List) and isinstance(found.inner, pl.DataType) and _is_plain(found.inner):
            wrapped = pl.struct(column.alias("x")).struct.json_encode()
            return pl.when(column.is_not_null()).then(wrapped.str.slice(5).str.head(-1)), None
    if isinstance(found, pl.List) and isinstance(wanted, pl.List):
        item = found.inner
        if isinstance(item, pl.DataType) and item.is_float() and wanted.inner == pl.Int64:
            whole = column.cast(wanted, strict=False)
            return whole, whole.cast(found).eq_missing(column)
    return None
