"""How a set of vectors is looked at: the options of ``stats``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ecomdata.errors import UsageError
from ecomdata.vectors.computing import Device
from ecomdata.vectors.matrix import PROCESS

ALL: Final = "all"
MOST_CLUSTERS: Final = 100
_LEAST: Final = 100_000_000
_BESIDE: Final = 130_000_000
"""Bytes that DuckDB, polars and the rows that are drawn take up, beside the search."""
_OF_EACH: Final = 256
"""Vectors for each cluster, of which its centre is made: as many as faiss takes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How to look at vectors; see :func:`ecomdata.stats` for each. ``memory`` is in bytes."""

    neighbours: int
    clusters: int | None
    sample: int | None
    seed: int
    device: Device
    memory: int
    jobs: int | None

    @property
    def search_memory(self) -> str:
        """What a search may hold: all but what labels, samples and their libraries take."""
        return f"{max(self.memory - _BESIDE, PROCESS)}B"

    def fitted_to(self, clusters: int, dim: int) -> int:
        """Vectors that centres are fitted to: 256 for each cluster, in an eighth of the memory at most."""
        room = self.memory // (8 * 4 * max(dim, 1))
        return max(clusters, min(clusters * _OF_EACH, room))

    @property
    def catalog_memory(self) -> str:
        """What DuckDB may hold, beside the process itself."""
        return f"{max(self.memory - PROCESS, _LEAST) // 1_000_000}MB"

    def clusters_of(self, rows: int) -> int:
        """How many clusters so many vectors are divided into: as told, else sqrt(n / 2), from 2 to 100."""
        return self.clusters or min(max(2, round((rows / 2) ** 0.5)), MOST_CLUSTERS)

    def drawn_of(self, rows: int) -> int:
        """How many of so many rows are drawn."""
        return rows if self.sample is None else min(self.sample, rows)


def sample_size(text: str | int) -> int | None:
    """Rows to draw, of a number or ``all`` (None).

    Raises:
        UsageError: it is neither.
    """
    if str(text) == ALL:
        return None
    if not str(text).isascii() or not str(text).isdigit() or not int(text):
        raise UsageError(f"a sample of {text!r} cannot be drawn", hint=f"give a number of rows, or {ALL}")
    return int(text)
