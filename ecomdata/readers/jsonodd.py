"""What is odd in a JSON array: what stands between its elements, and why an element is no object."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, cast

from ecomdata.readers.textblocks import decode

SPACE: Final = b" \t\r\n"
HALF: Final = "not JSON that can be kept: half a character stands in it"
_DEEP: Final = "not JSON that can be kept: it is nested too deep"
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[^",]+|.', re.DOTALL)
_KEY: Final = re.compile(rb'[ \t\r\n]*+(,?)[ \t\r\n]*+("(?:[^"\\]|\\.)*")[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_TYPES: Final[dict[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
}

Odd = list[tuple[int, int, str]]
"""Pieces of an array in order: start, end, and why it is no object (empty for those to be parsed)."""


class _Members(list[tuple[str, object]]):
    """An object as its members."""


def explained(raw: bytes) -> str:
    """Why some bytes are no JSON object that can be kept."""
    text, problem = decode(raw)
    if problem:
        return problem.replace("of the line", "of it")
    try:
        value: object = json.loads(text, object_pairs_hook=_Members)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at character {error.pos + 1} of it"
    except RecursionError:
        return _DEEP
    if not isinstance(value, _Members):
        return f"a JSON {_TYPES.get(type(value), 'null')} instead of an object"
    twice = [key for key, count in Counter(key for key, _ in value).items() if count > 1]
    return f"key {twice[0]!r} stands twice" if twice else _DEEP


def key_text(spelt: bytes) -> str:
    """A key as text, half characters in hexadecimal."""
    key = cast("str", json.loads(spelt))
    return key.encode(errors="backslashreplace").decode()


def between(
    data: bytes, span: tuple[int, int], whole: list[tuple[int, int]], *, first: bool, last: bool
) -> Odd:
    """The objects and arrays of an array, and what else stands there.

    Args:
        data: The bytes.
        span: Where the first element may start, and where the last one has ended.
        whole: Where the objects and arrays are.
        first: Whether the array opens where the span starts; else another element stands before.
        last: Whether the array ends where the span does; else another element may follow.
    """
    found: Odd = [(start, end, "") for start, end in whole]
    edges = [span[0], *(edge for pair in whole for edge in pair), span[1]]
    gaps = list(zip(edges[::2], edges[1::2], strict=True))
    for number, (low, high) in enumerate(gaps):
        at_first, at_last = number == 0, number == len(gaps) - 1
        if at_last and not last and not data[low:high].strip(SPACE):
            continue
        found += _loose(data, low, high, first=at_first and first, last=at_last and last, end=at_last)
    return sorted(found)


def _loose(
    data: bytes, low: int, high: int, *, first: bool, last: bool, end: bool
) -> Iterator[tuple[int, int, str]]:
    """The scalars between two objects, and what is amiss there."""
    pieces: list[tuple[int, int]] = []
    begin = low
    for token in _TOKEN.finditer(data, low, high):
        if token.group() == b",":
            pieces.append((begin, token.start()))
            begin = token.end()
    pieces.append((begin, high))
    only = len(pieces) == 1
    if only and not first and not end and not data[low:high].strip(SPACE):
        yield low, low, "a comma is missing before it"
        return
    for place, (begin, stop) in enumerate(pieces):
        text = data[begin:stop]
        start = begin + len(text) - len(text.lstrip(SPACE))
        inner = text.strip(SPACE)
        beside = (place == 0 and not first) or (place == len(pieces) - 1 and not last)
        if inner:
            why = "text stands beside an element" if beside else explained(inner)
            yield start, start + len(inner), why
        elif not beside and not (only and first and last):
            yield begin, begin, "nothing stands beside a comma"


def keyed(
    data: bytes, end: int, whole: list[tuple[int, int]], *, first: bool
) -> tuple[Odd, tuple[bytes, ...]]:
    """The elements of an object of objects, and the key of each; what else stands between is odd."""
    keys: list[bytes] = []
    found: Odd = []
    before = 0
    for start, close in whole:
        match = _KEY.fullmatch(data, before, start)
        if match is None or bool(match[1]) == (first and not found):
            found.append((before, close, "not one key and a colon stand before it"))
        else:
            found.append((start, close, ""))
        keys.append(match[2] if match else b"null")
        before = close
    if data[before:end].strip(SPACE):
        found.append((before, end, "no object stands under a key"))
        keys.append(b"null")
    return found, tuple(keys)


def stands_under(data: bytes, key: str, at: int, start: int) -> bool:
    """Whether a key and a colon stand before a value, in a broken object that starts at ``start``."""
    before = data[start:at].rstrip(SPACE).removesuffix(b":").rstrip(SPACE)
    return before.endswith(b'"' + key.encode() + b'"')
