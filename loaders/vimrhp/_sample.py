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

from ecomdata.sampling import choice, long_tail, mood_of, picked, slabs, stream

_DOMAIN: Final = "HomeLifestyle"
_SHARES: Final = {"train": 0.8, "dev": 0.1, "test": 0.1}
_FORMS: Final = (
    "Đúng với mô tả:{quality}\nMàu sắc:{colour}\n{said}",
    "Đúng với mô tả:{quality}\r\nMàu sắc:{colour}\r\n{said}",
    "{said}",
    "{said}",
)
_COLOURS: Final = ("trắng", "đen", "xanh", "hồng", "be")
_QUALITIES: Final = (("tốt", "rất tốt", "đúng"), ("ổn", "tạm được"), ("không đúng", "kém"))
"""Of those who like it, of those in between, of those who do not; as are all that follow."""
_FIRST: Final = (
    (
        "Chất lượng sản phẩm tuyệt vời",
        "Hàng đẹp, màu {colour} đúng như hình",
        "Mình rất ưng {thing} này",
        "{thing} chắc chắn, đáng tiền",
        "Giá rẻ mà {thing} dùng rất tốt",
    ),
    ("Hàng {quality} so với giá", "{thing} hơi mỏng nhưng dùng được", "Màu {colour} hơi khác hình"),
    (
        "{thing} bị vỡ khi nhận",
        "Đặt màu {colour} mà giao màu khác",
        "Dùng {n} ngày đã hỏng",
        'Hàng không "đẹp" như hình, rất thất vọng',
    ),
)
_THEN: Final = (
    ("giao hàng nhanh, chỉ {n} ngày", "shop đóng gói cẩn thận", "shop tư vấn nhiệt tình"),
    ("giao hàng mất {n} ngày", "đóng gói bình thường"),
    ("đợi {n} ngày mới nhận được", "nhắn tin shop không trả lời"),
)
_LAST: Final = (
    ("Sẽ ủng hộ shop lần sau", "Mọi người nên mua nhé", "Cảm ơn shop"),
    ("Cho 3 sao",),
    ("Không mua lại nữa", "Mọi người đừng mua"),
)
_THINGS: Final = ("kệ gỗ", "rèm cửa", "chăn", "hộp đựng đồ", "đèn bàn")
_ENDS: Final = (", ", ". ", ".\r", "\n")
_DRAWS: Final = 9


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
    picks: list[list[int]] = rng.integers(0, 1 << 30, (rows, _DRAWS)).tolist()
    # The first rows have one of each quirk, whatever the number of rows.
    quirks = np.where(np.arange(rows) < 5, np.arange(rows), rng.integers(0, 50, rows)).tolist()
    reviews: list[dict[str, object]] = []
    for rating, score, product, pick, quirk in zip(ratings, scores, products, picks, quirks, strict=True):
        comment = _comment(int(rating), product, pick)
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


def _comment(stars: int, product: int, drawn: list[int]) -> str:
    """What somebody writes who gives so many stars."""
    mood = mood_of(stars)
    form, first, then, _, last, colour, quality, days, ends = drawn
    parts = [picked(_FIRST[mood], first)]
    if ends % 10 < 6:
        parts.append(picked(_THEN[mood], then))
    if ends % 7 < 4:
        parts.append(picked(_LAST[mood], last))
    return (
        picked(_FORMS, form)
        .replace("{said}", picked(_ENDS, ends).join(parts))
        .format(
            thing=_THINGS[product % len(_THINGS)],
            colour=picked(_COLOURS, colour),
            quality=picked(_QUALITIES[mood], quality),
            n=2 + days % 9,
        )
    )
