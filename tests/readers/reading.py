"""How the tests read a file: every block, numbered as a load numbers them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from ecomdata.columns import Columns
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Reader, no_rejections


class Read(NamedTuple):
    """What a reader made of a file; row numbers count from 1."""

    frame: pl.DataFrame
    rows: list[int]
    raws: list[str]
    rejected: pl.DataFrame
    dropped: Counter[str]
    blocks: int

    @property
    def numbered(self) -> list[tuple[Any, ...]]:
        """Rows, each after its number."""
        return [(row, *values) for row, values in zip(self.rows, self.frame.rows(), strict=True)]

    @property
    def reasons(self) -> list[tuple[int, list[str]]]:
        """Row numbers of rejected rows, and why they were."""
        return self.rejected.select("row", "reasons").rows()


def read(path: Path, reader: Reader, columns: Columns) -> Read:
    """Read a whole file, and check what holds for every reader: no row is lost, sizes add up."""
    file = RawFile.on_disk(path)
    reader.check(file, columns)
    frames, rejected, rows, raws = [pl.DataFrame(schema=columns.dtypes)], [no_rejections()], [], []
    dropped: Counter[str] = Counter()
    offset, size, count = 1, 0, 0
    for block in reader.blocks(file, columns):
        batch = block.parse()
        places = range(batch.frame.height) if batch.rows is None else batch.rows
        rows += [offset + place for place in places]
        raws += batch.raw(range(batch.frame.height))
        frames.append(batch.frame)
        rejected.append(batch.rejected.with_columns(pl.col("row") + offset))
        dropped.update(batch.dropped)
        offset, size, count = offset + batch.span, size + block.size, count + 1
    assert size <= file.size
    return Read(pl.concat(frames), rows, raws, pl.concat(rejected), dropped, count)
