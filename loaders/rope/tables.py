"""ROPE's nine text files, the normalised tables, and the query that joins them into media.

Facts: README.MD of github.com/adxcreative/COPE at c46a6a3 (files, fields, examples, counts, address of the
images, order of frames), its ``datasets/shark_emb_new_data_train.py`` and ``shark_emb_infer.py`` (missing
texts).
The fields have no official names; the names here are the README's words.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import DOMAINS

IMAGES_AT: Final = "https://js-ad.a.yximgs.com/bs2/ad-material-video/"
"""What stands before an image's name in its address."""

MISSING: Final = "空"
"""«Empty»: what upstream's code takes for a missing title or speech text."""

SPLITS: Final = ("train", "test")
PATH: Final = (
    r"(?P<part>training|test)_(?:product_)?(?P<medium>page|video|live)"
    r"(?:s_pair|_titles|_asrs|_images|_frames|_clips)\.txt$"
)
"""What a file's name says. Test files were announced and never published; their names are a likely guess."""

_SPLIT: Final = pl.Enum(SPLITS)
_DOMAIN: Final = pl.Enum(DOMAINS)


class RawPairs(dy.Schema):
    """``training_product_pages_pair.txt``, ``_videos_`` and ``_lives_``, such as ``99721, 7``."""

    product_id = dy.Int64(nullable=True)
    number = dy.Int64(nullable=True)


class RawTexts(dy.Schema):
    """``training_page_titles.txt``, ``video_asrs`` and ``live_asrs``, such as ``1366457, 简约西装外套``."""

    number = dy.Int64(nullable=True)
    content = dy.String(nullable=True)


class RawPageImages(dy.Schema):
    """``training_page_images.txt``, such as ``728, eae32f52-2a9a-11ee-a32e-507c6f3c3e56.jpg``."""

    number = dy.Int64(nullable=True)
    image = dy.String(nullable=True)


class RawFrames(dy.Schema):
    """``training_video_frames.txt`` and ``live_clips``: a frame number or a time in ms before the image."""

    number = dy.Int64(nullable=True)
    position = dy.Int64(nullable=True)
    image = dy.String(nullable=True)


class _OfMedia(dy.Schema):
    """What every table of the dataset starts with."""

    media_id = dy.String(description="The page, video or clip: its domain, and upstream's number behind it.")
    domain = dy.Enum(DOMAINS, description="Where the product shows: a page, a short video, a live clip.")


class Pairs(_OfMedia):
    """Which product a page, a short video or a live clip shows: upstream's three pair files.

    ``media_id`` is ``number`` with its domain before it (``page:7``), for upstream numbers pages, videos and
    live clips each from their own start. Whether one of them may show several products is not known.
    """

    product_id = dy.Int64(description="The product that shows in it.")
    number = dy.Int64(description="Upstream's number of it, among those of its domain.")
    split = dy.Enum(SPLITS, description="The part that the file's name says.")


class Texts(_OfMedia):
    """The title of a page, the recognised speech of a video or live clip: upstream's three text files.

    A text of several lines keeps them. ``text`` is null where upstream's marker for a missing text stands,
    or nothing; ``missing`` says which.
    """

    text = dy.String(
        nullable=True, description="The title of a page, or what is said in a video or live clip."
    )
    missing = dy.Enum(["marker", "nothing"], nullable=True, description="How a missing text is marked.")
    number = dy.Int64(description="Upstream's number of it, among those of its domain.")
    split = dy.Enum(SPLITS, description="The part that the file's name says.")


class Images(_OfMedia):
    """The images of pages, the frames of videos and live clips: upstream's three image files, in their order.

    ``position`` is a video's frame number (likely an index, not a second), a live clip's time in
    milliseconds (likely of the Unix epoch), and null for a page. ``image_url`` is the image's name with
    upstream's address before it, or the address that the file gives.
    """

    position = dy.Int64(nullable=True, description="The place of the frame; null for a page.")
    image_url = dy.String(regex=r"^https?://[^\s,]+$", description="The image's address.")
    number = dy.Int64(description="Upstream's number of it, among those of its domain.")
    split = dy.Enum(SPLITS, description="The part that the file's name says.")


class Media(_OfMedia):
    """Every page, short video and live clip that one of the nine files names, with all they say of it.

    ``image_urls`` follow ``frame_positions``, ascending (pages have none: their images keep the file's
    order, and positions are null). ``product_id`` is null where no pair or pairs with several products
    are given; ``product_ids`` has them all. Of several texts the first counts. What a file lacks is null
    or an empty list.
    """

    product_id = dy.Int64(nullable=True)
    text = dy.String(nullable=True)
    image_urls = dy.List(dy.String())
    frame_positions = dy.List(dy.Int64(), nullable=True)
    product_ids = dy.List(dy.Int64(), description="All products that show in it.")
    number = dy.Int64(description="Upstream's number of it, among those of its domain.")
    split = dy.Enum(SPLITS, description="The part that the file's name says.")


# DuckDB sorts out of core, but the lists it groups stay in memory (1 M pages ran out of 400 MB), and those it
# windows too (3 M did). So it only sorts: all facts about a medium come one after the other, and `media`
# gathers them. They are materialised first, because a sort that reads three tables at a time ran out as well;
# this way 15 M facts took 11 s within 400 MB. `part` is 0 for a text, 1 for a product, 2 for an image;
# `section` is the split and the domain.
FACTS_SQL: Final = """
WITH facts AS MATERIALIZED (
    SELECT split, domain, number, 0::UTINYINT AS part, 0::BIGINT AS position, row_id, text AS value FROM texts
    UNION ALL
    SELECT split, domain, number, 1, product_id, row_id, NULL FROM pairs
    UNION ALL
    SELECT split, domain, number, 2, coalesce(position, 0), row_id, image_url FROM images
)
SELECT
    (CASE split WHEN 'train' THEN 0 ELSE 3 END
        + CASE domain WHEN 'page' THEN 0 WHEN 'video' THEN 1 ELSE 2 END)::UTINYINT AS section,
    number,
    part,
    position,
    value
FROM facts
ORDER BY section, number, part, position, row_id
"""


def media(facts: pl.LazyFrame) -> pl.LazyFrame:
    """Sorted facts (:data:`FACTS_SQL`) as :class:`Media`; all facts about a medium must be there."""
    part, position, value = pl.col("part"), pl.col("position"), pl.col("value")
    gathered = facts.group_by("section", "number", maintain_order=True).agg(
        value.filter((part == 0) & value.is_not_null()).first().alias("text"),
        position.filter(part == 1).unique().sort().alias("product_ids"),
        value.filter(part == 2).alias("image_urls"),
        position.filter(part == 2).alias("frame_positions"),
    )
    products, positions = pl.col("product_ids"), pl.col("frame_positions")
    domain = _one_of(pl.col("section") % 3, _DOMAIN)
    return gathered.select(
        pl.concat_str(domain.cast(pl.String), pl.lit(":"), "number").alias("media_id"),
        domain.alias("domain"),
        pl.when(products.list.len() == 1).then(products.list.first()).alias("product_id"),
        "text",
        "image_urls",
        pl.when(domain != "page").then(positions).alias("frame_positions"),
        "product_ids",
        "number",
        _one_of(pl.col("section") // 3, _SPLIT).alias("split"),
    )


def _one_of(place: pl.Expr, words: pl.Enum) -> pl.Expr:
    """The word of an enumeration at a place."""
    return place.cast(pl.UInt8).cat.to(words)


def _common() -> list[pl.Expr]:
    medium = pl.col("medium")
    return [
        pl.concat_str(medium, pl.lit(":"), "number").alias("media_id"),
        medium.cast(_DOMAIN).alias("domain"),
    ]


def _place() -> list[pl.Expr]:
    train = pl.when(pl.col("part") == "training").then(pl.lit("train", _SPLIT))
    return [pl.col("number"), train.otherwise(pl.lit("test", _SPLIT)).alias("split")]


def pairs(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows (:class:`RawPairs`) as :class:`Pairs`."""
    return raw.select(*_common(), "product_id", *_place())


def texts(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows (:class:`RawTexts`) as :class:`Texts`."""
    content = pl.col("content")
    nothing = content.is_null() | (content == "")
    why = pl.Enum(["marker", "nothing"])
    missing = (
        pl.when(nothing).then(pl.lit("nothing", why)).when(content == MISSING).then(pl.lit("marker", why))
    )
    return raw.select(
        *_common(),
        pl.when(~nothing & (content != MISSING)).then(content).alias("text"),
        missing.alias("missing"),
        *_place(),
    )


def images(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows (:class:`RawPageImages`) as :class:`Images`."""
    return frames(raw.with_columns(position=pl.lit(None, dtype=pl.Int64)))


def frames(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows (:class:`RawFrames`) as :class:`Images`."""
    image = pl.col("image")
    whole = image.str.contains("^https?://")
    return raw.select(
        *_common(),
        "position",
        pl.when(whole).then(image).when(image != "").then(pl.lit(IMAGES_AT) + image).alias("image_url"),
        *_place(),
    )
