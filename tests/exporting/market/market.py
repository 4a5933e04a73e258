"""A made-up market whose ids and titles are as odd as texts can be."""

from __future__ import annotations

from pathlib import Path

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENTS
from ecomdata.declare import Dataset, Licence, Raw, Source, Table, View
from ecomdata.readers import Parquet


class Events(dy.Schema):
    """What users did."""

    user_id = dy.String(nullable=True)
    item_id = dy.String(nullable=True)
    event = dy.Enum(EVENTS)
    timestamp = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC")
    session_id = dy.String(nullable=True)
    price = dy.Float64(nullable=True)
    clicked = dy.Int64(nullable=True)


class RawEvents(Events):
    """The same, with events as texts."""

    event = dy.String()


class Items(dy.Schema):
    """Snapshots of items."""

    item_id = dy.String()
    title = dy.String(nullable=True)
    category_path = dy.List(dy.String(), nullable=True)
    brand = dy.String(nullable=True)
    price = dy.Float64(nullable=True)


class Users(dy.Schema):
    """Users."""

    user_id = dy.String()
    age = dy.Int64(nullable=True)
    height = dy.Float64(nullable=True)
    hobbies = dy.List(dy.String(), nullable=True)
    visits = dy.List(dy.Int64(), nullable=True)


def events(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw events as events."""
    return rows.with_columns(pl.col("event").cast(pl.Enum(EVENTS)))


def same(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows as they are."""
    return rows


def no_sample(folder: Path, rows: int, seed: int) -> None:
    """The tests write their own rows."""
    del folder, rows, seed


DATASETS = (
    Dataset(
        name="market/odd-ids",
        title="Market",
        summary="A market.",
        homepage="https://example.org",
        licence=Licence(id="CC0-1.0", url="https://example.org/licence", redistribution=True),
        citation="@misc{market, title={Market}, author={Doe, Jane}, year={2024}}",
        languages=("en",),
        access="open",
        sources=(Source(instructions="ask the market"),),
        tables=(
            Table(
                name="events",
                kind="interactions",
                schema=Events,
                grain="one event",
                raws=(Raw(files=("events.parquet",), reader=Parquet(), schema=RawEvents, normalize=events),),
            ),
            Table(
                name="items",
                kind="items",
                schema=Items,
                grain="one snapshot",
                raws=(Raw(files=("items.parquet",), reader=Parquet(), schema=Items, normalize=same),),
            ),
            Table(
                name="users",
                schema=Users,
                grain="one user",
                key=("user_id",),
                raws=(Raw(files=("users.parquet",), reader=Parquet(), schema=Users, normalize=same),),
            ),
        ),
        views=(
            View(
                name="clicks",
                description="Events to be predicted.",
                sql="SELECT *, price > 5 AS dear FROM this.events",
                labels=("clicked", "dear"),
                features=("user_id", "item_id", "price"),
            ),
        ),
        sample=no_sample,
    ),
)
