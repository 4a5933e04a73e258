"""The compiled loops that resolve collisions: a table of ids that are in use, and how many items each has.

The table is two arrays of a power of two, at least twice as long as there are ids: ``keys`` (an id as a
whole number, -1 where nothing is) and ``counts``. It is searched from where the mixed number points, one
place after the other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecomdata.compiled import compiled, inlined

Ints = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_32 = np.uint64(32)


@inlined
def _place(keys: Ints, key: np.int64) -> np.int64:
    """Where an id stands in the table, or would."""
    mixed = np.uint64(key) * _GOLDEN
    at = np.int64((mixed ^ (mixed >> _32)) & np.uint64(len(keys) - 1))
    while keys[at] not in (-1, key):
        at = (at + 1) & (len(keys) - 1)
    return at


@compiled("void(int64[::1], int64[::1], int64[::1], int64[::1])")
def add_items(keys: Ints, counts: Ints, ids: Ints, numbers: Ints) -> None:
    """Add so many items to each id."""
    for i in range(len(ids)):
        at = _place(keys, ids[i])
        keys[at] = ids[i]
        counts[at] += numbers[i]


@compiled("void(int64[::1], int64[::1], int64[::1], int64[::1])")
def items_of(keys: Ints, counts: Ints, ids: Ints, found: Ints) -> None:
    """How many items each id has, into ``found``."""
    for i in range(len(ids)):
        at = _place(keys, ids[i])
        found[i] = counts[at] if keys[at] == ids[i] else 0


@compiled(
    "void(int64[::1], int64[::1], int64, int64[::1], int64[::1], int64[:, ::1], int64[::1], int64[::1])"
)
def ask_nearest(
    keys: Ints,
    counts: Ints,
    cap: int,
    waiting: Ints,
    prefixes: Ints,
    candidates: Ints,
    asked: Ints,
    wanted: Ints,
) -> None:
    """Go on to each waiting item's nearest candidate that has room.

    Args:
        keys: The table.
        counts: The table.
        cap: Items that an id may have.
        waiting: Rows of the arrays below.
        prefixes: The number of an item's id with a last code of 0.
        candidates: Its last codes, the nearest first.
        asked: How many of them are behind it already; is moved on.
        wanted: For each of ``waiting`` the id of the candidate it stands at then; -1 when none is left.
    """
    for i in range(len(waiting)):
        item = waiting[i]
        wanted[i] = -1
        while asked[item] < candidates.shape[1]:
            key = np.int64(prefixes[item] + candidates[item, asked[item]])
            at = _place(keys, key)
            if keys[at] != key or counts[at] < cap:
                wanted[i] = key
                break
            asked[item] += 1
