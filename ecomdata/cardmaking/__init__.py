"""Cards: what people and machines are told of a dataset before they use it."""

from __future__ import annotations

from ecomdata.cardmaking.prose import Prose, read_prose

__all__ = ["Prose", "read_prose"]
