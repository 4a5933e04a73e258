"""Reads published datasets as users do, in a process whose libraries know this Hub from the start.

``python round_trip.py CASES.json`` with ``[[repo, config, [shards in the store]], ...]`` prints, for each,
whether what ``datasets`` reads is what the store has: rows, order, and types but for the ones it names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow.dataset as pads


def compared(repo: str, config: str, shards: list[str], *, stream: bool) -> dict[str, Any]:
    """One table."""
    there = datasets.load_dataset(repo, config, split="train")
    table = there.with_format("arrow")[:]
    here = pads.dataset(shards, format="parquet").to_table()
    read, stored = pl.DataFrame(table), pl.DataFrame(here)
    first = next(iter(datasets.load_dataset(repo, config, split="train", streaming=True))) if stream else None
    return {
        "rows": len(there),
        "columns": table.column_names == here.column_names,
        # Words of an enum come back as text; casting them back fails for a word it does not have.
        "equal": read.cast(dict(stored.schema)).equals(stored),
        "types": {
            name: [str(stored.schema[name]).split("(")[0], str(dtype)]
            for name, dtype in read.schema.items()
            if dtype != stored.schema[name]
        },
        "streamed": not stream or first == there[0],
    }


def main() -> None:
    """Compare all cases; the first table of a repository is streamed too."""
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    seen: set[str] = set()
    found = {}
    for repo, config, shards in cases:
        found[f"{repo} {config}"] = compared(repo, config, shards, stream=repo not in seen)
        seen.add(repo)
    print(json.dumps(found))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
