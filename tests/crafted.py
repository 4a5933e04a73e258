"""Parquet files that claim what is not so: an honest one taken apart, changed and put together again.

Structs of Thrift's compact protocol are dicts of field id -> [type, value]; a list is (their type, items).
Field ids are those of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

Struct = dict[int, list[Any]]

I32, I64, DOUBLE, BINARY, LIST, STRUCT = 5, 6, 7, 8, 9, 12
BOOLEANS = (1, 2)
VERSION, SCHEMA, ROWS, GROUPS = 1, 2, 3, 4
META, PATH, CODEC, VALUES, UNPACKED, PACKED, DATA_AT, DICTIONARY_AT = 3, 3, 4, 5, 6, 7, 9, 11
LARGE = (10**6, 2**31 - 1, 2**40, 2**62, -1, -(2**63))


def varint(number: int) -> bytes:
    """Seven bits a byte, the last ones first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _value(kind: int, value: Any) -> bytes:
    if kind in {4, I32, I64}:
        return varint(((value << 1) ^ (value >> 63)) & (2**64 - 1))
    if kind == BINARY:
        return varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return packed(value)
    if kind == LIST:
        inner, items = value
        few = len(items) < 15
        size = bytes([len(items) << 4 | inner]) if few else bytes([0xF0 | inner]) + varint(len(items))
        return size + b"".join(_value(3 if inner in BOOLEANS else inner, item) for item in items)
    return bytes([value]) if kind == 3 else bytes(value)


def packed(fields: Struct) -> bytes:
    """A struct as bytes."""
    out, last = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        step = number - last
        out += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + _value(I32, number)
        out += b"" if kind in BOOLEANS else _value(kind, value)
        last = number
    return bytes(out) + b"\0"


class Unpacking:
    """Reads structs from bytes; ``at`` is where the next one begins."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self.at = data, at

    def struct(self) -> Struct:
        """The struct that begins here."""
        fields: Struct = {}
        last = 0
        while header := self._take(1)[0]:
            last = last + (header >> 4) if header >> 4 else self._integer()
            kind = header & 15
            fields[last] = [kind, None if kind in BOOLEANS else self._value(kind)]
        return fields

    def _value(self, kind: int) -> Any:
        if kind in {4, I32, I64}:
            return self._integer()
        if kind == STRUCT:
            return self.struct()
        if kind == LIST:
            header = self._take(1)[0]
            inner, count = header & 15, header >> 4
            count = self._varint() if count == 15 else count
            return inner, [self._value(3 if inner in BOOLEANS else inner) for _ in range(count)]
        return self._take(self._varint()) if kind == BINARY else self._take({3: 1, DOUBLE: 8}[kind])

    def _integer(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._take(1)[0]) > 127:
            number |= (byte & 127) << shift
            shift += 7
        return number | byte << shift

    def _take(self, size: int) -> bytes:
        self.at += size
        return self._data[self.at - size : self.at]


def taken_apart(data: bytes) -> tuple[bytes, Struct]:
    """What stands before the footer, and the footer."""
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[:start], Unpacking(data, start).struct()


def together(body: bytes, footer: Struct | bytes) -> bytes:
    """A file of them."""
    end = footer if isinstance(footer, bytes) else packed(footer)
    return body + end + len(end).to_bytes(4, "little") + b"PAR1"


def columns(footer: Struct) -> Iterator[Struct]:
    """What the footer says of each column chunk."""
    for group in footer[GROUPS][1][1]:
        for chunk in group[1][1][1]:
            yield chunk[META][1]


class Page(NamedTuple):
    """A page header: where it is, and what it says."""

    start: int
    end: int
    header: Struct


def pages(data: bytes) -> Iterator[Page]:
    """The page headers, in the order of the columns."""
    for column in columns(taken_apart(data)[1]):
        at = column[DICTIONARY_AT if DICTIONARY_AT in column else DATA_AT][1]
        end = at + column[PACKED][1]
        while at < end:
            reader = Unpacking(data, at)
            header = reader.struct()
            yield Page(at, reader.at, header)
            at = reader.at + header[3][1]


def with_footer(data: bytes, change: Callable[[Struct], bytes | None]) -> bytes:
    """The file with its footer changed, or with another one."""
    body, footer = taken_apart(data)
    return together(body, change(footer) or footer)


def with_page(data: bytes, number: int, change: Callable[[Struct], None]) -> bytes:
    """The file with a page header changed, and the footer's offsets with it."""
    page = list(pages(data))[number]
    header = copy.deepcopy(page.header)
    change(header)
    new = packed(header)
    longer = len(new) - (page.end - page.start)
    body, footer = taken_apart(data)
    for column in columns(footer):
        first = column[DICTIONARY_AT if DICTIONARY_AT in column else DATA_AT][1]
        if first <= page.start < first + column[PACKED][1]:
            column[PACKED][1] += longer
        for field in (DATA_AT, DICTIONARY_AT):
            if field in column and column[field][1] > page.start:
                column[field][1] += longer
    return together(body[: page.start] + new + body[page.end :], footer)


def honest(rows: int = 2000, **options: Any) -> bytes:
    """A file of two row groups: integers, texts and lists."""
    table = pa.table(
        {
            "item": pa.array(range(rows), pa.int64()),
            "name": [f"item {i % 50}" for i in range(rows)],
            "days": [[i, i] for i in range(rows)],
        }
    )
    stream = io.BytesIO()
    pq.write_table(table, stream, **{"row_group_size": rows // 2, **options})
    return stream.getvalue()


def rows_set_to(number: int, *, groups: bool = False, values: bool = False) -> Callable[[Struct], None]:
    """Set the number of rows, in the row groups and of values too."""

    def change(footer: Struct) -> None:
        footer[ROWS][1] = number
        for group in footer[GROUPS][1][1] if groups else ():
            group[3][1] = number
        for column in columns(footer) if values else ():
            column[VALUES][1] = number

    return change


def _set_all(field: int, number: int) -> Callable[[Struct], None]:
    """Set a number in what is said of every column chunk."""

    def change(footer: Struct) -> None:
        for column in columns(footer):
            column[field] = [column[field][0] if field in column else I64, number]

    return change


def _nested(depth: int) -> Callable[[Struct], None]:
    """One column in so many structs."""

    def change(footer: Struct) -> None:
        root = footer[SCHEMA][1][1][0]
        root[5] = [I32, 1]
        group = {3: [I32, 0], 4: [BINARY, b"g"], 5: [I32, 1]}
        leaf = {1: [I32, 2], 3: [I32, 0], 4: [BINARY, b"leaf"]}
        footer[SCHEMA][1] = (STRUCT, [root, *[group] * depth, leaf])
        footer.pop(7, None)
        for one in footer[GROUPS][1][1]:
            chunk = one[1][1][1][0]
            chunk[META][1][PATH] = [LIST, (BINARY, [b"g"] * depth + [b"leaf"])]
            one[1][1] = (STRUCT, [chunk])

    return change


def _repeated(count: int) -> Callable[[Struct], None]:
    """One row group so many times."""

    def change(footer: Struct) -> None:
        footer[GROUPS][1] = (STRUCT, footer[GROUPS][1][1][:1] * count)
        footer[ROWS][1] = count * footer[GROUPS][1][1][0][3][1]

    return change


def _elsewhere(footer: Struct) -> None:
    for group in footer[GROUPS][1][1]:
        for chunk in group[1][1][1]:
            chunk[1] = [BINARY, b"/etc/passwd"]


def _nameless(footer: Struct) -> None:
    footer[SCHEMA][1][1][1][4][1] = b"\xff\xfe\0"


def _children(number: int) -> Callable[[Struct], None]:
    def change(footer: Struct) -> None:
        footer[SCHEMA][1][1][0][5] = [I32, number]

    return change


Made = Callable[[], bytes]
"""Makes a file, which takes too long to do for all before one is asked for."""


def footers(data: bytes = b"") -> dict[str, Made]:
    """What is wrong with the footer -> a file, of ``data`` or of ours, that cannot be what it says."""
    data = data or honest()
    start = bytes([0x15, 4])  # version 2
    changes: dict[str, Callable[[Struct], bytes | None]] = {
        **{f"{n} rows": rows_set_to(n) for n in LARGE},
        **{f"{n} rows a row group": rows_set_to(n, groups=True) for n in LARGE},
        **{f"{n} rows and values": rows_set_to(n, groups=True, values=True) for n in LARGE},
        **{f"{n} values a column": _set_all(VALUES, n) for n in LARGE},
        **{f"pages at {n}": _set_all(DATA_AT, n) for n in LARGE},
        **{f"dictionaries at {n}": _set_all(DICTIONARY_AT, n) for n in LARGE},
        **{f"pages of {n} bytes": _set_all(PACKED, n) for n in LARGE},
        **{f"pages of {n} bytes, unpacked": _set_all(UNPACKED, n) for n in (-1, -(2**63))},
        **{f"{n} columns": _children(n) for n in (2**31 - 1, -1, 0)},
        "compressed in a way that is not": _set_all(CODEC, 99),
        "columns of another type": _set_all(1, 1),
        "data in another file": _elsewhere,
        "a name that is not UTF-8": _nameless,
        "a column 90 deep": _nested(90),
        "a column 50,000 deep": _nested(50_000),
        "a row group 2,000 times": _repeated(2000),
        "a list of 2**31 columns": lambda _: start + b"\x19\xfc" + varint(2**31 - 1),
        "a name of 2**31 bytes": lambda _: start + b"\x19\x1c\x48" + varint(2**31 - 1) + b"abc",
        "structs 200,000 deep": lambda _: start + b"\x1c" * 200_000,
        "lists 200,000 deep": lambda _: start + b"\xf9" + b"\x19" * 200_000,
        "a footer of nothing": lambda _: b"\0",
    }
    found: dict[str, Made] = {what: partial(with_footer, data, change) for what, change in changes.items()}
    for length in (len(data), 2**31 - 1, 2**32 - 1):
        found[f"a footer of {length} bytes"] = partial(_ending, data, length)
    return found


def _ending(data: bytes, length: int) -> bytes:
    return data[:-8] + length.to_bytes(4, "little") + b"PAR1"


def page_headers(like: bytes = b"") -> dict[str, Made]:
    """What is wrong with a page header -> a file, with the rows of ``like`` or ours, that cannot be so."""

    def number(path: tuple[int, ...], value: int) -> Callable[[Struct], None]:
        def change(header: Struct) -> None:
            *outer, last = path
            for field in outer:
                header = header[field][1]
            header[last][1] = value

        return change

    found: dict[str, Made] = {}
    for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
        data = _again(like, codec)
        for value in (2**30, 2**31 - 1, -1):
            for field, what in ((2, "when unpacked"), (3, "as it is")):
                page = partial(with_page, data, 0, number((field,), value))
                found[f"a page of {codec}, {value} bytes {what}"] = page
    data = _again(like, "snappy")
    for value in (2**30, 2**31 - 1, -1):
        found[f"a dictionary of {value} values"] = partial(with_page, data, 0, number((7, 1), value))
        found[f"a page of {value} values"] = partial(with_page, data, 1, number((5, 1), value))
    found["a dictionary that is called a data page"] = partial(with_page, data, 0, number((1,), 0))
    found["a page of a kind that is not"] = partial(with_page, data, 0, number((1,), 7))
    return found


def _again(like: bytes, codec: str) -> bytes:
    """Its rows written by pyarrow, in dictionaries."""
    if not like:
        return honest(compression=codec)
    stream = io.BytesIO()
    options: dict[str, Any] = {"compression": codec}
    pq.write_table(pq.read_table(io.BytesIO(like)), stream, **options)
    return stream.getvalue()
