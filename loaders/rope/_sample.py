"""The nine text files and their ``test_`` siblings, with invented contents under upstream's names.

Pages, videos and live clips stand 3 : 6 : 3 as upstream's do, each numbered from its own start, so that
numbers meet. Invented, for nothing is published on it: texts, the share of each quirk, images per medium.
Quirks: texts with commas of both widths, two spaces after the comma, a space at the end, texts of two
lines, the marker of a missing text, media without a text, frames out of order, addresses in full.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator

from ecomdata.sampling import Ints, group_sizes, groups, long_tail, positions, scattered_ids, slabs, stream

from .tables import IMAGES_AT, MISSING

_SHARES: Final = {"page": 3_025_236, "video": 5_837_716, "live": 3_464_116}
_TEST: Final = {"page": 31_388, "video": 29_810, "live": 30_981}
_TOTAL: Final = sum(_SHARES.values()) + sum(_TEST.values())
_WORDS: Final = (
    "简约",
    "西装",
    "外套",
    "加绒",
    "加棉",
    "连衣裙",
    "限时",
    "限量",
    "碧根果",
    "才1元",
    "宝宝们",
    "里面是",
)
_MARKS: Final = ("", "", ",", "，", ", ", " ", "!")
_FIRST_LIVE_MS: Final = 1_668_122_889_829
_SLAB: Final = 200_000


class _Files(NamedTuple):
    """Names of the files of one domain, after their first word."""

    pair: str
    text: str
    image: str


_FILES: Final = {
    "page": _Files("product_pages_pair", "page_titles", "page_images"),
    "video": _Files("product_videos_pair", "video_asrs", "video_frames"),
    "live": _Files("product_lives_pair", "live_asrs", "live_clips"),
}


def sample(folder: Path, rows: int, seed: int) -> None:
    """Write ``rows`` pages, videos and live clips in all, a few of them as test files."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, counts in (("training", _SHARES), ("test", _TEST)):
        for domain, names in _FILES.items():
            count = max(6, round(rows * counts[domain] / _TOTAL))
            # Numbers have gaps, and are the same size in every domain, as far as is known.
            rng = stream(seed, part, domain, "numbers")
            numbers = scattered_ids(rng, count, 1, max(20, 2 * count))
            for at, size in enumerate(slabs(count, _SLAB)):
                slab = numbers[at * _SLAB : at * _SLAB + size]
                rng = stream(seed, part, domain, at)
                paths = [folder / f"{part}_{name}.txt" for name in names]
                _append(paths[0], _pairs(rng, slab, max(2, rows // 66)), new=not at)
                _append(paths[1], _texts(rng, slab), new=not at)
                _append(paths[2], _images(rng, slab, domain), new=not at)


def _append(path: Path, lines: list[str], *, new: bool) -> None:
    with path.open("w" if new else "a", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\n" for line in lines)


def _pairs(rng: Generator, numbers: Ints, products: int) -> list[str]:
    ranks = long_tail(rng, products, len(numbers), 0.7) + 1
    pairs = zip(ranks.tolist(), numbers.tolist(), strict=True)
    return [f"{product}, {number}" for product, number in pairs]


def _texts(rng: Generator, numbers: Ints) -> list[str]:
    quirks = rng.integers(0, 40, len(numbers))
    quirks[:6] = np.arange(6)[: len(numbers)]  # each quirk once at least
    picks: list[list[int]] = rng.integers(0, 1 << 20, (len(numbers), 4)).tolist()
    lines: list[str] = []
    for number, quirk, pick in zip(numbers.tolist(), quirks.tolist(), picks, strict=True):
        text = "".join(_WORDS[p % len(_WORDS)] + _MARKS[p % len(_MARKS)] for p in pick)
        if quirk == 0:
            continue
        lines.append(
            {
                1: f"{number}, {MISSING}",
                2: f"{number},  {text} ",
                3: f"{number}, {text}\n{_WORDS[pick[0] % 6]}, 第二行",
                4: f"{number}, 不买亏大了,{text}，{text}",
            }.get(quirk, f"{number}, {text}")
        )
    return lines


def _images(rng: Generator, numbers: Ints, domain: str) -> list[str]:
    sizes = group_sizes(rng, 4 * len(numbers), mean=4, spread=0.5, cap=12)[: len(numbers)]
    owners, place = numbers[: len(sizes)][groups(sizes)], positions(sizes)
    order = np.lexsort((rng.random(len(owners)), groups(sizes) // 3))  # neighbours are mixed
    names = _names(rng, len(owners))
    if domain == "page":
        return [f"{owner}, {name} " for owner, name in zip(owners[order].tolist(), names, strict=True)]
    at = place * 120 if domain == "video" else _FIRST_LIVE_MS + owners * 60_000 + place * 5_000
    rows = zip(owners[order].tolist(), at[order].tolist(), names, strict=True)
    return [f"{owner}, {time}, {name} " for owner, time, name in rows]


def _names(rng: Generator, count: int) -> list[str]:
    """Names like upstream's, UUIDs of version 1; every fiftieth with its full address."""
    parts = rng.integers(0, 1 << 32, (count, 3)).tolist()
    return [
        f"{'' if i % 50 else IMAGES_AT}{a:08x}-2a9a-11ee-{0x8000 + b % 0x4000:04x}-{b:08x}{c % 65536:04x}.jpg"
        for i, (a, b, c) in enumerate(parts)
    ]
