"""Hashes of words and n-grams, and sets of them: the parts that compiled loops are made of.

Words are hashed by FNV-1a with 64 bits (draft-eastlake-fnv), which is then mixed by the last step of
MurmurHash3 (fmix64, by Austin Appleby, public domain); an n-gram is a polynomial over its words' hashes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.compiled import as_int64, inlined

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.uint64]
Words = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Node = int | np.int64 | np.uint32

DATA: Final = "Array(uint8, 1, 'C', readonly=True)"
"""Bytes that are only read, in numba's signatures; arrays from another process allow no more."""
LONGS: Final = DATA.replace("uint8", "uint64")
WORDS: Final = DATA.replace("uint8", "uint32")
INTS: Final = DATA.replace("uint8", "int64")

BASIS: Final = np.uint64(0xCBF29CE484222325)
PRIME: Final = np.uint64(0x100000001B3)
_MIX_A: Final = np.uint64(0xFF51AFD7ED558CCD)
_MIX_B: Final = np.uint64(0xC4CEB9FE1A85EC53)
_GRAM: Final = np.uint64(0x9E3779B97F4A7C15)
_33: Final = np.uint64(33)
_FEW: Final = 40
"""So many values are sorted fastest by insertion."""


@inlined
def mixed(value: np.uint64) -> np.uint64:
    """Each bit of the result hangs on each bit of the value; no two values give the same."""
    value ^= value >> _33
    value *= _MIX_A
    value ^= value >> _33
    value *= _MIX_B
    value ^= value >> _33
    return value


@inlined
def rotated(value: np.uint64, left: int) -> np.uint64:
    """The bits moved to the left, those that fall out put in on the right."""
    return (value << np.uint64(left)) | (value >> np.uint64(64 - left))


@inlined
def blank(data: Bytes, at: int, stop: int) -> int:  # noqa: PLR0911 - no sets in compiled loops
    """The bytes of the white space character (as Unicode has it) that stands here, or 0."""
    byte = data[at]
    if byte < 0x80:
        return 1 if byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31 else 0
    if byte == 0xC2:
        return 2 if at + 1 < stop and (data[at + 1] == 0x85 or data[at + 1] == 0xA0) else 0
    if byte < 0xE1 or byte > 0xE3 or at + 2 >= stop:
        return 0
    middle, last = data[at + 1], data[at + 2]
    if byte == 0xE1:
        return 3 if middle == 0x9A and last == 0x80 else 0
    if byte == 0xE3:
        return 3 if middle == 0x80 and last == 0x80 else 0
    if middle == 0x80:
        return 3 if last <= 0x8A or last in (0xA8, 0xA9, 0xAF) else 0
    return 3 if middle == 0x81 and last == 0x9F else 0


@inlined
def _sift(values: Longs, start: int, root: int, stop: int) -> int:
    """Let a value sink to where it belongs in a heap."""
    value = values[start + root]
    size = stop - start
    while True:
        child = 2 * root + 1
        if child >= size:
            break
        if child + 1 < size and values[start + child] < values[start + child + 1]:
            child += 1
        if values[start + child] <= value:
            break
        values[start + root] = values[start + child]
        root = child
    values[start + root] = value
    return 0


@inlined
def distinct(values: Longs, start: int, stop: int) -> int:
    """Sort values in place, each kept once, and return how many there are."""
    if stop - start <= _FEW:
        for place in range(start + 1, stop):
            value = values[place]
            to = place
            while to > start and values[to - 1] > value:
                values[to] = values[to - 1]
                to -= 1
            values[to] = value
    else:  # a heap is never slow, whatever the values
        for root in range((stop - start) // 2 - 1, -1, -1):
            _sift(values, start, root, stop)
        for last in range(stop - 1, start, -1):
            value = values[last]
            values[last] = values[start]
            values[start] = value
            _sift(values, start, as_int64(0), last)
    kept = start
    for place in range(start, stop):
        if place == start or values[place] != values[kept - 1]:
            values[kept] = values[place]
            kept += 1
    return kept - start


@inlined
def grams_of(values: Longs, start: int, words: int, n: int) -> int:
    """Put the set of n-grams in the place of a text's words, sorted, and return its size.

    A text with fewer words is one gram.
    """
    if words == 0:
        return 0
    width = min(n, words)
    count = words - width + 1
    for first in range(start, start + count):
        gram = np.uint64(width)
        for place in range(first, first + width):
            gram = (rotated(gram, 23) ^ values[place]) * _GRAM
        values[first] = mixed(gram)
    return distinct(values, start, start + count)


@inlined
def shared(grams: Longs, edges: Ints, one: Node, other: Node, threshold: float) -> float:
    """The Jaccard similarity of two sorted sets, or 0 where it is below the threshold."""
    at, end = edges[one], edges[one + 1]
    to, stop = edges[other], edges[other + 1]
    total = (end - at) + (stop - to)
    # Rounding may only let through what the division below turns away.
    needed = threshold / (1.0 + threshold) * total - 1e-6 * total - 1e-9
    same = 0
    if min(end - at, stop - to) < needed:
        return 0.0
    while at < end and to < stop:
        left, right = grams[at], grams[to]
        same += 1 if left == right else 0
        at += 1 if left <= right else 0
        to += 1 if right <= left else 0
        if same + min(end - at, stop - to) < needed:
            return 0.0
    union = total - same
    found = same / union if union else 0.0
    return found if found >= threshold else 0.0
