"""A page with a sample of what would go, side by side with what stays. Texts are text in it, never markup."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from ecomdata import __version__
from ecomdata.duplicates.counting import foremost
from ecomdata.duplicates.sources import Against, Corpus, TextColumn, values_at
from ecomdata.durable import write_durably
from ecomdata.pages import page_environment
from ecomdata.store import writing
from ecomdata.webfonts import with_letters

if TYPE_CHECKING:
    import os

    from ecomdata.duplicates.deduplication import Deduplication

_PAIRS: Final = 40
_SAME: Final = 10
"""So many of the pairs at most have the same text once tidied: they show little."""
_LONGEST: Final = 700
"""Characters of a text that are shown."""
_GROUPS: Final = 15
_PARTS: Final = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text, and whether the other text lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A row that would go and the one that stays."""

    row: int
    kept: int
    near: float
    goes: tuple[Part, ...]
    stays: tuple[Part, ...]


def write_report(found: Deduplication, corpus: Corpus, path: str | os.PathLike[str]) -> None:
    """Write the page, whole or not at all.

    Raises:
        EcomdataError: the disk is full, or may not be written.
    """
    target = Path(path)
    with writing(target):
        write_durably(target, render(found, corpus))


def render(found: Deduplication, corpus: Corpus) -> str:
    """The page as a text."""
    source = files("ecomdata.duplicates").joinpath("report.html.j2").read_text("utf-8")
    folder = Path(found.folder)
    counts = pl.read_parquet(folder / "counts.parquet", glob=False)
    return with_letters(
        page_environment()
        .from_string(source)
        .render(
            found=found,
            measure="cosine" if found.options["method"] == "semantic" else "Jaccard",
            pairs=list(_sample(pl.read_parquet(folder / "clusters.parquet", glob=False), corpus)),
            counts=foremost(counts, _GROUPS).to_dicts(),
            groups=counts.height,
            version=__version__,
        )
    )


def _sample(clusters: pl.DataFrame, corpus: Corpus) -> Iterator[Shown]:
    """Rows that go, the least similar first; of those with the same text a few, from all over the table."""
    measure = next(name for name in ("jaccard", "cosine") if name in clusters.columns)
    gone = clusters.filter(~pl.col("kept")).sort(measure, "row")
    near, same = gone.filter(pl.col(measure) < 1.0), gone.filter(pl.col(measure) == 1.0)
    chosen = pl.concat([_spread(near, _PAIRS - min(_SAME, same.height)), _spread(same, _SAME)])
    other = corpus.others[0] if isinstance(corpus, Against) else corpus.column
    goes, stays = _texts(corpus.column, chosen["row"]), _texts(other, chosen["cluster"])
    for row, kept, near_by, one, two in zip(
        chosen["row"], chosen["cluster"], chosen[measure], goes, stays, strict=True
    ):
        yield Shown(row, kept, near_by, *compared(one, two))


def _spread(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """At most so many rows, at equal distances."""
    if frame.height <= most:
        return frame
    return frame[[number * frame.height // most for number in range(most)]]


def _texts(column: TextColumn, rows: pl.Series) -> list[str]:
    series = values_at(column.table, rows.to_numpy(), column.column).to_series()
    if series.dtype == pl.Binary:
        return [bytes(value).decode(errors="replace") for value in series.fill_null(b"")]
    return series.cast(pl.String).fill_null("").to_list()


def compared(one: str, other: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The beginnings of two texts in pieces, those marked that the other text lacks."""
    left, right = (_PARTS.findall(text[:_LONGEST]) for text in (one, other))
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    goes: list[Part] = []
    stays: list[Part] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        for parts, words in ((goes, left[a:b]), (stays, right[c:d])):
            if words:
                parts.append(Part("".join(words), kind != "equal"))
    for parts, text in ((goes, one), (stays, other)):
        if len(text) > _LONGEST:
            parts.append(Part(f" … and {len(text) - _LONGEST:,} characters more", differs=False))
    return tuple(goes), tuple(stays)
