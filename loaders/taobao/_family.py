"""What the members of the family share: Tianchi's terms and pages, the clock, the event words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from ecomdata.canonical import EVENT, UTC
from ecomdata.declare import Licence, Source

TIME_ZONE: Final = "Asia/Shanghai"
"""The wall clock of every Taobao log: UTC+8, without daylight saving."""

_SECONDS: Final = (-62_135_596_800, 253_402_300_799)
"""Years 1 to 9999: what fits into a date, and into microseconds without wrapping round."""


def tianchi_page(number: int) -> str:
    """The page of a dataset on Tianchi."""
    return f"https://tianchi.aliyun.com/dataset/{number}"


def tianchi_licence(number: int) -> Licence:
    """Tianchi's terms. Their text was not at hand, so nothing is assumed to be allowed.

    PaddleRec's datasets/Taobao/readme.md declines to pass the files on for copyright reasons.
    """
    return Licence(
        id="other",
        name="Tianchi terms of use",
        url=tianchi_page(number),
        redistribution=None,
        note="The terms are shown after login and were not available; treat the data as not redistributable.",
    )


def tianchi_source(number: int, *files: str, note: str = "") -> Source:
    """Files that the user downloads from Tianchi after logging in."""
    steps = f"log in at {tianchi_page(number)}, accept the terms and download {', '.join(files)}"
    return Source(files=files, instructions=f"{steps}. {note}".strip())


def tianchi_citation(number: int, title: str, year: int) -> str:
    """The BibTeX entry that Tianchi gives its datasets; the author is no person, hence the braces."""
    return (
        f"@misc{{tianchi{number},\n  title = {{{title}}},\n  author = {{{{Tianchi}}}},\n"
        f"  year = {{{year}}},\n  url = {{{tianchi_page(number)}}}\n}}"
    )


def event(column: str, words: Mapping[str, str] | Mapping[int, str]) -> pl.Expr:
    """Upstream's words as canonical events; null where a word is unknown.

    Args:
        column: Upstream's column.
        words: Upstream's word or code -> the canonical event.
    """
    # A chain of when/then keeps polars' engine streaming; replace_strict does not.
    chain: pl.Expr = pl.lit(None, dtype=EVENT)
    for word, name in words.items():
        chain = pl.when(pl.col(column) == word).then(pl.lit(name, dtype=EVENT)).otherwise(chain)
    return chain.alias("event")


def utc(column: str) -> pl.Expr:
    """Unix seconds as a time in UTC; null where no date can hold them."""
    seconds = pl.col(column)
    return pl.when(seconds.is_between(*_SECONDS)).then(seconds * 1_000_000).cast(UTC).alias("timestamp")


def no_time(column: str) -> dict[str, pl.Expr]:
    """The reason to reject rows with a number in a column that :func:`utc` makes no time of."""
    return {f"{column} is no time in Unix seconds": ~pl.col(column).is_between(*_SECONDS)}
