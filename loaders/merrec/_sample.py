"""Seeded synthetic shards, laid out and typed as upstream's; every value is invented.

Shapes follow what is published: 83 views in 100 events, about 5 events a session and 63 a user and
month (median 12), about 6 events an item and month, colour null in 95.6 % of the items, size in
62.7 %, brand in 19.2 %, one row in 1,200 an exact duplicate. Not published, so assumed here: how
items change (three in ten get a new price, one in ten a new name), and that a product_id falls back
to c0 where c1 is null too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator

from ecomdata.sampling import (
    Ints,
    dirty,
    group_sizes,
    groups,
    long_tail,
    positions,
    scattered_ids,
    session_starts,
    session_times,
    stream,
)

from ._words import (
    COLORS,
    CONDITIONS,
    ENDERS,
    ENDINGS,
    OPENERS,
    SIZES,
    SYLLABLES,
    categories,
)
from .tables import EVENT_OF, RawEvents

MONTHS: Final = ("20230501", "20230601", "20230701", "20230801", "20230901", "20231001")
EVENT_SHARES: Final = dict(zip(EVENT_OF, (0.8323, 0.1433, 0.0155, 0.0059, 0.0021, 0.0009), strict=True))
DUPLICATES: Final = 146_508 / 174_872_167
SHARD_ROWS: Final = 500_000
MONTH_ROWS: Final = 1_000_000
EVENTS_PER_ITEM: Final = 5.8
NEW_ITEMS: Final = 0.35
DAYS: Final = 30 * 86_400

_ARROW: Final[dict[pl.DataType, pa.DataType]] = {
    pl.Int64(): pa.int64(),
    pl.Float64(): pa.float64(),
    pl.String(): pa.string(),
    pl.Datetime("us"): pa.timestamp("us"),
}
SCHEMA: Final = pa.schema([(name, _ARROW[column.dtype]) for name, column in RawEvents.columns().items()])
"""Upstream's columns in upstream's Arrow types."""


@dataclass(frozen=True, slots=True)
class _Market:
    """What the months share: users, and items as they are before and after their change."""

    users: Ints
    item_ids: Ints
    changes: Ints
    before: pl.DataFrame
    after: pl.DataFrame
    window: int


def sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``rows`` events as ``20230501/000000000000.parquet`` and so on, over two to six months.

    Args:
        folder: Where the month folders go.
        rows: Events in all.
        seed: The same seed gives the same bytes.
    """
    months = MONTHS[: min(len(MONTHS), max(2, -(-rows // MONTH_ROWS)))]
    shares = [(rows + i) // len(months) for i in reversed(range(len(months)))]
    market = _market(stream(seed, "market"), rows, max(shares), months)
    for number, (month, count) in enumerate(zip(months, shares, strict=True)):
        if count:
            _write(_month(stream(seed, month), market, number, month, count), folder / month)


def _epoch(month: str) -> int:
    return int(datetime.strptime(month, "%Y%m%d").replace(tzinfo=UTC).timestamp())


def _market(rng: Generator, rows: int, month_rows: int, months: tuple[str, ...]) -> _Market:
    window = int(month_rows / EVENTS_PER_ITEM) + 1
    items = window + int(window * NEW_ITEMS * (len(months) - 1)) + 1
    before = _listings(rng, items, brands=min(18_405, 20 + rows // 50))
    return _Market(
        users=scattered_ids(rng, rows // 10 + 64, 45, 12_800_000),
        item_ids=scattered_ids(rng, items, 495, 248_000_000),
        changes=rng.integers(_epoch(months[0]), _epoch(months[-1]) + DAYS, items),
        before=before,
        after=_changed(rng, before),
        window=window,
    )


def _listings(rng: Generator, items: int, brands: int) -> pl.DataFrame:
    tree = categories()
    weights = tree["weight"].to_numpy().cumsum()
    leaf = np.searchsorted(weights / weights[-1], rng.random(items), side="right").clip(0, tree.height - 1)
    frame = tree.drop("weight")[leaf].with_columns(*_brands(rng, items, brands), *_conditions(rng, items))
    sizes = rng.integers(0, len(SIZES), items)
    price = np.exp(rng.normal(np.log(25), 1.25, items))
    frame = frame.with_columns(
        price=pl.Series(np.where(rng.random(items) < 0.8, np.rint(price), price.round(2)).clip(1, 5000)),
        size_name=pl.Series(SIZES).gather(sizes),
        size_id=pl.Series(sizes * 35 + 1),
        color=pl.Series(COLORS).gather(rng.integers(0, len(COLORS), items)),
        shipper_id=pl.Series(1 + (rng.random(items) < 0.4).astype(np.int64)),
    )
    no_size, no_color = dirty(rng, items, 0.627), dirty(rng, items, 0.956)
    return frame.with_columns(
        pl.when(~pl.Series(no_size)).then(pl.col("size_name", "size_id")),
        pl.when(~pl.Series(no_color)).then("color"),
        product_id=pl.concat_str("brand_id", pl.coalesce("c2_id", "c1_id", "c0_id"), separator="_"),
        shipper_name=pl.when(pl.col("shipper_id") == 1).then(pl.lit("Buyer")).otherwise(pl.lit("Seller")),
        name=_titles(rng, items),
    )


def _brands(rng: Generator, items: int, brands: int) -> list[pl.Series]:
    word = [f"{first}{last}" for first in SYLLABLES for last in ENDINGS]
    names = [word[i % len(word)] + ("" if i < len(word) else f" {i // len(word)}") for i in range(brands)]
    rank = long_tail(rng, brands, items)
    none = dirty(rng, items, 0.192)
    ids = np.where(none, 0, scattered_ids(rng, brands, 1, 25_800)[rank])
    return [
        pl.Series("brand_name", names).gather(rank).set(pl.Series(none), None),
        pl.Series("brand_id", ids),
    ]


def _conditions(rng: Generator, items: int) -> list[pl.Series]:
    ids = np.searchsorted([0.002, 0.38, 0.68, 0.93, 0.985], rng.random(items), side="right")
    names = pl.Series("item_condition_name", [None, *CONDITIONS], dtype=pl.String)
    return [names.gather(ids), pl.Series("item_condition_id", ids.astype(np.int64))]


def _titles(rng: Generator, items: int) -> pl.Expr:
    opener, ender = (pl.Series(w).gather(rng.integers(0, len(w), items)) for w in (OPENERS, ENDERS))
    number = pl.Series(rng.integers(1, 10_000, items))
    noun = pl.coalesce("c2_name", "c1_name", "c0_name")
    return pl.concat_str(
        opener, "brand_name", noun, ender, number, separator=" ", ignore_nulls=True
    ).str.head(80)


def _changed(rng: Generator, before: pl.DataFrame) -> pl.DataFrame:
    cheaper, renamed = (pl.Series(rng.random(before.height) < share) for share in (0.3, 0.1))
    return before.with_columns(
        price=pl.when(cheaper).then((pl.col("price") * 0.9).round(2).clip(lower_bound=1)).otherwise("price"),
        name=pl.when(renamed).then(("Price drop! " + pl.col("name")).str.head(80)).otherwise("name"),
    )


def _month(rng: Generator, market: _Market, number: int, month: str, rows: int) -> pl.DataFrame:
    """A month's events in file order: by user, then sequence, then time."""
    twins = round(rows * DUPLICATES) or int(rows >= 100)
    sizes = group_sizes(rng, rows - twins, mean=5.1, spread=0.95, cap=22)
    per_user = group_sizes(rng, len(sizes), mean=12.6, spread=1.8)
    users = np.sort(rng.choice(market.users, len(per_user), replace=False))
    begin = _epoch(month)
    starts = session_starts(rng, per_user, begin, begin + DAYS - 3_600)
    times = session_times(rng, starts, sizes, gap=35, end=begin + DAYS - 1)
    events = _events(rng, rows - twins)
    items = _items(rng, market, number, sizes, events)
    changed = times > market.changes[items]
    twice = 1 + dirty(rng, rows - twins, twins / (rows - twins)) if twins else np.ones(rows, np.int64)
    take = np.repeat(np.arange(rows - twins), twice)
    sequence = groups(sizes)[take]
    catalogue = pl.concat([market.before, market.after])
    frame = catalogue[(items + np.where(changed, market.before.height, 0))[take]]
    return frame.with_columns(
        user_id=pl.Series(np.repeat(users, per_user)[sequence]),
        stime=pl.Series(times[take] * 1_000_000).cast(pl.Datetime("us")),
        session_id=_hex(rng, len(sizes)).gather(sequence),
        sequence_id=(f"{month}_" + pl.Series(positions(per_user)).cast(pl.String)).gather(sequence),
        sequence_length=pl.Series(np.bincount(sequence)[sequence]),
        event_id=pl.Series(list(EVENT_SHARES)).gather(events[take]),
        item_id=pl.Series(market.item_ids[items[take]]),
    ).select(RawEvents.column_names())


def _events(rng: Generator, rows: int) -> Ints:
    """Event kinds in exactly the published shares, each kind at least once where the rows allow it."""
    counts = [max(1, round(share * rows)) for share in EVENT_SHARES.values()][1:]
    kinds = np.repeat(np.arange(1, len(counts) + 1), counts)[:rows]
    return rng.permutation(np.concatenate([kinds, np.zeros(rows - len(kinds), np.int64)]))


def _items(rng: Generator, market: _Market, number: int, sizes: Ints, events: Ints) -> Ints:
    """An item for each event: whoever likes or buys has just looked at it in the same session."""
    rank = long_tail(rng, market.window, len(events), exponent=0.8)
    shelf = rng.permutation(market.window) + int(market.window * NEW_ITEMS * number)
    looked = (events == 0) | (positions(sizes) == 0)
    return shelf[rank][np.maximum.accumulate(np.where(looked, np.arange(len(events)), 0))]


def _hex(rng: Generator, count: int) -> pl.Series:
    """``count`` texts of 64 hexadecimal digits."""
    offsets = np.arange(count + 1, dtype=np.int32) * 64
    digits = rng.bytes(32 * count).hex().encode()
    return pl.Series(
        pa.StringArray.from_buffers(count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(digits))
    )


def _write(frame: pl.DataFrame, folder: Path) -> None:
    """Cut a month into shards, at least two so that a sequence runs on from one into the next."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = min(frame.height, max(2, -(-frame.height // SHARD_ROWS)))
    same = (frame["user_id"] == frame["user_id"].shift()) & (
        frame["sequence_id"] == frame["sequence_id"].shift()
    )
    inside = np.flatnonzero(same.fill_null(value=False).to_numpy())
    cuts = [0]
    for shard in range(1, shards):
        wanted = frame.height * shard // shards
        at = int(np.searchsorted(inside, wanted))
        cuts.append(int(inside[at]) if at < len(inside) else wanted)
    for shard, (start, end) in enumerate(zip(cuts, [*cuts[1:], frame.height], strict=True)):
        table = frame[start:end].to_arrow().cast(SCHEMA)
        path = folder / f"{shard:012d}.parquet"
        pq.write_table(table, path, row_group_size=131_072)
