"""taobao/tmall: six months of 424,170 Tmall users up to Double 11, and who bought again (Tianchi 42, 47).

Facts: RongzhengMa/tmall_repurchase_prediction (columns by name, train_format1.csv in full), DARE's README and
preprocess at c72e087 (the space in the zip's name, the order, the spelling of the days), DataRec at 843969e
(data_format2.zip), Tianchi's prose (codes of age, gender and action). The set is IJCAI-15's; what RecBole
calls Tmall is IJCAI-16's.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENTS
from ecomdata.declare import Dataset, Raw, Source, Table
from ecomdata.readers import Delimited

from . import _family as family
from ._tmall_sample import write_sample

ACTIONS: Final = {"0": "click", "1": "cart", "2": "purchase", "3": "favourite"}
CODES: Final = tuple(ACTIONS)

_CSV: Final = Delimited(nulls=("NULL",))
_ENTRY: Final = r"^\d{1,18}:\d{1,18}:\d{0,18}:\d{3,4}:\d{1,18}$"
"""One action of format 2: item, category, brand (may be empty), day, action."""


class RawLog(dy.Schema):
    """The header of user_log_format1.csv. Tianchi's page spells ``time_tamp``, and says merchant."""

    user_id = dy.Int64(nullable=True)
    item_id = dy.Int64(nullable=True)
    cat_id = dy.Int64(nullable=True)
    seller_id = dy.Int64(nullable=True)
    brand_id = dy.Int64(nullable=True)
    time_stamp = dy.Int64(nullable=True)
    action_type = dy.Enum(CODES, nullable=True)


class RawUsers(dy.Schema):
    """The header of user_info_format1.csv."""

    user_id = dy.Int64(nullable=True)
    age_range = dy.Int64(nullable=True)
    gender = dy.Int64(nullable=True)


class RawTrain(dy.Schema):
    """The header of train_format1.csv."""

    user_id = dy.Int64(nullable=True)
    merchant_id = dy.Int64(nullable=True)
    label = dy.Int64(nullable=True)


class RawTest(dy.Schema):
    """The header of test_format1.csv, whose ``prob`` is empty in every row: it was to be predicted."""

    user_id = dy.Int64(nullable=True)
    merchant_id = dy.Int64(nullable=True)
    prob = dy.Float64(nullable=True)


class RawActivity(dy.Schema):
    """The header of {train,test}_format2.csv; actions are joined by ``#``, their parts by ``:``."""

    user_id = dy.Int64(nullable=True)
    age_range = dy.Int64(nullable=True)
    gender = dy.Int64(nullable=True)
    merchant_id = dy.Int64(nullable=True)
    label = dy.Int64(nullable=True)
    activity_log = dy.String(nullable=True)


class Interactions(dy.Schema):
    """Clicks, favourites, cart additions and purchases on Tmall, by day, not in time order.

    Upstream gives the day as month * 100 + day (829, 1111) without a year or a clock time, and what year
    it was is not known: so there is no timestamp, but ``month`` and ``day``. ``event_raw`` is upstream's
    code.
    """

    user_id = dy.Int64()
    item_id = dy.Int64()
    event = dy.Enum(EVENTS)
    event_raw = dy.Enum(CODES)
    category_id = dy.Int64(nullable=True)
    brand_id = dy.Int64(nullable=True)
    merchant_id = dy.Int64(description="The shop.")
    month = dy.Int64(min=1, max=12, description="The month of the year; which year is not known.")
    day = dy.Int64(min=1, max=31, description="The day of the month.")

    @dy.rule()
    def day_is_in_its_month(cls) -> pl.Expr:  # noqa: N805 - dataframely's form
        """No 30 February."""
        return _exists(pl.col("month"), pl.col("day"))


class Users(dy.Schema):
    """Age and gender of the users, in codes.

    ``age_range``: 1 under 18, 2 18 to 24, 3 25 to 29, 4 30 to 34, 5 35 to 39, 6 40 to 49, 7 and 8 50 and
    over, 0 and null unknown. ``gender``: 0 female, 1 male, 2 and null unknown.
    """

    user_id = dy.Int64(description="Upstream's number of the user.")
    age_range = dy.Int64(
        nullable=True,
        description="1 under 18, 2 to 24, 3 to 29, 4 to 34, 5 to 39, 6 to 49, 7 and 8 over it; 0 unknown.",
    )
    gender = dy.Int64(nullable=True, description="0 female, 1 male; 2 and null unknown.")


class Train(dy.Schema):
    """Pairs of a user and a merchant, and whether he became a repeat buyer there (``label`` 1)."""

    user_id = dy.Int64(description="Upstream's number of the user.")
    merchant_id = dy.Int64(description="The shop.")
    label = dy.Int64(description="1 where the user bought there again.")


class Test(dy.Schema):
    """The pairs to predict; ``prob`` is null in every row of the published file."""

    user_id = dy.Int64(description="Upstream's number of the user.")
    merchant_id = dy.Int64(description="The shop.")
    prob = dy.Float64(nullable=True, description="To be predicted; null in every row.")


class Activity(dy.Schema):
    """Format 2: a pair of user and merchant with the user's profile, the label, and his actions there.

    What the labels of the test file hold is not known, nor is the order of an action's parts beyond doubt:
    item, category, brand, day, action is a third party's reading.
    """

    user_id = dy.Int64(description="Upstream's number of the user.")
    merchant_id = dy.Int64(description="The shop.")
    age_range = dy.Int64(
        nullable=True,
        description="1 under 18, 2 to 24, 3 to 29, 4 to 34, 5 to 39, 6 to 49, 7 and 8 over it; 0 unknown.",
    )
    gender = dy.Int64(nullable=True, description="0 female, 1 male; 2 and null unknown.")
    label = dy.Int64(
        nullable=True,
        description="1 where the user bought there again; what those of the test file mean is not known.",
    )
    activity = dy.List(
        dy.Struct(
            {
                "item_id": dy.Int64(),
                "category_id": dy.Int64(),
                "brand_id": dy.Int64(nullable=True),
                "month": dy.Int64(min=1, max=12),
                "day": dy.Int64(min=1, max=31),
                "action_type": dy.Int64(),
            }
        ),
        nullable=True,
        description="What the user did at the shop: one entry an action.",
    )


def _month(day: pl.Expr) -> pl.Expr:
    """The month of 829 or 1111."""
    return (day // 100).alias("month")


def _day(day: pl.Expr) -> pl.Expr:
    return (day % 100).alias("day")


def _exists(month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Whether a month has such a day; in which year is not known, so February has 29."""
    short = pl.when(month == 2).then(29).when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    return day <= short


def normalize_log(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw log rows as interactions."""
    return rows.select(
        "user_id",
        "item_id",
        family.event("action_type", ACTIONS),
        pl.col("action_type").alias("event_raw"),
        pl.col("cat_id").alias("category_id"),
        "brand_id",
        pl.col("seller_id").alias("merchant_id"),
        _month(pl.col("time_stamp")),
        _day(pl.col("time_stamp")),
    )


def as_is(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows whose columns are the table's already."""
    return rows


def _activity() -> pl.Expr:
    """The actions as structs; null in place of an entry of another form, which the schema then refuses."""
    entry = pl.element()
    parts = entry.str.splitn(":", 5).struct
    item, category, brand, day, action = (parts[i].cast(pl.Int64, strict=False) for i in range(5))
    action = pl.struct(
        item.alias("item_id"),
        category.alias("category_id"),
        brand.alias("brand_id"),
        _month(day),
        _day(day),
        action.alias("action_type"),
    )
    # A log may end in the separator.
    entries = pl.col("activity_log").str.strip_suffix("#").str.split("#")
    whole = entry.str.contains(_ENTRY) & _exists(_month(day), _day(day))
    return entries.list.eval(pl.when(whole).then(action)).alias("activity")


def normalize_activity(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows of format 2 with their actions taken apart."""
    return rows.select("user_id", "merchant_id", "age_range", "gender", "label", _activity())


def _activity_table(name: str, file: str, grain: str) -> Table:
    raw = Raw(files=(file,), reader=_CSV, schema=RawActivity, normalize=normalize_activity)
    return Table(name=name, schema=Activity, grain=grain, time_zone=family.TIME_ZONE, raws=(raw,))


INTERACTIONS: Final = Table(
    name="interactions",
    kind="interactions",
    schema=Interactions,
    grain="one action of one user on one item on one day",
    time_zone=family.TIME_ZONE,
    raws=(
        Raw(
            files=("user_log_format1.csv",),
            reader=_CSV,
            schema=RawLog,
            normalize=normalize_log,
            aliases={"seller_id": ("merchant_id",), "time_stamp": ("time_tamp",)},
        ),
    ),
)

USERS: Final = Table(
    name="users",
    schema=Users,
    grain="one user",
    key=("user_id",),
    raws=(Raw(files=("user_info_format1.csv",), reader=_CSV, schema=RawUsers, normalize=as_is),),
)

TRAIN: Final = Table(
    name="train",
    schema=Train,
    grain="one user and one merchant",
    key=("user_id", "merchant_id"),
    raws=(Raw(files=("train_format1.csv",), reader=_CSV, schema=RawTrain, normalize=as_is),),
)

TEST: Final = Table(
    name="test",
    schema=Test,
    grain="one user and one merchant",
    key=("user_id", "merchant_id"),
    raws=(Raw(files=("test_format1.csv",), reader=_CSV, schema=RawTest, normalize=as_is),),
)

DATASET: Final = Dataset(
    name="taobao/tmall",
    title="IJCAI-15 Repeat Buyers Prediction",
    summary="55 million clicks, favourites, cart additions and purchases of 424,170 Tmall users in the "
    "six months up to Double 11, and who of them became repeat buyers at a merchant.",
    homepage=family.tianchi_page(42),
    licence=family.tianchi_licence(42),
    citation=family.tianchi_citation(42, "IJCAI-15 Repeat Buyers Prediction Dataset", 2018),
    languages=(),
    access="login",
    sources=(
        Source(
            files=("data_format1.zip", "data_format1 .zip", "data_format2.zip"),
            sha256={
                "user_info_format1.csv": "6f2e496fe602b672c1013eca1334b671501ccd39ddde010517658317eecccde1",
                "train_format1.csv": "b206b7ea7b90101383017273dad950106799f40ba15c05e2a3977e4d91752fac",
            },
            instructions=f"log in at {family.tianchi_page(42)}, accept the terms and download "
            "data_format1.zip (about 370 MB; on Tianchi its name has a space: 'data_format1 .zip') and, for "
            "the tables of format 2, data_format2.zip. The zips can stay packed.",
        ),
    ),
    tables=(
        INTERACTIONS,
        USERS,
        TRAIN,
        TEST,
        _activity_table("train_activity", "train_format2.csv", "one user and one merchant with his actions"),
        _activity_table("test_activity", "test_format2.csv", "one user and one merchant with his actions"),
    ),
    sample=write_sample,
    lookalikes={"dbtaobao (a teaching set)": frozenset({"month", "day", "action", "province"})},
)
