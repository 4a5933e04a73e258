"""The page: everything on it, nothing from elsewhere, and no markup out of the data."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from ecomdata.vectorstats.describing import stats
from ecomdata.vectorstats.report import render
from ecomdata.vectorstats.rows import rows_of
from tests.vectorstats.gallery import Gallery

HOSTILE = '"><script>alert(1)</script>\u202e<img src=x onerror=alert(1)>'


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


def vectors(rows: int) -> np.ndarray:
    """Of five numbers."""
    return np.random.default_rng(rows).normal(size=(rows, 5))


def test_the_page_has_every_figure_and_picture(gallery: Gallery, tmp_path: Path) -> None:
    """All rows of the table, a point for each row on the map, a bar for each cluster."""
    gallery.load(vectors(80), splits=["a", "b"] * 40)
    path = tmp_path / "vectors.html"
    found = stats("gallery", table="looks", label="split", split_column="split", report=path)
    page = Tags(path.read_text(encoding="utf-8"))
    for row in rows_of(found):
        assert row.figure in page.text
        assert row.value in page.text
        assert row.meaning in page.text
    assert all(note in page.text for note in found.notes)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("circle") == 80 + 2  # the legend has two
    assert tags.count("rect") == len(found.clusters.sizes) + len(found.nearest.counts)


def test_what_the_data_hold_is_text(gallery: Gallery) -> None:
    """A hostile label makes no tag and no attribute, and what cannot be seen is shown by its number."""
    gallery.load(vectors(40), splits=[HOSTILE, "b"] * 20)
    page = render(stats("gallery", table="looks", label="split", split_column="split"))
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "\\u{202e}" in page
    parsed = Tags(page)
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert HOSTILE.split("\u202e", maxsplit=1)[0] in parsed.text


def test_the_page_needs_nothing_else(gallery: Gallery) -> None:
    """No address, no script; the policy forbids what is not in it; colours for light and dark."""
    gallery.load(vectors(20))
    page = render(stats("gallery", table="looks"))
    assert not re.findall(r"(?:src=|href=|url\()", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page


def test_what_is_missing_has_its_reason_on_the_page(gallery: Gallery) -> None:
    """Of a single row there is a page too; it says why figures and map are not there."""
    gallery.load(vectors(1))
    found = stats("gallery", table="looks")
    text = Tags(render(found)).text
    assert "none: too few vectors for a variance: 1" in text
    assert f"No map: {found.map.reason}" in text
