"""A wall clock that jumps, for a process that runs a command; the monotonic clock goes on as it should."""

from __future__ import annotations

import datetime as dt
import importlib
import random
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

_HOUR: Final = 3600.0
JUMPS: Final = (0.0, _HOUR, -_HOUR, 24 * _HOUR, -24 * _HOUR, 365 * 24 * _HOUR, -10 * 365 * 24 * _HOUR)
"""Seconds that the clock may be off."""
_TOLD: Final = (
    "ecomdata.annotating.records",
    "ecomdata.duplicates.applying",
    "ecomdata.embeddings.embedding",
    "ecomdata.loading",
    "ecomdata.sources.responses",
)
"""Modules that ask for the time; most are imported late."""


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
        for name in _TOLD:
            importlib.import_module(name)
        # In our modules alone: compiled ones of others reach into the class itself.
        for name, module in [*sys.modules.items()]:
            if name.startswith("ecomdata.") and getattr(module, "datetime", None) is real:
                module.datetime = Clock
