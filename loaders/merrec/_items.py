"""The query that makes the items table of the events, out of core at any size."""

from __future__ import annotations

from typing import Final

# Per item only numbers of fixed size are kept: time and row number packed into one HUGEINT, so that
# least and greatest are the first and last event, with ties in file order. DuckDB spills such states;
# arg_min over the attributes themselves holds their text in memory, and took 14 times as long.
ITEMS_SQL: Final = """
WITH seen AS (
    SELECT
        item_id,
        min(epoch_us("timestamp")::HUGEINT * 18446744073709551616 + row_id) AS first,
        max(epoch_us("timestamp")::HUGEINT * 18446744073709551616 + row_id) AS last,
        count(*) AS events
    FROM events
    GROUP BY item_id
),
bounds AS (
    SELECT
        (first & 18446744073709551615)::BIGINT AS first_row,
        (last & 18446744073709551615)::BIGINT AS last_row,
        (first >> 64)::BIGINT AS first_us,
        (last >> 64)::BIGINT AS last_us,
        events
    FROM seen
),
picks AS (
    SELECT first_row AS row_id, 0::UTINYINT AS place, first_us, last_us, events FROM bounds
    UNION ALL
    SELECT last_row, 1::UTINYINT, first_us, last_us, events FROM bounds
)
SELECT
    e.item_id,
    e.name AS title,
    list_filter([e.c0_name, e.c1_name, e.c2_name], lambda name: name IS NOT NULL) AS category_path,
    e.category_id,
    e.brand_id,
    e.brand_name AS brand,
    e.price,
    e.currency,
    e.item_condition_name AS condition,
    e.size_name AS size,
    e.color,
    make_timestamptz(p.first_us) AS first_seen,
    make_timestamptz(p.last_us) AS last_seen,
    CASE p.place WHEN 0 THEN 'first' ELSE 'last' END AS snapshot,
    p.events,
    e.product_id,
    e.c0_id,
    e.c1_id,
    e.c2_id,
    e.item_condition_id AS condition_id,
    e.size_id,
    e.shipper_id,
    e.shipper_name AS shipper
FROM events AS e
JOIN picks AS p USING (row_id)
ORDER BY e.item_id, p.place
"""
