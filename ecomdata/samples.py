"""Synthetic raw files in upstream's own layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata.errors import UsageError
from ecomdata.registry import loader, sampler
from ecomdata.store import writing

if TYPE_CHECKING:
    import os


def sample(name: str, folder: str | os.PathLike[str], *, rows: int = 10_000, seed: int = 0) -> list[Path]:
    """Write seeded synthetic raw files, laid out, named and typed as upstream does it.

    Args:
        name: A dataset.
        folder: An empty or new folder.
        rows: Rows of raw data in all.
        seed: The same seed gives the same bytes.

    Returns:
        The files, sorted.

    Raises:
        UsageError: no such dataset, rows below 1, or a folder that holds something.
    """
    dataset = loader(name)
    target = Path(folder)
    if rows < 1:
        raise UsageError(f"rows must be at least 1, not {rows}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not an empty folder", hint="give the name of a new folder")
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        sampler(dataset)(target, rows, seed)
    return sorted(path for path in target.rglob("*") if path.is_file())
