"""How long an item took: the page measures, and the server bounds what it says.

The page counts the time in which there was input at most half a minute ago and the tab could be seen
(``static/clock.js``). It cannot be believed beyond what has passed since the item was handed out.
"""

from __future__ import annotations

from datetime import UTC, datetime


def wall_ms(created: str) -> int:
    """Milliseconds since an item was handed out, ISO 8601 with its zone; 0 where the clock was set back."""
    passed = datetime.now(UTC) - datetime.fromisoformat(created)
    return max(0, int(passed.total_seconds() * 1000))


def bounded(active_ms: int, passed_ms: int) -> int:
    """Milliseconds of work: what the page counted, at least 0 and at most those that passed."""
    return max(0, min(active_ms, passed_ms))
