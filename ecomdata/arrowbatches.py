"""Rows of DuckDB's answers as Arrow batches that are bounded in bytes, however wide the rows are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

FEW_ROWS: Final = 2_048
"""To ask DuckDB for at a time, which is one vector of its own. It counts no bytes: of 100,000 rows with long
texts it makes gigabytes, and fails where those of one column come to 2 GiB."""

_MOST_BYTES: Final = 32 << 20


def gathered(batches: Iterable[pa.RecordBatch], most_rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of ``most_rows``, or of fewer where those come to 32 MiB."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        if waiting and (rows + batch.num_rows > most_rows or size + batch.nbytes > _MOST_BYTES):
            yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
            waiting = []
            rows = size = 0
        waiting.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
    if waiting:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
