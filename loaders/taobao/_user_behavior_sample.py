"""A synthetic UserBehavior.csv: no header, users in string order, time ascending inside a user.

Shares are the published ones: pv 89.6 %, cart 5.5 %, fav 2.9 %, buy 2.0 %; about 101 rows a user and 24 an
item; 440 items a category. Of the rows, 0.06 % lie outside the nine days (some with negative seconds),
0.001 % repeat the row before, and 0.1 % give an item another category than usual; at least one row of
each kind is in every million. All of them parse: nothing of a sample is rejected.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from ecomdata import sampling

_SLAB: Final = 1_000_000
_WINDOW: Final = (1_511_539_200, 1_512_316_799)
_WEIGHTS: Final = {"pv": 89_716_264, "cart": 5_530_446, "fav": 2_888_258, "buy": 2_015_839}
_ODD_SECONDS: Final = (-2_134_949_234, -1_502_884, 44_016, 1_505_000_000, 1_509_011_533, 2_122_867_355)


class _World(NamedTuple):
    """Ids by rank."""

    items: sampling.Ints
    categories: sampling.Ints
    category_of: sampling.Ints


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``UserBehavior.csv`` with exactly ``rows`` rows."""
    path = folder / "UserBehavior.csv"
    sizes = sampling.group_sizes(sampling.stream(seed, "users"), rows, mean=101.4, spread=1.0)
    users = _string_order(
        sampling.scattered_ids(sampling.stream(seed, "ids"), len(sizes), 1, max(1_018_011, len(sizes)))
    )
    world = _world(seed, rows)
    slab = np.cumsum(sizes) // _SLAB
    sampling.write_csv(pl.DataFrame(), path, header=False)
    for number in np.unique(slab):
        part = slab == number
        rng = sampling.stream(seed, "rows", int(number))
        sampling.write_csv(_slab(rng, users[part], sizes[part], world), path, header=False, append=True)


def _string_order(ids: sampling.Ints) -> sampling.Ints:
    return ids[np.argsort(ids.astype(str))]


def _world(seed: int, rows: int) -> _World:
    rng = sampling.stream(seed, "items")
    n_items = min(4_162_024, max(50, rows // 24))
    n_categories = min(9_439, max(5, n_items // 440))
    return _World(
        items=sampling.scattered_ids(rng, n_items, 1, 5_163_070),
        categories=sampling.scattered_ids(rng, n_categories, 80, 5_162_429),
        category_of=sampling.long_tail(rng, n_categories, n_items, 0.9),
    )


def _slab(
    rng: np.random.Generator, users: sampling.Ints, sizes: sampling.Ints, world: _World
) -> pl.DataFrame:
    rows = int(sizes.sum())
    ranks = sampling.long_tail(rng, len(world.items), rows, 0.8)
    category = world.category_of[ranks]
    category[sampling.dirty(rng, rows, 0.001)] += 1
    frame = pl.DataFrame(
        {
            "user_id": np.repeat(users, sizes),
            "item_id": world.items[ranks],
            "category_id": world.categories[category % len(world.categories)],
            "behavior_type": sampling.choice(rng, {k: float(v) for k, v in _WEIGHTS.items()}, rows),
            "timestamp": _times(rng, sizes),
        }
    )
    again = sampling.dirty(rng, rows, 0.00001) & (sampling.positions(sizes) > 0)
    return frame[np.arange(rows) - again]


def _times(rng: np.random.Generator, sizes: sampling.Ints) -> sampling.Ints:
    """Seconds in sessions, ascending inside a user; odd ones come where their value puts them."""
    sessions, per_user = sampling.split_groups(rng, sizes, mean=8)
    starts = sampling.session_starts(rng, per_user, *_WINDOW)
    times = sampling.session_times(rng, starts, sessions, gap=45, end=_WINDOW[1])
    odd = np.flatnonzero(sampling.dirty(rng, len(times), 0.00056))
    times[odd] = rng.choice(_ODD_SECONDS, len(odd))
    times[odd[:1]] = _ODD_SECONDS[0]
    users = sampling.groups(sizes)
    return times[np.lexsort((times, users))]
