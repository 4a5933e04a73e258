"""The bazaar: a dataset of the tests' own, whose items are called what a test likes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.release import Release

LOADER = '''
"""The bazaar: one Parquet file of items and one of visits."""

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENT, EVENTS
from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Parquet


class RawItems(dy.Schema):
    """An item."""

    item = dy.Int64(nullable=True)
    category = dy.String(nullable=True)
    price = dy.Float64(nullable=True)


class Items(dy.Schema):
    """The items."""

    item_id = dy.Int64(nullable=False)
    category_path = dy.List(dy.String(nullable=True), nullable=True)
    price = dy.Float64(nullable=True)


class RawVisits(dy.Schema):
    """A visit."""

    user = dy.Int64(nullable=True)
    at = dy.Int64(nullable=True)


class Visits(dy.Schema):
    """The visits."""

    user_id = dy.Int64(nullable=False)
    item_id = dy.Int64(nullable=False)
    event = dy.Enum(EVENTS, nullable=False)
    timestamp = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC")


def items(raw: pl.LazyFrame) -> pl.LazyFrame:
    """As they are."""
    return raw.select(item_id="item", category_path=pl.concat_list("category"), price="price")


def visits(raw: pl.LazyFrame) -> pl.LazyFrame:
    """All are views, each of another item."""
    at = pl.col("at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return raw.select(user_id="user", item_id="at", event=pl.lit("view", dtype=EVENT), timestamp=at)


DATASETS = (
    Dataset(
        name="bazaar",
        title="Bazaar $x_1$ <b>বাজার 市场</b>",
        summary="Items and visits.",
        homepage="https://example.org/bazaar",
        licence=Licence(
            id="CC0-1.0", url="https://creativecommons.org/publicdomain/zero/1.0/", redistribution=True
        ),
        citation="@misc{bazaar, title={Bazaar}}",
        languages=("en",),
        access="open",
        sources=(Source(instructions="None."),),
        tables=(
            Table(
                name="items",
                kind="items",
                schema=Items,
                grain="one item",
                raws=(Raw(files=("items.parquet",), reader=Parquet(), schema=RawItems, normalize=items),),
            ),
            Table(
                name="visits",
                kind="interactions",
                schema=Visits,
                grain="one visit",
                raws=(Raw(files=("visits.parquet",), reader=Parquet(), schema=RawVisits, normalize=visits),),
            ),
        ),
        sample=lambda folder, rows, seed: None,
    ),
)
'''


class Bazaar:
    """Where the bazaar's loader and raw files are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(
        self,
        categories: list[str | None],
        *,
        prices: list[float | None] | None = None,
        visits: list[tuple[int, int]] | None = None,
    ) -> Release:
        """Load an item of each category, and visits, each a user and microseconds since 1970."""
        raw = self.folder / "raw"
        raw.mkdir(exist_ok=True)
        items = {
            "item": range(len(categories)),
            "category": categories,
            "price": prices or [1.0] * len(categories),
        }
        schema = {"item": pl.Int64, "category": pl.String, "price": pl.Float64}
        pl.DataFrame(items, schema=schema).write_parquet(raw / "items.parquet")
        pl.DataFrame(visits or [], schema={"user": pl.Int64, "at": pl.Int64}, orient="row").write_parquet(
            raw / "visits.parquet"
        )
        return ed.load("bazaar", source=raw, force=True)


@pytest.fixture
def bazaar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bazaar:
    """A bazaar that is known like any other dataset."""
    loaders = tmp_path / "loaders"
    loaders.mkdir()
    (loaders / "bazaar.py").write_text(LOADER, encoding="utf-8")
    monkeypatch.setenv("ECOMDATA_LOADERS", str(loaders))
    return Bazaar(tmp_path)
