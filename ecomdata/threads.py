"""Work done side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def default_jobs() -> int:
    """How much is worked at side by side unless told: as many as there are cores, at most 4."""
    return min(os.cpu_count() or 1, 4)


def ahead(
    pool: ThreadPoolExecutor, function: Callable[[_In], _Out], values: Iterable[_In], most: int
) -> Iterator[_Out]:
    """What a function makes of each value, in order, with so many at work besides the one awaited."""
    waiting: list[Future[_Out]] = []
    for value in values:
        waiting.append(pool.submit(function, value))
        if len(waiting) > most:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


def side_by_side(workers: int, function: Callable[[_In], _Out], values: Iterable[_In]) -> Iterator[_Out]:
    """What a function makes of each value, in order, by so many threads; none is begun after an error."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from ahead(pool, function, values, workers)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
