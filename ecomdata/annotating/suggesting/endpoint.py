"""The suggester that asks an endpoint: several calls at a time, within a budget, no prompt twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, replace
from typing import Any, Final

from ecomdata.annotating.records import Item, Suggestion
from ecomdata.annotating.suggesting.asking import PAUSES, Asker
from ecomdata.annotating.suggesting.budget import Budget
from ecomdata.annotating.suggesting.calling import Endpoint
from ecomdata.annotating.suggesting.prompts import Prompt, Prompts
from ecomdata.annotating.task import Task
from ecomdata.errors import EcomdataError

SOURCE: Final = "endpoint"
Known = Mapping[str, Mapping[str, Any] | None]
"""Hash of a prompt -> the answer to it; None where the reply was no answer."""
_MOST_FAILURES: Final = 5
"""So many items in a row without a reply, and it is the endpoint that fails."""


class EndpointSuggester:
    """Asks an endpoint about items, one in each request.

    Besides one suggestion for each item there is one with the outcome ``failed`` for each call that was
    repeated, so that every call is written down. Items with the same prompt are asked about once.

    Args:
        task: The task.
        endpoint: Whom to ask.
        budget: What may be spent. When the rest would not do for another call, no more are made.
        known: Answers that were given before.
        concurrency: Calls at a time.
        pauses: Seconds before a call is repeated.

    Attributes:
        out_of_budget: Whether items were left for want of it.
    """

    def __init__(
        self,
        task: Task,
        endpoint: Endpoint,
        budget: Budget,
        *,
        known: Known | None = None,
        concurrency: int = 4,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._endpoint = endpoint
        self._budget = budget
        self._prompts = Prompts(task)
        self._known = dict(known or {})
        self._concurrency = concurrency
        self._asker = Asker(task, endpoint, budget, pauses)
        self._failures = 0
        self._running: dict[Future[list[Suggestion]], str] = {}
        self._alike: dict[str, list[Suggestion]] = {}
        self.out_of_budget = False

    @property
    def source(self) -> str:
        """``endpoint``."""
        return SOURCE

    @property
    def model(self) -> str:
        """The model's name at the endpoint."""
        return self._endpoint.settings.model

    @property
    def trouble(self) -> str:
        """Why the last call that failed did; empty where none has."""
        return self._asker.trouble

    def prompt(self, item: Item) -> tuple[Prompt, str]:
        """What is asked about an item, and its hash."""
        prompt = self._prompts.of(item.content)
        return prompt, prompt.sha256({"settings": asdict(self._endpoint.settings)})

    def knows(self, digest: str) -> bool:
        """Whether a prompt was answered before."""
        return digest in self._known

    def suggest(self, items: Iterable[Item], *, round_number: int) -> Iterator[Suggestion]:
        """Suggestions as they come; fewer than items when the budget does not do.

        Raises:
            AccessError: the endpoint refuses the key.
            UsageError: there is no such model.
            EcomdataError: the endpoint fails one item after another.
        """
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="endpoint") as pool:
            try:
                for item in items:
                    yield from self._begin(item, round_number, pool)
                    if self.out_of_budget:
                        break
                while self._running:
                    yield from self._collected()
            finally:
                self._asker.ended.set()
                pool.shutdown(wait=False, cancel_futures=True)
                if self._running:
                    self._endpoint.close()  # nobody waits for calls whose replies nobody reads

    def _begin(self, item: Item, round_number: int, pool: ThreadPoolExecutor) -> Iterator[Suggestion]:
        """See to an item: by what is known, with another one like it, or by a call when there is room."""
        prompt, digest = self.prompt(item)
        blank = Suggestion(
            item_id=item.item_id,
            source=SOURCE,
            model=self.model,
            round=round_number,
            answer=None,
            outcome="failed",
            prompt_sha256=digest,
        )
        if digest in self._known:
            yield self._as_before(blank)
            return
        if digest in self._alike:
            self._alike[digest].append(blank)
            return
        most = self._endpoint.settings.most(prompt)
        while len(self._running) >= self._concurrency:
            yield from self._collected()
        while not (held := self._budget.hold(most)) and self._running:
            yield from self._collected()  # which took less than was held back for it
        if held:
            self._alike[digest] = []
            self._running[pool.submit(self._asker.ask, blank, item, prompt, most)] = digest
        self.out_of_budget = not held

    def _collected(self) -> Iterator[Suggestion]:
        """The suggestions of the calls that are done, one at least, and of the items that are like theirs."""
        for done in wait(self._running, return_when=FIRST_COMPLETED).done:
            digest = self._running.pop(done)
            made, twins = done.result(), self._alike.pop(digest)
            yield from made
            if made[-1].outcome == "failed":
                yield from twins
                self._count_failure()
            else:
                self._failures = 0
                self._known[digest] = made[-1].answer
                yield from map(self._as_before, twins)

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            raise EcomdataError(
                f"{self._endpoint.host} fails: {self.trouble}",
                hint="check --endpoint; what was suggested is kept, and the same command goes on from there",
            )

    def _as_before(self, blank: Suggestion) -> Suggestion:
        """What was said before, which costs nothing now."""
        answer = self._known[blank.prompt_sha256 or ""]
        return replace(
            blank,
            answer=answer,
            outcome="unparsed" if answer is None else "ok",
            tokens_in=0,
            tokens_out=0,
            cost=0.0,
            milliseconds=0.0,
        )
