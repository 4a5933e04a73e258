"""MerRec's raw columns, its normalised tables, and the way from the one to the others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENT, EVENTS

EVENT_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "item_view": "view",
        "item_like": "like",
        "item_add_to_cart_tap": "cart",
        "offer_make": "offer",
        "buy_start": "checkout",
        "buy_comp": "purchase",
    }
)
"""Upstream's ``event_id`` -> the canonical event, the most frequent first."""

CURRENCY: Final = pl.Enum(["USD"])
SNAPSHOTS: Final = ("first", "last")


class RawEvents(dy.Schema):
    """The 25 columns of every Parquet shard, in file order, as the Hub's viewer shows them.

    Nothing is required here: upstream promises no column to be without nulls.
    """

    user_id = dy.Int64(nullable=True)
    stime = dy.Datetime(nullable=True)
    session_id = dy.String(nullable=True)
    sequence_id = dy.String(nullable=True)
    sequence_length = dy.Int64(nullable=True)
    event_id = dy.String(nullable=True)
    item_id = dy.Int64(nullable=True)
    product_id = dy.String(nullable=True)
    name = dy.String(nullable=True)
    price = dy.Float64(nullable=True)
    c0_name = dy.String(nullable=True)
    c0_id = dy.Int64(nullable=True)
    c1_name = dy.String(nullable=True)
    c1_id = dy.Int64(nullable=True)
    c2_name = dy.String(nullable=True)
    c2_id = dy.Int64(nullable=True)
    brand_name = dy.String(nullable=True)
    brand_id = dy.Int64(nullable=True)
    item_condition_id = dy.Int64(nullable=True)
    item_condition_name = dy.String(nullable=True)
    size_name = dy.String(nullable=True)
    size_id = dy.Int64(nullable=True)
    color = dy.String(nullable=True)
    shipper_id = dy.Int64(nullable=True)
    shipper_name = dy.String(nullable=True)


class Events(dy.Schema):
    """What users did to listings: one event a row, with the listing as it was at that moment.

    ``timestamp`` is upstream's ``stime``: a clock time without a zone that the paper gives as UTC.
    ``sequence_id`` (such as ``20230501_105``) names a sequence only together with ``user_id``, and a
    sequence may run on in the next shard. ``category_id`` is the deepest category there is: c2, else
    c1, else c0. ``brand_id`` 0 means no brand. ``product_id`` is the brand and the leaf category
    (``10548_1332``), with c1 where c2 is null (``505_339``). ``item_condition_id`` runs from 0 (not
    given) and 1 (New) to 5 (Poor); ``shipper_id`` says who pays the shipping. Upstream holds some
    exact duplicates of rows; they are kept.
    """

    user_id = dy.Int64()
    item_id = dy.Int64()
    event = dy.Enum(EVENTS)
    event_raw = dy.String()
    timestamp = dy.Datetime(time_zone="UTC")
    session_id = dy.String(nullable=True)
    sequence_id = dy.String(nullable=True)
    category_id = dy.Int64(nullable=True)
    brand_id = dy.Int64(nullable=True)
    price = dy.Float64(nullable=True, min=0)
    currency = dy.Enum(["USD"])
    sequence_length = dy.Int64(
        nullable=True, description="How many events its sequence has, as upstream says."
    )
    product_id = dy.String(
        nullable=True,
        description="The brand and the deepest category together: what is the same in many listings.",
    )
    name = dy.String(nullable=True, description="The listing's title, as its seller wrote it.")
    c0_name = dy.String(nullable=True, description="The widest category.")
    c0_id = dy.Int64(nullable=True, description="The widest category, by upstream's id.")
    c1_name = dy.String(nullable=True, description="The category below it.")
    c1_id = dy.Int64(nullable=True, description="The category below it, by upstream's id.")
    c2_name = dy.String(nullable=True, description="The deepest category.")
    c2_id = dy.Int64(nullable=True, description="The deepest category, by upstream's id.")
    brand_name = dy.String(nullable=True, description="The name of the brand.")
    item_condition_id = dy.Int64(
        nullable=True,
        description="The listing's state, from 1 (new) to 5 (poor); 0 presumably where none is given.",
    )
    item_condition_name = dy.String(nullable=True, description="The state that the listing is in, in words.")
    size_name = dy.String(nullable=True, description="The size, in words.")
    size_id = dy.Int64(nullable=True, description="The size, by upstream's id.")
    color = dy.String(nullable=True, description="The colour.")
    shipper_id = dy.Int64(nullable=True, description="Who pays the shipping: 1 the buyer, 2 the seller.")
    shipper_name = dy.String(nullable=True, description="Who pays the shipping, in a word.")


class Items(dy.Schema):
    """Each listing as it was at its first and at its last event: two rows an item.

    Upstream has no table of items; every event carries the listing as it was then, and name and
    price change over time. Events at the same second follow upstream's file order. ``first_seen``,
    ``last_seen`` and ``events`` are of the item, the same in both rows.
    """

    item_id = dy.Int64()
    title = dy.String(nullable=True)
    category_path = dy.List(dy.String())
    category_id = dy.Int64(nullable=True)
    brand_id = dy.Int64(nullable=True)
    brand = dy.String(nullable=True)
    price = dy.Float64(nullable=True, min=0)
    currency = dy.Enum(["USD"])
    condition = dy.String(nullable=True)
    size = dy.String(nullable=True)
    color = dy.String(nullable=True)
    first_seen = dy.Datetime(time_zone="UTC")
    last_seen = dy.Datetime(time_zone="UTC")
    snapshot = dy.Enum(SNAPSHOTS, description="Whether this is how it was at its first or at its last event.")
    events = dy.Int64(min=1, description="How many events the listing has.")
    product_id = dy.String(
        nullable=True,
        description="The brand and the deepest category together: what is the same in many listings.",
    )
    c0_id = dy.Int64(nullable=True, description="The widest category, by upstream's id.")
    c1_id = dy.Int64(nullable=True, description="The category below it, by upstream's id.")
    c2_id = dy.Int64(nullable=True, description="The deepest category, by upstream's id.")
    condition_id = dy.Int64(
        nullable=True,
        description="The listing's state, from 1 (new) to 5 (poor); 0 presumably where none is given.",
    )
    size_id = dy.Int64(nullable=True, description="The size, by upstream's id.")
    shipper_id = dy.Int64(nullable=True, description="Who pays the shipping: 1 the buyer, 2 the seller.")
    shipper = dy.String(nullable=True, description="Who pays the shipping, in a word.")


def _event() -> pl.Expr:
    """The canonical event; null for a word upstream is not known to use, so that the row is rejected."""
    event = pl.lit(None, dtype=EVENT)
    for raw, canonical in reversed(list(EVENT_OF.items())):
        event = pl.when(pl.col("event_id") == raw).then(pl.lit(canonical, dtype=EVENT)).otherwise(event)
    return event


def normalize(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows (:class:`RawEvents`) -> the same rows in the same order as :class:`Events`."""
    computed = {
        "event": _event(),
        "event_raw": pl.col("event_id"),
        "timestamp": pl.col("stime").dt.replace_time_zone("UTC"),
        "category_id": pl.coalesce("c2_id", "c1_id", "c0_id"),
        "currency": pl.lit("USD", dtype=CURRENCY),
    }
    names = Events.column_names()
    return raw.select([computed[name].alias(name) if name in computed else pl.col(name) for name in names])
