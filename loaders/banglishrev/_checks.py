"""Tables made from products and reviews: counts beside counts, and how many rows hold what."""

from __future__ import annotations

from typing import Final

_STARS: Final = ", ".join(f"count(*) FILTER (rating = {star})" for star in range(1, 6))

SCORE_CHECKS_SQL: Final = f"""
WITH found AS (
    SELECT product_number, count(*) AS reviews_found, [{_STARS}] AS ratings_found
    FROM reviews GROUP BY product_number
), both_sides AS (
    SELECT product_id, product_number, rating_counts, review_count,
        coalesce(ratings_found, [0, 0, 0, 0, 0]) AS ratings_found, coalesce(reviews_found, 0) AS reviews_found
    FROM products LEFT JOIN found USING (product_number)
)
SELECT *, rating_counts = ratings_found AS rating_counts_agree,
    review_count = reviews_found AS review_count_agrees
FROM both_sides ORDER BY product_number
"""  # noqa: S608 - made of numbers

_DATE: Final = """
    SELECT '{field}' AS field, CASE WHEN {raw} IS NULL THEN 'missing' WHEN {parsed} IS NULL THEN 'not parsed'
        ELSE 'parsed' END AS state FROM reviews
"""

COVERAGE_SQL: Final = f"""
WITH states AS (
    SELECT 'text' AS field, text_state::VARCHAR AS state FROM reviews
    UNION ALL {_DATE.format(field="posted_at", raw="posted_raw", parsed="posted_at")}
    UNION ALL {_DATE.format(field="bought_at", raw="bought_raw", parsed="bought_at")}
    UNION ALL SELECT 'rating' AS field, CASE WHEN rating IS NULL THEN 'missing' WHEN rating IN (1, 2, 3, 4, 5)
        THEN 'one to five' ELSE 'other' END AS state FROM reviews
    UNION ALL SELECT 'rating_counts' AS field,
        CASE WHEN rating_counts IS NOT NULL THEN 'five counts' WHEN score_counts IS NULL THEN 'missing'
        ELSE 'other' END AS state FROM products
    UNION ALL SELECT 'reviews' AS field, reviews_kind::VARCHAR AS state FROM products
    UNION ALL SELECT 'product_id' AS field, CASE WHEN ids.n = 1 THEN 'unique' ELSE 'repeated' END AS state
        FROM products JOIN (SELECT product_id, count(*) AS n FROM products GROUP BY product_id) ids
        USING (product_id)
)
SELECT field, state, count(*) AS rows, count(*) / sum(count(*)) OVER (PARTITION BY field) AS share
FROM states GROUP BY field, state ORDER BY field, rows DESC, state
"""  # noqa: S608 - made of names that stand here
