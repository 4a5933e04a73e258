"""The picture of a lead-lag series: how much each channel has counted so many days after birth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ecomdata.cardmaking.drawing import Axis, Band, bands
from ecomdata.cardmaking.subject import Picture, Subject, Wide, wide

_MOST_CHANNELS: Final = 4
_MOST_UNITS: Final = 20_000
_PLACES: Final = 60
_LEAST_SHARE: Final = 0.1
_QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
_PREFIX: Final = "cumulative_"


def growth(subject: Subject) -> Picture | None:
    """Quantiles over the units, by day since birth, of each channel's cumulative count."""
    channels = [name for name in subject.table.record.canonical if name.startswith(_PREFIX)][:_MOST_CHANNELS]
    days = _days(wide(subject.table, channels[:1])) if channels else []
    if len(days) < 3:
        return None
    chosen = wide(subject.table, channels)
    found = _bands(chosen, channels, days)
    units = min(chosen.rows, _MOST_UNITS)
    sampled = f"{units:,} of the units, spread evenly" if units < len(subject.table) else ""
    head = subject.head("Growth since birth", "counts by each day, of the units observed so long", sampled)
    png = bands(head, found, Axis(title="days since birth"), Axis(title="count so far", scale="symlog"))
    last = ", ".join(
        f"{band.name} {band.quantiles[2][-1]:,.0f} (middle 80 %: {band.quantiles[0][-1]:,.0f} to"
        f" {band.quantiles[4][-1]:,.0f})"
        for band in found
    )
    alt = (
        f"{head.title}: cumulative counts by days since birth, on a logarithmic scale: median, middle half"
        f" and middle 80 % of {units:,} units. Medians after {days[-1]:,} days: {last}."
    )
    return Picture(subject.name("growth"), head.title, alt, png)


def _days(lists: Wide) -> list[int]:
    """Days to look at, evenly spaced, as long as a tenth of the units was observed."""
    import polars as pl

    (column,) = lists.columns
    counts = [frame[column].list.len().drop_nulls() for frame in lists.frames(most_rows=_MOST_UNITS)]
    lengths = pl.concat(counts).sort(descending=True) if counts else pl.Series(dtype=pl.UInt32)
    if lengths.is_empty():
        return []
    last = int(lengths[int(lengths.len() * _LEAST_SHARE)]) - 1
    step = max(1, -(-last // _PLACES))
    return sorted({*range(0, last + 1, step), last}) if last > 0 else []


def _bands(lists: Wide, channels: Sequence[str], days: Sequence[int]) -> list[Band]:
    """For each channel, the quantiles over the units that were observed on each of the days."""
    import polars as pl

    values = [
        pl.col(name).list.get(day, null_on_oob=True).alias(f"{name} {day}")
        for name in channels
        for day in days
    ]
    there = pl.concat([frame.select(values) for frame in lists.frames(most_rows=_MOST_UNITS)])
    found: list[Band] = []
    for name in channels:
        curves = [
            [float(there[f"{name} {day}"].quantile(share, "nearest") or 0) for day in days]
            for share in _QUANTILES
        ]
        low, quarter, middle, three, high = curves
        words = name.removeprefix(_PREFIX).replace("_", " ")
        found.append(Band(name=words, x=days, quantiles=(low, quarter, middle, three, high)))
    return found
