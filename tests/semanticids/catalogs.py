"""Small catalogs of items with semantic ids, in FORGE's own files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ecomdata as ed

Codes = Sequence[int | None]


def base62(number: int) -> str:
    """An item id as upstream's look: five characters, leading zeros included."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return "".join(digits[number // 62**place % 62] for place in range(4, -1, -1))


def token(codes: Codes) -> str:
    """An id as prompts and predictions spell it."""
    return "".join(f"C{(code or 0) + level * 8192}" for level, code in enumerate(codes))


def write_codes(folder: Path, codebook: str, codes: Sequence[Codes], stem: str = "tiny_item_sid") -> Path:
    """Item i, named ``base62(i)``, with ``codes[i]``; a code of None is blank."""
    rows = [
        f"{base62(i)},{','.join('' if c is None else str(c) for c in row)}" for i, row in enumerate(codes)
    ]
    path = folder / f"{stem}_{codebook}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = "base62_string,codebook_lv1,codebook_lv2,codebook_lv3"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def load(folder: Path, **codebooks: Sequence[Codes]) -> ed.Release:
    """Load items whose ids are given by codebook; whatever lies in the folder is loaded with them."""
    for codebook, codes in codebooks.items():
        write_codes(folder, codebook, codes)
    return ed.load("taobao/forge", source=folder)
