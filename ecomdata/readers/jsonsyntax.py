"""The syntax of JSON, byte by byte: the parts that compiled loops are made of.

They take UTF-8 on trust and everything else not at all. Places are in ``data``, marks are numbers in the
tape that :func:`ecomdata.readers.jsonoutline.outline` makes. None of them makes an array: numba counts who
uses an array, at a cost of several times what is done here, and :func:`inlined` switches that off.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.compiled import inlined

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]

ABSENT, NULL, STRING, NUMBER, BOOLEAN, ARRAY, OBJECT, ESCAPED = range(8)
"""What stands under a key; ESCAPED is a string with escapes in it. A string's place is without its quotes."""

DATA: Final = "Array(uint8, 1, 'C', readonly=True)"
"""The type of bytes in numba's signatures."""

QUOTE, BACKSLASH, COMMA, COLON, MINUS, DOT = 0x22, 0x5C, 0x2C, 0x3A, 0x2D, 0x2E
OPEN, CLOSE, FOLD = 0x7B, 0x7D, 0x20
BRACKET, SMALL_U, ZERO, NINE = 0x5B, 0x75, 0x30, 0x39
_UNESCAPED: Final = np.zeros(256, dtype=np.uint8)
for _name, _meant in zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True):
    _UNESCAPED[_name] = _meant
_WORDS: Final = np.frombuffer(b"nulltruefalseNaNInfinity", dtype=np.uint8).copy()


@inlined
def space(data: Bytes, at: int, end: int) -> int:
    """Behind white space."""
    while (
        at < end and data[at] <= 32 and (data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9)
    ):
        at += 1
    return at


@inlined
def hexadecimal(data: Bytes, at: int) -> int:
    """The number that four hexadecimal digits stand for; -1 where they are none."""
    number = 0
    for place in range(at, at + 4):
        digit = int(data[place])
        if 48 <= digit <= 57:
            digit -= 48
        elif 97 <= digit | 32 <= 102:
            digit = (digit | 32) - 87
        else:
            return -1
        number = number * 16 + digit
    return number


@inlined
def string(data: Bytes, at: int, end: int) -> int:
    """Behind the quote that closes a string whose content starts at ``at``; -1 where there is none."""
    while at < end:
        code = data[at]
        at += 1
        if code == QUOTE:
            return at
        if code < 32:
            return -1
        if code == BACKSLASH:
            if at >= end:
                return -1
            if data[at] == SMALL_U:
                if at + 4 >= end or hexadecimal(data, at + 1) < 0:
                    return -1
                at += 5
            elif _UNESCAPED[data[at]]:
                at += 1
            else:
                return -1
    return -1


@inlined
def digits(data: Bytes, at: int, end: int) -> int:
    """Behind digits."""
    while at < end and ZERO <= data[at] <= NINE:
        at += 1
    return at


@inlined
def word(data: Bytes, at: int, end: int, first: int, last: int) -> int:
    """Behind one of the words, which starts and ends there in all of them; -1 where it does not stand."""
    if at + last - first > end:
        return -1
    for place in range(first, last):
        if data[at + place - first] != _WORDS[place]:
            return -1
    return at + last - first


@inlined
def number(data: Bytes, at: int, end: int) -> int:
    """Behind a number, or -1."""
    if data[at] == MINUS:
        at += 1
        if at < end and data[at] == 0x49:
            return word(data, at, end, 16, 24)
    after = digits(data, at, end)
    if after == at or (data[at] == ZERO and after > at + 1):
        return -1
    if after < end and data[after] == DOT:
        at = after + 1
        after = digits(data, at, end)
        if after == at:
            return -1
    if after < end and data[after] | FOLD == 0x65:
        at = after + 1
        if at < end and (data[at] == MINUS or data[at] == 0x2B):
            at += 1
        after = digits(data, at, end)
        if after == at:
            return -1
    return after


@inlined
def scalar(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Behind null, a boolean or a number (-1: there is none), and what it is."""
    code = data[at]
    if code == 0x6E:
        return word(data, at, end, 0, 4), NULL
    if code == 0x74:
        return word(data, at, end, 4, 8), BOOLEAN
    if code == 0x66:
        return word(data, at, end, 8, 13), BOOLEAN
    if code == 0x4E:
        return word(data, at, end, 13, 16), NUMBER
    if code == 0x49:
        return word(data, at, end, 16, 24), NUMBER
    return number(data, at, end), NUMBER


@inlined
def blank(data: Bytes, at: int, end: int) -> bool:
    """Whether white space alone stands there."""
    return at == end or space(data, at, end) == end


@inlined
def close(data: Bytes, tape: Places, mark: int, last: int) -> tuple[int, int, bool]:
    """Behind a string's marks (-1: it is none), where its closing quote is, and whether it has escapes."""
    at = int(tape[mark + 1])
    if data[at] == QUOTE:
        return mark + 2, at, False
    if data[at] != BACKSLASH:
        return -1, at, False
    after = string(data, tape[mark] + 1, tape[last])
    if after < 0:
        return -1, at, True
    mark += 2
    while tape[mark] < after - 1:
        mark += 1
    return mark + 1, after - 1, True


@inlined
def nest(  # noqa: C901, PLR0911, PLR0912 - a loop: data could exhaust recursion
    data: Bytes, tape: Places, mark: int, last: int, stack: Bytes
) -> int:
    """Behind the marks of an array or object; -1 where it is not JSON, -2 where it is too deep."""
    depth = 0
    stack[0] = data[tape[mark]]
    at = tape[mark] + 1
    end = tape[last]
    mark += 1
    fresh = True
    while mark <= last:
        at = space(data, at, end)
        if data[at] == stack[depth] + 2:  # ] comes two after [ in ASCII, as } after {
            mark += 1
            at += 1
            if depth == 0:
                return mark
            depth -= 1
            fresh = False
            continue
        if not fresh:
            if data[at] != COMMA:
                return -1
            mark += 1
            at = space(data, at + 1, end)
        if stack[depth] == OPEN:
            if data[at] != QUOTE:
                return -1
            mark, at, _ = close(data, tape, mark, last)
            if mark < 0:
                return -1
            at = space(data, at + 1, end)
            if data[at] != COLON:
                return -1
            mark += 1
            at = space(data, at + 1, end)
        fresh = data[at] | FOLD == OPEN
        if fresh:
            depth += 1
            if depth >= len(stack):
                return -2
            stack[depth] = data[at]
            mark += 1
            at += 1
        elif data[at] == QUOTE:
            mark, at, _ = close(data, tape, mark, last)
            if mark < 0:
                return -1
            at += 1
        else:
            at, _ = scalar(data, at, tape[mark])
            if at < 0:
                return -1
    return -1


@inlined
def value(data: Bytes, tape: Places, mark: int, last: int, begin: int, stack: Bytes) -> tuple[int, int, int]:
    """Behind the marks of the value at ``begin`` (-1: none, -2: too deep), where it ends, what it is."""
    code = data[begin]
    if code == QUOTE:
        mark, at, escaped = close(data, tape, mark, last)
        return mark, at + 1, ESCAPED if escaped else STRING
    if code | FOLD == OPEN:
        mark = nest(data, tape, mark, last, stack)
        return mark, tape[mark - 1] + 1 if mark > 0 else 0, OBJECT if code == OPEN else ARRAY
    at, kind = scalar(data, begin, tape[mark])
    if at < 0 or not blank(data, at, tape[mark]):
        return -1, at, kind
    return mark, at, kind


@inlined
def key(data: Bytes, tape: Places, mark: int, last: int, before: int) -> tuple[int, int, int, bool]:
    """Behind the marks of a key and its colon (-1: none are there), the quotes' places, about escapes."""
    start = int(tape[mark])
    if mark + 3 > last or data[start] != QUOTE or not blank(data, before, start):
        return -1, start, start, False
    mark, end, escaped = close(data, tape, mark, last)
    if mark < 0 or mark > last or data[tape[mark]] != COLON or not blank(data, end + 1, tape[mark]):
        return -1, start, end, escaped
    return mark + 1, start, end, escaped


@inlined
def bisected(places: Places, at: int) -> int:
    """How many places, which are in order, are before one."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        if places[middle] < at:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def unescape(data: Bytes, at: int, end: int, out: Bytes, to: int) -> int:
    """Write what a string means, and return where that ends; -1 where it is half a character."""
    while at < end:
        code = int(data[at])
        at += 1
        if code != BACKSLASH:
            out[to] = code
            to += 1
            continue
        named = data[at]
        at += 1
        if named != SMALL_U:
            out[to] = _UNESCAPED[named]
            to += 1
            continue
        code = hexadecimal(data, at)
        at += 4
        if 0xD800 <= code < 0xE000:
            if code >= 0xDC00 or at + 6 > end or data[at] != BACKSLASH or data[at + 1] != SMALL_U:
                return -1
            low = hexadecimal(data, at + 2)
            if not 0xDC00 <= low < 0xE000:
                return -1
            at += 6
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        if code < 0x80:
            out[to] = code
            to += 1
        elif code < 0x800:
            out[to] = 0xC0 | code >> 6
            out[to + 1] = 0x80 | code & 0x3F
            to += 2
        elif code < 0x10000:
            out[to] = 0xE0 | code >> 12
            out[to + 1] = 0x80 | code >> 6 & 0x3F
            out[to + 2] = 0x80 | code & 0x3F
            to += 3
        else:
            out[to] = 0xF0 | code >> 18
            out[to + 1] = 0x80 | code >> 12 & 0x3F
            out[to + 2] = 0x80 | code >> 6 & 0x3F
            out[to + 3] = 0x80 | code & 0x3F
            to += 4
    return to


@inlined
def which(data: Bytes, start: int, end: int, names: Bytes, edges: Ints, guess: int) -> int:
    """The number of the name that stands there, the likeliest tried first; -1 where it is none of them."""
    count = len(edges) - 1
    for turn in range(count):
        number = guess + turn
        if number >= count:
            number -= count
        size = edges[number + 1] - edges[number]
        if size == end - start:
            same = True
            for place in range(size):
                if data[start + place] != names[edges[number] + place]:
                    same = False
                    break
            if same:
                return number
    return -1


@inlined
def apart(data: Bytes, at: int, end: int, comma: bool) -> bool:  # noqa: FBT001
    """Whether white space alone stands there, with one comma in it where there has to be one."""
    at = space(data, at, end)
    if comma:
        if at >= end or data[at] != COMMA:
            return False
        at = space(data, at + 1, end)
    return at == end
