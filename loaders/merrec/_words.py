"""Invented listings: a category tree and words in upstream's spelling for the synthetic sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

# Weights follow the shares of May 2023 (Women 59.15M, Toys & Collectibles 32.90M, Men 15.67M of
# 174.87M rows); the others share the rest. "" stands for a null level.
TREE: Final[Mapping[str, tuple[float, Mapping[str, tuple[str, ...]]]]] = {
    "Women": (
        33.8,
        {
            "Jewelry": ("Necklaces", "Earrings", "Bracelets", "Rings"),
            "Dresses": ("Maxi", "Midi", "Mini"),
            "Shoes": ("Boots", "Sandals", "Athletic"),
            "Women's handbags": ("Shoulder bags", "Totes or shoppers", "Crossbody"),
            "Other": ("",),
        },
    ),
    "Toys & Collectibles": (
        18.8,
        {
            "Trading cards": ("Pokémon", "Baseball", "Sealed boxes"),
            "Action figures": ("Anime", "Star Wars"),
            "Stuffed animals": ("Bears", "Squishmallows"),
            "Other": ("",),
        },
    ),
    "Men": (9.0, {"Tops": ("T-shirts", "Hoodies"), "Shoes": ("Sneakers", "Boots"), "Other": ("",)}),
    "Beauty": (6.5, {"Makeup": ("Face", "Lips", "Eyes"), "Fragrance": ("Women", "Men"), "Other": ("",)}),
    "Home": (
        6.5,
        {"Home appliances": ("Kitchen appliances", "Vacuums"), "Home decor": ("Clocks", "Candles")},
    ),
    "Electronics": (6.0, {"Video games": ("Games", "Consoles"), "Phones": ("Cases", "Smartphones")}),
    "Kids": (5.0, {"Girls": ("Dresses", "Tops"), "Boys": ("Shoes", "Sets")}),
    "Vintage & antiques": (3.0, {"Glass": ("Bowls", "Vases"), "Ephemera": ("",)}),
    "Sports & outdoors": (2.5, {"Golf": ("Clubs", "Bags"), "Outdoors": ("Tents", "Knives")}),
    "Arts & Crafts": (2.0, {"Fabric": ("Cotton", "Fleece"), "Yarn": ("",)}),
    "Books": (1.6, {"Fiction": ("Fantasy", "Romance"), "Textbooks": ("",)}),
    "Handmade": (1.2, {"Jewelry": ("Bracelets", "Charms"), "Paper goods": ("Stickers", "Cards")}),
    "Office": (1.0, {"Stationery": ("Pens", "Planners")}),
    "Pet supplies": (1.0, {"Dogs": ("Collars", "Beds"), "Cats": ("Toys", "Towers")}),
    "Garden & Outdoor": (0.9, {"Plants": ("Succulents", "Seeds")}),
    "Tools": (0.7, {"Power tools": ("Drills", "Saws"), "Hand tools": ("",)}),
    "Other": (0.5, {"": ("",)}),
}

_KNOWN_IDS: Final[Mapping[tuple[str, ...], int]] = {
    ("Beauty",): 298,
    ("Beauty", "Makeup"): 256,
    ("Beauty", "Makeup", "Face"): 1332,
    ("Home",): 468,
    ("Home", "Home appliances"): 475,
    ("Home", "Home appliances", "Kitchen appliances"): 923,
    ("Women",): 1097,
    ("Women", "Jewelry"): 201,
    ("Women", "Jewelry", "Necklaces"): 1160,
    ("Men",): 469,
    ("Men", "Other"): 339,
}

CONDITIONS: Final = {"New": 1, "Like new": 2, "Good": 3, "Fair": 4, "Poor": 5}
SIZES: Final = (
    "XS (0-2)",
    "S (4-6)",
    "M (8-10)",
    "L (12-14)",
    "XL (16-18)",
    "7",
    "7.5",
    "8.5",
    "One size",
    "US 10",
)
COLORS: Final = (
    "Red",
    "Black, White",
    "Blue",
    "Rose gold/pink",
    "Multi-color, see all of the photos",
    "Navy",
)
OPENERS: Final = (
    "NWT",
    "VINTAGE",
    "New",
    "Cute",
    "Rare!",
    "Lot of 3",
    "Authentic",
    "✨Gold",
    "Bundle:",
    '"As is"',
)
ENDERS: Final = (
    "size M",
    "w/ box",
    "set",
    "#12",
    "— brand new",
    "café edition",
    "🔥",
    "in blue, used",
    "2023",
    "EUC",
)
SYLLABLES: Final = (
    "Ka",
    "Lu",
    "Mo",
    "Vel",
    "Tor",
    "Ni",
    "Ash",
    "Bel",
    "Cor",
    "Den",
    "El",
    "Fen",
    "Gra",
    "Har",
)
ENDINGS: Final = (
    "ra",
    "mo",
    "lia",
    "ton",
    "ney",
    "wick",
    "sy",
    "ford",
    "dell",
    "co",
    "nu",
    "mark",
    "line",
    "ette",
)


def _leaves() -> Iterator[tuple[float, tuple[str, str, str]]]:
    for c0, (weight, children) in TREE.items():
        paths = [(c0, c1, c2) for c1, leaves in children.items() for c2 in leaves]
        for path in paths:
            yield weight / len(paths), path


def categories() -> pl.DataFrame:
    """One row a leaf: ``weight`` and the names and ids c0, c1, c2, null below the leaf's own level."""
    ids: dict[tuple[str, ...], int | None] = {}
    free = (number for number in range(1, 10_000) if number not in _KNOWN_IDS.values())
    rows: list[dict[str, float | str | int | None]] = []
    for weight, path in _leaves():
        row: dict[str, float | str | int | None] = {"weight": weight}
        for level, name in enumerate(path):
            node = path[: level + 1]
            if node not in ids:
                ids[node] = (_KNOWN_IDS.get(node) or next(free)) if name else None
            row[f"c{level}_name"] = name or None
            row[f"c{level}_id"] = ids[node]
        rows.append(row)
    return pl.DataFrame(rows)
