"""The compiled loop that finds the marks of JSON, and by them the elements of a giant array."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.compiled import compiled, inlined
from ecomdata.readers import jsonsyntax
from ecomdata.readers.jsonsyntax import (
    BACKSLASH,
    BRACKET,
    CLOSE,
    COLON,
    COMMA,
    DATA,
    FOLD,
    OPEN,
    QUOTE,
    Bytes,
    Places,
    apart,
)

_STEP: Final = 4096
_ONE, _TOP, _NUMBER = np.uint64(1), np.uint64(56), np.uint64(61)
_ONES: Final = np.uint64(0x0101010101010101)
"""A word of bytes that are 0 or 1 times this has their sum in its top byte."""
_NUMBERS: Final = np.uint64(sum(byte << (61 - 8 * byte) for byte in range(8)))
"""The lowest of those bytes times this has its number in the top three bits."""


@inlined
def _marked(data: Bytes, tape: Places, marks: Bytes, words: npt.NDArray[np.uint64]) -> int:
    """Note the places of all bytes that may matter, and return how many there are.

    Without branches, of which there is nothing to predict; the first loop handles many bytes at once.
    """
    found = np.uint64(0)
    for begin in range(0, len(data), _STEP):
        count = min(_STEP, len(data) - begin)
        base = np.uint64(begin)
        for place in range(np.uint64(count)):  # numba looks whether other numbers are negative
            code = data[base + place]
            folded = code | np.uint8(FOLD)
            marks[place] = (
                np.uint8(code == QUOTE)
                | np.uint8(code == BACKSLASH)
                | np.uint8(folded == OPEN)
                | np.uint8(folded == CLOSE)
                | np.uint8(code == COMMA)
                | np.uint8(code == COLON)
                | np.uint8(code < 32)
            )
        marks[count:] = 0
        for number in range((count + 7) // 8):
            word = words[np.uint64(number)]
            after = found + ((word * _ONES) >> _TOP)
            at = np.int32(begin + number * 8)
            # Hardly ever are there more than four in eight bytes; what is written too much is written over.
            for place in range(np.uint64(4)):
                tape[found + place] = at + np.int32((word & (~word + _ONE)) * _NUMBERS >> _NUMBER)
                word &= word - _ONE
            found += np.uint64(4)
            while word:
                tape[found] = at + np.int32((word & (~word + _ONE)) * _NUMBERS >> _NUMBER)
                word &= word - _ONE
                found += _ONE
            found = after
    return int(found)


@inlined
def _copied(data: Bytes, tape: Places, mark: int, size: int, count: int) -> tuple[int, int]:
    """Move the marks of a string together, behind its opening quote; the next mark, and the next place."""
    noted = False
    while mark < size:
        at = tape[np.uint64(mark)]
        code = data[np.uint64(at)]
        mark += 1
        if code == QUOTE:
            tape[np.uint64(count)] = at
            return mark, count + 1
        if code == BACKSLASH:
            if mark < size and tape[np.uint64(mark)] == at + 1:
                mark += 1
            if noted:
                continue
            noted = True
        elif code >= 32:
            continue
        tape[np.uint64(count)] = at
        count += 1
    return mark, count


@compiled(
    f"UniTuple(int64, 6)({DATA}, boolean, int32[::1], int32[:, ::1], int32[:, ::1], int32[:, ::1])",
    jsonsyntax,
)
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
            both quotes, the first backslash and what may not stand in them. Room for all bytes
            and eight.
        elements: (2, n), filled with the first and the last mark of each element. Room for half the bytes.
        arrays: (3, n), filled with the same of each array right inside an element, and 1 where something
            else than objects, arrays and single commas stands in it.
        rows: (3, n), filled with the same of each object and array in such an array, and the array's number.

    Returns:
        The number of marks, of whole elements, of arrays and rows in them, where the bracket stands that
        closes all (-1: nowhere), and 1 where something odd stands between elements.
    """
    count = depth = found = within = inside = odd = 0
    arrays_done = rows_done = 0
    behind = level0 = 0
    listed = comma = False  # no comma stands before a closing bracket
    more = not first
    mark = 0
    marks = np.empty(_STEP, dtype=np.uint8)
    size = _marked(data, tape, marks, marks.view(np.uint64))
    while mark < size:
        at = int(tape[np.uint64(mark)])
        code = data[np.uint64(at)]
        mark += 1
        if code < 32 or code == BACKSLASH:
            continue
        tape[np.uint64(count)] = at
        count += 1
        if code == QUOTE:
            mark, count = _copied(data, tape, mark, size, count)
        elif code | FOLD == OPEN:
            if depth == 0:
                elements[0, found] = count - 1
                if not apart(data, level0, at, more):
                    odd = 1
            elif depth == 1:
                listed = code == BRACKET
                if listed:
                    arrays[0, within] = count - 1
                    arrays[2, within] = 0
                    within += 1
                    behind = at + 1
            elif depth == 2 and listed:
                rows[0, inside] = count - 1
                rows[2, inside] = within - 1
                nested = inside > rows_done and rows[2, inside - 1] == within - 1
                if not apart(data, behind, at, nested):
                    arrays[2, within - 1] = 1
                inside += 1
            depth += 1
        elif code | FOLD == CLOSE:
            depth -= 1
            if depth < 0:
                if not apart(data, level0, at, comma):
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
                if not apart(data, behind, at, comma):
                    arrays[2, within - 1] = 1
                listed = False
            elif depth == 2 and listed:
                rows[1, inside - 1] = count - 1
                behind = at + 1
    return count, found, arrays_done, rows_done, -1, odd
