"""Seeded synthetic shards of lead-lag/github, laid out and typed as upstream's; every value is invented.

Shapes follow what is published: five splits with the mean lengths of theirs (2,918 days where there are
labels, 1,012 where there are not yet), shards of about 5,300 units sorted by id, registries by their
shares, one unit in twenty-five without any event. Assumed here: how events are spread, and that
``train_extra`` has what the checks look for. A unit has thousands of days, so there is one for every ten
rows asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator

from ecomdata.sampling import Bools, Ints, choice, dirty, groups, slabs, stream

from ._family import HORIZON

ROWS_PER_UNIT: Final = 10
SHARES: Final = {
    "train": 0.5,
    "val": 0.125,
    "labeled_test": 0.125,
    "unlabeled_test": 0.2,
    "train_extra": 0.05,
}
"""More units with labels than upstream has, so that a small sample has days enough to ask for."""

SHARD: Final = 5_333
GROUP: Final = 1_000
_SLAB: Final = 250
_END: Final = (date(2024, 12, 31) - date(1970, 1, 1)).days
_LONGEST: Final = 5_072
"""Days from 2011-02-12, when the record starts, to its end."""
_SILENT: Final = 0.04
_LISTS: Final = ("pushes_w_creates", "push", "star", "fork")
_OWNERS: Final = ("o", "Dev", "0x", "u-")
_WORDS: Final = ("Tool", "lib", "js-kit", "x.utils", "Go_sdk")
_REGISTRIES: Final = {
    "npm": 335.0,
    "go": 174.0,
    "packagist": 138.0,
    "pypi": 77.0,
    "rubygems": 49.0,
    "maven": 37.0,
    "cargo": 20.0,
    "bower": 20.0,
    "homebrew": 5.0,
}
_EVENTS: Final = {"create": (1.0, 1.0), "push": (3.0, 1.4), "star": (1.0, 1.8), "fork": (0.0, 1.6)}
"""Kind of event -> mean and spread of the logarithm of how many a unit has."""

SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("platforms", pa.list_(pa.string())),
        ("created_date", pa.timestamp("ms")),
        *((f"first_{name}", pa.float64()) for name in ("create", "push", "star", "fork")),
        *(
            (f"cumulative_{name}", pa.list_(pa.int64()))
            for name in ("pushes_w_creates", "pushes", "stars", "forks")
        ),
    ]
)
"""Upstream's columns in upstream's Arrow types."""


def sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``rows // 10`` units, five at least, as ``data/train-00000-of-00001.parquet`` and so on.

    Args:
        folder: Where the folder ``data`` goes.
        rows: Ten times the units.
        seed: The same seed gives the same bytes.
    """
    units = max(len(SHARES), rows // ROWS_PER_UNIT)
    edges = np.rint(np.cumsum([0.0, *SHARES.values()]) * units).astype(int)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for split, (low, high) in zip(SHARES, pairwise(edges.tolist()), strict=True):
        count = max(1, high - low)
        ids = _ids(stream(seed, split, "ids"), split, count)
        shards = -(-count // SHARD)
        start = 0
        for shard, size in enumerate(slabs(count, SHARD)):
            path = folder / "data" / f"{split}-{shard:05d}-of-{shards:05d}.parquet"
            _write(path, _tables(stream(seed, split, shard), split, ids[start : start + size]))
            start += size


def _ids(rng: Generator, split: str, count: int) -> list[str]:
    """Different ids in order; no unit is in two splits."""
    owners = rng.integers(0, 36**3, count).tolist()
    words = rng.integers(0, len(_WORDS), count).tolist()
    place = list(SHARES).index(split)
    numbers = range(place, count * len(SHARES) + place, len(SHARES))
    parts = zip(owners, words, numbers, strict=True)
    return sorted(f"{_OWNERS[o % len(_OWNERS)]}{o}/{_WORDS[w]}{n}" for o, w, n in parts)


def _write(path: Path, tables: Iterator[pa.Table]) -> None:
    held: list[pa.Table] = []
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for table in tables:
            held.append(table)
            if sum(one.num_rows for one in held) >= GROUP:
                writer.write_table(pa.concat_tables(held), row_group_size=GROUP)
                held = []
        if held:
            writer.write_table(pa.concat_tables(held), row_group_size=GROUP)


def _tables(rng: Generator, split: str, ids: list[str]) -> Iterator[pa.Table]:
    start = 0
    for size in slabs(len(ids), _SLAB):
        yield _table(rng, split, ids[start : start + size])
        start += size


def _table(rng: Generator, split: str, ids: list[str]) -> pa.Table:
    """A slab of units; the days of all of them are made as one list and cut."""
    units = len(ids)
    days = _lengths(rng, split, units)
    silent = rng.random(units) < _SILENT
    daily: dict[str, Ints] = {}
    first: dict[str, pa.Array[Any]] = {}
    for kind, (mean, spread) in _EVENTS.items():
        daily[kind], first[f"first_{kind}"] = _events(rng, days, silent, mean, spread)
    daily["pushes_w_creates"] = daily["push"] + daily["create"]
    counts = [_running(daily[kind], days) for kind in _LISTS]
    lengths = [days] * len(counts)
    if split == "train_extra":
        counts[2] = _one_less(rng, counts[2], days)
        counts[3], lengths[3] = _one_day_less(rng, counts[3], days)
    created = (_END - days + 1) * 86_400_000
    columns: list[pa.Array[Any]] = [
        pa.array(ids),
        _platforms(rng, units),
        pa.array(created, pa.int64()).cast(pa.timestamp("ms")),
        *first.values(),
        *(_lists(flat, length) for flat, length in zip(counts, lengths, strict=True)),
    ]
    return pa.table(columns, schema=SCHEMA)


def _lengths(rng: Generator, split: str, units: int) -> Ints:
    if split == "unlabeled_test":
        return rng.integers(211, HORIZON, units)
    return np.minimum(HORIZON + rng.gamma(1.8, 615.0, units), _LONGEST).astype(np.int64)


def _events(
    rng: Generator, days: Ints, silent: Bools, mean: float, spread: float
) -> tuple[Ints, pa.Array[Any]]:
    """Events a day, units one after the other, and the day of each unit's first, null where it has none."""
    count = np.where(silent, 0, rng.lognormal(mean, spread, len(days))).astype(np.int64).clip(max=3_000)
    unit = groups(count)
    day = (rng.random(len(unit)) ** 2 * days[unit]).astype(np.int64)
    first = np.full(len(days), np.iinfo(np.int64).max)
    np.minimum.at(first, unit, day)
    starts = np.cumsum(days) - days
    daily = np.bincount(starts[unit] + day, minlength=int(days.sum())).astype(np.int64)
    return daily, pa.array(first.astype(np.float64), mask=count == 0)


def _running(daily: Ints, days: Ints) -> Ints:
    """Counts up to each day, from nothing at the start of each unit."""
    total = np.cumsum(daily)
    starts = np.cumsum(days) - days
    before = total[starts] - daily[starts]
    counts: Ints = total - np.repeat(before, days)
    return counts


def _one_less(rng: Generator, counts: Ints, days: Ints) -> Ints:
    """A tenth of the units with a count that goes down once, below nothing where there is none."""
    spoilt = dirty(rng, len(days), 0.1)
    counts[(np.cumsum(days) - days + days // 2)[spoilt]] -= 1
    return counts


def _one_day_less(rng: Generator, counts: Ints, days: Ints) -> tuple[Ints, Ints]:
    """A tenth of the units with a list that lacks its last day."""
    spoilt = dirty(rng, len(days), 0.1)
    keep = np.ones(len(counts), np.bool_)
    keep[(np.cumsum(days) - 1)[spoilt]] = False
    return counts[keep], days - spoilt


def _platforms(rng: Generator, units: int) -> pa.Array[Any]:
    main, other = (choice(rng, _REGISTRIES, units).to_list() for _ in range(2))
    second = (rng.random(units) < 0.06).tolist()
    pairs = zip(main, other, second, strict=True)
    return pa.array([[a, b] if two and a != b else [a] for a, b, two in pairs], pa.list_(pa.string()))


def _lists(flat: Ints, lengths: Ints) -> pa.Array[Any]:
    offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum(lengths, dtype=np.int32)])
    values = pa.array(flat, pa.int64())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)
