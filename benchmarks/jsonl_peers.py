"""One contender of ``json_lines.py``: reads a file of JSON lines and prints how many rows it has.

Each imports what it needs alone, for imports are in its time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final


def ecomdata(path: Path) -> int:
    """Typed rows, block by block; keys that are not declared stand in a column of their own."""
    import dataframely as dy

    from ecomdata.columns import Columns
    from ecomdata.rawfile import RawFile
    from ecomdata.readers import JsonLines

    class Review(dy.Schema):
        rating = dy.Float64(nullable=True)
        title = dy.String(nullable=True)
        text = dy.String(nullable=True)
        asin = dy.String(nullable=True)
        user_id = dy.String(nullable=True)
        timestamp = dy.Int64(nullable=True)
        helpful_vote = dy.Int64(nullable=True)
        verified_purchase = dy.Bool(nullable=True)

    class More(Review):
        more = dy.String(nullable=True)

    class Session(dy.Schema):
        session = dy.Int64(nullable=True)
        events = dy.List(dy.Struct({"aid": dy.Int64(), "ts": dy.Int64(), "type": dy.String()}), nullable=True)

    if path.stem.endswith("nested"):
        blocks = JsonLines().blocks(RawFile.on_disk(path), Columns(schema=Session))
        return sum(block.parse().frame.height for block in blocks)
    more = path.stem.endswith("more")
    reader, columns = JsonLines(rest="more" if more else ""), Columns(schema=More if more else Review)
    return sum(block.parse().frame.height for block in reader.blocks(RawFile.on_disk(path), columns))


def polars(path: Path) -> int:
    """One frame of the declared keys."""
    import polars as pl

    if path.stem.endswith("nested"):
        events = pl.List(pl.Struct({"aid": pl.Int64, "ts": pl.Int64, "type": pl.String}))
        return pl.read_ndjson(path, schema={"session": pl.Int64, "events": events}).height
    schema = {
        "rating": pl.Float64,
        **dict.fromkeys(("title", "text", "asin", "user_id"), pl.String),
        **dict.fromkeys(("timestamp", "helpful_vote"), pl.Int64),
        "verified_purchase": pl.Boolean,
    }
    return pl.read_ndjson(path, schema=schema).height


def plain(path: Path) -> int:
    """Objects of Python, one after the other."""
    with path.open(encoding="utf-8") as file:
        return sum(1 for line in file if json.loads(line))


MEMBERS: Final[dict[str, Callable[[Path], int]]] = {"ecomdata": ecomdata, "polars": polars, "json": plain}

if __name__ == "__main__":
    print(MEMBERS[sys.argv[1]](Path(sys.argv[2])))
