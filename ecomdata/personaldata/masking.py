"""Masking: a word in place of each finding, in the columns of an Arrow table; all else stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from ecomdata.personaldata.columns import TextColumn, text_columns
from ecomdata.personaldata.findings import Findings
from ecomdata.personaldata.looking import Kind, Look

if TYPE_CHECKING:
    import pyarrow as pa

Masks = Mapping[str, Mapping[str, frozenset[Kind]]]
"""Table -> column -> kinds that are masked in it."""


class Masker:
    """Masks rows of one table.

    Args:
        findings: What was found in the release.
        table: The table's name.
        masks: Column -> kinds that are masked in it.
    """

    def __init__(self, findings: Findings, table: str, masks: Mapping[str, frozenset[Kind]]) -> None:
        self._ids = frozenset(findings.scanned[table].ids)
        self._looks = {column: Look(findings.regions, kinds) for column, kinds in masks.items()}

    def __call__(self, table: pa.Table) -> pa.Table:
        """The same rows in the same types with what was found masked; columns without any are shared."""
        schema: Any = table.schema  # pyarrow's stubs leave the types of columns open
        for name, look in self._looks.items():
            frame = pl.DataFrame(table.select([name]))
            (column,) = text_columns(frame.schema)
            masked = _masked(frame, column, look, ids=name in self._ids)
            if masked is not None:
                place, field = schema.get_field_index(name), schema.field(name)
                table = table.set_column(place, field, masked.to_arrow().cast(field.type))
        return table


def _masked(frame: pl.DataFrame, column: TextColumn, look: Look, *, ids: bool) -> pl.Series | None:
    """A column with its findings masked, None where nothing is worth a look; other rows keep their bytes."""
    series = frame[column.name]
    flagged = frame.select(column.worth_a_look(look)).to_series()
    if not flagged.any():
        return None
    values = [
        column.changed(value, lambda text, name: look.masked(text, name, ids=ids)[0])
        for value in series.filter(flagged).to_list()
    ]
    rows = pl.concat([(~flagged).arg_true(), flagged.arg_true()])
    both = pl.concat([series.filter(~flagged), pl.Series(column.name, values, dtype=series.dtype)])
    return both.gather(rows.arg_sort())
