"""The toy shop as a folder of a user's own, with a validation file that each test writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

import ecomdata as ed
from tests.toys import TOYSHOP, good_clicks, write_clicks

NAME = "shop/clicks"
FIGURE = """
[[published]]
dataset = "shop/clicks"
source = "https://example.org/clicks"
mark = "confirmed"
figures = [{ name = "clicks", sql = "SELECT count(*) FROM events", value = 20 }]
"""
DEAR = "SELECT user_id, item_id, price FROM events WHERE event = 'purchase' AND price < 100"


def ruled(sql: str, name: str = "a purchase is dear") -> str:
    """A rule of severity error on the events."""
    return f"""
[[rules]]
dataset = "shop/clicks"
table = "events"
name = "{name}"
severity = "error"
source = "the shop's owner"
sql = {json.dumps(sql)}
"""


RULE = ruled(DEAR)


class Shop:
    """A folder with the shop's loader; ``say`` writes its validation file, ``load`` loads clicks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loaders = folder / "mine"
        self.loaders.mkdir()
        shutil.copy(TOYSHOP / "shop.py", self.loaders)

    def say(self, text: str) -> None:
        """Write the validation file."""
        (self.loaders / "shop.toml").write_text(text, encoding="utf-8")

    def load(self, lines: Sequence[str] = (), **options: object) -> None:
        """Load twenty good clicks, and then these lines."""
        raw = write_clicks(self.folder / "raw", [*good_clicks(20), *lines])
        ed.load(NAME, source=raw, **options)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose datasets are known, in this process and in those it starts."""
    made = Shop(tmp_path)
    monkeypatch.setenv("ECOMDATA_LOADERS", str(made.loaders))
    return made
