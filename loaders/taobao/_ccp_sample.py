r"""Synthetic files of Ali-CCP, without header lines, with ``\x01``, ``\x02`` and ``\x03`` in their lists.

Of the rows, 45 % each are impressions to train and to test with, 5 % each the common features of the two.
Shares are the published ones: 3.9 % clicked, 0.02 % bought (one at least); 0.02 % (one at least) were bought
without a click. Every field of the dossier occurs; 210 and the histories several times in a list, histories
with the logarithm of a count. All of it parses: nothing of a sample is rejected.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from ecomdata import sampling

_SLAB: Final = 200_000
_PROFILE: Final = ("121", "122", "124", "125", "126", "127", "128", "129")
_HISTORIES: Final = ("109_14", "110_14", "127_14", "150_14")
_CROSSES: Final = ("508", "509", "702", "853")
_HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)


class _World:
    """Items by rank, each with its category, shop and brand."""

    def __init__(self, seed: int, rows: int) -> None:
        rng = sampling.stream(seed, "world")
        items = max(20, rows // 20)
        self.items = sampling.scattered_ids(rng, items, 4_300_000, 8_600_000 + rows)
        # Field -> the feature of an item.
        self.features = {
            "205": self.items,
            "206": 8_316_799 + sampling.long_tail(rng, max(5, items // 50), items, 0.9),
            "207": 8_600_000 + sampling.long_tail(rng, max(5, items // 8), items, 0.7),
            "216": 9_100_000 + sampling.long_tail(rng, max(5, items // 10), items, 0.8),
        }


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Write the four files, about ``rows`` rows in all."""
    world = _World(seed, rows)
    for split in ("train", "test"):
        below = folder / f"sample_{split}"
        common = max(2, rows // 20)
        indexes = _indexes(sampling.stream(seed, split, "indexes"), common)
        frame = _common(sampling.stream(seed, split, "common"), indexes)
        sampling.write_csv(frame, below / f"common_features_{split}.csv", header=False)
        path = below / f"sample_skeleton_{split}.csv"
        start = 1
        for number, size in enumerate(sampling.slabs(max(10, rows * 45 // 100), _SLAB)):
            rng = sampling.stream(seed, split, "skeleton", number)
            frame = _skeleton(rng, start, size, indexes, world)
            sampling.write_csv(frame, path, header=False, append=number > 0)
            start += size


def _indexes(rng: np.random.Generator, count: int) -> pl.Series:
    digits = rng.integers(0, 16, (count, 16))
    return pl.Series("index", _HEX[digits].view("S16").ravel().astype("U16"), dtype=pl.String)


def _single(field: str, ids: sampling.Ints) -> pl.DataFrame:
    """One feature of a field in every row, of value 1.0."""
    columns = {"row": np.arange(len(ids)), "feature": ids}
    return pl.DataFrame(columns).select(
        "row", pl.lit(field).alias("field"), "feature", pl.lit(1.0).alias("value")
    )


def _multiple(rng: np.random.Generator, field: str, rows: int, mean: float) -> pl.DataFrame:
    """Some features of a field in every row, with logarithms of counts; none in some rows."""
    sizes = rng.poisson(mean, rows).astype(np.int64)
    total = int(sizes.sum())
    counts = 1 + sampling.long_tail(rng, 30, total, 1.3)
    ids = 400_000 + sampling.long_tail(rng, 5_000, total, 0.9)
    frame = pl.DataFrame({"row": sampling.groups(sizes), "feature": ids, "value": np.log1p(counts).round(5)})
    return frame.select("row", pl.lit(field).alias("field"), "feature", "value")


def _lists(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The number of features and their list, for every row."""
    entry = pl.format("{}\x02{}\x03{}", "field", "feature", "value").alias("entry")
    flat = pl.concat(parts).select("row", entry).sort("row", maintain_order=True)
    grouped = flat.group_by("row", maintain_order=True)
    return grouped.agg(pl.len().alias("feature_num"), pl.col("entry").str.join("\x01")).drop("row")


def _common(rng: np.random.Generator, indexes: pl.Series) -> pl.DataFrame:
    rows = len(indexes)
    parts = [_single("101", 1 + rng.permutation(rows))]
    parts += [
        _single(field, 3_438_000 + 20 * place + rng.integers(0, 8, rows))
        for place, field in enumerate(_PROFILE)
    ]
    parts += [_multiple(rng, field, rows, 6.0) for field in _HISTORIES]
    return pl.concat([indexes.to_frame(), _lists(parts)], how="horizontal")


def _skeleton(
    rng: np.random.Generator, start: int, size: int, indexes: pl.Series, world: _World
) -> pl.DataFrame:
    ranks = sampling.long_tail(rng, len(world.items), size, 0.8)
    parts = [_single(field, ids[ranks]) for field, ids in world.features.items()]
    parts += [
        _multiple(rng, "210", size, 1.5),
        _single("301", 9_351_665 + rng.integers(0, 3, size)),
        *(_multiple(rng, field, size, 0.6) for field in _CROSSES),
    ]
    clicked, bought = _outcomes(rng, size)
    head = pl.DataFrame(
        {
            "sample_id": np.arange(start, start + size),
            "click": clicked.astype(np.int64),
            "purchase": bought.astype(np.int64),
            "index": indexes.gather(np.sort(sampling.long_tail(rng, len(indexes), size, 0.5))),
        }
    )
    return pl.concat([head, _lists(parts)], how="horizontal")


def _outcomes(rng: np.random.Generator, size: int) -> tuple[sampling.Bools, sampling.Bools]:
    """Clicks and purchases; a few purchases have no click."""
    clicked = sampling.dirty(rng, size, 1_644_256 / 42_300_135)
    bought = np.zeros(size, np.bool_)
    for rows in (np.flatnonzero(clicked), np.flatnonzero(~clicked)):
        bought[rng.choice(rows, min(len(rows), max(1, size * 9_032 // 42_300_135)), replace=False)] = True
    return clicked, bought
