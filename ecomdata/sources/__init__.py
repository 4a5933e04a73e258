"""Finding, downloading and opening raw files: a source becomes a plan of raw files."""

from __future__ import annotations

from ecomdata.sources.find import make_plan
from ecomdata.sources.matching import inside_archive, matches_tail
from ecomdata.sources.plan import (
    NothingFoundError,
    Plan,
    describe,
    fetching,
    needs_confirmation,
    require_space,
)
from ecomdata.sources.scratch import clear_scratch

__all__ = [
    "NothingFoundError",
    "Plan",
    "clear_scratch",
    "describe",
    "fetching",
    "inside_archive",
    "make_plan",
    "matches_tail",
    "needs_confirmation",
    "require_space",
]
