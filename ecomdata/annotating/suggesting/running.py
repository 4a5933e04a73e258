"""Suggesting by an endpoint for a project: each call is stored as it comes back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from ecomdata.annotating.project import Project
from ecomdata.annotating.records import Suggestion
from ecomdata.annotating.rounds import Round, record_round
from ecomdata.annotating.suggesting.asking import PAUSES
from ecomdata.annotating.suggesting.budget import Budget, Prices
from ecomdata.annotating.suggesting.calling import Endpoint, Settings
from ecomdata.annotating.suggesting.choosing import known_answers, open_items
from ecomdata.annotating.suggesting.endpoint import SOURCE, EndpointSuggester
from ecomdata.annotating.suggesting.estimating import Estimate, estimate
from ecomdata.errors import EcomdataError, UsageError
from ecomdata.progress import Reporter, Silent

_FREE_AT_A_TIME: Final = 500
"""Suggestions that took no call are stored together: each time, the disk is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What suggesting did.

    Attributes:
        model: The model.
        items: Items that were to get a suggestion.
        ok: Those with an answer now.
        unparsed: Those whose reply was no answer.
        failed: Those without a reply.
        left: Those that were left for want of budget.
        calls: Calls made, repeated ones too.
        tokens_in: Tokens sent, as far as the endpoint counts them.
        tokens_out: Tokens received.
        cost: US dollars, at most where a call's tokens are not known; None where prices were not told.
        seconds: Time it took.
        trouble: Where items are without a reply, why the last call that failed did.
    """

    model: str
    items: int
    ok: int
    unparsed: int
    failed: int
    left: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float
    trouble: str = ""

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return asdict(self)

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        rest = [
            f"{count:,} {what}"
            for count, what in (
                (self.unparsed, "whose reply was no answer"),
                (self.failed, f"without a reply ({self.trouble})"),
                (self.left, "left, as the budget would not do"),
            )
            if count
        ]
        money = "" if self.cost is None else f", ${self.cost:,.4f}"
        spent = (
            f"{self.calls:,} calls, {self.tokens_in:,} tokens sent and {self.tokens_out:,} received{money}"
        )
        got = f"{self.ok:,} of {self.items:,} items have a suggestion"
        return f"{', '.join([got, *rest])}; {spent}"


def suggest_by_endpoint(  # noqa: PLR0913 - keyword-only, one an option
    project: Project,
    settings: Settings,
    *,
    tokens: int | None = None,
    cost: float | None = None,
    prices: Prices | None = None,
    limit: int | None = None,
    concurrency: int = 4,
    pauses: Sequence[float] = PAUSES,
    confirm: Callable[[Estimate], bool] | None = None,
    reporter: Reporter | None = None,
) -> Suggested:
    """Ask an OpenAI-compatible endpoint about the items that it has not answered yet, and store what it says.

    The key is ``$ECOMDATA_ENDPOINT_KEY``. Every call is stored as a suggestion with its tokens, cost and
    milliseconds, so whatever ends it, the same call goes on from there and pays for nothing twice.

    Args:
        project: The project.
        settings: The endpoint, the model and how it is asked.
        tokens: Tokens to spend at most, sent and received.
        cost: US dollars to spend at most; needs ``prices``.
        prices: What tokens cost.
        limit: Items at most.
        concurrency: Calls at a time.
        pauses: Seconds before a call is repeated, the first time, the second and so on.
        confirm: Asked with the estimate before anything is sent; default: no question.
        reporter: Hears of progress.

    Raises:
        UsageError: the address is none, there is no such model, or a budget in dollars comes without prices.
        AccessError: the endpoint refuses the key.
        EcomdataError: it fails one item after another, or ``confirm`` said no.
    """
    if cost is not None and prices is None:
        raise UsageError("a budget in dollars needs to know prices", hint="give --price-in and --price-out")
    reporter = reporter or Silent()
    began = time.perf_counter()
    endpoint = Endpoint(settings)
    try:
        budget, made = Budget(tokens, cost, prices), project.suggestions()
        suggester = EndpointSuggester(
            project.task, endpoint, budget, known=known_answers(made), concurrency=concurrency, pauses=pauses
        )
        items = open_items(project, suggester, made, limit)
        if items and confirm is not None and not confirm(estimate(suggester, endpoint, items, budget)):
            raise EcomdataError("nothing was sent", hint="say yes, or give -y")
        tally = _Tally(reporter)
        reporter.start(f"asking {settings.model}", 0)
        number = project.counts().round + 1
        _store(project, tally.counted(suggester.suggest(items, round_number=number)))
        reporter.finish()
    finally:
        endpoint.close()
    done = tally.result(settings.model, len(items), priced=prices is not None, began=began)
    if done.failed:
        done = replace(done, trouble=suggester.trouble)
    if done.ok and project.settings.strategy == "disagreement":
        _end_round(project, done, number)
    return done


def _end_round(project: Project, done: Suggested, number: int) -> None:
    """From now on the items come first on which suggesters disagree."""
    record_round(
        project,
        (),
        Round(
            number=number,
            source=SOURCE,
            model=done.model,
            labels=0,
            suggested=done.ok,
            first=0,
            held_out=0,
            right=None,
            seconds=done.seconds,
        ),
    )


def _store(project: Project, suggestions: Iterable[Suggestion]) -> None:
    """Store suggestions as they come: those that took a call at once, for it may have cost something."""
    free: list[Suggestion] = []
    try:
        for one in suggestions:
            free.append(one)
            if one.milliseconds or len(free) >= _FREE_AT_A_TIME:
                project.add_suggestions(free)
                free = []
    finally:
        if free:
            project.add_suggestions(free)


class _Tally:
    """Counts suggestions as they pass."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._outcomes: Counter[str] = Counter()
        self._failed: set[int] = set()
        self._calls = self._tokens_in = self._tokens_out = 0
        self._cost = 0.0

    def counted(self, suggestions: Iterable[Suggestion]) -> Iterator[Suggestion]:
        """The same suggestions."""
        for one in suggestions:
            self._calls += bool(one.milliseconds)
            self._tokens_in += one.tokens_in or 0
            self._tokens_out += one.tokens_out or 0
            self._cost += one.cost or 0.0
            if one.outcome == "failed":  # perhaps only for now
                self._failed.add(one.item_id)
            else:
                self._failed.discard(one.item_id)
                self._outcomes[one.outcome] += 1
                self._reporter.advance(rows=1)
            yield one

    def result(self, model: str, items: int, *, priced: bool, began: float) -> Suggested:
        """What was counted."""
        ok, unparsed, failed = self._outcomes["ok"], self._outcomes["unparsed"], len(self._failed)
        return Suggested(
            model=model,
            items=items,
            ok=ok,
            unparsed=unparsed,
            failed=failed,
            left=items - ok - unparsed - failed,
            calls=self._calls,
            tokens_in=self._tokens_in,
            tokens_out=self._tokens_out,
            cost=round(self._cost, 6) if priced else None,
            seconds=round(time.perf_counter() - began, 3),
        )
