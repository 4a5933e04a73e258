"""Synthetic files of Ali_Display_Ad_Click, with headers, in upstream's spelling.

Of the rows, about 60 % are behaviour (the published file has 27 times the impressions), 30 % impressions,
5 % ads and 5 % profiles. Shares are the published ones: pv 95.3 %, cart 2.2 %, fav 1.3 %, buy 1.3 % of the
behaviour; 7 % of the users have no profile. Quirks: ``nonclk``, a space after ``new_user_class_level``,
brands that are ``NULL``, levels left empty, 2 % exact duplicates, and 0.01 % times of zero or below
(one at least) in the behaviour. All of them parse: nothing of a sample is rejected. How often ads
are clicked, and how often brand and levels are missing, is not published; 5 %, 30 %, 50 % and 30 % stand
in for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from ecomdata import sampling

_SLAB: Final = 1_000_000
_MAY_6: Final = 1_494_000_000
_DAY: Final = 86_400
_TAGS: Final = {"pv": 688_904_345.0, "cart": 15_946_033.0, "fav": 9_301_837.0, "buy": 9_115_919.0}


class _World:
    """Ids and what belongs to them, by rank."""

    def __init__(self, seed: int, rows: int) -> None:
        rng = sampling.stream(seed, "world")
        self.users = sampling.scattered_ids(rng, max(10, rows // 18), 1, 1_141_729 + rows)
        self.ads = sampling.scattered_ids(rng, max(10, rows // 20), 1, 846_811 + rows)
        self.categories = sampling.scattered_ids(rng, min(12_968, max(5, rows // 200)), 1, 12_968)
        self.brands = sampling.scattered_ids(rng, min(460_561, max(5, rows // 40)), 1, 460_561)


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Write the four files, about ``rows`` rows in all."""
    world = _World(seed, rows)
    _write_ads(folder / "ad_feature.csv", world, seed)
    _write_users(folder / "user_profile.csv", world, seed)
    for number, size in enumerate(sampling.slabs(max(4, rows * 3 // 10), _SLAB)):
        frame = _impressions(sampling.stream(seed, "impressions", number), size, world)
        sampling.write_csv(frame, folder / "raw_sample.csv", header=number == 0, append=number > 0)
    for number, size in enumerate(sampling.slabs(max(4, rows * 6 // 10), _SLAB)):
        frame = _behavior(sampling.stream(seed, "behavior", number), size, world)
        sampling.write_csv(frame, folder / "behavior_log.csv", header=number == 0, append=number > 0)


def _brands(rng: np.random.Generator, size: int, world: _World, missing: float) -> pl.Series:
    """Brands as text, some of them ``NULL``."""
    ranks = sampling.long_tail(rng, len(world.brands), size, 0.9)
    null = pl.Series("null", sampling.dirty(rng, size, missing))
    frame = pl.DataFrame({"brand": world.brands[ranks].astype(str)}).with_columns(null)
    return frame.select(pl.when("null").then(pl.lit("NULL")).otherwise("brand").alias("brand")).to_series()


def _write_ads(path: Path, world: _World, seed: int) -> None:
    rng = sampling.stream(seed, "ads")
    size = len(world.ads)
    frame = pl.DataFrame(
        {
            "adgroup_id": world.ads,
            "cate_id": world.categories[sampling.long_tail(rng, len(world.categories), size, 0.9)],
            "campaign_id": rng.integers(1, 2 * size, size),
            "customer": rng.integers(1, size, size),
            "brand": _brands(rng, size, world, 0.3),
            "price": np.round(rng.lognormal(4.6, 1.3, size), 2),
        }
    )
    sampling.write_csv(frame, path)


def _write_users(path: Path, world: _World, seed: int) -> None:
    rng = sampling.stream(seed, "users")
    users = world.users[: max(1, len(world.users) * 93 // 100)]
    size = len(users)

    def some(low: int, high: int, missing: float) -> pl.Series:
        values = pl.Series(rng.integers(low, high + 1, size))
        return values.set(pl.Series(sampling.dirty(rng, size, missing)), None)

    frame = pl.DataFrame(
        {
            "userid": users,
            "cms_segid": rng.integers(0, 97, size),
            "cms_group_id": rng.integers(0, 13, size),
            "final_gender_code": rng.integers(1, 3, size),
            "age_level": rng.integers(0, 7, size),
            "pvalue_level": some(1, 3, 0.5),
            "shopping_level": rng.integers(1, 4, size),
            "occupation": rng.integers(0, 2, size),
            "new_user_class_level ": some(1, 4, 0.3),
        }
    )
    sampling.write_csv(frame, path)


def _impressions(rng: np.random.Generator, size: int, world: _World) -> pl.DataFrame:
    clicked = rng.random(size) < 0.05
    return pl.DataFrame(
        {
            "user": world.users[sampling.long_tail(rng, len(world.users), size, 0.7)],
            "time_stamp": rng.integers(_MAY_6, _MAY_6 + 8 * _DAY, size),
            "adgroup_id": world.ads[sampling.long_tail(rng, len(world.ads), size, 0.8)],
            "pid": sampling.choice(rng, {"430548_1007": 6, "430539_1007": 4}, size),
            "nonclk": (~clicked).astype(np.int64),
            "clk": clicked.astype(np.int64),
        }
    )


def _behavior(rng: np.random.Generator, size: int, world: _World) -> pl.DataFrame:
    times = rng.integers(_MAY_6 - 22 * _DAY, _MAY_6, size)
    odd = np.flatnonzero(sampling.dirty(rng, size, 0.0001))
    times[odd] = rng.choice([0, -1, -2_134_949_234], len(odd))
    frame = pl.DataFrame(
        {
            "user": world.users[sampling.long_tail(rng, len(world.users), size, 0.7)],
            "time_stamp": times,
            "btag": sampling.choice(rng, _TAGS, size),
            "cate": world.categories[sampling.long_tail(rng, len(world.categories), size, 0.9)],
            "brand": _brands(rng, size, world, 0.01),
        }
    )
    again = sampling.dirty(rng, size, 0.02)
    again[0] = False
    return frame[np.arange(size) - again]
