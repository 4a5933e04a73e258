"""Work done side by side: by threads here, or wherever an engine has it done."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Made_co = TypeVar("_Made_co", covariant=True)


def default_jobs() -> int:
    """How much is worked at side by side unless told: as many as there are cores, at most 4."""
    return min(os.cpu_count() or 1, 4)


class Pending(Protocol[_Made_co]):
    """A piece of work that was handed in."""

    def result(self) -> _Made_co:
        """What the function made, once it has; what it raised is raised."""
        ...

    def cancel(self) -> object:
        """Do not begin it, where it is not begun yet."""
        ...


class Pool(Protocol):
    """Does pieces of work side by side.

    Attributes:
        most: How many are to be at work besides the one awaited.
    """

    most: int

    def submit(self, function: Callable[[_In], _Out], value: _In, /) -> Pending[_Out]:
        """Have a function of one value worked out."""
        ...


Engine = Callable[[int], AbstractContextManager[Pool]]
"""Makes a pool of a number of jobs. When it is closed all work is done, or after an error, given up."""


class Threads:
    """The local engine: threads of this process; see :class:`Pool`."""

    def __init__(self, jobs: int) -> None:
        self.most = jobs
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="work")

    def submit(self, function: Callable[[_In], _Out], value: _In, /) -> Future[_Out]:
        """Have it worked out by a thread."""
        return self._pool.submit(function, value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)


def ahead(pool: Pool, function: Callable[[_In], _Out], values: Iterable[_In]) -> Iterator[_Out]:
    """What a function makes of each value, in order, with as many at work as the pool can do."""
    waiting: deque[Pending[_Out]] = deque()
    try:
        for value in values:
            waiting.append(pool.submit(function, value))
            if len(waiting) > pool.most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for pending in waiting:
            pending.cancel()


def side_by_side(workers: int, function: Callable[[_In], _Out], values: Iterable[_In]) -> Iterator[_Out]:
    """What a function makes of each value, in order, by so many threads; none is begun after an error."""
    with Threads(workers) as pool:
        yield from ahead(pool, function, values)
