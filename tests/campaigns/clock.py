"""A wall clock that jumps, for a process that runs a command; the monotonic clock goes on as it should."""

from __future__ import annotations

import datetime as dt
import random
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

_HOUR: Final = 3600.0
JUMPS: Final = (0.0, _HOUR, -_HOUR, 24 * _HOUR, -24 * _HOUR, 365 * 24 * _HOUR, -10 * 365 * 24 * _HOUR)
"""Seconds that the clock may be off."""


@dataclass(frozen=True)
class Jumping:
    """Called in a process, it lets each reading of the wall clock there be off by another jump."""

    seed: float

    def __call__(self) -> None:
        """Put the clock in the place of the system's: in ``time``, and in all that took ``datetime``."""
        chance = random.Random(self.seed)  # noqa: S311
        real, real_time, real_now = dt.datetime, time.time, dt.datetime.now

        class Meta(type):
            def __instancecheck__(cls, one: object) -> bool:
                return isinstance(one, real)

        class Clock(real, metaclass=Meta):
            __slots__ = ()

            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return real_now(tz) + dt.timedelta(seconds=chance.choice(JUMPS))

        time.time = lambda: real_time() + chance.choice(JUMPS)
        time.time_ns = lambda: int(1e9 * time.time())
        for module in [*sys.modules.values()]:
            if getattr(module, "datetime", None) is real:
                module.datetime = Clock  # type: ignore[attr-defined]
