"""The canonical tables: the words that every dataset is mapped onto.

A loader keeps upstream's ids in upstream's type and leaves out what upstream lacks; the
cross-dataset views cast ids to text and fill what is missing with null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import polars as pl

EVENTS: Final = (
    "impression",
    "view",
    "click",
    "like",
    "favourite",
    "cart",
    "offer",
    "checkout",
    "purchase",
)
"""What a user can do to an item, from the weakest sign of interest to the strongest."""

DOMAINS: Final = ("page", "video", "live")
"""Where a product shows: its page, a short video, a clip of a live stream."""

EVENT: Final = pl.Enum(EVENTS)
CODEBOOK: Final = pl.Enum(["base", "final"])
UTC: Final = pl.Datetime("us", "UTC")

ID: Final = "id"
"""Marks a column that keeps upstream's own type: an integer or a string, never a float."""

ColumnType = pl.DataType | type[pl.DataType] | str

CANONICAL: Final[Mapping[str, Mapping[str, ColumnType]]] = MappingProxyType(
    {
        "interactions": {
            "user_id": ID,
            "item_id": ID,
            "event": EVENT,
            "event_raw": pl.String,
            "timestamp": UTC,
            "session_id": ID,
            "sequence_id": ID,
            "position": pl.Int64,
            "category_id": ID,
            "brand_id": ID,
            "price": pl.Float64,
            "currency": pl.String,
        },
        "sequences": {
            "sequence_id": ID,
            "stage": pl.String,
            "split": pl.String,
            "history": pl.List(pl.String),
            "target": pl.List(pl.String),
        },
        "items": {
            "item_id": ID,
            "title": pl.String,
            "category_path": pl.List(pl.String),
            "category_id": ID,
            "brand_id": ID,
            "brand": pl.String,
            "price": pl.Float64,
            "currency": pl.String,
            "condition": pl.String,
            "size": pl.String,
            "color": pl.String,
            "first_seen": UTC,
            "last_seen": UTC,
        },
        "reviews": {
            "review_id": ID,
            "product_id": ID,
            "user_id": ID,
            "rating": pl.Float64,
            "text": pl.String,
            "language": pl.String,
            "posted_at": UTC,
            "bought_at": UTC,
            "likes": pl.Int64,
            "dislikes": pl.Int64,
            "reply": pl.String,
            "image_urls": pl.List(pl.String),
            "helpfulness": pl.Float64,
        },
        "products": {
            "product_id": ID,
            "title": pl.String,
            "category_path": pl.List(pl.String),
            "average_rating": pl.Float64,
            "rating_counts": pl.List(pl.Int64),
            "review_count": pl.Int64,
        },
        "media": {
            "media_id": pl.String,
            "domain": pl.Enum(DOMAINS),
            "product_id": ID,
            "text": pl.String,
            "image_urls": pl.List(pl.String),
            "frame_positions": pl.List(pl.Int64),
        },
        "series": {
            "unit_id": ID,
            "created_date": pl.Date,
            "split": pl.String,
            "observed_days": pl.Int64,
            "inferred_birth": pl.Boolean,
        },
        "semantic_ids": {
            "item_id": ID,
            "codes": pl.List(pl.Int64),
            "codebook": CODEBOOK,
        },
        "embeddings": {
            "item_id": ID,
            "vector": "vector",
            "model": pl.String,
            "dim": pl.Int64,
        },
    }
)
"""Canonical table -> its columns in order. ``id`` and ``vector`` (a fixed-size float32 list) are kinds."""

CHANNELS: Final[Mapping[str, Mapping[str, ColumnType]]] = MappingProxyType(
    {"series": {"first_": pl.Float64, "cumulative_": pl.List(pl.Int64)}}
)
"""Canonical table -> beginnings of the names of further columns, which each dataset has of its own.

``cumulative_<event>`` counts what happened up to the end of each day, from ``created_date`` on;
``first_<event>`` is the place in that list, from 0, of the first one, null where there is none.
"""


def canonical_columns(kind: str, names: Sequence[str]) -> dict[str, ColumnType]:
    """Those of a table's columns that the canonical table has too, in its order, with their types there."""
    columns = CANONICAL.get(kind, {})
    found = {name: wanted for name, wanted in columns.items() if name in names}
    for start, wanted in CHANNELS.get(kind, {}).items():
        found |= {name: wanted for name in names if name.startswith(start)}
    return found


def conforms(dtype: pl.DataType, wanted: ColumnType) -> bool:
    """Whether a loader's column type may stand in the canonical column."""
    if wanted == ID:
        return dtype.is_integer() or dtype == pl.String
    if wanted == "vector":
        return isinstance(dtype, pl.Array) and dtype.inner == pl.Float32
    if dtype == wanted:
        return True
    # Categories are text with a smaller coat, and narrower list items widen without loss.
    if wanted == pl.String:
        return isinstance(dtype, pl.Enum)
    if isinstance(wanted, pl.List) and isinstance(dtype, pl.List):
        inner = dtype.inner
        return isinstance(inner, pl.DataType) and inner.is_integer() and wanted == pl.List(pl.Int64)
    return False
