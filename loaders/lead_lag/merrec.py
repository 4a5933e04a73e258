"""Lead-lag series of MerRec's products, made from what is loaded of ``merrec``.

The paper names such data as an analogous domain and ships none; all of this is counted from MerRec's events.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.declare import Dataset, Licence, Source, Table

from ._days import GATHER_ROWS, series_of
from ._family import CITATION, UNIT, at_any_horizon

CENSORED_DAYS: Final = 7
"""A product first seen so soon after the log begins was likely there before: its early days are not known."""

_CHANNELS: Final = ("views", "likes", "carts", "purchases")


class Days(dy.Schema):
    """What happened to each product on each day in UTC on which any event of MerRec names it."""

    unit_id = dy.String(description="The product: a brand with a category.")
    day = dy.Date(description="The day, in UTC.")
    views = dy.Int64(min=0, description="Views on it.")
    likes = dy.Int64(min=0, description="Likes on it.")
    carts = dy.Int64(min=0, description="Additions to carts on it.")
    purchases = dy.Int64(min=0, description="Purchases on it.")


class Series(dy.Schema):
    """Each product's views, likes, carts (the lead) and purchases (the lag) so far, day by day in UTC.

    ``unit_id`` is MerRec's ``product_id``, a brand with a category (a listing, ``item_id``, is sold once).
    MerRec has no dates of birth: ``created_date`` is the day of a product's first event, so
    ``inferred_birth`` is true everywhere. ``days_before`` is how many days of the log lie before it; products
    with fewer than 7 are left out, for they may be older than the log (left-censored). A lookback should not
    be longer than that: the view ``lookback(days, horizon)`` leaves out products with fewer days before.
    MerRec's users are a sample, so all counts are of a sample; its log has 184 days, so horizons beyond 90
    to 120 leave little. Events outside of upstream's six months are left out.
    """

    unit_id = dy.String()
    created_date = dy.Date()
    observed_days = dy.Int64(min=1)
    inferred_birth = dy.Bool()
    first_views = dy.Float64(nullable=True)
    first_likes = dy.Float64(nullable=True)
    first_carts = dy.Float64(nullable=True)
    first_purchases = dy.Float64(nullable=True)
    cumulative_views = dy.List(dy.Int64())
    cumulative_likes = dy.List(dy.Int64())
    cumulative_carts = dy.List(dy.Int64())
    cumulative_purchases = dy.List(dy.Int64())
    days_before = dy.Int64(min=0, description="How many days of the log lie before its birth.")


_DAYS_SQL: Final = """
SELECT
    product_id AS unit_id,
    "timestamp"::DATE AS day,
    count(*) FILTER (event = 'view') AS views,
    count(*) FILTER (event = 'like') AS likes,
    count(*) FILTER (event = 'cart') AS carts,
    count(*) FILTER (event = 'purchase') AS purchases
FROM merrec.events GROUP BY unit_id, day ORDER BY unit_id, day
"""

_LOG: Final = (date(2023, 4, 30), date(2023, 11, 1))
"""Upstream's months, May to October 2023, and a day before and after them: the zone of its clock times is
likely UTC and not known to be. One event of another year would draw out every series."""

_SERIES_SQL: Final = f"""
WITH record AS (
    SELECT min("timestamp")::DATE AS start, max("timestamp")::DATE AS last FROM merrec.events
    WHERE "timestamp"::DATE BETWEEN '{_LOG[0]}' AND '{_LOG[1]}'
),
births AS (SELECT unit_id, min(day) AS born FROM days GROUP BY unit_id)
SELECT days.*, born, true AS inferred, born - start AS days_before, last
FROM days JOIN births USING (unit_id), record
ORDER BY unit_id, day
"""  # noqa: S608 - made of dates that stand here

MERREC: Final = Dataset(
    name="lead-lag/merrec",
    title="Lead-lag series from MerRec",
    summary="Daily views, likes, carts and purchases of MerRec's products, as lead-lag series.",
    homepage="https://huggingface.co/datasets/mercari-us/merrec",
    licence=Licence(
        id="CC-BY-NC-4.0",
        url="https://creativecommons.org/licenses/by-nc/4.0/legalcode.en",
        redistribution=True,
        note="MerRec's own licence, of which these counts are an adaptation: not for commercial purposes.",
    ),
    citation=CITATION,
    languages=(),
    access="open",
    sources=(
        Source(
            instructions="Made from what is loaded of merrec: run ecomdata load merrec, or give --sample."
        ),
    ),
    tables=(
        Table(
            name="days",
            schema=Days,
            grain="one product on one day",
            derive=_DAYS_SQL,
            drops={
                "events without a product_id, one row a day": pl.col("unit_id").is_null(),
                "events outside of upstream's six months, one row a product and day": ~pl.col(
                    "day"
                ).is_between(*_LOG),
            },
            key=("unit_id", "day"),
        ),
        Table(
            name="series",
            kind="series",
            schema=Series,
            grain="one product",
            derive=_SERIES_SQL,
            gather=("unit_id",),
            gather_rows=GATHER_ROWS,
            assemble=series_of(_CHANNELS, "days_before"),
            drops={
                f"first seen in the first {CENSORED_DAYS} days of the log (left-censored)": pl.col(
                    "days_before"
                )
                < CENSORED_DAYS
            },
            key=("unit_id",),
            units={"days_before": "days"},
        ),
    ),
    derived_from="merrec",
    views=at_any_horizon(
        ("views", "likes", "carts"), "purchases", unit=(*UNIT, "days_before"), born="days_before >= days"
    ),
)
