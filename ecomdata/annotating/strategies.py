"""Which items come first."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ecomdata.annotating.draws import draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecomdata.annotating.settings import Settings


def order_of(connection: sqlite3.Connection, settings: Settings, seed: int) -> Sequence[int]:
    """All items without a known answer, those first that the project's strategy wants first."""
    import numpy as np

    rows = connection.execute("SELECT item_id FROM items WHERE gold IS NULL ORDER BY item_id").fetchall()
    items = np.array([row[0] for row in rows], dtype=np.int64)
    shuffled: list[int] = items[draws(seed, settings.strategy, items).argsort(kind="stable")].tolist()
    return shuffled
