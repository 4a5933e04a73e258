"""MinHash and locality-sensitive hashing: the numbers, with the curve that says what they promise.

Broder, "On the resemblance and containment of documents" (1997); Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", chapter 3.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.texts.gramhashes import Words

PERMUTATIONS: Final = 128
PROMISE: Final = 0.98
"""The share of pairs right at the threshold that must become candidates."""
_STEP: Final = 0x9E3779B97F4A7C15
_ALL: Final = (1 << 64) - 1


def lsh_recall(jaccard: float, bands: int, rows: int) -> float:
    """The share of pairs of this Jaccard similarity that share a band: ``1 - (1 - s**r)**b``."""
    return 1.0 - (1.0 - jaccard**rows) ** bands


def lsh_bands(threshold: float, permutations: int = PERMUTATIONS) -> tuple[int, int]:
    """Bands, and rows in each, for a threshold.

    As many rows as possible, for fewer candidates that are none, while at least 98 % of the pairs right at
    the threshold become candidates (:func:`lsh_recall`); every candidate is verified later.

    Raises:
        UsageError: the threshold is not above 0 and at most 1, or one row is too many for it.
    """
    if not 0.0 < threshold <= 1.0:
        raise UsageError(f"a threshold of {threshold:g} is none", hint="give one above 0 and at most 1")
    if permutations < 1:
        raise UsageError(f"{permutations} permutations are too few", hint=f"the default is {PERMUTATIONS}")
    for rows in range(permutations, 0, -1):
        bands = permutations // rows
        if lsh_recall(threshold, bands, rows) >= PROMISE:
            return bands, rows
    found = lsh_recall(threshold, permutations, 1)
    raise UsageError(
        f"{permutations} permutations find {found:.0%} of the pairs at a threshold of {threshold:g}",
        hint="give a higher threshold, or more permutations",
    )


def hash_functions(count: int) -> tuple[Words, Words]:
    """The factors (odd) and terms of hash functions ``factor * x + term`` modulo 2**32, always the same.

    Multiply-add hashing (Dietzfelbinger and others, 1997) of values that are mixed before: an estimate from
    k of them has MinHash's standard error, ``sqrt(s * (1 - s) / k)``. The numbers are SplitMix64's.
    """
    values = np.array([_split_mix(number) for number in range(2 * count)], np.uint64)
    words = (values >> np.uint64(32)).astype(np.uint32)
    return words[:count] | np.uint32(1), words[count:]


def _split_mix(number: int) -> int:
    value = (number + 1) * _STEP & _ALL
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _ALL
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _ALL
    return value ^ value >> 31
