"""taobao/user-behavior: 100 million actions of a million Taobao users in nine days of 2017 (Tianchi 649).

Facts: torch_geometric/datasets/taobao.py at 5c6461b (columns, events, window), Tianchi's description
quoted there and in MIMN, DARE's preprocess/taobao_v4.py at c72e087 (items with several categories).
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENTS
from ecomdata.declare import Dataset, Raw, Table
from ecomdata.readers import Delimited

from . import _family as family
from ._user_behavior_sample import write_sample

WINDOW: Final = (1_511_539_200, 1_512_316_799)
"""2017-11-25 00:00:00 to 2017-12-03 23:59:59 in Asia/Shanghai, as Unix seconds, both included."""

WORDS: Final = {"pv": "view", "cart": "cart", "fav": "favourite", "buy": "purchase"}
BEHAVIORS: Final = tuple(WORDS)


class RawBehavior(dy.Schema):
    """The columns of UserBehavior.csv, which has no header line."""

    user_id = dy.Int64()
    item_id = dy.Int64()
    category_id = dy.Int64()
    behavior_type = dy.Enum(BEHAVIORS)
    timestamp = dy.Int64()


class Interactions(dy.Schema):
    """Page views, favourites, cart additions and purchases, each with its time and the item's category.

    Rows are kept as they come: exact duplicates (49 in the published file), and times outside the nine
    days, negative ones included, which ``in_window`` marks. An item may have several categories over the log.
    """

    user_id = dy.Int64()
    item_id = dy.Int64()
    event = dy.Enum(EVENTS)
    event_raw = dy.Enum(BEHAVIORS)
    timestamp = dy.Datetime(time_unit="us", time_zone="UTC")
    category_id = dy.Int64()
    in_window = dy.Bool(description="Whether its time lies in the nine days that upstream names.")


def normalize(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows as interactions."""
    return rows.select(
        "user_id",
        "item_id",
        family.event("behavior_type", WORDS),
        pl.col("behavior_type").alias("event_raw"),
        family.utc("timestamp"),
        "category_id",
        pl.col("timestamp").is_between(*WINDOW).alias("in_window"),
    )


DATASET: Final = Dataset(
    name="taobao/user-behavior",
    title="User Behavior Data from Taobao for Recommendation",
    summary="100 million views, favourites, cart additions and purchases of 987,994 Taobao users "
    "on 4.2 million items between 25 November and 3 December 2017.",
    homepage=family.tianchi_page(649),
    licence=family.tianchi_licence(649),
    citation=family.tianchi_citation(649, "User Behavior Data from Taobao for Recommendation", 2018),
    languages=(),
    access="login",
    sources=(
        family.tianchi_source(
            649,
            "UserBehavior.csv.zip",
            note="The zip (about 906 MB) can stay packed. PyTorch Geometric's loader names the same file "
            "at https://alicloud-dev.oss-cn-hangzhou.aliyuncs.com/UserBehavior.csv.zip; "
            "Tianchi's terms hold for it too",
        ),
    ),
    tables=(
        Table(
            name="interactions",
            kind="interactions",
            schema=Interactions,
            grain="one action of one user on one item",
            time_zone=family.TIME_ZONE,
            raws=(
                Raw(
                    files=("UserBehavior.csv", "raw_user_behavior_sample.csv"),
                    reader=Delimited(header="optional"),
                    schema=RawBehavior,
                    normalize=normalize,
                    rejects=family.no_time("timestamp"),
                ),
            ),
        ),
    ),
    sample=write_sample,
)
