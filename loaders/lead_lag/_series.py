"""What holds for daily cumulative series of any origin, and which rows break it: reported, never dropped.

The checks are deductions from the paper and from eight real rows (``_family.py`` names the sources), not
promises of upstream; so a row that breaks one is kept, and says so in ``violations``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ._family import HORIZON

LABELLED: Final = ("train", "val", "labeled_test")
"""The splits whose units were observed for the whole horizon."""

UNLABELLED: Final = "unlabeled_test"

Ints = npt.NDArray[np.int64]


def observed_days(lists: Sequence[str]) -> pl.Expr:
    """How many days all the lists of a row have, those that are null aside; null where all are."""
    return pl.min_horizontal(pl.col(name).list.len() for name in lists).cast(pl.Int64)


def first_day(column: str) -> pl.Expr:
    """The place in a list of counts, from 0, of the first above zero; null where there is none."""
    day = pl.col(column).list.eval((pl.element() > 0).arg_max()).list.first()
    return pl.when(pl.col(column).list.max() > 0).then(day).cast(pl.Float64)


def length_rules() -> dict[str, pl.Expr]:
    """Name of a check -> whether a row with ``split`` and ``observed_days`` breaks it."""
    days, split = pl.col("observed_days"), pl.col("split")
    return {
        "labelled_shorter_than_horizon": split.is_in(LABELLED) & (days < HORIZON),
        "unlabelled_not_shorter_than_horizon": (split == UNLABELLED) & (days >= HORIZON),
    }


def list_rules(frame: pl.DataFrame, lists: Sequence[str]) -> dict[str, pl.Series]:
    """Name of a check -> which rows break it, for lists that count up and share one length."""
    if not lists:
        return {}
    lengths = [frame[name].list.len() for name in lists]
    found = {
        "lengths_differ": pl.select(pl.any_horizontal(n.ne_missing(lengths[0]) for n in lengths)).to_series()
    }
    for name, length in zip(lists, lengths, strict=True):
        days = frame[name].explode(empty_as_null=False, keep_nulls=False)
        if days.null_count():
            found[f"{name}_has_nulls"] = frame[name].list.eval(pl.element().null_count() > 0).list.first()
        # Null days make a row known by the line above; here any number may stand for them.
        found[f"{name}_decreases"] = _decreasing(days.fill_null(0).to_numpy(), length)
        found[f"{name}_negative"] = frame[name].list.min() < 0
    return found


def _decreasing(days: Ints, lengths: pl.Series) -> pl.Series:
    """Which rows have a day below the one before it, given the days of all rows one after the other."""
    ends = lengths.fill_null(0).cast(pl.Int64).cum_sum().to_numpy()
    down = np.flatnonzero(days[1:] < days[:-1]) + 1
    row = np.searchsorted(ends, down, side="right")
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    marked = np.zeros(len(ends), np.bool_)
    marked[row[starts[row] != down]] = True
    return pl.Series(marked)


def difference(larger: str, smaller: str) -> pl.Expr:
    """The one list less the other, day by day; null where the two have not the same days."""
    same = pl.col(larger).list.len() == pl.col(smaller).list.len()
    return pl.when(same).then(larger) - pl.when(same).then(smaller)


def first_rule(first: str, counts: str) -> pl.Expr:
    """Whether ``first`` is not the place of the first count above zero, or null although there is one.

    Rows that have no list break nothing here.
    """
    at, days = pl.col(first).cast(pl.Int64, strict=False), pl.col(counts)
    place = pl.when((at >= 0) & (at == pl.col(first))).then(at)
    now = days.list.get(place, null_on_oob=True)
    before = pl.when(place > 0).then(days.list.get(place - 1, null_on_oob=True)).otherwise(0)
    starts = ((now > 0) & (before == 0)).fill_null(value=False)
    never = (days.list.max().fill_null(0) == 0) & (days.list.min().fill_null(0) == 0)
    return days.is_not_null() & ~pl.when(pl.col(first).is_null()).then(never).otherwise(starts)


def violations(frame: pl.DataFrame, lists: Sequence[str], rules: Mapping[str, pl.Expr]) -> pl.Series:
    """For each row the names of the checks that it breaks; null counts as kept.

    Args:
        frame: Rows with the lists, and with what the rules ask for.
        lists: Columns that :func:`list_rules` is about.
        rules: Name of a further check -> whether a row breaks it.
    """
    found = frame.select(expression.alias(name) for name, expression in rules.items())
    broken = {**list_rules(frame, lists), **{series.name: series for series in found}}
    marks = [pl.when(rows).then(pl.lit(name)) for name, rows in broken.items()]
    return pl.select(pl.concat_list(marks).list.drop_nulls()).to_series()
