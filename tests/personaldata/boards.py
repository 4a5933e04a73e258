"""Loading the made-up board with rows of a test's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed

LOADERS = Path(__file__).parent / "board"
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "post_id": pl.String,
    "number": pl.Int64,
    "text": pl.String,
    "tags": pl.List(pl.String),
    "author": pl.Struct({"name": pl.String, "age": pl.Int64}),
    "replies": pl.List(pl.Struct({"body": pl.String, "score": pl.Float32})),
    "extra": pl.String,
    "items": pl.String,
}
Row = dict[str, Any]


def load_board(
    monkeypatch: pytest.MonkeyPatch, folder: Path, rows: Sequence[Row], home: Path | None = None
) -> ed.Release:
    """A release of the board with these posts; columns that a row lacks are null."""
    monkeypatch.setenv("ECOMDATA_LOADERS", str(LOADERS))
    folder.mkdir(parents=True, exist_ok=True)
    full = [{**dict.fromkeys(SCHEMA), **row} for row in rows]
    pl.DataFrame(full, schema=SCHEMA).write_parquet(folder / "posts.parquet")
    pl.DataFrame({"number": [1, 2]}).write_parquet(folder / "counts.parquet")
    return ed.load("board", source=folder, home=home)
