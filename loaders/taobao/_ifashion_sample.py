"""Synthetic files of POG, without header lines.

Of the rows, 55 % are users' lines, 30 % items and 15 % outfits. Items are long-tailed; an outfit has four of
them on average, a user's line 3.2. Quirks: titles in Chinese, one in ten with a comma and some of these
with several or with quotes; ids are texts. All of it parses: nothing of a sample is rejected. What the ids
and the addresses of pictures look like upstream is not documented; hexadecimal ids stand in for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from ecomdata import sampling

_SLAB: Final = 500_000
_HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_WORDS: Final = (
    "春季",
    "新款",
    "女装",
    "韩版",
    "连衣裙",
    "牛仔裤",
    "白色",
    "百搭",
    "小香风",
    "高跟鞋",
    "单肩包",
)
_TAILS: Final = {"": 90, ",显瘦": 7, ",显瘦,遮肚": 2, ', "正品", 包邮': 1}


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Write the three files, about ``rows`` rows in all."""
    items = _ids(sampling.stream(seed, "items"), max(4, rows * 30 // 100))
    outfits = _ids(sampling.stream(seed, "outfits"), max(2, rows * 15 // 100))
    users = _ids(sampling.stream(seed, "users"), max(2, rows // 10))
    _write_items(folder / "item_data.txt", items, seed)
    _write_outfits(folder / "outfit_data.txt", outfits, items, seed)
    for number, size in enumerate(sampling.slabs(max(4, rows * 55 // 100), _SLAB)):
        rng = sampling.stream(seed, "clicks", number)
        frame = pl.DataFrame(
            {
                "user": users.gather(sampling.long_tail(rng, len(users), size, 0.6)),
                "items": _lists(rng, size, 3.2, items),
                "outfit": outfits.gather(sampling.long_tail(rng, len(outfits), size, 0.8)),
            }
        )
        sampling.write_csv(frame, folder / "user_data.txt", header=False, append=number > 0)


def _ids(rng: np.random.Generator, count: int) -> pl.Series:
    digits = rng.integers(0, 16, (count, 32))
    return pl.Series(_HEX[digits].view("S32").ravel().astype("U32"), dtype=pl.String)


def _lists(rng: np.random.Generator, rows: int, mean: float, items: pl.Series) -> pl.Series:
    """Lists of items, joined by semicolons."""
    sizes = 1 + rng.poisson(mean - 1, rows).astype(np.int64)
    ranks = sampling.long_tail(rng, len(items), int(sizes.sum()), 0.8)
    frame = pl.DataFrame({"row": sampling.groups(sizes), "item": items.gather(ranks)})
    return frame.group_by("row", maintain_order=True).agg(pl.col("item").str.join(";"))["item"]


def _write_items(path: Path, items: pl.Series, seed: int) -> None:
    rng = sampling.stream(seed, "titles")
    size = len(items)
    words = [sampling.choice(rng, dict.fromkeys(_WORDS, 1.0), size) for _ in range(4)]
    tails = sampling.choice(rng, {tail: float(weight) for tail, weight in _TAILS.items()}, size)
    # However small the sample is, one title has commas.
    tails[0] = ",显瘦,遮肚"
    frame = pl.DataFrame([items.alias("item"), *(w.alias(f"w{i}") for i, w in enumerate(words))])
    frame = frame.select(
        "item",
        pl.Series("cate", rng.integers(1, 80, size)),
        pl.format("//img.example.org/{}.jpg", "item").alias("pic"),
        pl.concat_str("w0", "w1", "w2", "w3", tails.alias("tail")).alias("title"),
    )
    sampling.write_csv(frame, path, header=False, quote="never")


def _write_outfits(path: Path, outfits: pl.Series, items: pl.Series, seed: int) -> None:
    lists = _lists(sampling.stream(seed, "parts"), len(outfits), 4.0, items)
    sampling.write_csv(pl.DataFrame({"outfit": outfits, "items": lists}), path, header=False)
