"""Asking an endpoint about one item until it replies, within the budget; every call is written down."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ecomdata.annotating.records import Item, Suggestion
from ecomdata.annotating.suggesting.budget import Budget, Usage
from ecomdata.annotating.suggesting.calling import Busy, Endpoint, Refused, Reply
from ecomdata.annotating.suggesting.prompts import Prompt
from ecomdata.annotating.suggesting.replies import read_reply
from ecomdata.annotating.task import Task

PAUSES: Final = (1.0, 4.0, 15.0)
"""Seconds before a call is repeated, the first time, the second and so on."""
_LONGEST_PAUSE: Final = 120.0
"""Who asks for a longer pause is not asked again."""


class Asker:
    """Asks an endpoint; several threads may use it.

    Attributes:
        trouble: Why the last call that failed did.
        ended: Once set, nobody waits to call again.
    """

    def __init__(self, task: Task, endpoint: Endpoint, budget: Budget, pauses: Sequence[float]) -> None:
        self._task = task
        self._endpoint = endpoint
        self._budget = budget
        self._pauses = pauses
        self.trouble = ""
        self.ended = threading.Event()

    def ask(self, blank: Suggestion, item: Item, prompt: Prompt, most: Usage) -> list[Suggestion]:
        """Call until there is a reply; one suggestion for each call, the last one with what came of it.

        Args:
            blank: A suggestion for the item without what the call brings.
            item: The item.
            prompt: What is asked.
            most: What a call takes at most, which is held back for the first one.
        """
        made: list[Suggestion] = []
        for pause in (*self._pauses, None):
            one, again = self._call(blank, item, prompt, most)
            made.append(one)
            if again is None or pause is None or max(pause, again) > _LONGEST_PAUSE:
                break
            if self.ended.wait(max(pause, again)) or not self._budget.hold(most):
                break
        return made

    def _call(
        self, blank: Suggestion, item: Item, prompt: Prompt, most: Usage
    ) -> tuple[Suggestion, float | None]:
        """One call; and the seconds after which it may be repeated, or None."""
        began = time.perf_counter()
        reply: Reply | None = None
        again: float | None = None
        used: Usage | None = None
        try:
            reply = self._endpoint.ask(prompt)
            used = reply.usage or most
        except Busy as busy:
            self.trouble, again = str(busy), busy.after or 0.0
            used = most if busy.billed else None
        except Refused as refused:
            self.trouble, used = str(refused), most
        finally:
            self._budget.settle(most, used)
        one = replace(blank, milliseconds=round(1000 * (time.perf_counter() - began), 3))
        if used is not None:
            one = replace(one, cost=self._budget.cost(used))
        return (one if reply is None else self._said(one, item, reply)), again

    def _said(self, one: Suggestion, item: Item, reply: Reply) -> Suggestion:
        """The suggestion with what the reply says, and its tokens where the endpoint counts them."""
        if reply.usage is not None:
            one = replace(one, tokens_in=reply.usage.tokens_in, tokens_out=reply.usage.tokens_out)
        answer = None if reply.text is None else read_reply(self._task, item.content, reply.text)
        if answer is None:
            return replace(one, outcome="unparsed")
        return replace(one, outcome="ok", answer=answer.as_dict())
