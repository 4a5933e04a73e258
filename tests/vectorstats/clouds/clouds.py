"""Clouds: vectors of 128 numbers around a thousand centres, made for tests and benchmarks."""

from __future__ import annotations

from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Parquet
from ecomdata.sampling import stream

DIM = 128
PART = 50_000
CENTRES = 1000


class RawPoints(dy.Schema):
    """The columns of points-0.parquet and its like."""

    item = dy.Int64(nullable=True)
    vector = dy.List(dy.Float32(nullable=True), nullable=True)
    centre = dy.Int64(nullable=True)


class Points(dy.Schema):
    """A point in a cloud."""

    item_id = dy.Int64(nullable=False)
    vector = dy.Array(dy.Float32(nullable=True), shape=DIM, nullable=True)
    dim = dy.Int64(nullable=False)
    centre = dy.Int64(nullable=False)


def normalize(raw: pl.LazyFrame) -> pl.LazyFrame:
    """As they are."""
    return raw.select(
        item_id="item",
        vector=pl.col("vector").list.to_array(DIM),
        dim=pl.lit(DIM, dtype=pl.Int64),
        centre="centre",
    )


def sample(folder: Path, rows: int, seed: int) -> None:
    """So many points, in files of 50,000."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = stream(seed, "clouds")
    centres = rng.normal(size=(CENTRES, DIM)).astype(np.float32) * 2
    for start in range(0, rows, PART):
        count = min(PART, rows - start)
        of = rng.integers(0, CENTRES, count)
        vectors = centres[of] + rng.standard_normal((count, DIM), np.float32)
        frame = pl.DataFrame(
            {
                "item": np.arange(start, start + count),
                "vector": pl.Series(vectors, dtype=pl.Array(pl.Float32, DIM)).arr.to_list(),
                "centre": of,
            }
        )
        frame.write_parquet(folder / f"points-{start // PART}.parquet")


DATASETS = (
    Dataset(
        name="clouds",
        title="Clouds",
        summary="Vectors around centres.",
        homepage="https://example.org/clouds",
        licence=Licence(
            id="CC0-1.0", url="https://creativecommons.org/publicdomain/zero/1.0/", redistribution=True
        ),
        citation="@misc{clouds, title={Clouds}}",
        languages=(),
        access="open",
        sources=(Source(instructions="Make them with ecomdata sample clouds."),),
        tables=(
            Table(
                name="points",
                kind="embeddings",
                schema=Points,
                grain="one point",
                raws=(
                    Raw(files=("points-*.parquet",), reader=Parquet(), schema=RawPoints, normalize=normalize),
                ),
            ),
        ),
        sample=sample,
    ),
)
