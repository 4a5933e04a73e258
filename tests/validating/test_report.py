"""The report is one page that loads nothing, and shows what the data hold as text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.sqltext import literal
from ecomdata.validating import write_report
from ecomdata.validating.report import render
from tests.validating.shops import FIGURE, NAME, RULE, Shop, ruled, shop

__all__ = ["shop"]

HOSTILE = (
    "<script>alert('&lt;b&gt;')</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
)


class Page(HTMLParser):
    """The elements and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Remember a text."""
        self.texts.append(data.strip())


def page(path: Path) -> Page:
    """The report on the shop."""
    write_report([ed.validate(NAME, distributions=True)], path)
    return Page(path.read_text("utf-8"))


@pytest.fixture
def hostile(shop: Shop, tmp_path: Path) -> Page:
    """A report on rows and declarations that would like to be markup."""
    rows = ", ".join(f"({literal(text)})" for text in HOSTILE)
    rule = ruled(f'SELECT c AS "<b>{{{{ c }}}}" FROM (VALUES {rows}) AS t(c)')  # noqa: S608 - quoted above
    figure = FIGURE.replace("https://example.org/clicks", "javascript:alert(1)")
    shop.say(rule + figure.replace('"clicks"', '"<i>clicks"'))
    shop.load(["7,99,view,5,<svg onload=alert(1)>"])
    return page(tmp_path / "page.html")


def test_hostile_values_are_text(hostile: Page) -> None:
    """Markup, template marks and control characters of the data are shown, and do nothing."""
    tags = {tag for tag, _ in hostile.elements}
    assert not tags & {"script", "img", "iframe", "object", "link", "i"}
    assert not [name for _, attributes in hostile.elements for name in attributes if name.startswith("on")]
    plain = [text for text in HOSTILE if text.isprintable()]
    for text in (*plain, r"\u{001b}]0;owned\u{0007}", r"\u{202e}gnp.exe"):
        assert text in hostile.texts
    assert "<b>{{ c }}" in hostile.texts
    assert "<svg onload=alert(1)>" in hostile.texts, "as a word of the column note"


def test_nothing_is_loaded_from_elsewhere(hostile: Page) -> None:
    """No element fetches; the page forbids it too. A source that is a web address is a link, no other."""
    for tag, attributes in hostile.elements:
        assert not set(attributes) & {
            "src",
            "srcset",
            "data",
            "action",
            "poster",
            "background",
            "xlink:href",
        }, tag
        if tag == "a":
            assert (attributes["href"] or "").startswith("https://")
    policies = [a["content"] for tag, a in hostile.elements if tag == "meta" and "http-equiv" in a]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; font-src data:"]
    styles = "".join(hostile.texts)
    assert "url(" not in styles
    assert "@import" not in styles


def test_the_page_shows_what_was_found(shop: Shop, tmp_path: Path) -> None:
    """Counts, figures with their numbers and sources, rules with their rows, columns with their bars."""
    shop.say(FIGURE + RULE)
    shop.load(["7,99,purchase,5,"])
    found = page(tmp_path / "page.html")
    for text in ("clicks", "20", "21", "5.00%", "a purchase is dear", "7", "99", "5.0", "failed", "price"):
        assert text in found.texts, text
    assert ("a", {"href": "https://example.org/clicks", "rel": "noreferrer"}) in found.elements
    labels = [a.get("aria-label") for tag, a in found.elements if tag == "svg"]
    assert "distribution of price" in labels
    bars = [text for text in found.texts if text.endswith((": 1", ": 2"))]
    assert bars, "every bar says what it counts"


def test_validate_writes_it_too(shop: Shop, tmp_path: Path) -> None:
    """With the distributions; a folder that is not there is told before anything is looked at."""
    shop.load([])
    with pytest.raises(ed.UsageError, match="is no folder"):
        ed.validate(NAME, report=tmp_path / "nowhere" / "page.html")
    found = ed.validate(NAME, report=tmp_path / "page.html")
    assert any(column.bars for table in found.profiles for column in table.columns)
    written = Page((tmp_path / "page.html").read_text("utf-8"))
    assert Page(render([found])).texts == written.texts


def test_letters_that_few_systems_have_come_along(shop: Shop, tmp_path: Path) -> None:
    """Bengali and Chinese words of a column are drawn from fonts inside the page; other pages have none."""
    shop.load(["7,99,view,5,plain"])
    page(tmp_path / "page.html")
    assert "@font-face" not in (tmp_path / "page.html").read_text("utf-8")
    shop.load(["7,99,view,5,বাজে প্রোডাক্ট", "7,99,view,5,很好"])
    page(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    for family in ("Ecomdata Sans Bengali", "Ecomdata Sans SC"):
        assert f'@font-face {{ font-family: "{family}"; src: url(data:font/woff;base64,' in text


def test_both_schemes_small_screens_and_paper(shop: Shop, tmp_path: Path) -> None:
    """The page follows the reader's scheme, width and printer."""
    shop.load()
    found = page(tmp_path / "page.html")
    style = "".join(found.texts)
    for rule in ("prefers-color-scheme: dark", "max-width: 640px", "@media print"):
        assert rule in style
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in found.elements


def test_a_page_for_several_datasets(shop: Shop, tmp_path: Path) -> None:
    """A family's members follow one another on one page."""
    shop.load()
    found = ed.validate(NAME)
    write_report([found, found], tmp_path / "page.html")
    tags = [tag for tag, _ in Page((tmp_path / "page.html").read_text()).elements]
    assert (tags.count("main"), tags.count("article")) == (1, 2)
