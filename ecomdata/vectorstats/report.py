"""The statistics of vectors as one HTML page that needs nothing but itself. What data hold is text in it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata import __version__
from ecomdata.durable import write_durably
from ecomdata.pages import page_environment
from ecomdata.store import writing
from ecomdata.vectorstats import charts
from ecomdata.vectorstats.rows import groups, number, rows_of, share
from ecomdata.webfonts import with_letters

if TYPE_CHECKING:
    import os

    from ecomdata.vectorstats.figures import EmbeddingStatistics


def write_report(found: EmbeddingStatistics, path: str | os.PathLike[str]) -> None:
    """Write the page, whole or not at all.

    Raises:
        EcomdataError: the disk is full, or may not be written.
    """
    target = Path(path)
    with writing(target):
        write_durably(target, render(found))


def render(found: EmbeddingStatistics) -> str:
    """The page as a text."""
    source = files("ecomdata.vectorstats").joinpath("report.html.j2").read_text("utf-8")
    environment = page_environment()
    environment.filters.update({"number": number, "share": share})
    page = environment.from_string(source).render(
        found=found,
        groups=list(groups(rows_of(found))),
        nearest=charts.histogram(found.nearest.edges, found.nearest.counts),
        curve=charts.curve(found.spectrum.eigenvalues),
        clusters=charts.sizes(found.clusters.sizes),
        dots=charts.dots(found.map),
        legend=charts.coloured(found.map)[1],
        width=charts.WIDTH,
        height=charts.HEIGHT,
        side=charts.SIDE,
        seconds=sum(found.seconds.values()),
        version=__version__,
        style=files("ecomdata").joinpath("page.css").read_text("utf-8"),
    )
    return with_letters(page)
