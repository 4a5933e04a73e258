"""Languages: which language texts are in, Bengali in Latin letters included, and what they are written with."""

from ecomdata.languages.detecting import LID_SCHEMA, SCHEMA, detect_languages
from ecomdata.languages.tagging import SHARES, SINGLE, TAGS

__all__ = ["LID_SCHEMA", "SCHEMA", "SHARES", "SINGLE", "TAGS", "detect_languages"]
