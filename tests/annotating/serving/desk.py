"""A person at the page in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.annotating.serving.site import Site

AUDIT = Path(__file__).with_name("audit.js").read_text("utf-8")
"""What programs that read a page aloud would stumble over; run in the page, it gives a list of words."""


@dataclass
class Desk:
    """A person at the page: the browser, the project, and what the browser complained of or asked for."""

    site: Site
    page: Page
    said: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def shows(self, words: str) -> None:
        """Wait until the item has these words."""
        expect(self.page.locator("#item")).to_contain_text(words)

    def answers(self) -> list[dict[str, Any]]:
        """The answers that count, in order."""
        return [json.loads(answer) for answer in self.site.project.answers()["answer"]]

    def payload(self, kind: str = "answer") -> dict[str, Any]:
        """What the last event of a kind holds."""
        loaded: dict[str, Any] = json.loads(self.site.events(kind)[-1]["payload"])
        return loaded


Sit = Callable[..., Desk]
