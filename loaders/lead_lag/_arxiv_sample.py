"""Seeded synthetic files of lead-lag/arxiv. All of it is invented, the format too: upstream's is not known.

Columns have the names that the authors' own copies have, so that a load has something to find and something
to leave: times of publication as timestamps and as text, ids of both styles, cumulative lists in Parquet and
daily ones in gzipped JSON lines, and columns that nobody knows the meaning of. A paper has thousands of days,
so there is one for every ten rows asked for.
"""

from __future__ import annotations

import gzip
import json
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.random import Generator

from ecomdata.sampling import Ints, choice, slabs, stream

ROWS_PER_UNIT: Final = 10
SHARES: Final = {"train": 0.5, "val": 0.15, "labeled_test": 0.15, "train_extra": 0.05}
"""The rest is unlabeled_test, which comes as JSON lines."""
_SPLITS: Final = (*SHARES, "unlabeled_test")

_SLAB: Final = 500
_END: Final = date(2024, 6, 30)
_LAST_LABELLED: Final = date(2018, 9, 25)
_EPOCH: Final = date(1970, 1, 1)
_CATEGORIES: Final = {
    "math.AG": 76.0,
    "cs.LG": 59.0,
    "cond-mat.str-el": 41.0,
    "astro-ph.GA": 40.0,
    "physics.optics": 25.0,
    "quant-ph": 14.0,
    "hep-ph": 13.0,
    "hep-th": 11.0,
}


def sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``rows // 10`` papers, ten at least, as ``train.parquet`` and so on.

    Args:
        folder: Where the files go.
        rows: Ten times the papers.
        seed: The same seed gives the same bytes.
    """
    papers = max(10, rows // ROWS_PER_UNIT)
    counts = {split: max(1, round(share * papers)) for split, share in SHARES.items()}
    for split, count in counts.items():
        frames = (
            _papers(stream(seed, split, at), split, at, size) for at, size in enumerate(slabs(count, _SLAB))
        )
        pl.concat(frames).write_parquet(folder / f"{split}.parquet", row_group_size=_SLAB)
    rest = max(1, papers - sum(counts.values()))
    young = _papers(stream(seed, "unlabeled_test"), "unlabeled_test", 0, rest)
    with gzip.GzipFile(folder / "unlabeled_test.jsonl.gz", "wb", mtime=0) as file:
        for row in _as_daily(young).iter_rows(named=True):
            file.write(json.dumps(row).encode() + b"\n")


def _papers(rng: Generator, split: str, slab: int, count: int) -> pl.DataFrame:
    newest = (_END if split == "unlabeled_test" else _LAST_LABELLED) - timedelta(days=1)
    oldest = {"unlabeled_test": date(2020, 1, 1), "train_extra": date(2003, 1, 1)}.get(
        split, date(2013, 7, 1)
    )
    born = rng.integers((oldest - _EPOCH).days, (newest - _EPOCH).days, count)
    lengths: list[int] = ((_END - _EPOCH).days - born + 1).tolist()
    published = pl.Series(born).cast(pl.Date)
    dates: list[date] = published.to_list()
    accesses = [_counts(rng, length, 60.0) for length in lengths]
    citations = [_counts(rng, length, 8.0) for length in lengths]
    return pl.DataFrame(
        {
            "id": [
                _id(one, (slab * _SLAB + place) * len(_SPLITS) + _SPLITS.index(split))
                for place, one in enumerate(dates)
            ],
            "id2": rng.integers(0, 2_300_000, count),
            "publication_time": published.cast(pl.Datetime("us")),
            "submitted_date": published.cast(pl.String),
            "category": choice(rng, _CATEGORIES, count),
            # As series: arrays that happen to be of one length would become a column of arrays.
            "cumulative_citations": pl.Series([*map(pl.Series, citations)], dtype=pl.List(pl.Int64)),
            "cumulative_accesses": pl.Series([*map(pl.Series, accesses)], dtype=pl.List(pl.Int64)),
            "cumulative_citations_offset": rng.integers(0, 5, count),
        }
    )


def _id(published: date, number: int) -> str:
    """An id of the style of its time: ``hep-th/0301001``, from April 2007 ``0704.0001``, then longer."""
    month = f"{published:%y%m}"
    if published < date(2007, 4, 1):
        return f"hep-th/{month}{number:03d}"
    return f"{month}.{number:04d}" if published < date(2015, 1, 1) else f"{month}.{number:05d}"


def _counts(rng: Generator, days: int, mean: float) -> Ints:
    """Counts up to each day; most of what happens, happens early, and for some nothing does."""
    events = int(rng.lognormal(math.log(mean) - 1.0, 1.4)) if rng.random() > 0.03 else 0
    when = (rng.random(min(events, 20_000)) ** 2 * days).astype(np.int64)
    return np.cumsum(np.bincount(when, minlength=days)).astype(np.int64)


def _as_daily(papers: pl.DataFrame) -> pl.DataFrame:
    """The same papers with daily counts, and times as text."""
    daily = [
        (pl.col(f"cumulative_{name}").list.eval(pl.element().diff().fill_null(pl.element().first()))).alias(
            f"daily_{name}"
        )
        for name in ("citations", "accesses")
    ]
    time = pl.col("publication_time").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return papers.with_columns(*daily, time).drop("cumulative_citations", "cumulative_accesses")
