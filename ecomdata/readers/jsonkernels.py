"""JSON, byte by byte: the loops that are compiled. They take UTF-8 on trust and everything else not at all.

Imported where JSON is read, for compiling (once) or loading them takes its time.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.readers.compiled import compiled, inlined

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]

ABSENT, NULL, STRING, NUMBER, BOOLEAN, ARRAY, OBJECT, ESCAPED = range(8)
"""What stands under a key; ESCAPED is a string with escapes in it. A string's place is without its quotes."""

FINE, NOT_JSON, NO_OBJECT, TOO_DEEP, TWICE = range(5)
"""What an object is found to be; TWICE has a wanted key twice."""

DEEPEST: Final = 1000
"""Arrays and objects inside one another."""

_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS, _DOT = 0x22, 0x5C, 0x2C, 0x3A, 0x2D, 0x2E
_OPEN, _CLOSE, _FOLD = 0x7B, 0x7D, 0x20
_BRACKET, _SMALL_U, _ZERO, _NINE = 0x5B, 0x75, 0x30, 0x39
_STEP: Final = 4096
_ONE: Final = np.uint64(1)
_TOP: Final = np.uint64(61)
_BYTES: Final = np.uint64(sum(byte << (61 - 8 * byte) for byte in range(8)))
_UNESCAPED: Final = np.zeros(256, dtype=np.uint8)
for _name, _meant in zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True):
    _UNESCAPED[_name] = _meant
_WORDS: Final = np.frombuffer(b"nulltruefalseNaNInfinity", dtype=np.uint8).copy()


@inlined
def _space(data: Bytes, at: int, end: int) -> int:
    while at < end and data[at] <= 32 and (data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9):
        at += 1
    return at


@inlined
def _hex(data: Bytes, at: int) -> int:
    """The number that four hexadecimal digits stand for; -1 where they are none."""
    number = 0
    for place in range(at, at + 4):
        digit = np.int64(data[place])
        if 48 <= digit <= 57:
            digit -= 48
        elif 97 <= digit | 32 <= 102:
            digit = (digit | 32) - 87
        else:
            return -1
        number = number * 16 + digit
    return number


@inlined
def _string(data: Bytes, at: int, end: int) -> int:
    """Behind the quote that closes a string whose content starts at ``at``; -1 where there is none."""
    while at < end:
        code = data[at]
        at += 1
        if code == _QUOTE:
            return at
        if code < 32:
            return -1
        if code == _BACKSLASH:
            if at >= end:
                return -1
            if data[at] == _SMALL_U:
                if at + 4 >= end or _hex(data, at + 1) < 0:
                    return -1
                at += 5
            elif _UNESCAPED[data[at]]:
                at += 1
            else:
                return -1
    return -1


@inlined
def _digits(data: Bytes, at: int, end: int) -> int:
    while at < end and _ZERO <= data[at] <= _NINE:
        at += 1
    return at


@inlined
def _word(data: Bytes, at: int, end: int, first: int, last: int) -> int:
    if at + last - first > end:
        return -1
    for place in range(first, last):
        if data[at + place - first] != _WORDS[place]:
            return -1
    return at + last - first


@inlined
def _number(data: Bytes, at: int, end: int) -> int:
    """Behind a number, or -1."""
    if data[at] == _MINUS:
        at += 1
        if at < end and data[at] == 0x49:
            return _word(data, at, end, 16, 24)
    after = _digits(data, at, end)
    if after == at or (data[at] == _ZERO and after > at + 1):
        return -1
    if after < end and data[after] == _DOT:
        at = after + 1
        after = _digits(data, at, end)
        if after == at:
            return -1
    if after < end and data[after] | _FOLD == 0x65:
        at = after + 1
        if at < end and (data[at] == _MINUS or data[at] == 0x2B):
            at += 1
        after = _digits(data, at, end)
        if after == at:
            return -1
    return after


@inlined
def _scalar(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Behind null, a boolean or a number (-1: there is none), and what it is."""
    code = data[at]
    if code == 0x6E:
        return _word(data, at, end, 0, 4), NULL
    if code == 0x74:
        return _word(data, at, end, 4, 8), BOOLEAN
    if code == 0x66:
        return _word(data, at, end, 8, 13), BOOLEAN
    if code == 0x4E:
        return _word(data, at, end, 13, 16), NUMBER
    if code == 0x49:
        return _word(data, at, end, 16, 24), NUMBER
    return _number(data, at, end), NUMBER


@inlined
def _blank(data: Bytes, at: int, end: int) -> bool:
    return at == end or _space(data, at, end) == end


@inlined
def _close(data: Bytes, tape: Places, mark: int, last: int) -> tuple[int, int, bool]:
    """Behind a string's marks (-1: it is none), where its closing quote is, and whether it has escapes."""
    at = np.int64(tape[mark + 1])
    if data[at] == _QUOTE:
        return mark + 2, at, False
    if data[at] != _BACKSLASH:
        return -1, at, False
    after = _string(data, tape[mark] + 1, tape[last])
    if after < 0:
        return -1, at, True
    mark += 2
    while tape[mark] < after - 1:
        mark += 1
    return mark + 1, after - 1, True


@inlined
def _nest(data: Bytes, tape: Places, mark: int, last: int, stack: Bytes) -> int:
    """Behind the marks of an array or object; -1 where it is not JSON, -2 where it is too deep."""
    depth = 0
    stack[0] = data[tape[mark]]
    at = tape[mark] + 1
    end = tape[last]
    mark += 1
    fresh = True
    while mark <= last:
        at = _space(data, at, end)
        if data[at] == stack[depth] + 2:  # ] comes two after [ in ASCII, as } after {
            mark += 1
            at += 1
            if depth == 0:
                return mark
            depth -= 1
            fresh = False
            continue
        if not fresh:
            if data[at] != _COMMA:
                return -1
            mark += 1
            at = _space(data, at + 1, end)
        if stack[depth] == _OPEN:
            if data[at] != _QUOTE:
                return -1
            mark, at, _ = _close(data, tape, mark, last)
            if mark < 0:
                return -1
            at = _space(data, at + 1, end)
            if data[at] != _COLON:
                return -1
            mark += 1
            at = _space(data, at + 1, end)
        fresh = data[at] | _FOLD == _OPEN
        if fresh:
            depth += 1
            if depth >= len(stack):
                return -2
            stack[depth] = data[at]
            mark += 1
            at += 1
        elif data[at] == _QUOTE:
            mark, at, _ = _close(data, tape, mark, last)
            if mark < 0:
                return -1
            at += 1
        else:
            at, _ = _scalar(data, at, tape[mark])
            if at < 0:
                return -1
    return -1


@inlined
def _value(data: Bytes, tape: Places, mark: int, last: int, begin: int, stack: Bytes) -> tuple[int, int, int]:
    """Behind the marks of the value at ``begin`` (-1: none, -2: too deep), where it ends, what it is."""
    code = data[begin]
    if code == _QUOTE:
        mark, at, escaped = _close(data, tape, mark, last)
        return mark, at + 1, ESCAPED if escaped else STRING
    if code | _FOLD == _OPEN:
        mark = _nest(data, tape, mark, last, stack)
        return mark, tape[mark - 1] + 1 if mark > 0 else 0, OBJECT if code == _OPEN else ARRAY
    at, kind = _scalar(data, begin, tape[mark])
    if at < 0 or not _blank(data, at, tape[mark]):
        return -1, at, kind
    return mark, at, kind


@inlined
def _key(data: Bytes, tape: Places, mark: int, last: int, before: int) -> tuple[int, int, int, bool]:
    """Behind the marks of a key and its colon (-1: none are there), the quotes' places, about escapes."""
    start = np.int64(tape[mark])
    if mark + 3 > last or data[start] != _QUOTE or not _blank(data, before, start):
        return -1, start, start, False
    mark, end, escaped = _close(data, tape, mark, last)
    if mark < 0 or mark > last or data[tape[mark]] != _COLON or not _blank(data, end + 1, tape[mark]):
        return -1, start, end, escaped
    return mark + 1, start, end, escaped


@inlined
def _unescape(data: Bytes, at: int, end: int, out: Bytes, to: int) -> int:
    """Write what a string means, and return where that ends; -1 where it is half a character."""
    while at < end:
        code = np.int64(data[at])
        at += 1
        if code != _BACKSLASH:
            out[to] = code
            to += 1
            continue
        named = data[at]
        at += 1
        if named != _SMALL_U:
            out[to] = _UNESCAPED[named]
            to += 1
            continue
        code = _hex(data, at)
        at += 4
        if 0xD800 <= code < 0xE000:
            if code >= 0xDC00 or at + 6 > end or data[at] != _BACKSLASH or data[at + 1] != _SMALL_U:
                return -1
            low = _hex(data, at + 2)
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
def _which(data: Bytes, start: int, end: int, names: Bytes, edges: Ints, guess: int) -> int:
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
def _marked(data: Bytes, begin: int, count: int, marks: Bytes) -> None:
    """Put 1 where a byte may matter, 0 where not: a loop without branches, many bytes at once."""
    for place in range(count):
        code = data[begin + place]
        folded = code | np.uint8(_FOLD)
        marks[place] = (
            np.uint8(code == _QUOTE)
            | np.uint8(code == _BACKSLASH)
            | np.uint8(folded == _OPEN)
            | np.uint8(folded == _CLOSE)
            | np.uint8(code == _COMMA)
            | np.uint8(code == _COLON)
            | np.uint8(code < 32)
        )
    for place in range(count, (count + 7) // 8 * 8):
        marks[place] = 0


@inlined
def _apart(data: Bytes, at: int, end: int, comma: bool) -> bool:  # noqa: FBT001
    """Whether white space alone stands there, with one comma in it where there has to be one."""
    at = _space(data, at, end)
    if comma:
        if at >= end or data[at] != _COMMA:
            return False
        at = _space(data, at + 1, end)
    return at == end


_DATA: Final = "Array(uint8, 1, 'C', readonly=True)"


@compiled(f"UniTuple(int64, 6)({_DATA}, boolean, int32[::1], int32[:, ::1], int32[:, ::1], int32[:, ::1])")
def outline(  # noqa: C901, PLR0912, PLR0915 - one pass over the bytes
    data: Bytes,
    first: bool,  # noqa: FBT001
    tape: Places,
    elements: Places,
    arrays: Places,
    rows: Places,
) -> tuple[int, int, int, int, int, int]:
    """Note the marks that give JSON its form, and by them where elements are and what is in them.

    Args:
        data: Bytes that start between two elements.
        first: Whether no element stands before them.
        tape: Filled with the places of marks: outside of strings brackets, commas and colons; of strings
            both quotes, the first backslash and what may not stand in them. Room for all bytes.
        elements: (2, n), filled with the first and the last mark of each element. Room for half the bytes.
        arrays: (3, n), filled with the same of each array right inside an element, and 1 where something
            else than objects, arrays and single commas stands in it.
        rows: (3, n), filled with the same of each object and array in such an array, and the array's number.

    Returns:
        The number of marks, of whole elements, of arrays and rows in them, where the bracket stands that
        closes all (-1: nowhere), and 1 where something odd stands between elements.
    """
    marks = np.zeros(_STEP, dtype=np.uint8)
    words = marks.view(np.uint64)
    count = depth = found = within = inside = odd = 0
    arrays_done = rows_done = 0
    skipped = behind = -1
    quoted = noted = listed = False
    more = not first
    level0 = 0
    size = len(data)
    for base in range(0, size, _STEP):
        _marked(data, base, min(_STEP, size - base), marks)
        for number in range((min(_STEP, size - base) + 7) // 8):
            word = words[np.uint64(number)]
            while word:
                # The lowest bit that is set, times this, has the number of its byte in its upper bits.
                lowest = word & (~word + _ONE)
                at = base + number * 8 + np.int64((lowest * _BYTES) >> _TOP)
                word ^= lowest
                code = data[np.uint64(at)]
                if quoted:
                    if at == skipped:
                        continue
                    if code == _QUOTE:
                        quoted = False
                    elif code == _BACKSLASH:
                        skipped = at + 1
                        if noted:
                            continue
                        noted = True
                    elif code >= 32:
                        continue
                    tape[np.uint64(count)] = at
                    count += 1
                    continue
                if code < 32 or code == _BACKSLASH:
                    continue
                tape[np.uint64(count)] = at
                count += 1
                if code == _QUOTE:
                    quoted = True
                    noted = False
                    skipped = -1
                elif code | _FOLD == _OPEN:
                    if depth == 0:
                        elements[0, found] = count - 1
                        if not _apart(data, level0, at, more):
                            odd = 1
                    elif depth == 1:
                        listed = code == _BRACKET
                        if listed:
                            arrays[0, within] = count - 1
                            arrays[2, within] = 0
                            within += 1
                            behind = at + 1
                    elif depth == 2 and listed:
                        rows[0, inside] = count - 1
                        rows[2, inside] = within - 1
                        nested = inside > rows_done and rows[2, inside - 1] == within - 1
                        if not _apart(data, behind, at, nested):
                            arrays[2, within - 1] = 1
                        inside += 1
                    depth += 1
                elif code | _FOLD == _CLOSE:
                    depth -= 1
                    if depth < 0:
                        if not _apart(data, level0, at, False):
                            odd = 1
                        return count, found, arrays_done, rows_done, at, odd
                    if depth == 0:
                        elements[1, found] = count - 1
                        found += 1
                        level0 = at + 1
                        more = True
                        arrays_done, rows_done = within, inside
                    elif depth == 1 and listed:
                        arrays[1, within - 1] = count - 1
                        if not _apart(data, behind, at, False):
                            arrays[2, within - 1] = 1
                        listed = False
                    elif depth == 2 and listed:
                        rows[1, inside - 1] = count - 1
                        behind = at + 1
    return count, found, arrays_done, rows_done, -1, odd


@compiled(
    f"int64({_DATA}, int32[::1], int32[::1], int32[::1], {_DATA}, int64[::1], int64, int32[::1], int32[::1], "
    "int32[:, ::1], int32[:, ::1], uint8[:, ::1], uint8[::1], int32[::1], int32[:, ::1])"
)
def members(  # noqa: PLR0913, PLR0917, C901, PLR0912, PLR0915 - one pass over the marks
    data: Bytes,
    tape: Places,
    starts: Places,
    ends: Places,
    names: Bytes,
    edges: Ints,
    passed: int,
    opening: Places,
    closing: Places,
    begins: Places,
    stops: Places,
    kinds: Bytes,
    states: Bytes,
    jumps: Places,
    others: Places,
) -> int:
    """Check that objects are JSON, and note where the values of wanted keys are.

    Args:
        data: The bytes.
        tape: Their marks.
        starts: The first mark of each object.
        ends: Its last mark.
        names: The wanted keys, one after the other.
        edges: Where each of them starts in ``names``, and where the last one ends.
        passed: The number of the wanted key whose array is not looked into, or -1.
        opening: The first mark of each array right inside the objects.
        closing: Its last mark.
        begins: (keys, objects), filled with where each value starts.
        stops: The same, where it ends.
        kinds: The same, what it is; must be ABSENT before.
        states: (objects), filled with what each is found to be.
        jumps: (objects), filled with the number of the array that was not looked into, or -1.
        others: (5, n), filled with the members under other keys: the number of the object, where the key
            (with its quotes) starts and ends, where the value (with its quotes) starts and ends.

    Returns:
        The number of ``others`` (more than there was room for: call it again).
    """
    stack = np.empty(DEEPEST, dtype=np.uint8)
    scratch = np.empty(6 * len(names) + 1, dtype=np.uint8)
    more = 0
    for row in range(len(starts)):
        mark, last = np.int64(starts[row]), np.int64(ends[row])
        at = np.int64(tape[mark]) + 1
        kept = more
        guess = 0
        jumps[row] = -1
        if data[at - 1] != _OPEN or data[tape[last]] != _CLOSE:
            states[row] = NO_OBJECT if data[at - 1] != _OPEN else NOT_JSON
            continue
        mark += 1
        if mark == last:
            states[row] = FINE if _blank(data, at, tape[last]) else NOT_JSON
            continue
        state = NOT_JSON
        while mark <= last:
            mark, start, stop, escaped = _key(data, tape, mark, last, at)
            if mark < 0:
                break
            if not escaped:
                which = _which(data, start + 1, stop, names, edges, guess)
            else:
                which = -1
                if stop - start - 1 <= len(scratch):
                    size = _unescape(data, start + 1, stop, scratch, 0)
                    which = _which(scratch, 0, size, names, edges, guess)
            begin = _space(data, tape[mark - 1] + 1, tape[last])
            after, kind = -1, ARRAY
            if which >= 0 and which == passed and data[begin] == _BRACKET:
                number = np.searchsorted(opening, mark)
                if number < len(opening) and opening[number] == mark and closing[number] < last:
                    after = closing[number] + 1
                    at = np.int64(tape[after - 1]) + 1
                    jumps[row] = number
            if after < 0:
                after, at, kind = _value(data, tape, mark, last, begin, stack)
                if after < 0:
                    state = NOT_JSON if after == -1 else TOO_DEEP
                    break
            mark = after
            if which >= 0:
                guess = which + 1
                if kinds[which, row] != ABSENT:
                    state = TWICE
                    break
                kinds[which, row] = kind
                quoted = 1 if kind == STRING or kind == ESCAPED else 0
                begins[which, row] = begin + quoted
                stops[which, row] = at - quoted
            else:
                if more < others.shape[1]:
                    others[0, more] = row
                    others[1, more] = start
                    others[2, more] = stop + 1
                    others[3, more] = begin
                    others[4, more] = at
                more += 1
            if mark > last or not _blank(data, at, tape[mark]):
                break
            at = np.int64(tape[mark]) + 1
            if mark == last:
                state = FINE
                break
            if data[at - 1] != _COMMA:
                break
            mark += 1
        states[row] = state
        if state != FINE:
            more = kept
    return more


@compiled(f"int64({_DATA}, int32[::1], int32[::1], uint8[::1], uint8[::1], int64[::1], uint8[::1])")
def gather(  # noqa: PLR0917
    data: Bytes, begins: Places, stops: Places, kinds: Bytes, out: Bytes, edges: Ints, halves: Bytes
) -> int:
    """Write values one after the other: strings as what they mean, all else as it is spelt, null as nothing.

    Args:
        data: The bytes.
        begins: Where each value starts.
        stops: Where it ends.
        kinds: What it is.
        out: Filled; as many bytes as the values have are enough.
        edges: (values + 1), filled with where each starts in ``out``, and where the last ends.
        halves: Filled with 1 where a string holds half a character, and so is nothing.

    Returns:
        The number of such halves.
    """
    to = 0
    count = 0
    for row in range(len(begins)):
        edges[row] = to
        kind = kinds[row]
        if kind == ESCAPED:
            after = _unescape(data, begins[row], stops[row], out, to)
            if after < 0:
                halves[row] = 1
                count += 1
            else:
                to = after
        elif kind > NULL:
            begin, size = np.uint64(begins[row]), np.uint64(stops[row] - begins[row])
            target = np.uint64(to)  # numba looks whether other indices are negative
            for place in range(size):
                out[target + place] = data[begin + place]
            to += stops[row] - begins[row]
    edges[len(begins)] = to
    return count


@compiled(
    f"int64({_DATA}, int32[::1], int32[::1], int32[::1], uint8[::1], {_DATA}, "
    "int32[::1], int32[::1], uint8[::1], int64[::1])"
)
def picked(  # noqa: PLR0913, PLR0917 - arrays cannot be put together for compiled code
    data: Bytes,
    tape: Places,
    starts: Places,
    ends: Places,
    kinds: Bytes,
    name: Bytes,
    begins: Places,
    stops: Places,
    what: Bytes,
    edges: Ints,
) -> int:
    """Where the values of one key are in the objects of arrays, which ``members`` found to be JSON.

    Args:
        data: The bytes.
        tape: Their marks.
        starts: Where each array starts.
        ends: Where it ends.
        kinds: What it is; what is no array gives no value.
        name: The key; one that is spelt with escapes is another one.
        begins: Filled with where each value starts; one for every ``len(name) + 5`` bytes is enough.
        stops: The same, where it ends.
        what: The same, what it is.
        edges: (arrays + 1), filled with the number of the first value of each, and how many there are.

    Returns:
        The number of values.
    """
    stack = np.empty(DEEPEST, dtype=np.uint8)
    whole = np.array([0, len(name)])
    count = 0
    for row in range(len(starts)):
        edges[row] = count
        if kinds[row] != ARRAY or ends[row] - starts[row] == 2:
            continue
        mark = np.int64(np.searchsorted(tape, starts[row])) + 1
        last = np.int64(np.searchsorted(tape, ends[row] - 1))
        at = np.int64(starts[row]) + 1
        while mark < last:
            begin = _space(data, at, ends[row])
            if data[begin] != _OPEN:
                mark, at, _ = _value(data, tape, mark, last, begin, stack)
            else:
                taken = False
                at = begin + 1
                mark += 1
                while data[tape[mark]] != _CLOSE:
                    mark += data[tape[mark]] == _COMMA
                    start = np.int64(tape[mark])
                    mark, stop, _ = _close(data, tape, mark, last)
                    begin = _space(data, tape[mark] + 1, ends[row])
                    mark, at, kind = _value(data, tape, mark + 1, last, begin, stack)
                    if not taken and _which(data, start + 1, stop, name, whole, 0) == 0:
                        quoted = 1 if kind == STRING or kind == ESCAPED else 0
                        begins[count] = begin + quoted
                        stops[count] = at - quoted
                        what[count] = kind
                        count += 1
                        taken = True
                at = np.int64(tape[mark]) + 1
                mark += 1
            if mark < last:
                at = np.int64(tape[mark]) + 1
                mark += 1
    edges[len(starts)] = count
    return count
