"""What may be spent, in tokens and US dollars: what a call may take at most is held back beforehand."""

from __future__ import annotations

import threading
from dataclasses import dataclass

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens that are sent, and that are received."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / _MILLION


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens sent and received."""

    tokens_in: int
    tokens_out: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.tokens_in + self.tokens_out


class Budget:
    """Tokens and dollars that are left. Several threads may use it.

    Args:
        tokens: Tokens in all, sent and received; None: no limit.
        cost: US dollars; None: no limit.
        prices: What tokens cost; None where that was not told.
    """

    def __init__(self, tokens: int | None, cost: float | None, prices: Prices | None) -> None:
        self._tokens = tokens
        self._cost = cost
        self.prices = prices
        self._lock = threading.Lock()
        self._held_tokens = self._spent_tokens = 0
        self._held_cost = self._spent_cost = 0.0

    def cost(self, usage: Usage) -> float | None:
        """What it costs, where that is known."""
        return self.prices.cost(usage.tokens_in, usage.tokens_out) if self.prices else None

    def hold(self, most: Usage) -> bool:
        """Hold back what a call may take at most; False where less is left, and then nothing is held."""
        cost = self.cost(most) or 0.0
        with self._lock:
            tokens = self._spent_tokens + self._held_tokens + most.total
            if self._tokens is not None and tokens > self._tokens:
                return False
            if self._cost is not None and self._spent_cost + self._held_cost + cost > self._cost:
                return False
            self._held_tokens += most.total
            self._held_cost += cost
            return True

    def settle(self, most: Usage, used: Usage | None) -> None:
        """Replace what was held by what was used; None: by nothing."""
        with self._lock:
            self._held_tokens -= most.total
            self._held_cost -= self.cost(most) or 0.0
            if used is not None:
                self._spent_tokens += used.total
                self._spent_cost += self.cost(used) or 0.0
