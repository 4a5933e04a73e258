"""Amounts of memory as people write them."""

from __future__ import annotations

import re
from typing import Final

from ecomdata.errors import UsageError

_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_AMOUNT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)


def amount_of_memory(text: object) -> int:
    """Bytes, of ``512MB``, ``2GB`` or ``1.5GiB``.

    Raises:
        UsageError: it is no amount.
    """
    found = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise UsageError(f"{text!r} is not an amount of memory", hint="write it like 512MB or 2GB")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].upper()])
