"""From counts per unit and day to one row per unit with its counts so far as lists."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from ecomdata.declare import Normalize

GATHER_ROWS: Final = 512
"""Days to gather at a time: each of them may be another unit's, and become lists of 14 years."""


def series_of(channels: tuple[str, ...], *also: str) -> Normalize:
    """What makes series of days, for a table that gathers by ``unit_id``.

    It takes rows sorted by ``unit_id`` and ``day`` with a count for each channel and, the same in all rows of
    a unit, ``born``, ``inferred``, ``last`` (the last day of the record) and the columns in ``also``. It
    gives a row per unit: ``created_date``, ``observed_days``, ``inferred_birth``, ``first_<channel>``,
    ``cumulative_<channel>`` and ``also``.
    """
    return partial(_series, channels=channels, also=also)


def _series(rows: pl.LazyFrame, *, channels: tuple[str, ...], also: tuple[str, ...]) -> pl.LazyFrame:
    days = rows.with_columns(place=(pl.col("day") - pl.col("born")).dt.total_days()).collect()
    firsts = [
        pl.col("place").filter(pl.col(channel) > 0).min().cast(pl.Float64).alias(f"first_{channel}")
        for channel in channels
    ]
    units = days.group_by("unit_id", maintain_order=True).agg(
        pl.col("born").first().alias("created_date"),
        ((pl.col("last") - pl.col("born")).dt.total_days() + 1).first().alias("observed_days"),
        pl.col("inferred").first().alias("inferred_birth"),
        *firsts,
        *(pl.col(name).first() for name in also),
        pl.len().alias("rows"),
    )
    lengths = units["observed_days"].to_numpy()
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    at = np.repeat(starts[:-1], units["rows"].to_numpy()) + days["place"].to_numpy()
    for channel in channels:
        counts = np.zeros(starts[-1] + 1, dtype=np.int64)
        counts[at + 1] = days[channel].to_numpy()
        total = np.cumsum(counts)
        so_far = total[1:] - np.repeat(total[starts[:-1]], lengths)
        edges, values = pa.array(starts, type=pa.int64()), pa.array(so_far, type=pa.int64())
        lists = pl.Series(pa.LargeListArray.from_arrays(edges, values))
        units = units.with_columns(lists.alias(f"cumulative_{channel}"))
    return units.drop("rows").lazy()
