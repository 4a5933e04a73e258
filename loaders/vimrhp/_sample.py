"""Synthetic ViMRHP files: the confirmed path, the three known keys, and stand-ins for the unknown ones.

Only ``HomeLifestyle`` is a spelling that upstream is known to use, so it is the only domain here. Every
name that starts with ``Unknown_`` and every value is invented. Quirks, each in every 50 reviews or so: a
score as text, no score, line ends of all three kinds, an empty and a null comment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator

from ecomdata.sampling import choice, long_tail, slabs, stream

_DOMAIN: Final = "HomeLifestyle"
_SHARES: Final = {"train": 0.8, "dev": 0.1, "test": 0.1}
_TEMPLATES: Final = (
    "Đúng với mô tả:{0}\nMàu sắc:{1}\nChất lượng sản phẩm tuyệt vời, giao hàng nhanh",
    "Đúng với mô tả:{0}\r\nMàu sắc:{1}\r\nĐóng gói cẩn thận",
    "Hàng {0}, màu {1}.\rSẽ ủng hộ shop lần sau",
    'Shop gói kỹ, "{0}" như hình, màu {1}',
)
_QUALITIES: Final = ("tốt", "rất tốt", "đúng", "ổn", "hơi mỏng")
_COLOURS: Final = ("trắng", "đen", "xanh", "hồng", "be")


def sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``rows`` reviews as ``HomeLifestyle/HomeLifestyle-train.json``, ``-dev`` and ``-test``."""
    target = folder / _DOMAIN
    target.mkdir(parents=True, exist_ok=True)
    left = rows
    for split, share in _SHARES.items():
        count = left if split == "test" else min(left, round(rows * share))
        left -= count
        _write(target / f"{_DOMAIN}-{split}.json", count, seed, split)


def _write(path: Path, rows: int, seed: int, split: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("[")
        first = True
        for number, size in enumerate(slabs(rows, 20_000)):
            for review in _reviews(stream(seed, split, number), size):
                file.write(("\n" if first else ",\n") + json.dumps(review, ensure_ascii=False, indent=1))
                first = False
        file.write("\n]\n")


def _reviews(rng: Generator, rows: int) -> list[dict[str, object]]:
    ratings = choice(rng, {"5": 70, "4": 15, "3": 7, "2": 3, "1": 5}, rows).to_list()
    scores = choice(rng, {"5": 15, "4": 30, "3": 30, "2": 15, "1": 10}, rows).to_list()
    products = long_tail(rng, max(1, rows // 23), rows).tolist()
    picks: list[list[int]] = rng.integers(0, 1 << 30, (rows, 4)).tolist()
    # The first rows have one of each quirk, whatever the number of rows.
    quirks = np.where(np.arange(rows) < 5, np.arange(rows), rng.integers(0, 50, rows)).tolist()
    reviews: list[dict[str, object]] = []
    for rating, score, product, pick, quirk in zip(ratings, scores, products, picks, quirks, strict=True):
        template = _TEMPLATES[pick[0] % len(_TEMPLATES)]
        comment = template.format(_QUALITIES[pick[1] % 5], _COLOURS[pick[2] % 5])
        review: dict[str, object] = {
            "Unknown_Product": product,
            "Comment": {2: "", 3: None}.get(quirk, comment),
            "Rating": int(rating),
            "Helpfulness_Score": score if quirk == 0 else int(score),
            "Unknown_Images": [f"{pick[3] + i:08x}" for i in range(pick[3] % 4)],
        }
        if quirk == 1:
            del review["Helpfulness_Score"]
        reviews.append(review)
    return reviews
