"""A shop whose clicks have dirt in them, a published figure, a rule, and prose."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validating.shops import FIGURE, NAME, RULE, Shop

PROSE = """---
tasks: [recommendation]
task_categories: [tabular-classification]
collection: the log of the shop
covers: {start: 2023-05-01, country: BD}
personal_data: pseudonymous
synthetic_data: false
---

# Clicks

What users of the shop clicked.

## Limitations

- Few.

## Personal data

Do not try to identify anyone.
"""
HOSTILE = "<script>alert(1)</script>|[x](javascript:1)`\x1b[31m"
DIRTY = [
    "3,5,purchase,5,",
    "3,5,purchase,,",
    "3,6,sing,1,",
    "0,1,view,1,",
    *[f"4,{100 + i},cart,2,{HOSTILE}" for i in range(12)],
]
RIGHT = FIGURE.replace("value = 20", "value = 33")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop, loaded: 33 clicks, two rejected ones, one of a test user."""
    made = Shop(tmp_path)
    monkeypatch.setenv("ECOMDATA_LOADERS", str(made.loaders))
    made.say(RIGHT + RULE)
    (made.loaders / "shop.md").write_text(PROSE, encoding="utf-8")
    made.load(DIRTY)
    return made


__all__ = ["HOSTILE", "NAME", "shop"]
