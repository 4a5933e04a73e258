"""The statistics of vectors on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecomdata.console import escaped, new_console, new_table
from ecomdata.vectorstats.rows import Row, groups, rows_of

if TYPE_CHECKING:
    from ecomdata.vectorstats.figures import EmbeddingStatistics


def print_statistics(found: EmbeddingStatistics) -> None:
    """A line for each figure, with what it is of; then what was left out or drawn."""
    console = new_console()
    made = f", {found.column} by {found.encoder}" if found.column else ""
    title = (
        f"{found.dataset} {found.name}{made}: {found.counts.rows:,} rows, vectors of {found.dim:,} numbers"
    )
    console.print(escaped(f"{title}, release {found.release}"), soft_wrap=True)
    pairs = {f"{one.one} and {one.other}" for one in found.comparisons}
    rows = rows_of(found)
    _print_rows([row for row in rows if row.group not in pairs])
    for name, members in groups([row for row in rows if row.group in pairs]):
        console.print(escaped(name), soft_wrap=True)
        _print_rows(members)
    for note in found.notes:
        console.print(escaped(f"  {note}"), soft_wrap=True)
    seconds = sum(found.seconds.values())
    console.print(escaped(f"computed on {found.device} in {seconds:.1f} s"), soft_wrap=True)


def _print_rows(rows: Sequence[Row]) -> None:
    intervals = any(row.interval for row in rows)
    table = new_table("figure", "value", *(["95 % interval"] if intervals else []), "of")
    for row in rows:
        cells = (row.figure, row.value, *([row.interval] if intervals else []), row.of)
        table.add_row(*map(escaped, cells))
    new_console().print(table)
