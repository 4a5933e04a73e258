"""What a search for duplicates in a loaded dataset gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from ecomdata.duplicates.counting import Group


@dataclass(frozen=True, slots=True)
class Deduplication:
    """What :func:`dedup` found, and did.

    Attributes:
        dataset: The dataset's name.
        release: The release that was looked at.
        table: The table.
        column: The column of texts.
        options: How they were compared.
        texts: Rows that were compared; with another table, those of both.
        empty: Rows of them without a text; they are nobody's duplicate.
        clusters: Clusters, or with sides, rows that others are duplicates of.
        removed: Rows of the table that go, or would.
        stopped: Sources and categories that would lose more than may go; then nothing is applied.
        recall: The share of pairs right at the threshold that are found, on average.
        device: What it was computed on.
        folder: Holds pairs.parquet, clusters.parquet, counts.parquet and summary.json.
        applied: The release that was made without the rows, or empty.
        seconds: How long the search took.
    """

    dataset: str
    release: str
    table: str
    column: str
    options: dict[str, object]
    texts: int
    empty: int
    clusters: int
    removed: int
    stopped: tuple[Group, ...]
    recall: float
    device: str
    folder: str
    applied: str
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values, the counts by source and category with them."""
        counts = pl.read_parquet(Path(self.folder) / "counts.parquet", glob=False).to_dicts()
        stopped = [{**asdict(group), "share": group.share} for group in self.stopped]
        return {**asdict(self), "stopped": stopped, "counts": counts}
