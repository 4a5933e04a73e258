"""Every reader over raw files of every dataset, changed as chance has it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.campaigns.readings import Work, readings, subjects
from tests.campaigns.trials import Scale, Trial
from tests.mutations import mutated

NAME = "fuzz"
PROMISE = (
    "For any bytes a reader gives rows, rejected rows or an error that names the file, within 60 seconds and "
    "4 GB of memory."
)
TIMES: Final = {"short": 4, "full": 60}
BLOCKS: Final = (64, 1000, 1 << 20)
"""Sizes of blocks: small ones cut a file in the middle of everything."""


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Change each file in turn, and read it."""
    work = [
        Work(subject, mutated(data, subject.file, rng), rng.choice(BLOCKS))
        for subject, data in subjects(folder / "raw")
        for _ in range(TIMES[scale])
    ]
    for number, (one, found) in enumerate(zip(work, readings(work, folder / "now"), strict=True)):
        target = f"{type(one.subject.raw.reader).__name__} of {one.subject.dataset}"
        fault = f"{one.subject.file}, change {number}, blocks of {one.size}"
        yield Trial(NAME, target, fault, held=found.held, detail=found.detail)
