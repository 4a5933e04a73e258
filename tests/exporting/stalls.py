"""Rows for the market, and the market itself for tests that want it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.canonical import EVENTS

NAME = "market/odd-ids"
NOON = datetime(2024, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "user_id": "u1",
    "item_id": "i1",
    "event": "view",
    "timestamp": NOON,
    "session_id": None,
    "price": 1.5,
    "clicked": 1,
}
_EVENTS = {
    "user_id": pl.String,
    "item_id": pl.String,
    "event": pl.String,
    "timestamp": pl.Datetime("us", "UTC"),
    "session_id": pl.String,
    "price": pl.Float64,
    "clicked": pl.Int64,
}
_ITEMS = {
    "item_id": pl.String,
    "title": pl.String,
    "category_path": pl.List(pl.String),
    "brand": pl.String,
    "price": pl.Float64,
}
_USERS = {
    "user_id": pl.String,
    "age": pl.Int64,
    "height": pl.Float64,
    "hobbies": pl.List(pl.String),
    "visits": pl.List(pl.Int64),
}


@pytest.fixture(autouse=True)
def market(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The market is known, in this process and in those it starts."""
    monkeypatch.setenv("ECOMDATA_LOADERS", str(Path(__file__).parent / "market"))
    return home


def load(
    folder: Path,
    events: Sequence[dict[str, Any]],
    items: Sequence[dict[str, Any]] = (),
    users: Sequence[dict[str, Any]] = (),
) -> ed.Release:
    """Load rows; what an event does not say is as in ``EVENT``."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame([EVENT | event for event in events], schema=_EVENTS)
    assert set(frame["event"]) <= set(EVENTS)
    frame.write_parquet(folder / "events.parquet")
    for name, rows, schema in (("items", items, _ITEMS), ("users", users, _USERS)):
        (folder / f"{name}.parquet").unlink(missing_ok=True)
        if rows:
            pl.DataFrame(list(rows), schema=schema).write_parquet(folder / f"{name}.parquet")
    return ed.load(NAME, source=folder)
