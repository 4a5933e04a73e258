"""A seeded synthetic ``reviews v1.json``; every value is invented.

Published: nearly half of the ratings have no text, about 82 % of those that have one give 4 or 5 stars, about
25 ratings a product. Not published, so assumed here, with several forms side by side: how dates look, whether
numbers stand in strings, what stands in place of a missing text, and the three unnamed keys of an image.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from ecomdata.sampling import group_sizes, groups, long_tail, scattered_ids, slabs, stream

from ._texts import DRAWS, written

NAME: Final = "reviews v1.json"
PER_PRODUCT: Final = 3_200_000 / 128_543
CATEGORIES: Final = (
    ("Electronics Device", "Trendy Mobile Accessories", "Phone Cases"),
    ("Home & Lifestyle", "Cleaning", "Cleaning Buckets & Tubs"),
    ("Health & Beauty", "Skin Care", "Face Wash"),
)
REPLIES: Final = (None, None, None, "Dear customer, thank you.", "ধন্যবাদ", {"text": "Thank you"})
STARS: Final = (0.07, 0.04, 0.07, 0.12, 0.7)


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``rows`` reviews of as many products as that takes, as one JSON array."""
    rng = stream(seed, "banglishrev")
    buyers = scattered_ids(rng, max(1, rows // 2), 1_000_000, 1_900_000 + rows)
    with (folder / NAME).open("w", encoding="utf-8", newline="\n") as file:
        opening = "["
        first = 0
        for number, size in enumerate(slabs(rows, 100_000)):
            for product in _products(stream(seed, "products", number), buyers, size, first):
                file.write(opening + json.dumps(product, ensure_ascii=False))
                opening = ", "
                first += 1
        file.write("]")


def _products(
    rng: Generator, buyers: np.typing.NDArray[np.int64], rows: int, first: int
) -> Iterator[dict[str, Any]]:
    sizes = group_sizes(rng, rows, PER_PRODUCT, 1.2)
    rest = _reviews(rng, buyers, (groups(sizes) + first).tolist())
    for number, size in enumerate(sizes.tolist(), start=first):
        reviews = [next(rest) for _ in range(size)]
        stars = [int(review["Current Rating"] or 0) for review in reviews]
        root, parent, category = CATEGORIES[number % len(CATEGORIES)]
        yield {
            "Number Of Reviews": size,
            "Reviews": reviews,
            "Average Rating": round(sum(stars) / size, 1),
            "Score Counts": {str(star): stars.count(star) + (number % 20 == 7) for star in range(1, 6)},
            "Category": category,
            "Parent Category": parent,
            "Root Category": root,
            # Every hundredth id stands twice.
            "Product ID": str(1_000_000 + (number - 1 if number % 100 == 99 else number)),
        }
        if number % 25 == 3:
            yield _without_reviews(number, CATEGORIES[0])


def _without_reviews(number: int, category: tuple[str, str, str]) -> dict[str, Any]:
    """A product that nobody rated, in the three ways to say so."""
    says: tuple[dict[str, Any], ...] = ({"Reviews": None}, {"Reviews": []}, {})
    return {
        "Number Of Reviews": 0,
        **says[number % 3],
        "Average Rating": 0,
        "Score Counts": {str(star): 0 for star in range(1, 6)},
        "Category": category[2],
        "Parent Category": category[1],
        "Root Category": category[0],
        "Product ID": str(2_000_000 + number),
    }


def _reviews(
    rng: Generator, buyers: np.typing.NDArray[np.int64], products: list[int]
) -> Iterator[dict[str, Any]]:
    rows = len(products)
    ids = buyers[long_tail(rng, len(buyers), rows)].tolist()
    stars = rng.choice(5, rows, p=STARS).tolist()
    draws: list[list[int]] = rng.integers(0, 1 << 30, (rows, DRAWS)).tolist()
    days = rng.integers(0, 1500, rows)
    bought = np.datetime64("2020-01-01") + days
    posted = bought + rng.integers(1, 30, rows)
    likes = np.maximum(rng.poisson(0.3, rows), 0).tolist()
    dice = rng.integers(0, 1000, rows).tolist()
    dates = zip(bought.tolist(), posted.tolist(), strict=True)
    states = rng.integers(0, 4, rows).tolist()
    each = zip(ids, stars, products, states, draws, dates, likes, dice, strict=True)
    for buyer, star, product, state, drawn, (when, then), like, die in each:
        review: dict[str, Any] = {
            "Buyer ID": None if die == 1 else str(buyer),
            "Current Rating": str(star + 1) if die % 50 == 2 else star + 1,
            "Review Content": (None, "")[state] if state < 2 else written(star + 1, product, drawn),
            "Review Date": _date(then, die),
            "Likes": -1 if die == 3 else like,
            "Dislikes": 0,
            "Date Bought": _date(when, die),
            "Reply": REPLIES[die % len(REPLIES)],
            "Images": [_image(buyer, place) for place in range(max(0, die % 8 - 5))],
        }
        if die % 100 == 4:
            del review["Review Content"]
        yield review


def _date(day: date, die: int) -> str | None:
    if die % 40 == 5:
        return None
    if die % 40 == 6:
        return "3 weeks ago"
    return day.strftime("%d %b %Y") if die % 2 else day.isoformat()


def _image(buyer: int, place: int) -> dict[str, Any]:
    # Upstream's three further keys are not known by name; these are of the sample's own.
    url = f"https://sg-test-11.slatic.net/other/roc/{buyer:030x}{place:02x}.jpg"
    return {"Image URL": url, "synthetic key 1": place, "synthetic key 2": 0.5, "synthetic key 3": None}
