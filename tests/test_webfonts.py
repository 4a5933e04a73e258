"""Letters that few systems have come along with a page, and a browser draws with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from ecomdata.webfonts import with_letters
from tests.chromium import CHROMIUM, FLAGS
from tests.conftest import ROOT

CSS = (ROOT / "ecomdata" / "page.css").read_text("utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize(
    ("texts", "families"),
    [
        (["ভালো but দাম বেশি", "র\u200d্যাম"], {"Ecomdata Sans Bengali"}),
        (["很好 ok", "很"], {"Ecomdata Sans SC"}),
        (["很好 ভালো", "ভালো but 很"], {"Ecomdata Sans Bengali", "Ecomdata Sans SC"}),
    ],
)
def test_every_text_is_drawn_with_them(texts: list[str], families: set[str], tmp_path: Path) -> None:
    """The first one on the page, too, which Chromium would leave as empty boxes."""
    body = "".join(f"<p>{text}</p>" for text in texts)
    page = f"<!doctype html><meta charset='utf-8'><style>\n{CSS}</style>{body}"
    (tmp_path / "page.html").write_text(with_letters(page), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page()
        tab.goto((tmp_path / "page.html").as_uri())
        tab.evaluate("document.fonts.ready.then(() => {})")
        tools = tab.context.new_cdp_session(tab)
        for domain in ("DOM", "CSS"):
            tools.send(f"{domain}.enable")
        root = tools.send("DOM.getDocument")["root"]["nodeId"]
        for node in tools.send("DOM.querySelectorAll", {"nodeId": root, "selector": "p"})["nodeIds"]:
            fonts = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
            assert families & {font["familyName"] for font in fonts}
        browser.close()


def test_other_pages_have_none() -> None:
    """Nothing is added to a page in letters that every system has."""
    page = "<style>\n</style>Việt Nam, Ærø – “so”… \U0001f600 \U0001f926\u200d\u2642\ufe0f"
    assert with_letters(page) == page
