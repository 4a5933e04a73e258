"""The declarations a loader is made of. All are frozen, and checked when they are made."""

from ecomdata.declare.checking import DeclarationError
from ecomdata.declare.dataset import Access, Dataset, Sampler, View
from ecomdata.declare.tables import Normalize, Raw, Table
from ecomdata.declare.terms import PASSING_ON, Licence, Source

__all__ = [
    "PASSING_ON",
    "Access",
    "Dataset",
    "DeclarationError",
    "Licence",
    "Normalize",
    "Raw",
    "Sampler",
    "Source",
    "Table",
    "View",
]
