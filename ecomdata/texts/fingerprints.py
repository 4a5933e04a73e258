"""Telling strings of bytes apart by keyed hashes of 128 bits, however many there are."""

from __future__ import annotations

import numpy as np

from ecomdata.errors import EcomdataError
from ecomdata.texts import fingerprintkernels
from ecomdata.texts.fingerprintkernels import NOBODY
from ecomdata.texts.gramhashes import Bytes, Ints, Longs, Words


def fingerprints(data: Bytes, edges: Ints, key: Longs) -> Longs:
    """The hashes of strings, (strings, 2).

    Args:
        data: The strings, one after the other.
        edges: Where each begins, and where the last one ends.
        key: Two random numbers; hashes are compared with those of the same key only.
    """
    prints = np.empty((len(edges) - 1, 2), np.uint64)
    fingerprintkernels.fingerprints(data, edges, key[0], key[1], prints)
    return prints


class Known:
    """The different strings so far, numbered from 0 as they come.

    Args:
        what: What they are, for the error where there are too many.

    Attributes:
        count: How many there are.
    """

    def __init__(self, what: str) -> None:
        self.count = 0
        self._what = what
        self._hashes = np.empty((1 << 12, 2), np.uint64)
        self._table = np.full(1 << 13, NOBODY, np.uint32)

    def enter(self, prints: Longs, live: Bytes) -> Words:
        """The numbers of strings.

        Args:
            prints: (strings, 2): their hashes.
            live: Whether each counts; one that does not gets NOBODY.

        Raises:
            EcomdataError: there are more than 32 bits can number.
        """
        needed = self.count + len(live)
        if needed > NOBODY:
            raise EcomdataError(
                f"there are more than {NOBODY:,} different {self._what}", hint="search in parts of them"
            )
        if needed > len(self._hashes):
            self._hashes.resize((max(needed, len(self._hashes) * 3 // 2), 2), refcheck=False)
        if needed * 3 > len(self._table) * 2:
            self._table = np.empty(0, np.uint32)  # given back before the larger one is made
            self._table = np.full(1 << (2 * needed - 1).bit_length(), NOBODY, np.uint32)
            fingerprintkernels.rebuild(self._table, self._hashes, self.count)
        numbers = np.empty(len(live), np.uint32)
        self.count = fingerprintkernels.enter(self._table, self._hashes, self.count, prints, live, numbers)
        return numbers
