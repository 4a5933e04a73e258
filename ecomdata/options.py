"""The options of a load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ecomdata.threads import default_jobs

DEFAULT_MEMORY: Final = "400MB"
"""What DuckDB may hold for derived tables before it spills to disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to load; see :func:`ecomdata.load` for each."""

    source: str | None = None
    sample: bool = False
    only: str | None = None
    tables: tuple[str, ...] = ()
    limit: int | None = None
    jobs: int = field(default_factory=default_jobs)
    memory: str = DEFAULT_MEMORY
    strict: bool = False
    keep_raw: bool = False
    force: bool = False
    allow_pickle: bool = False
    keep_partial: bool = False
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def shaping(self) -> dict[str, object]:
        """The options that the result depends on."""
        shaping: dict[str, object] = {
            "sample": self.sample,
            "only": self.only,
            "tables": sorted(self.tables),
            "limit": self.limit,
            "strict": self.strict,
        }
        if self.keep_partial:
            shaping["keep_partial"] = True
        if self.aliases:
            shaping["aliases"] = {name: list(found) for name, found in sorted(self.aliases.items())}
        return shaping
