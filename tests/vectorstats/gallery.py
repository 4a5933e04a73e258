"""The gallery: a dataset of the tests' own, with items, and vectors that a test likes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.release import Release

LOADER = '''
"""The gallery: one Parquet file of items and two of vectors."""

import dataframely as dy
import polars as pl

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Parquet

_VALUE = dy.Float32(nullable=True, allow_inf=True, allow_nan=True)


class RawItems(dy.Schema):
    """An item."""

    item = dy.Int64(nullable=True)
    title = dy.String(nullable=True)
    category = dy.String(nullable=True)
    rating = dy.Float64(nullable=True)


class Items(dy.Schema):
    """The items."""

    item_id = dy.Int64(nullable=False)
    title = dy.String(nullable=True)
    category_path = dy.List(dy.String(nullable=True), nullable=True)
    rating = dy.Float64(nullable=True)


class RawVectors(dy.Schema):
    """A vector."""

    item = dy.Int64(nullable=True)
    feature = dy.List(_VALUE, nullable=True)
    split = dy.String(nullable=True)


class Vectors(dy.Schema):
    """The vectors."""

    item_id = dy.Int64(nullable=False)
    vector = dy.Array(_VALUE, shape=DIM, nullable=True)
    dim = dy.Int64(nullable=True)
    split = dy.String(nullable=True)


def items(raw: pl.LazyFrame) -> pl.LazyFrame:
    """As they are."""
    path = pl.when(pl.col("category").is_not_null()).then(pl.concat_list("category"))
    return raw.select(item_id="item", title="title", category_path=path, rating="rating")


def vectors(raw: pl.LazyFrame) -> pl.LazyFrame:
    """As they are."""
    return raw.select(
        item_id="item", vector=pl.col("feature").list.to_array(DIM), dim=pl.lit(DIM, pl.Int64), split="split"
    )


def read(name, schema, normalize):
    """A table's raw file."""
    return (Raw(files=(f"{name}.parquet",), reader=Parquet(), schema=schema, normalize=normalize),)


DATASETS = (
    Dataset(
        name="gallery",
        title="Gallery <b>",
        summary="Items and their vectors.",
        homepage="https://example.org/gallery",
        licence=Licence(
            id="CC0-1.0", url="https://creativecommons.org/publicdomain/zero/1.0/", redistribution=True
        ),
        citation="@misc{gallery, title={Gallery}}",
        languages=("en",),
        access="open",
        sources=(Source(instructions="None."),),
        tables=(
            Table(name="items", kind="items", schema=Items, grain="one item",
                  raws=read("items", RawItems, items)),
            Table(name="looks", kind="embeddings", schema=Vectors, grain="one item",
                  raws=read("vectors", RawVectors, vectors)),
            Table(name="others", kind="embeddings", schema=Vectors, grain="one item",
                  raws=read("others", RawVectors, vectors)),
        ),
        sample=lambda folder, rows, seed: None,
    ),
)
'''


class Gallery:
    """Loads a gallery of what it is given; ``splits`` go to vectors, the other lists to items."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loaders = folder / "loaders"
        self.loaders.mkdir()

    def load(
        self,
        looks: np.ndarray | list[list[float] | None],
        *,
        labels: list[str | None] | None = None,
        ratings: list[float | None] | None = None,
        splits: list[str | None] | None = None,
        others: np.ndarray | None = None,
        other_splits: list[str | None] | None = None,
        titles: list[str | None] | None = None,
    ) -> Release:
        """The release. Items are in another order than their vectors; further others are of them again."""
        dim = next((len(one) for one in looks if one is not None), 3)
        (self.loaders / "gallery.py").write_text(LOADER.replace("DIM", str(dim)), encoding="utf-8")
        raw = self.folder / "raw"
        raw.mkdir(exist_ok=True)
        count = max(len(looks), len(titles or ()))
        pl.DataFrame(
            {
                "item": range(count),
                "title": titles or [f"item {place}" for place in range(count)],
                "category": labels or [None] * count,
                "rating": ratings or [None] * count,
            },
            schema={"item": pl.Int64, "title": pl.String, "category": pl.String, "rating": pl.Float64},
        ).reverse().write_parquet(raw / "items.parquet")
        _vectors(looks, splits, count).write_parquet(raw / "vectors.parquet")
        if others is not None:
            _vectors(others, other_splits, count).write_parquet(raw / "others.parquet")
        return ed.load("gallery", source=raw, force=True)


def _vectors(
    rows: np.ndarray | list[list[float] | None], splits: list[str | None] | None, items: int
) -> pl.DataFrame:
    lists = [None if one is None else [float(value) for value in one] for one in rows]
    return pl.DataFrame(
        {
            "item": [place % items for place in range(len(lists))],
            "feature": lists,
            "split": splits or [None] * len(lists),
        },
        schema={"item": pl.Int64, "feature": pl.List(pl.Float32), "split": pl.String},
    )


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gallery:
    """A gallery that is not loaded yet."""
    made = Gallery(tmp_path)
    monkeypatch.setenv("ECOMDATA_LOADERS", str(made.loaders))
    return made
