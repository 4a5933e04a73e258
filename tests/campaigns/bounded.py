"""Trials in a process of its own whose memory and time end: what takes more did not hold."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final, ParamSpec

from tests.campaigns.trials import Trial

P = ParamSpec("P")

MEMORY: Final = 3 << 30
"""Bytes that a child may hold at the most beyond what it has when it starts."""
_ADDRESSES: Final = 8 << 30
"""Bytes of address space that it may take: allocators reserve far more than they use."""
_SECONDS: Final = 600
_FORKED: Final = multiprocessing.get_context("forkserver")


def bounded(tries: Callable[P, Iterable[Trial]], *args: P.args, **options: P.kwargs) -> Sequence[Trial]:
    """All that a function of a module tries, and how much memory it took.

    Raises:
        BrokenProcessPool: the child was killed or crashed.
    """
    with ProcessPoolExecutor(1, mp_context=_FORKED, initializer=_limit) as pool:
        return pool.submit(_listed, tries, *args, **options).result()


def _listed(tries: Callable[..., Iterable[Trial]], *args: Any, **options: Any) -> list[Trial]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = list(tries(*args, **options))
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    said = f"{peak >> 20} MiB more than before were held at the most"
    return [*found, Trial(found[0].group, "memory", "all of these in one process", peak < MEMORY, said)]


def _limit() -> None:
    # What is imported later takes address space too: before the limit, then.
    import duckdb  # noqa: F401
    import polars as pl

    import ecomdata.readers

    assert ecomdata.readers
    pl.DataFrame({"a": [1, 2]}).group_by("a").len()
    taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + _ADDRESSES, taken + _ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
