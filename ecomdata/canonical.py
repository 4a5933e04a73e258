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


DESCRIPTIONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "interactions": {
            "user_id": "Who did it, by upstream's number or name for the user.",
            "item_id": "What it was done to, by upstream's id of the item.",
            "event": "What was done, in one word of nine that all datasets share.",
            "event_raw": "What was done, in upstream's own word or number.",
            "timestamp": "When it was done, in UTC.",
            "session_id": "The visit that it belongs to.",
            "sequence_id": "The series of events that it belongs to.",
            "position": "Its place in that series or list, as upstream counts.",
            "category_id": "The item's category, by upstream's id.",
            "brand_id": "The item's brand, by upstream's id.",
            "price": "The item's price at that moment.",
            "currency": "The price's currency, as ISO 4217 has it.",
        },
        "sequences": {
            "sequence_id": "One user's history.",
            "stage": "The stage of training that upstream made it for.",
            "split": "The part of upstream's division into training and test data that it belongs to.",
            "history": "What came before, oldest first.",
            "target": "What came next, and is to be predicted.",
        },
        "items": {
            "item_id": "Upstream's id of the item.",
            "title": "The item's name, as its seller wrote it.",
            "category_path": "The item's categories, the widest first.",
            "category_id": "The item's category, by upstream's id.",
            "brand_id": "The item's brand, by upstream's id.",
            "brand": "The name of the item's brand.",
            "price": "The item's price.",
            "currency": "The price's currency, as ISO 4217 has it.",
            "condition": "The state that the item is in.",
            "size": "The item's size, in the seller's words.",
            "color": "The item's colour.",
            "first_seen": "When the item is first seen in the data, in UTC.",
            "last_seen": "When the item is last seen in the data, in UTC.",
        },
        "reviews": {
            "review_id": "Upstream's id of the review.",
            "product_id": "What is reviewed, by upstream's id of the product.",
            "user_id": "Who wrote it, by upstream's number or name for the user.",
            "rating": "The stars that were given.",
            "text": "What was written.",
            "language": "The language of the text, as a BCP 47 tag.",
            "posted_at": "When it was written, in UTC.",
            "bought_at": "When the product was bought, in UTC.",
            "likes": "How many readers liked it.",
            "dislikes": "How many readers disliked it.",
            "reply": "What was answered to it.",
            "image_urls": "Addresses of its images.",
            "helpfulness": "How helpful it is, by upstream's score.",
        },
        "products": {
            "product_id": "Upstream's id of the product.",
            "title": "The product's name.",
            "category_path": "The product's categories, the widest first.",
            "average_rating": "The mean of its stars, as upstream says.",
            "rating_counts": "How many ratings have one star, two, and so on, as upstream says.",
            "review_count": "How many reviews it has, as upstream says.",
        },
        "media": {
            "media_id": "The page, video or clip, with its domain before upstream's number.",
            "domain": "Where the product shows: a page, a short video, a clip of a live stream.",
            "product_id": "The product that shows in it, by upstream's number.",
            "text": "Its title, or what is said in it.",
            "image_urls": "Addresses of its images, in order.",
            "frame_positions": "The place in the video that each image is from.",
        },
        "series": {
            "unit_id": "The repository, paper or product that is followed.",
            "created_date": "Its birth: the day that place 0 of the lists is.",
            "split": "The part of upstream's division into training and test data that it belongs to.",
            "observed_days": "How many days it was followed.",
            "inferred_birth": "Whether its birth is only the day on which it was first seen.",
        },
        "semantic_ids": {
            "item_id": "Upstream's id of the item.",
            "codes": "The item's semantic id: a code of each level, coarse to fine.",
            "codebook": "The codebook that the codes are of; those of different codebooks cannot be mixed.",
        },
        "embeddings": {
            "item_id": "Upstream's id of the item.",
            "vector": "The item as a vector.",
            "model": "The model that made the vector.",
            "dim": "How many numbers the vector has.",
        },
    }
)
"""Canonical table -> column -> what it holds, in a sentence."""

CHANNEL_DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first_": "The place in the list, from 0, of the first {event}; null where there is none.",
        "cumulative_": "The number of {event} up to the end of each day, from the birth on.",
    }
)
"""Beginning of a channel's name -> what it holds."""


def described(kind: str, column: str) -> str:
    """What a canonical table's column holds, in a sentence; empty where the table has none of that name."""
    if text := DESCRIPTIONS.get(kind, {}).get(column, ""):
        return text
    for start in CHANNELS.get(kind, {}):
        if column.startswith(start):
            event = column.removeprefix(start).replace("_w_", " with ").replace("_", " ")
            return CHANNEL_DESCRIPTIONS[start].format(event=event)
    return ""


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
