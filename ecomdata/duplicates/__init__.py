"""Duplicates and near-duplicates among texts: found, shown, and left out of a new release when asked to.

:mod:`ecomdata.duplicates.searching` looks into what is loaded; this much needs no store.
"""

from ecomdata.duplicates.finding import Duplicates, find_duplicates
from ecomdata.duplicates.lsh import lsh_bands, lsh_recall

__all__ = ["Duplicates", "find_duplicates", "lsh_bands", "lsh_recall"]
