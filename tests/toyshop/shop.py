"""A made-up family with every feature that a declaration may have, for the tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENTS
from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Delimited, Parquet


class RawClicks(dy.Schema):
    """The columns of clicks*.csv."""

    user = dy.Int64(nullable=True)
    item = dy.Int64(nullable=True)
    action = dy.String(nullable=True)
    price = dy.Float64(nullable=True)
    note = dy.String(nullable=True)


class RawOldClicks(dy.Schema):
    """The columns of clicks*.csv before there were prices."""

    user = dy.Int64(nullable=True)
    item = dy.Int64(nullable=True)
    kind = dy.String(nullable=True)


class Clicks(dy.Schema):
    """What users did.

    More about it.
    """

    user_id = dy.Int64(nullable=False)
    item_id = dy.Int64(nullable=True)
    event = dy.Enum(EVENTS, nullable=False)
    price = dy.Float64(nullable=True, min=0)
    note = dy.String(nullable=True)
    month = dy.String(nullable=True)

    @dy.rule()
    def priced(cls) -> pl.Expr:  # noqa: N805 - dataframely's way
        """A purchase has a price."""
        return (pl.col("event") != "purchase") | pl.col("price").is_not_null()


class Items(dy.Schema):
    """Items by how often they were clicked; the data have none with more than five clicks."""

    item_id = dy.Int64(nullable=False)
    clicks = dy.Int64(max=5)
    first_row = dy.Int64()


def clicks(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw clicks as clicks."""
    return rows.select(
        pl.col("user").alias("user_id"),
        pl.col("item").alias("item_id"),
        pl.col("action").cast(pl.Enum(EVENTS), strict=False).alias("event"),
        "price",
        "note",
        "month",
    )


def old_clicks(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw clicks of the old kind as clicks."""
    new = rows.rename({"kind": "action"})
    return clicks(new.with_columns(price=pl.lit(None, pl.Float64), note=pl.lit(None, pl.String)))


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Clicks without dirt."""
    lines = [f"{1 + i % 97},{i + seed},view,," for i in range(rows)]
    path = folder / "202305" / "clicks.csv"
    path.parent.mkdir()
    path.write_text("\n".join(["user,item,action,price,note", *lines]) + "\n")


CSV = Delimited(delimiters=(",", "\t"), quote=True)
LICENCE = Licence(id="CC-BY-4.0", url="https://example.org/licence", redistribution=True)
EVENTS_TABLE = Table(
    name="events",
    kind="interactions",
    schema=Clicks,
    grain="one click",
    raws=(
        Raw(
            files=("clicks*.csv",),
            reader=CSV,
            schema=RawClicks,
            optional=("note",),
            path=r"/(?P<month>\d{6})/",
            normalize=clicks,
            drops={"test user": pl.col("user") == 0},
        ),
        Raw(
            files=("clicks*.csv",),
            reader=CSV,
            schema=RawOldClicks,
            path=r"/(?P<month>\d{6})/",
            normalize=old_clicks,
        ),
    ),
)
CLICKS = Dataset(
    name="shop/clicks",
    title="Clicks",
    summary="Clicks of a shop.",
    homepage="https://example.org",
    licence=LICENCE,
    citation="@misc{clicks, title={Clicks}, author={Shop, The}, year={2024}}",
    languages=("en",),
    access="login",
    sources=(Source(instructions="ask the shop"),),
    tables=(
        EVENTS_TABLE,
        Table(
            name="items",
            schema=Items,
            grain="one item",
            derive="SELECT item_id, count(*) AS clicks, min(row_id) AS first_row FROM events "
            "WHERE item_id IS NOT NULL GROUP BY item_id ORDER BY item_id",
        ),
    ),
    sample=write_sample,
    lookalikes={"shop/clicks-clean": frozenset({"user", "cleaned"})},
)


def cut_small(raw: Raw) -> Raw:
    """The same kind of raw file, read in the smallest blocks."""
    return replace(raw, reader=replace(CSV, block_size=50))


SMALL = replace(
    CLICKS,
    name="shop/clicks-small",
    tables=(replace(EVENTS_TABLE, raws=tuple(map(cut_small, EVENTS_TABLE.raws))), CLICKS.tables[1]),
)


class RawPages(dy.Schema):
    """The columns of pages*.parquet."""

    user = dy.String()
    page = dy.String()
    vector = dy.List(dy.Int64())


class Pages(dy.Schema):
    """Pages that users saw."""

    user_id = dy.String()
    item_id = dy.String()
    event = dy.Enum(EVENTS)
    tags = dy.List(dy.Int64())


PAGES = replace(
    CLICKS,
    name="shop/pages",
    tables=(
        Table(
            name="views",
            kind="interactions",
            schema=Pages,
            grain="one page view",
            raws=(
                Raw(
                    files=("pages*.parquet",),
                    reader=Parquet(),
                    schema=RawPages,
                    normalize=lambda rows: rows.select(
                        pl.col("user").alias("user_id"),
                        pl.col("page").alias("item_id"),
                        pl.lit("view", dtype=pl.Enum(EVENTS)).alias("event"),
                        pl.col("vector").alias("tags"),
                    ),
                ),
            ),
        ),
    ),
    lookalikes={},
)


def halve(rows: pl.LazyFrame) -> pl.LazyFrame:
    """What a normalize function must not do."""
    return clicks(rows).gather_every(2)


HALVED = replace(
    CLICKS,
    name="shop/halved",
    tables=(replace(EVENTS_TABLE, raws=(replace(EVENTS_TABLE.raws[0], normalize=halve),)),),
)
MISTYPED = replace(
    CLICKS,
    name="shop/mistyped",
    tables=(
        replace(
            EVENTS_TABLE,
            raws=(
                replace(
                    EVENTS_TABLE.raws[0],
                    normalize=lambda rows: clicks(rows).with_columns(pl.col("user_id").cast(pl.String)),
                ),
            ),
        ),
    ),
)
DATASETS = (CLICKS, SMALL, PAGES, HALVED, MISTYPED)
