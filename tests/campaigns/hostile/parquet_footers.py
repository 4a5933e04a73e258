"""Parquet whose footer or page headers claim rows, values, sizes and places that the file does not have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ecomdata.readers import Parquet
from tests import crafted
from tests.campaigns.readings import Work, readings, subjects
from tests.campaigns.trials import Scale, Trial

NAME = "parquet_footers"
PROMISE = (
    "A Parquet file that cannot be what it says is refused by name, within 60 s and 4 GB of memory, and ends "
    "no process but the one that looks through it first."
)
SHORT: Final = 12


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every crafted file in place of each kind of Parquet file there is."""
    for subject, data in subjects(folder / "raw", Parquet):
        if not subject.file.endswith(".parquet"):
            continue
        files = list({**crafted.footers(data), **crafted.page_headers(data)}.items())
        if scale == "short":
            files = rng.sample(files, SHORT)
        work = [Work(subject, made(), 1 << 20) for _, made in files]
        for (what, _), found in zip(files, readings(work, folder / "now"), strict=True):
            held = found.held and found.refused
            yield Trial(
                NAME, f"Parquet of {subject.dataset}", what, held=held, detail=found.detail or "it was read"
            )
