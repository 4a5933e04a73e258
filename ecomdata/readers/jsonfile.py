"""A file that is one JSON array of flat objects, of which only some keys are known.

The keys a dataset declares become columns; all the others go into one column as the JSON that stood in
the file, letter for letter, so that nothing of an object is lost or guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import IO, Final

import polars as pl

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block
from ecomdata.readers.exact import Record, rejected_frame
from ecomdata.readers.textblocks import BLOCK_SIZE, MAX_RECORD, decode

_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[\[\]{},]', re.DOTALL)
"""A string (group 1 is empty where it is not closed), a bracket or a comma."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SPACES: Final = b" \t\r\n"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_HEAD: Final = 64
"""Bytes in which the array has to open."""
_HEAD_RECORDS: Final = 100

Members = dict[str, tuple[str, str]]
"""Key -> how the key and its value are spelt in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFile:
    """A reader of one JSON array of objects. Rows are numbered by their place in the array, from 1.

    Every declared column is text: a JSON string as its content, and null where the key is absent or null.

    Attributes:
        rest: The declared column that takes every key that is not declared, as a JSON object; null where
            there is none.
        verbatim: Declared keys whose value stays JSON as it is spelt in the file, whatever its type
            (null where the key is absent, ``null`` where the file says so).
        keep_partial: Whether a file that breaks off gives the rows before that place, and what is left as
            one row more, which is rejected unless it happens to be whole; else it is an error.
        block_size: Bytes read at a time.
    """

    rest: str
    verbatim: tuple[str, ...] = ()
    keep_partial: bool = False
    block_size: int = BLOCK_SIZE

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check that the first objects have the required keys between them."""
        with file.open() as stream:
            first = next(self._arrays(stream, file.name), list[bytes]())
        keys: dict[str, None] = {}
        for element in islice(first, _HEAD_RECORDS):
            found = _members(decode(element)[0])
            if isinstance(found, dict):
                keys.update(dict.fromkeys(found))
        missing = [name for name in columns.required if name != self.rest and name not in keys]
        if missing and first:
            extra = [key for key in keys if key not in columns.names]
            raise DriftError(file.name, found=list(keys), missing=missing, extra=extra)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the first objects, then yield blocks of whole ones."""
        self.check(file, columns)

        def rest() -> Iterator[Block]:
            with file.open() as stream:
                for elements in self._arrays(stream, file.name):
                    yield Block(sum(map(len, elements)), partial(self._parse, elements, columns))

        return rest()

    def _arrays(self, stream: IO[bytes], where: str) -> Iterator[list[bytes]]:
        return _arrays(stream, where, self.block_size, keep_partial=self.keep_partial)

    def _parse(self, elements: Sequence[bytes], columns: Columns) -> Batch:
        good: list[Record] = []
        values: list[list[str | None]] = []
        rejected: list[tuple[Record, list[str]]] = []
        unverified: set[str] = set()
        for row, element in enumerate(elements):
            text, problem = decode(element)
            record = Record(row, text, element, problem)
            found = problem or _members(text)
            fields, reasons = ([], [found]) if isinstance(found, str) else self._fields(found, columns)
            if reasons:
                rejected.append((record, reasons))
            else:
                good.append(record)
                values.append(fields)
                unverified.update(found)
        return Batch(
            frame=pl.DataFrame(values, schema=columns.dtypes, orient="row"),
            span=len(elements),
            raw=lambda positions: [good[p].text for p in positions],
            rows=pl.Series([record.row for record in good], dtype=pl.Int64),
            rejected=rejected_frame(rejected),
            unverified=frozenset(unverified.difference(columns.names)),
        )

    def _fields(self, members: Members, columns: Columns) -> tuple[list[str | None], list[str]]:
        """The declared columns of an object, and why they cannot be had."""
        fields: list[str | None] = []
        reasons: list[str] = []
        for name in columns.names:
            if name == self.rest:
                others = (": ".join(pair) for key, pair in members.items() if key not in columns.names)
                joined = ", ".join(others)
                fields.append(f"{{{joined}}}" if joined else None)
            elif name not in members or name in self.verbatim:
                fields.append(members[name][1] if name in members else None)
            else:
                value: object = json.loads(members[name][1])
                usable = value is None or (isinstance(value, str) and not _SURROGATE.search(value))
                if not usable:
                    reasons.append(f"{name}: {members[name][1][:60]!r} is not text")
                fields.append(value if isinstance(value, str) else None)
        return fields, reasons


class _Scanner:
    """Cuts an array into its elements as its bytes come, without spaces around them.

    ``held`` is what is not cut yet, and ``offset`` where in the file it starts.
    """

    def __init__(self, head: bytes, begin: int) -> None:
        self.held = head[begin:]
        self.offset = begin
        self.depth = 1
        self._position = 0

    def take(self) -> list[bytes]:
        """The elements that are whole."""
        found: list[bytes] = []
        begin, resume = 0, len(self.held)
        for token in _TOKEN.finditer(self.held, self._position):
            mark = token[0][:1]
            if mark == b'"' and not token[1]:
                resume = token.start()
                break
            self.depth += (mark in b"[{") - (mark in b"]}")
            if (mark == b"," and self.depth == 1) or not self.depth:
                found.append(self.held[begin : token.start()].strip(_SPACES))
                begin = token.end()
                if not self.depth:
                    break
        self.held, self.offset, self._position = self.held[begin:], self.offset + begin, resume - begin
        return found


def _arrays(stream: IO[bytes], where: str, size: int, *, keep_partial: bool) -> Iterator[list[bytes]]:
    """The elements of the array, as many at a time as ``size`` bytes hold.

    Raises:
        DataError: the file is no JSON array, ends before the array does, or goes on after it.
    """
    head = stream.read(max(size, _HEAD))
    scanner = _Scanner(head, _opening(head, where))
    count = 0
    while True:
        found = scanner.take()
        if not scanner.depth and not found[-1]:
            found.pop()  # an empty array, or a comma after the last object
        count += len(found)
        if found:
            yield found
        if not scanner.depth:
            _nothing_more(scanner.held, stream, where, scanner.offset)
            return
        piece = stream.read(size)
        if not piece and keep_partial:
            left = scanner.held.strip(_SPACES)
            yield [left] if left else []
            return
        if not piece or len(scanner.held) > MAX_RECORD:
            raise _unfinished(where, scanner.offset, count, at_end=not piece)
        scanner.held += piece


def _opening(head: bytes, where: str) -> int:
    """Where the array's content starts."""
    match = re.match(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[", head)
    if match is None:
        raise DataError(
            f"{where} is not a JSON array: it starts with {head[:20]!r}",
            hint="load the file as upstream released it, one JSON array of objects in UTF-8",
        )
    return match.end()


def _unfinished(where: str, offset: int, count: int, *, at_end: bool) -> DataError:
    last = f"object {count:,} is the last whole one" if count else "not one object is whole"
    what = "the file ends before its array does" if at_end else f"an object of over {MAX_RECORD:,} bytes"
    return DataError(
        f"{where}: {what}; {last}, what follows it starts at byte {offset:,}",
        hint="get the file again; its download may have stopped early",
    )


def _nothing_more(held: bytes, stream: IO[bytes], where: str, offset: int) -> None:
    while held:
        if held.strip(_SPACES):
            raise DataError(
                f"{where}: there is more after the end of the array, at byte {offset:,}: {held[:20]!r}",
                hint="load the file as upstream released it, one JSON array",
            )
        offset += len(held)
        held = stream.read(BLOCK_SIZE)


_DECODER: Final = json.JSONDecoder()
"""Takes NaN and Infinity, too: files that Python wrote have them, and they are kept as they are spelt."""


def _members(text: str) -> Members | str:
    """The members of an object, each as it is spelt; or why there are none."""
    try:
        if not text.startswith("{"):
            value: object = _DECODER.decode(text)
            return f"a JSON {type(value).__name__} instead of an object"
        return _object(text)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"


def _object(text: str) -> Members:
    members: Members = {}
    at = _after_space(text, 1)
    while text[at : at + 1] != "}":
        if members:
            at = _expect(text, at, ",")
        key, key_end = _value(text, at)
        if not isinstance(key, str):
            raise json.JSONDecodeError("a key is not text", text, at)
        if key in members:
            raise ValueError(f"key {key!r} stands twice")
        start = _expect(text, _after_space(text, key_end), ":")
        _, end = _value(text, start)
        members[key] = (text[at:key_end], text[start:end])
        at = _after_space(text, end)
    if _after_space(text, at + 1) != len(text):
        raise json.JSONDecodeError("text after the object", text, at + 1)
    return members


def _value(text: str, at: int) -> tuple[object, int]:
    value: tuple[object, int] = _DECODER.raw_decode(text, at)
    return value


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"no {mark!r}", text, at)
    return _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
