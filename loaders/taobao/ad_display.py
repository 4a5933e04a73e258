"""taobao/ad-display: 26 million ad impressions of 2017, and the behaviour of 22 days before (Tianchi 56).

Facts: PaddleRec's datasets/Ali_Display_Ad_Click/readme.md at 656326a and DMR's readme (headers and rows of
the files), DSIN's code/0_gen_sampled_data.py and code/2_gen_din_input.py at e8ba406 (nulls, non-positive
times), BARS' datasets/Taobao/README.md (Tianchi's prose: other names for the same columns, codes, clock).
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENTS
from ecomdata.declare import Dataset, Raw, Table
from ecomdata.readers import Delimited

from . import _family as family
from ._ad_display_sample import write_sample

WORDS: Final = {"pv": "view", "ipv": "view", "cart": "cart", "fav": "favourite", "buy": "purchase"}
"""``btag`` -> event; Tianchi's prose says ``ipv`` where the file says ``pv``."""

TAGS: Final = tuple(WORDS)
SPLITS: Final = ("train", "test")

DAYS: Final = (1_494_000_000, 1_494_604_800, 1_494_691_200)
"""6, 13 and 14 May 2017 at 00:00:00 in Asia/Shanghai, in Unix seconds: seven days train, the 13th tests."""

_CSV: Final = Delimited(nulls=("NULL",))
_USER: Final = ("nick", "user_id", "userid")


class RawSample(dy.Schema):
    """The header of raw_sample.csv; ``nonclk`` is called ``noclk`` in Tianchi's prose."""

    user = dy.Int64(nullable=True)
    time_stamp = dy.Int64(nullable=True)
    adgroup_id = dy.Int64(nullable=True)
    pid = dy.String(nullable=True)
    nonclk = dy.Int64(nullable=True)
    clk = dy.Int64(nullable=True)


class RawAds(dy.Schema):
    """The header of ad_feature.csv; a missing brand is spelt ``NULL``."""

    adgroup_id = dy.Int64(nullable=True)
    cate_id = dy.Int64(nullable=True)
    campaign_id = dy.Int64(nullable=True)
    customer = dy.Int64(nullable=True)
    brand = dy.Int64(nullable=True)
    price = dy.Float64(nullable=True)


class RawUsers(dy.Schema):
    """The header of user_profile.csv, whose last name has a space after it in the file."""

    userid = dy.Int64(nullable=True)
    cms_segid = dy.Int64(nullable=True)
    cms_group_id = dy.Int64(nullable=True)
    final_gender_code = dy.Int64(nullable=True)
    age_level = dy.Int64(nullable=True)
    pvalue_level = dy.Int64(nullable=True)
    shopping_level = dy.Int64(nullable=True)
    occupation = dy.Int64(nullable=True)
    new_user_class_level = dy.Int64(nullable=True)


class RawBehavior(dy.Schema):
    """The header of behavior_log.csv, which names no item."""

    user = dy.Int64(nullable=True)
    time_stamp = dy.Int64(nullable=True)
    btag = dy.Enum(TAGS, nullable=True)
    cate = dy.Int64(nullable=True)
    brand = dy.Int64(nullable=True)


class Impressions(dy.Schema):
    """Ads shown to users from 6 to 13 May 2017, each with whether it was clicked.

    ``item_id`` is upstream's ``adgroup_id``, the ad. ``event`` is click where ``clk`` is 1, else
    impression; ``nonclk`` is kept as upstream has it. ``pid`` is the place on the site. ``split`` is
    upstream's: the first seven days train, the last one tests (days of UTC+8); null outside them.
    """

    user_id = dy.Int64()
    item_id = dy.Int64()
    event = dy.Enum(EVENTS)
    timestamp = dy.Datetime(time_unit="us", time_zone="UTC")
    pid = dy.String(nullable=True, description="The place on the site.")
    nonclk = dy.Int64(
        nullable=True, min=0, max=1, description="1 where it was not clicked, as upstream has it."
    )
    clk = dy.Int64(min=0, max=1, description="1 where it was clicked.")
    split = dy.Enum(
        SPLITS,
        nullable=True,
        description="Upstream's: the first seven days train, the last one tests; null outside them.",
    )


class Ads(dy.Schema):
    """The ads: category, brand, price, and who advertises. No currency is stated."""

    item_id = dy.Int64()
    category_id = dy.Int64(nullable=True)
    brand_id = dy.Int64(nullable=True)
    price = dy.Float64(nullable=True)
    campaign_id = dy.Int64(nullable=True, description="The campaign that the ad belongs to.")
    customer_id = dy.Int64(nullable=True, description="Who advertises.")


class Users(dy.Schema):
    """What is known of the users, in codes.

    ``gender_code`` is 1 for male, 2 for female; ``pvalue_level`` 1 low, 2 mid, 3 high spending;
    ``shopping_level`` 1 shallow, 2 moderate, 3 deep; ``occupation`` 1 for college students;
    ``city_level`` is upstream's ``new_user_class_level``. Null is what upstream leaves empty.
    """

    user_id = dy.Int64(description="Upstream's number of the user.")
    cms_segment_id = dy.Int64(nullable=True, description="Upstream's `cms_segid`, a segment of users.")
    cms_group_id = dy.Int64(nullable=True, description="Upstream's `cms_group_id`, a group of users.")
    gender_code = dy.Int64(nullable=True, description="1 male, 2 female.")
    age_level = dy.Int64(nullable=True, description="A level of age, in upstream's code.")
    pvalue_level = dy.Int64(nullable=True, description="Spending: 1 low, 2 mid, 3 high.")
    shopping_level = dy.Int64(nullable=True, description="How deep a shopper: 1 shallow, 2 moderate, 3 deep.")
    occupation = dy.Int64(nullable=True, description="1 for college students.")
    city_level = dy.Int64(nullable=True, description="Upstream's `new_user_class_level`.")


class Behaviors(dy.Schema):
    """What the users did with categories and brands in the 22 days before; no item is named.

    Rows are kept as they come: many are exact duplicates, and times of zero and below occur, which
    ``positive_time`` tells apart.
    """

    user_id = dy.Int64()
    event = dy.Enum(EVENTS)
    event_raw = dy.Enum(TAGS)
    timestamp = dy.Datetime(time_unit="us", time_zone="UTC")
    category_id = dy.Int64(nullable=True)
    brand_id = dy.Int64(nullable=True)
    positive_time = dy.Bool(description="Whether upstream's time is above zero.")


def _split() -> pl.Expr:
    first, test, end = DAYS
    seconds = pl.col("time_stamp")
    train = pl.when(seconds.is_between(first, test, closed="left")).then(pl.lit("train"))
    tested = train.when(seconds.is_between(test, end, closed="left")).then(pl.lit("test"))
    return tested.otherwise(None).cast(pl.Enum(SPLITS)).alias("split")


def normalize_sample(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw impressions; ``clk`` is the event."""
    return rows.select(
        pl.col("user").alias("user_id"),
        pl.col("adgroup_id").alias("item_id"),
        family.event("clk", {0: "impression", 1: "click"}),
        family.utc("time_stamp"),
        "pid",
        "nonclk",
        "clk",
        _split(),
    )


def normalize_ads(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw ads as items."""
    return rows.select(
        pl.col("adgroup_id").alias("item_id"),
        pl.col("cate_id").alias("category_id"),
        pl.col("brand").alias("brand_id"),
        "price",
        "campaign_id",
        pl.col("customer").alias("customer_id"),
    )


def normalize_users(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw profiles under names that say what they are."""
    return rows.select(
        pl.col("userid").alias("user_id"),
        pl.col("cms_segid").alias("cms_segment_id"),
        "cms_group_id",
        pl.col("final_gender_code").alias("gender_code"),
        "age_level",
        "pvalue_level",
        "shopping_level",
        "occupation",
        pl.col("new_user_class_level").alias("city_level"),
    )


def normalize_behavior(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw behaviour as interactions without an item."""
    return rows.select(
        pl.col("user").alias("user_id"),
        family.event("btag", WORDS),
        pl.col("btag").alias("event_raw"),
        family.utc("time_stamp"),
        pl.col("cate").alias("category_id"),
        pl.col("brand").alias("brand_id"),
        (pl.col("time_stamp") > 0).alias("positive_time"),
    )


IMPRESSIONS: Final = Table(
    name="impressions",
    kind="interactions",
    schema=Impressions,
    grain="one ad shown to one user",
    time_zone=family.TIME_ZONE,
    raws=(
        Raw(
            files=("raw_sample.csv",),
            reader=_CSV,
            schema=RawSample,
            normalize=normalize_sample,
            rejects=family.no_time("time_stamp"),
            aliases={"user": _USER, "nonclk": ("noclk",)},
        ),
    ),
)

BEHAVIORS: Final = Table(
    name="behaviors",
    kind="interactions",
    schema=Behaviors,
    grain="one action of one user in one category and brand",
    time_zone=family.TIME_ZONE,
    raws=(
        Raw(
            files=("behavior_log.csv", "raw_behavior_log.csv"),
            reader=_CSV,
            schema=RawBehavior,
            normalize=normalize_behavior,
            rejects=family.no_time("time_stamp"),
            aliases={"user": _USER},
        ),
    ),
)

ADS: Final = Table(
    name="ads",
    kind="items",
    schema=Ads,
    grain="one ad",
    key=("item_id",),
    raws=(
        Raw(
            files=("ad_feature.csv",),
            reader=_CSV,
            schema=RawAds,
            normalize=normalize_ads,
            aliases={"customer": ("customer_id",)},
        ),
    ),
)

USERS: Final = Table(
    name="users",
    schema=Users,
    grain="one user",
    key=("user_id",),
    raws=(
        Raw(
            files=("user_profile.csv",),
            reader=_CSV,
            schema=RawUsers,
            normalize=normalize_users,
            aliases={"userid": ("user", "user_id", "nick")},
        ),
    ),
)

DATASET: Final = Dataset(
    name="taobao/ad-display",
    title="Ad Display/Click Data on Taobao.com",
    summary="26.6 million display ads shown to 1.1 million Taobao users from 6 to 13 May 2017 and whether "
    "they were clicked, with 723 million actions of the 22 days before, and profiles of users and ads.",
    homepage=family.tianchi_page(56),
    licence=family.tianchi_licence(56),
    citation=family.tianchi_citation(56, "Ad Display/Click Data on Taobao.com", 2018),
    languages=(),
    access="login",
    sources=(
        family.tianchi_source(
            56,
            "raw_sample.csv.tar.gz",
            "ad_feature.csv.tar.gz",
            "user_profile.csv.tar.gz",
            "behavior_log.csv.tar.gz",
            note="The archives can stay packed; the unpacked behaviour log has about 23 GB",
        ),
    ),
    tables=(IMPRESSIONS, BEHAVIORS, ADS, USERS),
    sample=write_sample,
)
