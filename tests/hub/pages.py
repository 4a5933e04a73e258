"""The pages of a Parquet file as bytes, which pyarrow does not show: what chunking leaves unchanged.

A page is preceded by a header in Thrift's compact protocol, of which the third field is the page's size.
Source: https://github.com/apache/parquet-format, PageHeader in parquet.thrift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 12
_INTEGERS: Final = frozenset({4, 5, 6})
_COMPRESSED_SIZE: Final = 3


class _Header:
    """Reads one header; ``at`` is then where the page begins."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self.at = at
        self.compressed = self._struct()[_COMPRESSED_SIZE]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._content[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _struct(self) -> dict[int, int]:
        """The integers among a struct's fields; all else is passed over."""
        found: dict[int, int] = {}
        field = 0
        while (head := self._content[self.at]) & 0xF != _STOP:
            self.at += 1
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            value = self._value(head & 0xF)
            if value is not None:
                found[field] = value
        self.at += 1
        return found

    def _zigzag(self) -> int:
        raw = self._varint()
        return (raw >> 1) ^ -(raw & 1)

    def _value(self, kind: int) -> int | None:
        if kind in _INTEGERS:
            return self._zigzag()
        if kind == _BINARY:
            length = self._varint()
            self.at += length
        elif kind == _STRUCT:
            self._struct()
        elif kind == _LIST:
            raise ValueError("no page header has a list")
        else:
            self.at += {_TRUE: 0, _FALSE: 0, _BYTE: 1, _DOUBLE: 8}[kind]
        return None


def pages(path: Path) -> Iterator[bytes]:
    """The pages of all columns, dictionaries included, without their headers."""
    content = path.read_bytes()
    metadata = pq.read_metadata(path)
    for number in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(number).column(place)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            at = min(start, chunk.data_page_offset)
            end = at + chunk.total_compressed_size
            while at < end:
                header = _Header(content, at)
                at = header.at + header.compressed
                yield content[header.at : at]
            assert at == end, "the pages fill the column"


def new_bytes(before: Path, after: Path) -> tuple[int, int]:
    """Bytes of all pages of ``after``, and of those of them that are not in ``before``."""
    there = Counter(pages(before))
    total = new = 0
    for page in pages(after):
        total += len(page)
        if there[page]:
            there[page] -= 1
        else:
            new += len(page)
    return total, new
