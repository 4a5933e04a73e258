"""The inputs of the paper's experiments as views: session-based, and click-through with multi-task.

Recipes: mercari/mercari-ml-merrec-pub-us at 995ff74, data.py and main.py (sessions), preprocess_mtl.py and
data.py (click-through, multi-task). Two things are not as there, and so numbers will differ from the paper's:

- In preprocess_mtl.py the numbers of products and colours are looked up in dictionaries that are never filled
  (issue 6 there), so that product_id, color and hist_1 to hist_7 are 0 in every row. Here they are numbers.
- Upstream draws sequences and splits without a seed. Here the MD5 of what is drawn and of a seed decides.
"""

from __future__ import annotations

from typing import Final

from ecomdata.declare import View

from .tables import EVENT_OF

MONTH: Final = "20230501"
"""The month that the paper's experiments use; the first part of its ``sequence_id``."""

WINDOW: Final = 7
"""Products before an event that are its input."""

_OF_MONTH: Final = "starts_with(sequence_id, month || '_')"
# The catalog's rows come in the order of the store's files, which is upstream's.
_ROW: Final = "row_number() OVER () AS row"
_HISTORY_NAMES: Final = tuple(f"hist_{nth}" for nth in range(1, WINDOW + 1))
_DRAWN: Final = "md5_number_lower(concat_ws('_', {}, seed)) / 18446744073709551616.0"

_CODES: Final = """
SELECT {column}, row_number() OVER (ORDER BY {column}) AS code
FROM (SELECT DISTINCT {column} FROM this.events WHERE {of_month} AND {column} IS NOT NULL)
"""

_SESSIONS: Final = f"""
WITH drawn AS (
    SELECT user_id, sequence_id, product_id, {_ROW}
    FROM this.events
    WHERE {_OF_MONTH} AND product_id IS NOT NULL
        AND {_DRAWN.format("user_id, sequence_id")} < share
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY user_id, sequence_id) AS events FROM drawn
),
listed AS (
    SELECT user_id, sequence_id, list(code ORDER BY row) AS codes
    FROM counted JOIN this.product_codes(month) USING (product_id)
    WHERE events >= greatest(shortest, 3)
    GROUP BY user_id, sequence_id
)
SELECT
    user_id,
    sequence_id,
    codes[1:len(codes) - 2] AS train,
    codes[greatest(1, len(codes) - 1 - longest):len(codes) - 2] AS history,
    codes[len(codes) - 1] AS validation,
    codes[len(codes)] AS test
FROM listed
"""  # noqa: S608 - our own words

_COLUMNS: Final = ("c0_id", "c1_id", "c2_id", "brand_id", "item_condition_id", "size_id", "shipper_id")
_HOT: Final = ",\n    ".join(f"(event_raw = '{event}')::TINYINT AS {event}" for event in EVENT_OF)
_LAGS: Final = ",\n        ".join(
    f"lag(product, {WINDOW + 1 - nth}) OVER so_far AS hist_{nth}" for nth in range(1, WINDOW + 1)
)

_WINDOWS: Final = f"""
WITH chosen AS (
    SELECT
        user_id, sequence_id, session_id, item_id, event_raw, price, product_id, color, "timestamp",
        {", ".join(_COLUMNS)}, {_ROW}
    FROM this.events
    WHERE {_OF_MONTH} AND sequence_length >= shortest
),
coded AS (
    SELECT chosen.*, coalesce(products.code, 0) AS product, coalesce(colors.code, 0) AS colour
    FROM chosen
    LEFT JOIN this.product_codes(month) AS products USING (product_id)
    LEFT JOIN this.color_codes(month) AS colors USING (color)
),
windows AS (
    SELECT
        *,
        row_number() OVER so_far AS position,
        count(*) OVER (PARTITION BY user_id, sequence_id) AS events,
        {_LAGS}
    FROM coded
    WINDOW so_far AS (PARTITION BY user_id, sequence_id ORDER BY "timestamp", row)
),
drawn AS (
    SELECT *, {_DRAWN.format("user_id, sequence_id, position")} AS drawn
    FROM windows WHERE position > {WINDOW} AND events >= shortest
)
SELECT
    user_id, sequence_id, session_id, item_id,
    {_HOT},
    price, product AS product_id, {", ".join(_COLUMNS)}, colour AS color, {", ".join(_HISTORY_NAMES)},
    position,
    CASE WHEN drawn < 0.9 THEN 'train' ELSE 'test' END AS ctr_split,
    CASE WHEN drawn < 0.8 THEN 'train' WHEN drawn < 0.9 THEN 'validation' ELSE 'test' END AS mtl_split
FROM drawn
"""  # noqa: S608 - our own words

FEATURES: Final = (
    "user_id",
    "session_id",
    "product_id",
    "c0_id",
    "c1_id",
    "c2_id",
    "brand_id",
    "size_id",
    "item_condition_id",
    "shipper_id",
    "color",
    *_HISTORY_NAMES,
)
"""What click-through and multi-task learning predict from, in the order of data.py."""

RECIPES: Final = (
    View(
        name="product_codes",
        description="Each product of a month and its number from 1, in the order of their names.",
        sql=_CODES.format(column="product_id", of_month=_OF_MONTH),
        parameters=("month",),
    ),
    View(
        name="color_codes",
        description="Each colour of a month and its number from 1, in the order of their names.",
        sql=_CODES.format(column="color", of_month=_OF_MONTH),
        parameters=("month",),
    ),
    View(
        name="session_based_at",
        description=(
            "A share of a month's sequences with at least so many events: the products in file order, as "
            "numbers of product_codes; train is all but the last two, history what of it a model reads."
        ),
        sql=_SESSIONS,
        parameters=("month", "shortest", "share", "longest", "seed"),
    ),
    View(
        name="session_based",
        description=(
            "Session-based recommendation as the paper cuts it: May, sequences of 5 events or more, 11 % of "
            "them, histories of 20 products; the last two products are for validation and test."
        ),
        sql=f"SELECT * FROM this.session_based_at('{MONTH}', 5, 0.11, 20, 0)",  # noqa: S608
    ),
    View(
        name="ctr_mtl_at",
        description=(
            "A month's events from the eighth of a sequence on, in upstream's columns, with the seven "
            "products before each; products and colours are numbers of product_codes and color_codes, which "
            "upstream's program by an error leaves 0."
        ),
        sql=_WINDOWS,
        parameters=("month", "shortest", "seed"),
    ),
    View(
        name="ctr_mtl",
        description=(
            "Click-through and multi-task learning as the paper cuts it: May, sequences of 8 events or more; "
            "labels item_view and item_like, splits 90/10 and 80/10/10."
        ),
        sql=f"SELECT * FROM this.ctr_mtl_at('{MONTH}', 8, 0)",  # noqa: S608
        labels=("item_view", "item_like"),
        features=FEATURES,
    ),
)
"""With the paper's settings, and with one's own: ``SELECT * FROM merrec.ctr_mtl_at('20230601', 8, 1)``."""
