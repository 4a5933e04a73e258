"""Row groups that end where the rows say so: rows that come or go move no boundary but the next ones.

Content-defined chunking cuts a column into pages, but inside a row group: with row groups of a fixed number
of rows, one more row at the front shifts the first page, the last page and the dictionary of every group
behind it. So boundaries are chosen as chunks of files are (Muthitacharoen et al., A Low-bandwidth Network
File System, 2001): by a hash of what stands there, between a least and a greatest size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

_SEED: Final = 0
_COLUMNS: Final = 3
_PIECES: Final = 8
"""The rows in which a group may end are hashed in pieces: mostly it ends in an early one."""


def row_groups(tables: Iterator[pa.Table], size: int) -> Iterator[pa.Table]:
    """The same rows in the same order, cut into groups of ``size`` rows on the average.

    Args:
        tables: Rows, in any pieces.
        size: A group has between half and twice as many, the last one perhaps fewer. In between, one row in
            ``size / 2`` is one to end a group with.
    """
    import pyarrow as pa

    held: pa.Table | None = None
    for table in tables:
        held = table if held is None else pa.concat_tables([held, table])
        while held.num_rows >= 2 * size:
            held, group = _cut(held, size)
            yield group
    while held is not None and held.num_rows:
        held, group = _cut(held, size)
        yield group


def _cut(rows: pa.Table, size: int) -> tuple[pa.Table, pa.Table]:
    """The rows after the first group, and the group, in one piece: pages are cut where pieces end."""
    least = size // 2
    count = least + _end(pl.DataFrame(rows.select(_telling(rows)).slice(least, 2 * size - least)), size)
    return rows.slice(count), rows.slice(0, count).combine_chunks()


def _end(frame: pl.DataFrame, size: int) -> int:
    """How many of these rows, in which the first group may end, are still part of it."""
    step = max(1, size // _PIECES)
    for at in range(0, frame.height, step):
        hashes = frame[at : at + step].hash_rows(seed=_SEED).to_numpy()
        ends = np.flatnonzero(hashes % np.uint64(max(1, size // 2)) == 0)
        if len(ends):
            return at + int(ends[0]) + 1
    return frame.height


def _telling(rows: pa.Table) -> list[str]:
    """A few columns that tell rows apart: those of many values first, then any."""
    schema = pl.DataFrame(rows.slice(0, 0)).schema
    many = [
        name
        for name, dtype in schema.items()
        if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.String
    ]
    return (many or list(schema))[:_COLUMNS]
