"""What the tests of the site read out of its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
    "use": "href",
    "image": "href",
}
"""Tag -> the attribute that a browser loads by itself."""
LINKED = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "manifest",
}
"""What a browser does with a ``<link>`` by itself, by its ``rel``."""


@dataclass
class Page(HTMLParser):
    """A page: its ids, where its links lead, what a browser loads for it, and its text."""

    path: Path
    ids: set[str] = field(default_factory=set[str])
    links: list[str] = field(default_factory=list[str])
    loads: list[str] = field(default_factory=list[str])
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag refers to."""
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in LOADED and LOADED[tag] in values:
            self.loads.append(values[LOADED[tag]])
        if tag == "link" and LINKED & set(values.get("rel", "").split()):
            self.loads.append(values["href"])

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data

    @property
    def words(self) -> str:
        """The text, its blanks made one."""
        return " ".join(self.text.split())

    def target(self, link: str) -> tuple[Path, str] | None:
        """File and anchor that a link leads to; None where it leaves the site."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return None
        path = self.path if not parts.path else (self.path.parent / unquote(parts.path)).resolve()
        return path, unquote(parts.fragment)
