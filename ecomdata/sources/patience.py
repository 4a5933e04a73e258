"""When another try is worth it, and how long to wait for it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final

import httpx2

RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may pass."""
HOPELESS: Final = (
    httpx2.UnsupportedProtocol,
    httpx2.TooManyRedirects,
    httpx2.DecodingError,
    httpx2.InvalidURL,
    UnicodeError,  # of a host's name
)
"""What another try does not mend."""
LONGEST: Final = 300.0
"""Seconds; who is told to wait longer than this is better told so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """When to try again, in seconds.

    Attributes:
        attempts: Tries in a row without progress.
        base: Mean wait before the second try; it doubles each time.
        cap: Longest wait of our own choosing (a server's Retry-After may be longer).
        connect: How long a connection may take.
        stall: How long a running download may send nothing.
    """

    attempts: int = 6
    base: float = 1.0
    cap: float = 60.0
    connect: float = 20.0
    stall: float = 60.0

    def wait(self, tries: int) -> float:
        """Seconds before the next try, after ``tries`` failures in a row: exponential, with jitter."""
        return min(self.cap, self.base * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter


class Again(Exception):  # noqa: N818 - a reason to try again, not yet an error
    """Why this try failed, and how long the server asks to wait."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def asked(error: Exception) -> float:
    """Seconds that the server asks to wait."""
    return error.wait if isinstance(error, Again) else 0.0


def pause(error: Exception, patience: Patience, tries: int) -> float:
    """Seconds to wait before the next try."""
    return max(asked(error), patience.wait(tries))


def whole_number(text: str) -> int | None:
    """A number from a header, as HTTP writes them; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def reason(error: Exception) -> str:
    """What an exception says, or what it is called."""
    return str(error) or type(error).__name__
