"""To the Hub: what may go there, what it is there, and how it gets there."""

from __future__ import annotations

from ecomdata.publishing.run import Publication, publish

__all__ = ["Publication", "publish"]
