"""To the Hub: what may go there, what it is there, and how it gets there."""

from __future__ import annotations

from ecomdata.cardmaking import Facts
from ecomdata.published import PUBLISHED, Published, PublishedTable
from ecomdata.publishing.content import Card, Content, contents
from ecomdata.publishing.run import Publication, publish

__all__ = [
    "PUBLISHED",
    "Card",
    "Content",
    "Facts",
    "Publication",
    "Published",
    "PublishedTable",
    "contents",
    "publish",
]
