"""Writing a file of the store anew for the Hub: cut into row groups and pages by content, with a page index.

Rows, order and types stay. Why, and what it costs: docs/decisions/0016-copies-for-the-hub.md.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ecomdata.publishing.cutting import row_groups

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Change = Callable[["pa.Table"], "pa.Table"]
"""Rows -> the rows to write in their place, as many and of the same types."""
OnRows = Callable[[int, int], None]
"""Hears (rows, bytes of the source) of each row group; may raise to stop."""

_VERSION: Final = 1
"""To be raised when the same libraries shall write other bytes."""
_ZSTD_LEVEL: Final = 3
_CHUNKS: Final = {"min_chunk_size": 64 << 10, "max_chunk_size": 256 << 10, "norm_level": 0}
"""Bytes of values in a page. With pyarrow's 256 KiB to 1 MiB a column of a row group is hardly cut at all."""


def recipe() -> dict[str, object]:
    """All that the bytes of a rewritten file depend on, besides the source."""
    libraries = {"pyarrow": version("pyarrow"), "polars": version("polars")}
    return {"version": _VERSION, **libraries, "zstd": _ZSTD_LEVEL, "chunks": _CHUNKS}


def layout_words(copied: int, files: int) -> str:
    """What a published dataset says of its files."""
    if not copied:
        return "The files are those of the publisher's store, byte for byte."
    which = "The files were" if copied == files else f"{copied:,} of {files:,} files were"
    return (
        f"{which} written for the Hub by pyarrow {version('pyarrow')}, with row groups and "
        "pages cut by content, and a page index; rows, order and types are those of the publisher's store."
    )


def rewrite(source: Path, target: Path, change: Change | None, on_rows: OnRows) -> int:
    """Write the rows of a file into another, bring it to disk, and return how many there are.

    Args:
        source: Parquet that the store wrote.
        target: Where to.
        change: Changes the rows of a row group.
        on_rows: Hears of progress.
    """
    import pyarrow.parquet as pq

    parquet: Any = pq  # its stubs do not know all options
    with parquet.ParquetFile(source) as file:
        metadata = file.metadata
        options = {
            "compression": "zstd",
            "compression_level": _ZSTD_LEVEL,
            "use_dictionary": _with_dictionary(metadata) or False,
            "use_content_defined_chunking": _CHUNKS,
            "write_page_index": True,
        }
        with parquet.ParquetWriter(target, file.schema_arrow, **options) as writer:
            for group in row_groups(_read(file, change, on_rows), _rows_of_a_group(metadata)):
                writer.write_table(group, row_group_size=group.num_rows)
    with target.open("rb") as written:
        os.fsync(written.fileno())
    return int(metadata.num_rows)


def _read(file: Any, change: Change | None, on_rows: OnRows) -> Iterator[pa.Table]:  # noqa: ANN401 - see above
    """The rows of each row group, changed."""
    for number in range(file.metadata.num_row_groups):
        rows = file.read_row_group(number)
        yield rows if change is None else change(rows)
        on_rows(rows.num_rows, _compressed(file.metadata.row_group(number)))


def _rows_of_a_group(metadata: pq.FileMetaData) -> int:
    """How many rows a row group should have: as many as in the store; a file of a single one stays whole."""
    first = int(metadata.row_group(0).num_rows) if metadata.num_row_groups else 1
    return first if metadata.num_row_groups > 1 else 2 * first


def _with_dictionary(metadata: pq.FileMetaData) -> list[str]:
    """The columns that get a dictionary: those that have one in most row groups of the store.

    pyarrow would try one for every column, which costs a seventh more time and files a fifth larger where
    values hardly repeat. polars never tries one inside lists and structs, so pyarrow does, but for floats.
    """
    have: Counter[str] = Counter()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(metadata.num_columns):
            chunk = group.column(place)
            nested = "." in chunk.path_in_schema and chunk.physical_type not in {"FLOAT", "DOUBLE"}
            have[chunk.path_in_schema] += nested or "RLE_DICTIONARY" in chunk.encodings
    return [path for path, groups in have.items() if 2 * groups >= metadata.num_row_groups]


def _compressed(group: pq.RowGroupMetaData) -> int:
    return sum(group.column(place).total_compressed_size for place in range(group.num_columns))
