"""ViMRHP's known keys, the normalised reviews, and the way from the one to the other.

Facts: the abstract of arXiv 2505.07416 and ``data/json2csv.py`` of github.com/Tientmn/nlp_nckh, which
reads ``HomeLifestyle/HomeLifestyle-dev.json``. No more than three keys are known; upstream has others.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

PATH: Final = r"(?P<domain>[^/]+)-(?P<split>train|dev|test)\.json$"
"""What the path says: ``HomeLifestyle/HomeLifestyle-dev.json``. Domains are kept as upstream spells them."""

SPLITS: Final = ("train", "dev", "test")
_SPLIT: Final = pl.Enum(SPLITS)
_INTEGER: Final = r'^"?[ \t]*(-?[0-9]{1,18})(?:\.0+)?[ \t]*"?$'
"""An integer, or text of one; ``4.0`` is what pandas makes of 4 where other rows have no value."""


class RawReviews(dy.Schema):
    """The three keys that are known, and in ``unverified`` all the others as upstream spells them.

    ``Helpfulness_Score`` is an integer or text of one and may be absent; ``Rating`` is an integer; both
    are JSON here, as they stand in the file.
    """

    Comment = dy.String(nullable=True)
    Rating = dy.String(nullable=True)
    Helpfulness_Score = dy.String(nullable=True)
    unverified = dy.String(nullable=True)


class Reviews(dy.Schema):
    """Vietnamese product reviews with images, each with a helpfulness score.

    ``text`` is upstream's Comment as it is, ``text_normalized`` the same with every line end as one line
    feed. ``rating`` is 1 to 5 stars. ``helpfulness`` is upstream's score: 4 and 5 are known to occur, its
    scale is likely 1 to 5 and its lower end unknown, so no range is enforced. ``helpfulness_raw`` and
    ``rating_raw`` are the JSON values as they stand in the file, null where the key is absent. Whether a
    score was given by a model or verified by a person is not known.

    ``unverified`` holds every other key of the object as JSON, letter for letter: unverified upstream,
    for neither their names nor their meaning are published. The table ``unverified_keys`` lists them.
    """

    rating = dy.Float64(nullable=True, min=1, max=5)
    text = dy.String(nullable=True)
    helpfulness = dy.Float64(nullable=True)
    text_normalized = dy.String(nullable=True, description="The text with every line end as one line feed.")
    domain = dy.String(description="The kind of product, by the file's name.")
    split = dy.Enum(SPLITS, description="The part of upstream's division that the file is.")
    rating_raw = dy.String(nullable=True, description="The stars as they stand in the file, as JSON.")
    helpfulness_raw = dy.String(nullable=True, description="The score as it stands in the file, as JSON.")
    unverified = dy.String(
        nullable=True, description="All other keys, as JSON: what they mean is not published."
    )

    @dy.rule()
    def rating_is_an_integer(cls) -> pl.Expr:  # noqa: N805 - dataframely's form
        """What upstream gives as a rating is an integer, text of one, null or NaN."""
        return _understood("rating")

    @dy.rule()
    def helpfulness_is_an_integer(cls) -> pl.Expr:  # noqa: N805
        """What upstream gives as a score is an integer, text of one, null or NaN."""
        return _understood("helpfulness")


class UnverifiedKeys(dy.Schema):
    """The keys of the raw files that are unverified upstream: carried as JSON, their meaning not known.

    ``reviews`` counts the reviews of a file that have the key; ``json_types`` names the JSON types its
    values have there.
    """

    domain = dy.String(description="The kind of product, by the file's name.")
    split = dy.Enum(SPLITS, description="The part of upstream's division that the file is.")
    key = dy.String(description="A key that upstream does not document.")
    reviews = dy.Int64(min=1, description="How many reviews of the file have it.")
    json_types = dy.List(dy.String(), description="The JSON types of its values.")


UNVERIFIED_SQL: Final = """
WITH keyed AS (
    SELECT domain, split, unverified, unnest(json_keys(unverified)) AS key
    FROM reviews
    WHERE json_valid(unverified)
),
typed AS (
    SELECT
        domain,
        split,
        key,
        json_type(unverified, '/' || replace(replace(key, '~', '~0'), '/', '~1')) AS type
    FROM keyed
)
SELECT
    domain,
    split,
    key,
    count(*) AS reviews,
    list_sort(list(DISTINCT CASE
        WHEN type IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT') THEN 'integer'
        WHEN type = 'DOUBLE' THEN 'number'
        WHEN type = 'VARCHAR' THEN 'string'
        ELSE lower(type)
    END)) AS json_types
FROM typed
GROUP BY ALL
ORDER BY domain, split, key
"""
"""Few keys in a few files, so the groups are few whatever the number of reviews."""


def _understood(name: str) -> pl.Expr:
    given = pl.col(f"{name}_raw")
    return pl.col(name).is_not_null() | given.is_null() | (given == "null") | (given == "NaN")


def _integer(column: str) -> pl.Expr:
    """An integer, or text of one, as a number; null for anything else."""
    digits = pl.col(column).str.extract(_INTEGER)
    return digits.cast(pl.Int64, strict=False).cast(pl.Float64)


def normalize(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw reviews (:class:`RawReviews`) -> the same rows in the same order as :class:`Reviews`."""
    text = pl.col("Comment")
    return raw.select(
        _integer("Rating").alias("rating"),
        text.alias("text"),
        _integer("Helpfulness_Score").alias("helpfulness"),
        text.str.replace_all("\r\n", "\n", literal=True)
        .str.replace_all("\r", "\n", literal=True)
        .alias("text_normalized"),
        "domain",
        pl.col("split").cast(_SPLIT),
        pl.col("Rating").alias("rating_raw"),
        pl.col("Helpfulness_Score").alias("helpfulness_raw"),
        "unverified",
    )
