"""Whether the numbers in a Parquet file can be true: each is checked against the file and the others.

Readers of Parquet believe counts and sizes and set memory aside for them; some end the process when there is
none. Only footer and page headers are read here, no data. Source: https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Final, NamedTuple, cast

from ecomdata.foreign.thrift import Reader, Struct, TooShortError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

LARGEST_PAGE: Final = 256 << 20
"""Bytes of a decompressed page. Writers make pages of 1 MB, DuckDB up to 100 MB."""

LARGEST_FOOTER: Final = 64 << 20
"""Bytes of a footer; 100,000 column chunks take some 10 MB."""

NOT_WHOLE: Final = "not a whole Parquet file ({})"
"""How a message goes on after the file's name."""

DEEPEST_COLUMN: Final = 64
"""How deep a column may lie in structs and lists."""

_MAGIC_BYTES: Final = 4
_HEADER: Final = 1 << 12
_LARGEST_HEADER: Final = 1 << 20
_HEADERS_SHARE: Final = 1 << 16
"""Bytes that a column chunk's own sum may be off by: some writers leave page headers out of it."""
_DATA_PAGE: Final = 0
_INDEX_PAGE: Final = 1
_DICTIONARY_PAGE: Final = 2
_DATA_PAGE_V2: Final = 3
_COUNT_IN: Final = {_DATA_PAGE: 5, _DICTIONARY_PAGE: 7, _DATA_PAGE_V2: 8}
"""Kind of page -> field of its header that begins with the number of values."""


class UnsoundError(Exception):
    """A number in the file cannot be true."""


class Chunk(NamedTuple):
    """Where the pages of one column of a row group lie, and what the footer says of them.

    Attributes:
        name: The column, for messages.
        start: The byte at which its first page begins.
        end: The byte after its last page.
        values: How many it has, nulls too.
        unpacked: Bytes of its pages when they are decompressed.
        packed: Whether they are compressed.
        first: The row group's first row, counted from 1.
        last: Its last row.
    """

    name: str
    start: int
    end: int
    values: int
    unpacked: int
    packed: bool
    first: int = 0
    last: int = 0


def chunks(metadata: pq.FileMetaData, end: int) -> list[Chunk]:
    """The column chunks, in the order they lie in the file; ``end`` is where the footer begins.

    Raises:
        UnsoundError: counts do not agree, or a chunk is not in the file, or lies over another one.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    if any(group.num_rows < 0 for group in groups):
        raise UnsoundError("a row group has fewer than 0 rows")
    total = sum(group.num_rows for group in groups)
    if total != metadata.num_rows:
        raise UnsoundError(f"{metadata.num_rows:,} rows are claimed, its row groups have {total:,}")
    columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
    if any(column.path.count(".") >= DEEPEST_COLUMN for column in columns):
        raise UnsoundError(f"a column lies more than {DEEPEST_COLUMN} deep")
    types = [column.physical_type for column in columns]
    flat = [column.max_repetition_level == 0 for column in columns]
    found: list[Chunk] = []
    row = 0
    for group in groups:
        first, row = row + 1, row + group.num_rows
        for number in range(group.num_columns):
            chunk = group.column(number)
            if chunk.physical_type != types[number]:
                raise UnsoundError(f"a column of {types[number]} has pages of {chunk.physical_type}")
            one = _chunk(chunk, group.num_rows if flat[number] else -1, end)
            found.append(one._replace(first=first, last=row))
    found.sort(key=lambda chunk: (chunk.start, chunk.end))
    for one, other in pairwise(found):
        if other.start < one.end and other.end > other.start:
            raise UnsoundError(f"the pages of {one.name} and {other.name} lie over each other")
    return found


def _chunk(column: pq.ColumnChunkMetaData, rows: int, end: int) -> Chunk:
    name = repr(column.path_in_schema[:60])
    if column.file_path:
        raise UnsoundError(f"{name} is said to be in another file")
    if column.num_values < 0 or 0 <= rows != column.num_values:
        raise UnsoundError(f"{name} has {column.num_values:,} values for {rows:,} rows")
    data = start = column.data_page_offset
    if column.has_dictionary_page and column.dictionary_page_offset:
        start = min(start, column.dictionary_page_offset)
    size = column.total_compressed_size
    if size < 0 or column.total_uncompressed_size < 0:
        raise UnsoundError(
            f"{name} has pages of {size:,} bytes, of {column.total_uncompressed_size:,} unpacked"
        )
    if size and not _MAGIC_BYTES <= start <= data < start + size <= end:
        raise UnsoundError(
            f"{name} has pages at byte {min(start, data):,} to {max(data, start + size):,} of {end:,}"
        )
    if column.num_values and not size:
        raise UnsoundError(f"{name} has {column.num_values:,} values and no pages")
    packed = column.compression != "UNCOMPRESSED"
    return Chunk(name, start, start + size, column.num_values, column.total_uncompressed_size, packed)


def check_pages(stream: IO[bytes], chunk: Chunk) -> None:
    """Go from page header to page header of a column chunk.

    Raises:
        UnsoundError: a page is larger than it can be, or their values are not as many as the footer says.
    """
    values = unpacked = 0
    for kind, size, count in _pages(stream, chunk):
        unpacked += size
        if kind == _DICTIONARY_PAGE and not 0 <= count <= size:
            raise UnsoundError(f"{chunk.name} has a dictionary of {count:,} values in {size:,} bytes")
        if kind in {_DATA_PAGE, _DATA_PAGE_V2}:
            if count < 0:
                raise UnsoundError(f"{chunk.name} has a page of {count:,} values")
            values += count
    if values != chunk.values:
        raise UnsoundError(f"{chunk.name} has {values:,} values in its pages, {chunk.values:,} are claimed")
    if unpacked > chunk.unpacked + _HEADERS_SHARE:
        raise UnsoundError(f"{chunk.name} unpacks to {unpacked:,} bytes, {chunk.unpacked:,} are claimed")


def _pages(stream: IO[bytes], chunk: Chunk) -> Iterator[tuple[int, int, int]]:
    """Kind, decompressed bytes and values of each page."""
    at = chunk.start
    while at < chunk.end:
        header, length = _header(stream, at, chunk)
        kind, unpacked, packed = (_number(header, field, chunk) for field in (1, 2, 3))
        if kind not in {_INDEX_PAGE, *_COUNT_IN}:
            raise UnsoundError(f"{chunk.name} has a page of kind {kind}, which there is not")
        at += length + packed
        if packed < 0 or at > chunk.end:
            raise UnsoundError(f"{chunk.name} has a page of {packed:,} bytes, more than its pages have")
        if not 0 <= unpacked <= LARGEST_PAGE or (not chunk.packed and unpacked != packed):
            raise UnsoundError(f"{chunk.name} has a page that unpacks from {packed:,} to {unpacked:,} bytes")
        yield kind, unpacked, 0 if kind == _INDEX_PAGE else _count(header, _COUNT_IN[kind], chunk)


def _count(header: Struct, field: int, chunk: Chunk) -> int:
    inner = header.get(field)
    if not isinstance(inner, dict):
        raise UnsoundError(f"{chunk.name} has a page that does not say how many values it has")
    return _number(cast("Struct", inner), 1, chunk)


def _number(header: Struct, field: int, chunk: Chunk) -> int:
    number = header.get(field)
    if type(number) is not int:
        raise UnsoundError(f"{chunk.name} has a page header without the number in field {field}")
    return number


def _header(stream: IO[bytes], at: int, chunk: Chunk) -> tuple[Struct, int]:
    """The page header at a place, and its bytes."""
    for most in (_HEADER, _LARGEST_HEADER):
        stream.seek(at)
        reader = Reader(stream.read(min(most, chunk.end - at)))
        try:
            return reader.struct(), reader.at
        except TooShortError:
            continue
        except ValueError as error:
            raise UnsoundError(f"{chunk.name} has no page header at byte {at:,}: {error}") from error
    raise UnsoundError(f"{chunk.name} has a page header at byte {at:,} that does not end")
