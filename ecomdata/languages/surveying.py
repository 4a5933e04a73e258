"""The compiled pass over UTF-8 that counts scripts and picks out the words in Latin letters."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.compiled import compiled, inlined
from ecomdata.languages import scripts
from ecomdata.languages.scripts import COUNTED, END, HAN, LATIN, MARK, OTHER, SPACE, VIETNAMESE

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

MARKS: Final = COUNTED
"""The column with the number of accents that stand apart from their letters."""
LINKED: Final = COUNTED + 1
"""The column with the number of Latin letters in links and addresses."""
COLUMNS: Final = COUNTED + 2
DATA: Final = "Array(uint8, 1, 'C', readonly=True)"
EDGES: Final = "Array(int64, 1, 'C', readonly=True)"
_BAD: Final = -1


@inlined
def _follows(data: Bytes, at: int, stop: int) -> int:
    """The bits of the byte that goes on with a character; -1 where none does."""
    if at >= stop or data[at] & 0xC0 != 0x80:
        return _BAD
    return int(data[at] & 0x3F)


@inlined
def _decoded(data: Bytes, at: int, stop: int) -> tuple[int, int]:  # noqa: PLR0911 - a way for each width
    """The code point that begins here and its bytes; -1 and one byte where there is none."""
    first = int(data[at])
    if first < 0x80:
        return first, 1
    second = _follows(data, at + 1, stop)
    if second < 0 or first < 0xC2:
        return _BAD, 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = _follows(data, at + 2, stop)
    if third < 0:
        return _BAD, 1
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    fourth = _follows(data, at + 3, stop)
    if fourth < 0 or first > 0xF4:
        return _BAD, 1
    return (first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4


@inlined
def _linked(data: Bytes, at: int, stop: int) -> bool:
    """Whether the word that begins here is a link or an address, up to the next white space."""
    if at + 3 < stop and data[at] == 119 and data[at + 1] == 119 and data[at + 2] == 119:
        return bool(data[at + 3] == 46)  # www.
    while at < stop and data[at] > 0x20:
        if data[at] == 64:  # @
            return True
        if data[at] == 58 and at + 2 < stop and data[at + 1] == 47 and data[at + 2] == 47:  # ://
            return True
        at += 1
    return False


@inlined
def _written(out: Bytes, at: int, point: int) -> int:
    """Write a letter below 0x10000, and return where the next one goes."""
    if point < 0x80:
        out[at] = point
        return at + 1
    if point < 0x800:
        out[at] = 0xC0 | point >> 6
        out[at + 1] = 0x80 | point & 0x3F
        return at + 2
    out[at] = 0xE0 | point >> 12
    out[at + 1] = 0x80 | point >> 6 & 0x3F
    out[at + 2] = 0x80 | point & 0x3F
    return at + 3


@compiled(
    f"void({DATA}, {EDGES}, {DATA}, Array(uint16, 1, 'C', readonly=True), uint32[:, ::1], uint8[::1], "
    "int64[::1])",
    scripts,
)
def survey(  # noqa: C901 - one pass over the characters
    data: Bytes,
    edges: Ints,
    kinds: Bytes,
    lowered: NDArray[np.uint16],
    counts: NDArray[np.uint32],
    words: Bytes,
    word_edges: Ints,
) -> None:
    """Count the kinds of characters in each text, and write its words in Latin letters.

    The words are in small letters, with one space between.

    Args:
        data: The bytes of all texts.
        edges: Where each begins and the last ends, n + 1.
        kinds: See :func:`ecomdata.languages.scripts.kinds`.
        lowered: See :func:`ecomdata.languages.scripts.lowered`.
        counts: n rows, to be filled: a column for each counted kind, then MARKS and LINKED.
        words: Takes the words; as long as the texts, and a byte more for each.
        word_edges: Takes where the words of each text begin and those of the last end, n + 1.
    """
    size = 0
    for row in range(len(edges) - 1):
        at, stop = edges[row], edges[row + 1]
        word_edges[row] = size
        begin = size
        fresh, inside, link = True, False, False  # of a word between spaces; of one in letters; of a link
        while at < stop:
            point, width = _decoded(data, at, stop)
            kind = OTHER if point < 0 else HAN if point >= END else int(kinds[point])
            if kind == SPACE and point <= 0x20:
                fresh, inside, link = True, False, False
                at += width
                continue
            if fresh:
                link = _linked(data, at, stop)
                fresh = False
            at += width
            if kind == SPACE:
                inside = inside and point in (0xAD, 0x200B, 0x200C, 0x200D)
                continue
            if kind == MARK:
                counts[row, MARKS] += 1
                continue
            counts[row, kind] += 1
            if kind in (LATIN, VIETNAMESE):
                if link:
                    counts[row, LINKED] += 1
                    continue
                if not inside and size > begin:
                    words[size] = 32
                    size += 1
                inside = True
                size = _written(words, size, int(lowered[point]))
            elif inside and point in (0x27, 0x2019) and size > begin:
                continue  # the apostrophe of don't
            else:
                inside = False
    word_edges[len(edges) - 1] = size
