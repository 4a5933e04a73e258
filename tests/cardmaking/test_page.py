"""The page of a card needs nothing but itself, and shows what is HTML in the README as text."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib.image import imsave
from numpy import zeros

from ecomdata.cardmaking.lettering import label
from ecomdata.cardmaking.page import card_page
from ecomdata.cardmaking.pictures import Picture

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

README = """---
license: mit
tags:
- ecomdata
---

# Toys

<!-- What people write between the next two lines stays. -->
<!-- notes: begin -->
A note.
<!-- notes: end -->

## What it is

Text with <b>markup</b>, <!-- a remark --> and `<i>code</i>`.
<img src=x onerror=alert(1)>

<script>document.title = "owned"</script>

<div onclick="alert(1)">
a block
</div>

[js](javascript:alert(1)) [data](data:text/html,x) [file](LICENSE) [up](//example.org/x) [anchor](#what-it-is)
[web](https://example.org/a?b=c&d=%22) <https://example.org/auto> <javascript:alert(2)>

![Over time](pictures/over-time.png)

In a line: ![Long tail](pictures/long-tail.png)

![Missing](pictures/missing.png) ![Far](https://example.org/pixel.png) ![Inline](data:image/png;base64,AAAA)

## What it is

| column | meaning |
|---|---|
| `user_id` | <u>who</u> \x1b[31m \u202egnp.exe র\u200d্যাব |
| LONG WORD | LONG TEXT |

```html
<!-- notes: begin --> <b>stays</b>
```
"""
README = README.replace("LONG WORD", "x" * 300).replace("LONG TEXT", "long " * 100)


def a_picture(name: str, alt: str = 'Says "it" & <more>: 1,234') -> Picture:
    """A grey picture of 40 by 20 pixels."""
    written = io.BytesIO()
    imsave(written, zeros((20, 40, 3)), format="png")
    return Picture(name, f"Title <{name}>", alt, written.getvalue())


PICTURES = (a_picture("over-time"), a_picture("long-tail"), a_picture("left-over"))


class Page(HTMLParser):
    """The elements and texts of a page, the texts in one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Remember a text."""
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    """The page of the README."""
    return Page(card_page(README, PICTURES, title="Toys <&>"))


def test_html_comes_out_as_text(page: Page) -> None:
    """Elements, attributes and inline comments of the README are read, not run."""
    assert not {tag for tag, _ in page.elements} & {
        "script",
        "b",
        "i",
        "u",
        "div onclick",
        "iframe",
        "object",
    }
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    for text in (
        "<b>markup</b>, <!-- a remark -->",
        "<i>code</i>",
        "<img src=x onerror=alert(1)>",
        'document.title = "owned"',
        '<div onclick="alert(1)">',
        "<u>who</u>",
        r"\u{001b}[31m \u{202e}gnp.exe",
        "Toys <&>",
    ):
        assert text in page.text


def test_marks_of_the_template_are_not_shown(page: Page) -> None:
    """Comments on lines of their own and the front matter are gone, what stands between them is not."""
    assert "A note." in page.text
    assert "What people write" not in page.text
    assert page.text.count("notes: begin") == 1, "that in the code block"
    assert "<!-- notes: begin --> <b>stays</b>" in page.text
    assert "license: mit" not in page.text


def test_joiners_of_bengali_stay(page: Page) -> None:
    """They cannot be seen, but say how the letters beside them are written."""
    assert "র\u200d্যাব" in page.text


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    """Pictures are inside the page; any other image is a link or its words; the page itself forbids more."""
    images = page.named("img")
    data = [base64.b64decode((image["src"] or "").removeprefix("data:image/png;base64,")) for image in images]
    assert data == [picture.png for picture in PICTURES]
    assert [image["alt"] for image in images] == [picture.alt for picture in PICTURES]
    assert len(page.named("figure")) == 2, "that in a line stays there"
    for tag, attributes in page.elements:
        assert not set(attributes) & {"srcset", "data", "action", "poster", "background"}
        assert tag == "img" or "src" not in attributes
    policies = [meta["content"] for meta in page.named("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"]
    assert not page.named("link")
    assert not re.search(r"url\((?!data:font/woff;base64,)|@import", page.text)


def test_letters_that_few_systems_have_come_along() -> None:
    """Bengali and Chinese on the page are drawn from fonts inside it, and no more of them comes along."""
    page = card_page("Says `বাজে প্রোডাক্ট` and `很好`.", (), title="Toys")
    faces = dict(re.findall(r'font-family: "([^"]+)"; src: url\(data:font/woff;base64,([^)]+)\)', page))
    for family, text in (("Ecomdata Sans Bengali", "বাজেপ্রোডাক্ট"), ("Ecomdata Sans SC", "很好")):
        with TTFont(io.BytesIO(base64.b64decode(faces[family]))) as font:
            assert set(map(ord, text)) <= set(font.getBestCmap())
            assert len(font.getGlyphOrder()) < 400
    assert page == card_page("Says `বাজে প্রোডাক্ট` and `很好`.", (), title="Toys")
    assert "@font-face" not in card_page("Says `very good`, Việt Nam.", (), title="Toys")


def test_links_go_to_the_web_or_within_the_page(page: Page) -> None:
    """No other scheme is followed, and no file that is not there."""
    targets = {link.get("href") for link in page.named("a")} - {None}
    assert targets == {
        "https://example.org/a?b=c&d=%22",
        "https://example.org/auto",
        "https://example.org/pixel.png",
        "#what-it-is",
        "#what-it-is-1",
        "#pictures-at-the-end",
    }
    assert {heading.get("id") for heading in page.named("h2")} >= {"what-it-is", "what-it-is-1"}


@given(st.text(max_size=200))
def test_no_text_becomes_an_element(text: str) -> None:
    """Whatever the README holds, the page has elements of Markdown and no others."""
    allowed = {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "nav",
            "main",
            "div",
            "p",
            "a",
            "em",
            "strong",
            "hr",
        ),
        *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "br"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    found = Page(card_page(text, (), title=text))
    assert {tag for tag, _ in found.elements} <= allowed
    for _, attributes in found.elements:
        assert set(attributes) <= {
            *(
                "href",
                "rel",
                "id",
                "class",
                "style",
                "start",
                "lang",
                "charset",
                "http-equiv",
                "content",
                "name",
            ),
            *("role", "aria-label", "tabindex", "title"),
        }


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80))
@example("x](https://example.org/pixel.png) ![")
@example("\\](y) `a` $b$ &lt; <b> | c")
def test_words_of_a_picture_stay_its_words(text: str) -> None:
    """In a README too: whatever the words quote, they neither end early nor show another image."""
    alt = label(text, 80)
    (paragraph,) = MarkdownIt("commonmark").enable("table").parseInline(a_picture("a", alt).markdown)
    (image,) = paragraph.children or ()
    assert image.type == "image"
    assert image.attrs["src"] == "pictures/a.png"
    assert "".join(child.content for child in image.children or ()) == alt


@pytest.mark.skipif(not CHROMIUM, reason="no chromium on this machine")
def test_a_browser_shows_it(tmp_path: Path) -> None:
    """At 360 pixels nothing sticks out but what scrolls, no script runs, and the pictures are drawn."""
    (tmp_path / "page.html").write_text(card_page(README, PICTURES, title="Toys"), encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        """<iframe src="page.html" style="border:0;width:360px;height:900px"></iframe><pre id="found"></pre>
        <script>
        onload = () => {
          const page = document.querySelector("iframe").contentDocument;
          const wide = page.querySelector(".scroll");
          document.querySelector("#found").textContent = JSON.stringify({
            title: page.title, width: page.documentElement.scrollWidth, scripts: page.scripts.length,
            pictures: [...page.images].map(image => image.naturalWidth),
            scrolls: wide.scrollWidth > wide.clientWidth && wide.clientWidth <= 360});
        }</script>""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu"),
            *("--hide-scrollbars", "--allow-file-access-from-files"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"),
            (tmp_path / "frame.html").as_uri(),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=True,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout)
    assert found, done.stderr
    assert json.loads(found[1]) == {
        "title": "Toys",
        "width": 360,
        "scripts": 0,
        "pictures": [40, 40, 40],
        "scrolls": True,
    }
