"""Amounts of memory as people write them."""

from __future__ import annotations

import re
from typing import Final

from ecomdata.errors import UsageError

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_AMOUNT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)


def amount_of_memory(text: object) -> int:
    """Bytes, of ``512MB``, ``2GB`` or ``1.5GiB``.

    Raises:
        UsageError: it is no amount.
    """
    found = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise UsageError(f"{text!r} is not an amount of memory", hint="write it like 512MB or 2GB")
    unit = _UNITS[found[2].upper()]
    if found[3]:
        unit = 1 << (10 * list(_UNITS.values()).index(unit))
    return int(float(found[1]) * unit)
