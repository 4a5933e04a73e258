"""What suggesting by an endpoint would take, told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ecomdata.annotating.records import Item
from ecomdata.annotating.suggesting.budget import Budget, Usage
from ecomdata.annotating.suggesting.calling import Endpoint
from ecomdata.annotating.suggesting.endpoint import EndpointSuggester

_BYTES_PER_TOKEN: Final = 3
"""Of a request in JSON: about 4 in English, 2 to 3 in Bengali or Vietnamese."""
_TOKENS_OUT: Final = 20
"""Of an answer to the shipped tasks, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What it would take.

    Attributes:
        host: Where texts would go.
        model: The model.
        items: Items that have no answer to their prompt yet.
        calls: Items that would be asked about; the others' prompts were answered before, or are alike.
        about: Tokens, going by bytes.
        most: Tokens at most, repeated calls left out.
        about_cost: US dollars; None where prices were not told.
        most_cost: US dollars at most.
    """

    host: str
    model: str
    items: int
    calls: int
    about: Usage
    most: Usage
    about_cost: float | None
    most_cost: float | None

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        tokens = f"about {self.about.total:,} tokens, {self.most.total:,} at most"
        money = (
            f"; about ${self.about_cost:,.2f}, ${self.most_cost:,.2f} at most"
            if self.about_cost is not None and self.most_cost is not None
            else "; no prices were given"
        )
        calls = f"{self.items:,} items in {self.calls:,} calls to {self.model} at {self.host}"
        return f"{calls}: {tokens}{money}"


def estimate(
    suggester: EndpointSuggester, endpoint: Endpoint, items: Iterable[Item], budget: Budget
) -> Estimate:
    """Estimate what suggesting takes for these items."""
    count = tokens_in = tokens_out = 0
    asked: set[str] = set()
    for item in items:
        count += 1
        prompt, digest = suggester.prompt(item)
        if digest not in asked and not suggester.knows(digest):
            asked.add(digest)
            most = endpoint.settings.most(prompt)
            tokens_in += most.tokens_in
            tokens_out += most.tokens_out
    about, most = Usage(tokens_in // _BYTES_PER_TOKEN, _TOKENS_OUT * len(asked)), Usage(tokens_in, tokens_out)
    return Estimate(
        host=endpoint.host,
        model=suggester.model,
        items=count,
        calls=len(asked),
        about=about,
        most=most,
        about_cost=budget.cost(about),
        most_cost=budget.cost(most),
    )
