"""Cards: what people and machines are told of a dataset before they use it."""

from __future__ import annotations

from ecomdata.cardmaking.checking import check_readme
from ecomdata.cardmaking.making import CARD, Facts, make_card
from ecomdata.cardmaking.notes import kept_notes, shown_pictures
from ecomdata.cardmaking.people import recorded
from ecomdata.cardmaking.prose import Prose, read_prose
from ecomdata.cardmaking.writing import CardFiles, card, default_folder

__all__ = [
    "CARD",
    "CardFiles",
    "Facts",
    "Prose",
    "card",
    "check_readme",
    "default_folder",
    "kept_notes",
    "make_card",
    "read_prose",
    "recorded",
    "shown_pictures",
]
