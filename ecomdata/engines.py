"""Where the pieces of a load, or of a search for duplicates, are worked on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from ecomdata.errors import EcomdataError, UsageError
from ecomdata.threads import Engine, Threads

EngineName = Literal["local", "ray"]
Opened = AbstractContextManager[Engine]
"""An engine that is started when it is entered."""
LOCAL: Opened = nullcontext(Threads)


def engine_of(name: str, address: str | None, *, jobs: int, memory: str) -> Opened:
    """The engine of a name; see :func:`ecomdata.load`. On ``ray``, see :func:`ecomdata.rayengine.connected`.

    Raises:
        UsageError: there is no such engine, or an address is given without ``ray``.
        EcomdataError: Ray is not installed.
    """
    if name == "local":
        if address is not None:
            raise UsageError("an address names a Ray cluster", hint="give --engine ray too")
        return LOCAL
    if name != "ray":
        raise UsageError(f"engine {name!r} is none", hint="it is one of local, ray")
    try:
        from ecomdata.rayengine import connected
    except ImportError as error:
        raise EcomdataError("the engine ray needs Ray", hint="pip install 'ecomdata[ray]'") from error
    return connected(address, jobs=jobs, memory=memory)
