"""How much of what was planted a contender of ``dedup.py`` found, and how much of what it found is near.

``python benchmarks/dedup_check.py IN.parquet OUT CHECK.json``: in plain Python, by sets of word 3-grams. A
planted pair counts where its similarity is at least 0.8; it is found where both rows are in one cluster, or
(ecomdata) stand as a pair. Of pairs, or of rows with their clusters where there are none, a sample is
compared.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import polars as pl

from ecomdata.duplicates import lsh_bands, lsh_recall

THRESHOLD: Final = 0.8
SAMPLE: Final = 100_000


def grams(text: str) -> frozenset[tuple[str, ...]]:
    """The set of word 3-grams."""
    words = text.lower().split()
    return frozenset(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2)))


def near(texts: list[str], one: int, other: int) -> float:
    """The Jaccard similarity of two rows."""
    left, right = grams(texts[one]), grams(texts[other])
    return len(left & right) / len(left | right)


def main(source: Path, out: Path, target: Path) -> None:
    """Check, and write what was found."""
    frame = pl.read_parquet(source).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    texts = frame["text"].to_list()
    planted = frame.drop_nulls("source").select("source", "row").rows()
    expected = [pair for pair in planted if near(texts, *pair) >= THRESHOLD]
    clusters = pl.read_parquet(out / "clusters.parquet")
    of_row = dict(clusters.select("row", "cluster").iter_rows())
    pairs_file = out / "pairs.parquet"
    pairs = set[tuple[int, int]]()
    if pairs_file.exists():
        pairs = set(pl.read_parquet(pairs_file).select("row", "other").iter_rows())
    else:
        pairs = {(cluster, row) for row, cluster in of_row.items() if row != cluster}
    found = sum(pair in pairs or of_row.get(pair[0], -1) == of_row.get(pair[1], -2) for pair in expected)
    step = max(1, len(pairs) // SAMPLE)
    sample = sorted(pairs)[::step]
    right = sum(near(texts, *pair) >= THRESHOLD for pair in sample)
    promise = lsh_recall(THRESHOLD, *lsh_bands(THRESHOLD))
    recall = found / max(1, len(expected))
    report = {
        "planted": len(planted),
        "planted_and_near": len(expected),
        "recall": round(recall, 5),
        "promise": round(promise, 5),
        "recall_less_promise": round(recall - promise, 5),
        "pairs": len(pairs),
        "compared": len(sample),
        "precision": round(right / max(1, len(sample)), 5) if right < len(sample) else 1.0,
        "clusters": clusters["cluster"].n_unique(),
    }
    target.write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
