"""The raw keys of ``reviews v1.json``, and how they become products and reviews.

Facts: the dataset's card on the Hub (main, refs/pr/4, commits c0c08b7 and 88955c5) and code that reads
the real file (os-car-war-thy/daraz-recsys notebooks, ShifatHasanGNS/codemix-sentiment-analyzer
dataset_builder.py). Upstream tells neither types nor date formats, so everything that those leave open is
carried through as it is.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import UTC

KINDS: Final = ("absent", "null", "string", "number", "boolean", "array", "object")
"""What can stand under a key."""

TEXT_STATES: Final = ("text", "blank", "empty", "null", "absent", "other")
"""What a review says: text, white space alone, an empty string, null, nothing at all, or no string."""

TEXT_STATE: Final = pl.Enum(TEXT_STATES)

DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
TIMES: Final = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M")
ZONED: Final = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
"""Forms in which a date can only be read in one way; 03/04/2024 can in two, so it is not read."""

YEARS: Final = (1990, 2100)
"""Years that are believed: the forms take ``24`` for the year 24, and in ``-2024-01-05`` a sign."""

_MOST_KNOWN: Final = 100_000
_PLAIN_COUNTS: Final = r"^\{" + ", *".join(rf'"{star}": *([0-9]{{1,18}})' for star in "12345") + r"\}$"


class RawProducts(dy.Schema):
    """The keys of a product object, without its reviews; the last three columns are the reader's.

    ``Score Counts`` is an object whose keys a consumer reads as "1" to "5".
    """

    product_id = dy.String(alias="Product ID")
    category = dy.String(alias="Category")
    parent_category = dy.String(alias="Parent Category")
    root_category = dy.String(alias="Root Category")
    average_rating = dy.Float64(alias="Average Rating")
    number_of_reviews = dy.Int64(alias="Number Of Reviews")
    score_counts = dy.String(alias="Score Counts")
    reviews_kind = dy.Enum(KINDS)
    product_number = dy.Int64()
    other_keys = dy.String()


class RawReviews(dy.Schema):
    """The keys of a review object and its product's id; columns in lower case are the reader's."""

    product_id = dy.String(alias="Product ID")
    buyer_id = dy.String(alias="Buyer ID")
    current_rating = dy.Float64(alias="Current Rating")
    review_content = dy.String(alias="Review Content")
    review_date = dy.String(alias="Review Date")
    likes = dy.Int64(alias="Likes")
    dislikes = dy.Int64(alias="Dislikes")
    date_bought = dy.String(alias="Date Bought")
    reply = dy.String(alias="Reply")
    images = dy.String(alias="Images")
    image_urls = dy.List(dy.String())
    text_kind = dy.Enum(KINDS)
    reply_kind = dy.Enum(KINDS)
    product_number = dy.Int64()
    position = dy.Int64()
    other_keys = dy.String()


class Products(dy.Schema):
    """Products of Daraz Bangladesh with their categories and what upstream says of their ratings.

    There is no name, price, brand or seller. ``rating_counts`` are the counts of one to five stars, null
    where ``score_counts``, upstream's own value as JSON, does not have these five. ``product_number`` is the
    product's place in the file: an id may stand twice. ``other_keys`` are keys that no card names.
    """

    product_id = dy.String(nullable=False)
    category_path = dy.List(dy.String(), nullable=False)
    average_rating = dy.Float64(nullable=True)
    rating_counts = dy.List(dy.Int64(), nullable=True)
    review_count = dy.Int64(nullable=True)
    root_category = dy.String(nullable=True, description="The widest of its categories, as upstream has it.")
    parent_category = dy.String(nullable=True, description="The category above its own, as upstream has it.")
    category = dy.String(nullable=True, description="Its own category, as upstream has it.")
    score_counts = dy.String(
        nullable=True, description="Upstream's counts of stars as they stand there, as JSON."
    )
    reviews_kind = dy.Enum(
        KINDS, nullable=False, description="The JSON type of what upstream has for its reviews."
    )
    product_number = dy.Int64(
        nullable=False, min=1, description="The product's place in the file, from 1; ids may stand twice."
    )
    other_keys = dy.String(nullable=True, description="Keys that no card of upstream's names, as JSON.")


class Reviews(dy.Schema):
    """Ratings of products, about half of them with a text in Banglish, English, Bangla or a mixture.

    Dates are in ``posted_raw`` and ``bought_raw`` as upstream has them; ``posted_at`` and ``bought_at``
    are null where they can be read in no way or in two. Upstream names no time zone: a date without one
    is stored as if it were UTC. ``images`` are whole image objects as JSON. ``reply`` is JSON where
    ``reply_kind`` is not string.
    ``position`` is the review's place in its product. ``other_keys`` are keys that no card names.
    """

    product_id = dy.String(nullable=False)
    user_id = dy.String(nullable=True)
    rating = dy.Float64(nullable=True)
    text = dy.String(nullable=True)
    posted_at = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC")
    bought_at = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC")
    likes = dy.Int64(nullable=True)
    dislikes = dy.Int64(nullable=True)
    reply = dy.String(nullable=True)
    image_urls = dy.List(dy.String(nullable=True), nullable=True)
    text_state = dy.Enum(
        TEXT_STATES, nullable=False, description="Whether there is a text, and where not, how it is missing."
    )
    posted_raw = dy.String(nullable=True, description="When it was written, as upstream has it.")
    bought_raw = dy.String(nullable=True, description="When the product was bought, as upstream has it.")
    reply_kind = dy.Enum(KINDS, nullable=False, description="The JSON type of the reply.")
    images = dy.String(nullable=True, description="Upstream's image objects, whole, as JSON.")
    product_number = dy.Int64(nullable=False, min=1, description="The product's place in the file, from 1.")
    position = dy.Int64(nullable=False, min=1, description="The review's place in its product, from 1.")
    other_keys = dy.String(nullable=True, description="Keys that no card of upstream's names, as JSON.")


class ScoreChecks(dy.Schema):
    """What upstream counts for each product beside what its reviews add up to.

    ``ratings_found`` counts the reviews of one to five stars. Whether upstream counted before or after it
    took the reviews is not known, so a difference is a finding and not an error. Null where upstream has
    no count.
    """

    product_id = dy.String(nullable=False, description="Upstream's id of the product.")
    product_number = dy.Int64(nullable=False, description="The product's place in the file, from 1.")
    rating_counts = dy.List(
        dy.Int64(),
        nullable=True,
        description="How many ratings have one star, two, and so on, as upstream says.",
    )
    ratings_found = dy.List(dy.Int64(), nullable=False, description="The same, counted in its reviews.")
    review_count = dy.Int64(nullable=True, description="How many reviews it has, as upstream says.")
    reviews_found = dy.Int64(nullable=False, description="The same, counted.")
    rating_counts_agree = dy.Bool(nullable=True, description="Whether the counts of stars are the same.")
    review_count_agrees = dy.Bool(nullable=True, description="Whether the counts of reviews are the same.")


class Coverage(dy.Schema):
    """How many rows hold what: the states of texts, of dates and of counts, and ids that stand twice.

    ``share`` is the share of the rows that have the field's table, from 0 to 1.
    """

    field = dy.String(nullable=False, description="What is looked at: a column, or an id.")
    state = dy.String(nullable=False, description="What it holds.")
    rows = dy.Int64(nullable=False, description="How many rows hold that.")
    share = dy.Float64(
        nullable=False, min=0, max=1, description="Their share of the rows of its table, from 0 to 1."
    )


def rating_counts(score_counts: pl.Expr) -> pl.Expr:
    """Counts of one to five stars out of an object with the keys 1 to 5; null unless all five are counts."""
    return score_counts.map_batches(_rating_counts, return_dtype=pl.List(pl.Int64))


def _rating_counts(objects: pl.Series) -> pl.Series:
    stars = objects.str.extract_groups(_PLAIN_COUNTS).struct.unnest()
    odd = (stars["1"].is_null() & objects.is_not_null()).arg_true()
    if odd.len():
        # Looking into the JSON, once for each star, takes ten times as long as this one look at its spelling.
        stars = stars.with_columns(
            stars[star].scatter(odd, objects.gather(odd).str.json_path_match(f"$['{star}']"))
            for star in stars.columns
        )
    counts = stars.select(pl.all().cast(pl.Int64, strict=False))
    whole = pl.all_horizontal(pl.all().is_not_null())
    return counts.select(pl.when(whole).then(pl.concat_list(pl.all()))).to_series()


def utc(text: pl.Expr) -> pl.Expr:
    """A date or a time in UTC; null where its form is not one of those that can be read in one way only."""
    return text.map_batches(_times, return_dtype=UTC)


_known: dict[str, int | None] = {}
"""Texts read before -> microseconds since 1970. There are few days, and they stand in every block."""


def _times(texts: pl.Series) -> pl.Series:
    """Each different text is read once."""
    different = texts.drop_nulls().unique()
    words: list[str] = different.to_list()
    if len(_known) + len(words) > _MOST_KNOWN:
        _known.clear()
    known = dict(_known)  # another thread may clear it meanwhile
    if new := [word for word in words if word not in known]:
        read = pl.DataFrame({"text": new}).select(_read(pl.col("text").str.strip_chars()).to_physical())
        known |= zip(new, read.to_series().to_list(), strict=True)
        _known.update(known)
    times = pl.Series(texts.name, [known[word] for word in words], dtype=pl.Int64).cast(UTC)
    return times.gather(texts.cast(pl.Enum(different)).to_physical())


def _read(bare: pl.Expr) -> pl.Expr:
    """The time that a text says in one of the forms, in UTC."""
    dates = [bare.str.to_date(form, strict=False).cast(pl.Datetime("us")) for form in DATES]
    times = [bare.str.to_datetime(form, time_unit="us", strict=False) for form in TIMES]
    zoned = [
        bare.str.to_datetime(form, time_unit="us", strict=False, time_zone="UTC").cast(UTC) for form in ZONED
    ]
    read = pl.coalesce(*(plain.dt.replace_time_zone("UTC").cast(UTC) for plain in dates + times), *zoned)
    return pl.when(read.dt.year().is_between(*YEARS)).then(read)


def products(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Product objects as products."""
    levels = pl.concat_list("Root Category", "Parent Category", "Category").list.drop_nulls()
    return rows.select(
        product_id="Product ID",
        category_path=levels,
        average_rating="Average Rating",
        rating_counts=rating_counts(pl.col("Score Counts")),
        review_count="Number Of Reviews",
        root_category="Root Category",
        parent_category="Parent Category",
        category="Category",
        score_counts="Score Counts",
        reviews_kind="reviews_kind",
        product_number="product_number",
        other_keys="other_keys",
    )


def text_state(text: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """Which of :data:`TEXT_STATES` a text is in."""
    empty, blank, full, null, absent, other = (
        pl.lit(name, dtype=TEXT_STATE) for name in ("empty", "blank", "text", "null", "absent", "other")
    )
    missing = pl.when(kind == "null").then(null).when(kind == "absent").then(absent).otherwise(other)
    string = pl.when(text == "").then(empty).when(text.str.strip_chars() == "").then(blank).otherwise(full)
    return pl.when(kind == "string").then(string).otherwise(missing)


def reviews(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Review objects as reviews."""
    return rows.select(
        product_id="Product ID",
        user_id="Buyer ID",
        rating="Current Rating",
        text="Review Content",
        posted_at=utc(pl.col("Review Date")),
        bought_at=utc(pl.col("Date Bought")),
        likes="Likes",
        dislikes="Dislikes",
        reply="Reply",
        image_urls=pl.when(pl.col("Images").is_not_null()).then(pl.col("image_urls")),
        text_state=text_state(pl.col("Review Content"), pl.col("text_kind")),
        posted_raw="Review Date",
        bought_raw="Date Bought",
        reply_kind="reply_kind",
        images="Images",
        product_number="product_number",
        position="position",
        other_keys="other_keys",
    )
