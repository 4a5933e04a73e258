"""The compiled loops that tell strings of bytes apart.

Strings are hashed by SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012) under a random key, so that
nobody can make two that are taken for the same.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ecomdata.compiled import compiled, inlined
from ecomdata.texts import gramhashes
from ecomdata.texts.gramhashes import DATA, Bytes, Ints, Longs, Words, rotated

NOBODY: Final = 0xFFFFFFFF
"""No number."""


@inlined
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """A round of SipHash."""
    v0 += v1
    v1 = rotated(v1, 13) ^ v0
    v0 = rotated(v0, 32)
    v2 += v3
    v3 = rotated(v3, 16) ^ v2
    v0 += v3
    v3 = rotated(v3, 21) ^ v0
    v2 += v1
    v1 = rotated(v1, 17) ^ v2
    v2 = rotated(v2, 32)
    return v0, v1, v2, v3


@compiled(f"int64({DATA}, int64[::1], uint64, uint64, uint64[:, ::1])", gramhashes)
def fingerprints(data: Bytes, edges: Ints, key0: np.uint64, key1: np.uint64, out: Longs) -> int:
    """SipHash-2-4 with 128 bits of each string, into (strings, 2)."""
    for string in range(len(edges) - 1):
        start, stop = edges[string], edges[string + 1]
        v0 = key0 ^ np.uint64(0x736F6D6570736575)
        v1 = key1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE)
        v2 = key0 ^ np.uint64(0x6C7967656E657261)
        v3 = key1 ^ np.uint64(0x7465646279746573)
        last = np.uint64(stop - start) << np.uint64(56)
        at = start
        while True:
            word = np.uint64(0)
            whole = at + 8 <= stop
            if whole:
                for place in range(8):
                    word |= np.uint64(data[at + place]) << np.uint64(8 * place)
            else:
                word = last
                for place in range(stop - at):
                    word |= np.uint64(data[at + place]) << np.uint64(8 * place)
            v3 ^= word
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            v0 ^= word
            at += 8
            if not whole:
                break
        v2 ^= np.uint64(0xEE)
        for _ in range(4):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        out[string, 0] = v0 ^ v1 ^ v2 ^ v3
        v1 ^= np.uint64(0xDD)
        for _ in range(4):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        out[string, 1] = v0 ^ v1 ^ v2 ^ v3
    return len(edges) - 1


@compiled(
    f"int64(uint32[::1], uint64[:, ::1], int64, Array(uint64, 2, 'C', readonly=True), {DATA}, uint32[::1])",
    gramhashes,
)
def enter(table: Words, known: Longs, count: int, found: Longs, live: Bytes, numbers: Words) -> int:
    """Give each string (by its 128 bits) its number, a new one where it is new.

    Args:
        table: An open hash table of numbers with a power of two places, half of them free.
        known: (numbers, 2) the hashes of the different strings; new ones are added.
        count: How many there are.
        found: (strings, 2) the hashes of strings.
        live: Whether a string counts; one that does not gets NOBODY.
        numbers: (strings) filled.

    Returns:
        How many different strings there are now.
    """
    mask = len(table) - 1
    for string in range(len(numbers)):
        if not live[string]:
            numbers[string] = NOBODY
            continue
        one, two = found[string, 0], found[string, 1]
        place = np.int64(one >> np.uint64(1)) & mask
        while table[place] != NOBODY:
            number = table[place]
            if known[number, 0] == one and known[number, 1] == two:
                break
            place = (place + 1) & mask
        if table[place] == NOBODY:
            known[count, 0] = one
            known[count, 1] = two
            table[place] = count
            count += 1
        numbers[string] = table[place]
    return count


@compiled("int64(uint32[::1], uint64[:, ::1], int64)")
def rebuild(table: Words, known: Longs, count: int) -> int:
    """Fill a free table with all numbers."""
    mask = len(table) - 1
    for number in range(count):
        place = np.int64(known[number, 0] >> np.uint64(1)) & mask
        while table[place] != NOBODY:
            place = (place + 1) & mask
        table[place] = number
    return count
