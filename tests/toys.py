"""The toy shop: datasets made for tests, found as a user's own are, and raw files for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

TOYSHOP = Path(__file__).parent / "toyshop"
HEADER = "user,item,action,price,note"


@pytest.fixture(autouse=True)
def toyshop(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``shop/clicks`` and its like are known, in this process and in those it starts."""
    monkeypatch.setenv("ECOMDATA_LOADERS", str(TOYSHOP))
    return home


def write_clicks(
    folder: Path, lines: Sequence[str], name: str = "202305/clicks.csv", *, header: str = HEADER
) -> Path:
    """Raw clicks below a folder, which is returned."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8", newline="")
    return folder


def write_pages(folder: Path, pages: Sequence[str] = ("a", "b'c")) -> Path:
    """Raw pages below a folder, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        {"user": ["u"] * len(pages), "page": pages, "vector": [[1, 2]] * len(pages)},
        schema={"user": pl.String, "page": pl.String, "vector": pl.List(pl.Int64)},
    ).write_parquet(folder / "pages.parquet")
    return folder


def good_clicks(count: int, start: int = 0) -> list[str]:
    """Clicks with nothing wrong about them."""
    return [f"{1 + i % 7},{i},view,{i}.5," for i in range(start, start + count)]
