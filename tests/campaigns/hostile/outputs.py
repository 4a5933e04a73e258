"""Hostile texts in data, declarations and names of files, through every command to a terminal and a file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import polars as pl
import yaml
from markdown_it import MarkdownIt
from playwright.sync_api import Page, sync_playwright

from tests.campaigns.hostile._shop import ALL, CANARY, TERMINAL, lay
from tests.campaigns.terminals import obeyed, on_terminal
from tests.campaigns.trials import Scale, Trial
from tests.chromium import CHROMIUM, FLAGS

NAME = "outputs"
PROMISE = (
    "No text of the data, of a loader or of a file's name reaches a terminal as a control, a page or a card "
    "as markup, or a CSV as a formula, and the command succeeds."
)
QUERY: Final = "SELECT title, brand FROM canary.items"
_URLS: Final = ("href", "src", "action", "formaction", "xlink:href")


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Run the commands one after the other, and look for each text in what each of them gave."""
    del rng  # all is tried
    loaders, raw = lay(folder)
    env = {"ECOMDATA_HOME": str(folder / "home"), "ECOMDATA_LOADERS": str(loaders), "TERM": "xterm-256color"}
    pages: list[Path] = []
    for args, files in _commands(folder, raw, scale):
        code, shown = on_terminal(args, folder, env)
        target = " ".join(arg for arg in args if "/" not in arg)
        failed = "" if code == 0 else f"exit code {code}: {shown[-300:]!r}"
        for name, text in ALL.items():
            wrong = failed or (obeyed(text, shown) if name in TERMINAL else "")  # markup is text there
            yield Trial(NAME, target, name, held=not wrong, detail=wrong)
        for file in files:
            wrong = _looked_at(file) if file.exists() else f"{file.name} was not written"
            yield Trial(NAME, target, f"all in {file.suffix}", held=not wrong, detail=wrong)
        pages += [file for file in files if file.suffix == ".html"]
    if scale == "full" and CHROMIUM:
        yield from _browsed(pages)


def _browsed(pages: list[Path]) -> Iterator[Trial]:
    """Open the pages in a browser, and see what it does."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for file in pages:
            page = browser.new_page()
            asked = _asked(page)
            page.goto(file.as_uri())
            page.mouse.move(600, 300)
            page.wait_for_timeout(300)
            there = page.locator("canary-el, img[src=x], [onmouseover]").count()
            foreign = [url for url in asked[1:] if not url.startswith("data:")]
            wrong = f"asks for {foreign[0]}" if foreign else f"{there} foreign elements" if there else ""
            if page.title() == CANARY:
                wrong = "a script ran"
            yield Trial(NAME, file.name, "all, in a browser", held=not wrong, detail=wrong)
            page.close()
        browser.close()


def _asked(page: Page) -> list[str]:
    """The addresses that a page will ask for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def _commands(folder: Path, raw: Path, scale: Scale) -> Iterator[tuple[tuple[str, ...], tuple[Path, ...]]]:
    """Commands, and the files that each of them writes."""
    card = folder / "card"
    yield ("load", "canary", "--source", str(raw), "-y"), ()
    yield ("info", "canary"), ()
    yield ("sql", QUERY), ()
    yield ("sql", QUERY, "--format", "csv", "-o", str(folder / "a.csv")), (folder / "a.csv",)
    yield (
        ("card", "canary", "-o", str(card), "--html"),
        (
            card / "README.md",
            card / "croissant.json",
            card / "card.html",
        ),
    )
    if scale == "short":
        return
    for form in ("csv", "json"):
        yield ("sql", QUERY, "--format", form), ()
    yield ("validate", "canary", "--report", str(folder / "v.html")), (folder / "v.html",)
    dedup = (
        "dedup",
        "canary",
        "--table",
        "items",
        "--column",
        "title",
        "--threshold",
        "0.5",
        "--report",
        str(folder / "d.html"),
    )
    yield dedup, (folder / "d.html",)
    yield ("languages", "canary", "--column", "title"), ()
    yield ("personal-data", "canary"), ()
    yield ("embed", "canary", "--table", "items", "--column", "title", "--dim", "8"), ()
    yield ("stats", "canary", "--label", "brand", "--report", str(folder / "s.html")), (folder / "s.html",)
    yield ("list",), ()
    yield ("list", "--json"), ()
    yield ("info", "canary", "--json"), ()
    yield ("verify", "canary"), ()
    yield ("doctor", "--offline"), ()
    yield ("catalog", str(folder / "c.duckdb")), ()


def _looked_at(file: Path) -> str:
    """What is wrong with a file, read as those who read it would."""
    text = file.read_text("utf-8")
    match file.suffix:
        case ".html":
            page = _Page()
            page.feed(text)
            return page.foreign
        case ".md":
            return _card(text)
        case ".csv":
            cells = pl.read_csv(file, infer_schema=False).unpivot()["value"].drop_nulls()
            return str(cells.filter(cells.str.contains(r"^[=+\-@\t\r\n]")).first() or "")
        case _:
            json.loads(text)
            return ""


def _card(text: str) -> str:
    """Keys that YAML was not to have, and tags and links that Markdown was not to have."""
    _, front, body = text.split("---\n", 2)
    known: dict[str, Any] = yaml.safe_load(front)
    if CANARY in known or known.get("license") != "cc0-1.0":
        return f"the front matter has been added to: {sorted(known)}"
    for token in MarkdownIt("gfm-like", {"html": True, "linkify": False}).disable("linkify").parse(body):
        for part in (token, *(token.children or ())):
            target = str(part.attrs.get("href") or part.attrs.get("src") or "")
            html = part.type.startswith("html") and (CANARY in part.content or "<script" in part.content)
            if html or "javascript:" in target or "canary.example" in target or part.tag == "canary-el":
                return f"markup in the card: {part.type} {target or part.content[:80]}"
    return ""


class _Page(HTMLParser):
    """Looks for elements, handlers and addresses that no page of ours has."""

    foreign = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is foreign."""
        for name, value in attrs:
            address = name in _URLS and ("javascript:" in (value or "") or "canary.example" in (value or ""))
            if name.startswith("on") or address:
                self.foreign = f"<{tag} {name}={value!r}>"
        if tag == "canary-el" or (tag == "img" and ("src", "x") in attrs):
            self.foreign = f"<{tag}>"
