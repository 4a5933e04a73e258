"""How a project hands out its items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

from ecomdata.errors import UsageError

Strategy = Literal["uniform", "stratified", "uncertainty", "disagreement", "bandit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How items are handed out; fixed when a project is made.

    Attributes:
        strategy: Which items come first.
        overlap: How many people answer an item that is meant for several.
        overlap_share: The share of items that are; all others are answered once.
        blind_share: The share of items whose suggestion is hidden, so that one sees what it does.
        gold_share: The share of what a person is asked that has a known answer, while there is any.
        batch: Items of a round of the bandit.
        positive: The labels (or scores) that the bandit looks for.
        hold_minutes: So long an item waits for the person who has it open before another may get it.

    Raises:
        UsageError: one of them is not what it may be.
    """

    strategy: Strategy = "uniform"
    overlap: int = 1
    overlap_share: float = 1.0
    blind_share: float = 0.2
    gold_share: float = 0.05
    batch: int = 50
    positive: tuple[str, ...] = ()
    hold_minutes: float = 60.0

    def __post_init__(self) -> None:
        if self.strategy not in get_args(Strategy):
            raise UsageError(
                f"there is no strategy {self.strategy!r}",
                hint=f"it is one of {', '.join(get_args(Strategy))}",
            )
        for name in ("overlap_share", "blind_share", "gold_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is a share, not {getattr(self, name)}", hint="give 0 to 1")
        for name in ("overlap", "batch"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", hint="give at least 1")
        if (self.strategy == "bandit") != bool(self.positive):
            raise UsageError(
                "the bandit, and nothing else, looks for positive labels",
                hint="give --positive with --strategy bandit",
            )
        if self.hold_minutes <= 0:
            raise UsageError("items must wait for those who have them open", hint="--hold is above 0")

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-ready values."""
        return asdict(self)


_KNOWN: Final = frozenset(field.name for field in fields(Settings))


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Settings as a project holds them; those of later versions that are not known here are left out."""
    chosen: dict[str, Any] = {name: value for name, value in values.items() if name in _KNOWN}
    chosen["positive"] = tuple(chosen.get("positive", ()))
    return Settings(**chosen)
