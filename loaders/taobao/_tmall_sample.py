"""Synthetic files of IJCAI-15 in the folders that the two zips unpack to.

Of the rows, 80 % are the log, 8 % users, 4 % each the pairs to train and to test with, and 2 % each the two
files of format 2, whose actions are drawn for themselves. Shares are the published ones: clicks 88.4 %,
cart 0.1 %, purchases 6.0 %, favourites 5.5 %; 0.17 % of the brands, 0.5 % of the ages and 1.5 % of the
genders are empty (at least one). A sixth of the actions fall on Double 11. Quirks: days as 829 and 1111 in
the log and as 0829 in format 2, no time order, a ``prob`` that is empty everywhere. All of it parses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from ecomdata import sampling

_SLAB: Final = 1_000_000
_ACTIONS: Final = {"0": 48_550_713.0, "1": 76_750.0, "2": 3_292_144.0, "3": 3_005_723.0}
_LENGTHS: Final = {5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 12}
_DAYS: Final = np.array([100 * m + d for m, n in _LENGTHS.items() for d in range(1, n + 1)][10:])
"""511 to 1112."""


class _World:
    """Ids by rank; an item has a category, a merchant and a brand."""

    def __init__(self, seed: int, rows: int) -> None:
        rng = sampling.stream(seed, "world")
        self.users = sampling.scattered_ids(rng, max(10, rows * 8 // 100), 1, 424_170 + rows)
        items = max(20, rows // 40)
        self.items = sampling.scattered_ids(rng, items, 1, 1_113_166 + rows)
        self.category = 1 + sampling.long_tail(rng, min(1_658, max(5, items // 30)), items, 0.9)
        self.merchant = 1 + sampling.long_tail(rng, min(4_995, max(5, items // 10)), items, 0.7)
        self.brand = 1 + sampling.long_tail(rng, min(8_443, max(5, items // 8)), items, 0.9)


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Write the six files, about ``rows`` rows in all."""
    world = _World(seed, rows)
    first, second = folder / "data_format1", folder / "data_format2"
    for number, size in enumerate(sampling.slabs(max(4, rows * 8 // 10), _SLAB)):
        frame = _log(sampling.stream(seed, "log", number), size, world)
        path = first / "user_log_format1.csv"
        sampling.write_csv(frame, path, header=number == 0, append=number > 0)
    users = _users(sampling.stream(seed, "users"), world)
    sampling.write_csv(users, first / "user_info_format1.csv")
    for split in ("train", "test"):
        rng = sampling.stream(seed, "pairs", split)
        pairs = _pairs(rng, max(2, rows // 25), world)
        told = pl.Series((rng.random(pairs.height) < 0.06).astype(np.int64))
        column = told.alias("label") if split == "train" else pl.lit(None, pl.String).alias("prob")
        sampling.write_csv(pairs.with_columns(column), first / f"{split}_format1.csv")
        frame = _format2(rng, max(2, rows // 50), users, world)
        sampling.write_csv(frame, second / f"{split}_format2.csv")


def _days(rng: np.random.Generator, size: int) -> sampling.Ints:
    days = rng.choice(_DAYS, size)
    days[rng.random(size) < 1 / 6] = 1111
    return days.astype(np.int64)


def _log(rng: np.random.Generator, size: int, world: _World) -> pl.DataFrame:
    ranks = sampling.long_tail(rng, len(world.items), size, 0.8)
    empty = pl.Series(sampling.dirty(rng, size, 0.0017))
    return pl.DataFrame(
        {
            "user_id": world.users[sampling.long_tail(rng, len(world.users), size, 0.6)],
            "item_id": world.items[ranks],
            "cat_id": world.category[ranks],
            "seller_id": world.merchant[ranks],
            "brand_id": pl.Series(world.brand[ranks]).set(empty, None),
            "time_stamp": _days(rng, size),
            "action_type": sampling.choice(rng, _ACTIONS, size),
        }
    )


def _users(rng: np.random.Generator, world: _World) -> pl.DataFrame:
    size = len(world.users)
    age = pl.Series(rng.integers(0, 9, size)).set(pl.Series(sampling.dirty(rng, size, 0.005)), None)
    gender = pl.Series(rng.integers(0, 3, size)).set(pl.Series(sampling.dirty(rng, size, 0.015)), None)
    return pl.DataFrame({"user_id": world.users, "age_range": age, "gender": gender})


def _pairs(rng: np.random.Generator, size: int, world: _World) -> pl.DataFrame:
    """Pairs that are no two the same, as the tables' key says; more are drawn than there shall be."""
    ranks = rng.integers(0, len(world.items), 2 * size)
    drawn = pl.DataFrame(
        {
            "user_id": world.users[rng.integers(0, len(world.users), 2 * size)],
            "merchant_id": world.merchant[ranks],
        }
    )
    return drawn.unique(maintain_order=True).head(size)


def _format2(rng: np.random.Generator, rows: int, users: pl.DataFrame, world: _World) -> pl.DataFrame:
    sizes = np.clip(np.rint(rng.lognormal(1.2, 0.9, rows)), 1, 200).astype(np.int64)
    actions = _log(rng, int(sizes.sum()), world).select(
        pl.Series("row", sampling.groups(sizes)),
        pl.format(
            "{}:{}:{}:{}:{}",
            "item_id",
            "cat_id",
            pl.col("brand_id").cast(pl.String).fill_null(""),
            pl.col("time_stamp").cast(pl.String).str.zfill(4),
            "action_type",
        ).alias("entry"),
    )
    logs = actions.group_by("row", maintain_order=True).agg(pl.col("entry").str.join("#"))["entry"]
    profiles = users[rng.integers(0, users.height, rows)]
    return profiles.with_columns(
        pl.Series("merchant_id", world.merchant[rng.integers(0, len(world.items), rows)]),
        pl.Series("label", (rng.random(rows) < 0.06).astype(np.int64)),
        logs.alias("activity_log"),
    )
