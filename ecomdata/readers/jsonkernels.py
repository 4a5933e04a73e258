"""The compiled loops that find and copy the values of JSON objects, by the marks of their bytes.

Imported where JSON is read, for loading them takes its time, and compiling them (once) takes longer.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ecomdata.compiled import as_int64, compiled, inlined
from ecomdata.readers import jsonsyntax
from ecomdata.readers.jsonsyntax import (
    ABSENT,
    ARRAY,
    BRACKET,
    CLOSE,
    COMMA,
    DATA,
    ESCAPED,
    NULL,
    OPEN,
    STRING,
    Bytes,
    Ints,
    Places,
    bisected,
    blank,
    close,
    key,
    space,
    unescape,
    value,
    which,
)

FINE, NOT_JSON, NO_OBJECT, TOO_DEEP, TWICE = range(5)
"""What an object is found to be; TWICE has a wanted key twice."""

DEEPEST: Final = 1000
"""Arrays and objects inside one another."""


@inlined
def _wanted(
    data: Bytes,
    start: int,
    stop: int,
    escaped: bool,  # noqa: FBT001 - compiled functions take no keywords
    names: Bytes,
    edges: Ints,
    guess: int,
    scratch: Bytes,
) -> int:
    """The number of the wanted key between two quotes, or -1."""
    if not escaped:
        return which(data, start + 1, stop, names, edges, guess)
    if stop - start - 1 > len(scratch):
        return -1
    size = unescape(data, start + 1, stop, scratch, as_int64(0))
    return which(scratch, as_int64(0), size, names, edges, guess)


@compiled(
    f"int64({DATA}, int32[::1], int32[::1], int32[::1], {DATA}, int64[::1], int64, int32[::1], int32[::1], "
    "int32[:, ::1], int32[:, ::1], uint8[:, ::1], uint8[::1], int32[::1], int32[:, ::1])",
    jsonsyntax,
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
        mark, last = as_int64(starts[row]), as_int64(ends[row])
        at = int(tape[mark]) + 1
        kept = more
        guess = as_int64(0)
        jumps[row] = -1
        if data[at - 1] != OPEN or data[tape[last]] != CLOSE:
            states[row] = NO_OBJECT if data[at - 1] != OPEN else NOT_JSON
            continue
        mark += 1
        if mark == last:
            states[row] = FINE if blank(data, at, tape[last]) else NOT_JSON
            continue
        state = NOT_JSON
        while mark <= last:
            mark, start, stop, escaped = key(data, tape, mark, last, at)
            if mark < 0:
                break
            wanted = _wanted(data, start, stop, escaped, names, edges, guess, scratch)
            begin = space(data, tape[mark - 1] + 1, tape[last])
            after, kind = -1, ARRAY
            if wanted >= 0 and wanted == passed and data[begin] == BRACKET:
                number = bisected(opening, mark)
                if number < len(opening) and opening[number] == mark and closing[number] < last:
                    after = closing[number] + 1
                    at = int(tape[after - 1]) + 1
                    jumps[row] = number
            if after < 0:
                after, at, kind = value(data, tape, mark, last, begin, stack)
                if after < 0:
                    state = NOT_JSON if after == -1 else TOO_DEEP
                    break
            mark = after
            if wanted >= 0:
                guess = wanted + 1
                if kinds[wanted, row] != ABSENT:
                    state = TWICE
                    break
                kinds[wanted, row] = kind
                quoted = 1 if kind in (STRING, ESCAPED) else 0
                begins[wanted, row] = begin + quoted
                stops[wanted, row] = at - quoted
            else:
                if more < others.shape[1]:
                    others[0, more] = row
                    others[1, more] = start
                    others[2, more] = stop + 1
                    others[3, more] = begin
                    others[4, more] = at
                more += 1
            if mark > last or not blank(data, at, tape[mark]):
                break
            at = int(tape[mark]) + 1
            if mark == last:
                state = FINE
                break
            if data[at - 1] != COMMA:
                break
            mark += 1
        states[row] = state
        if state != FINE:
            more = kept
    return more


@compiled(
    f"int64({DATA}, int32[::1], int32[::1], uint8[::1], uint8[::1], int64[::1], uint8[::1])", jsonsyntax
)
def gather(
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
    to = as_int64(0)
    count = 0
    for row in range(len(begins)):
        edges[row] = to
        kind = kinds[row]
        if kind == ESCAPED:
            after = unescape(data, begins[row], stops[row], out, to)
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
    f"int64({DATA}, int32[::1], int32[::1], int32[::1], uint8[::1], {DATA}, "
    "int32[::1], int32[::1], uint8[::1], int64[::1])",
    jsonsyntax,
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
        mark = bisected(tape, starts[row]) + 1
        last = bisected(tape, ends[row] - 1)
        at = int(starts[row]) + 1
        while mark < last:
            begin = space(data, at, ends[row])
            if data[begin] != OPEN:
                mark, at, _ = value(data, tape, mark, last, begin, stack)
            else:
                taken = False
                at = begin + 1
                mark += 1
                while data[tape[mark]] != CLOSE:
                    mark += data[tape[mark]] == COMMA
                    start = int(tape[mark])
                    mark, stop, _ = close(data, tape, mark, last)
                    begin = space(data, tape[mark] + 1, ends[row])
                    mark, at, kind = value(data, tape, mark + 1, last, begin, stack)
                    if not taken and which(data, start + 1, stop, name, whole, as_int64(0)) == 0:
                        quoted = 1 if kind in (STRING, ESCAPED) else 0
                        begins[count] = begin + quoted
                        stops[count] = at - quoted
                        what[count] = kind
                        count += 1
                        taken = True
                at = int(tape[mark]) + 1
                mark += 1
            if mark < last:
                at = int(tape[mark]) + 1
                mark += 1
    edges[len(starts)] = count
    return count


@compiled(
    f"int64({DATA}, int32[::1], int32[::1], int32[::1], uint8[::1], "
    "int32[::1], int32[::1], uint8[::1], int64[::1])",
    jsonsyntax,
)
def elements(  # noqa: PLR0913, PLR0917 - as above
    data: Bytes,
    tape: Places,
    starts: Places,
    ends: Places,
    kinds: Bytes,
    begins: Places,
    stops: Places,
    what: Bytes,
    edges: Ints,
) -> int:
    """Where the elements of arrays are, which ``members`` or this found to be JSON.

    Args:
        data: The bytes.
        tape: Their marks.
        starts: Where each array starts.
        ends: Where it ends.
        kinds: What it is; what is no array has no elements.
        begins: Filled with where each element starts; one for every two bytes is enough.
        stops: The same, where it ends.
        what: The same, what it is.
        edges: (arrays + 1), filled with the number of the first element of each, and how many there are.

    Returns:
        The number of elements.
    """
    stack = np.empty(DEEPEST, dtype=np.uint8)
    count = 0
    for row in range(len(starts)):
        edges[row] = count
        if kinds[row] != ARRAY:
            continue
        mark = bisected(tape, starts[row]) + 1
        last = bisected(tape, ends[row] - 1)
        at = int(starts[row]) + 1
        if mark == last and blank(data, at, tape[last]):
            continue
        while mark <= last:
            begin = space(data, at, ends[row])
            mark, at, kind = value(data, tape, mark, last, begin, stack)
            quoted = 1 if kind in (STRING, ESCAPED) else 0
            begins[count] = begin + quoted
            stops[count] = at - quoted
            what[count] = kind
            count += 1
            at = int(tape[mark]) + 1
            mark += 1
    edges[len(starts)] = count
    return count
