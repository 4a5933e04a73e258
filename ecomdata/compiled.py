"""Compiling loops over bytes to machine code, once for each installation."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from types import ModuleType
from typing import Any, Final, ParamSpec, TypeVar, cast

import numpy as np
from numba import njit
from numba.core.event import install_recorder

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")
_UNCALLED: Final = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Neither Python nor C calls it: a tenth of the time of compiling goes into what they would need."""
_INLINED: Final[dict[str, Any]] = {"forceinline": True, "error_model": "numpy", "_nrt": False, **_UNCALLED}
"""With reference counts numba asks who uses an array at every call: loops take six times as long."""
_COMPILED: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
_recorded: Final = cast("Callable[[str], AbstractContextManager[Any]]", install_recorder)
_COMPILING: Final = threading.Lock()
_SLOW: Final = 1.0
"""Seconds of compiling after which somebody who waits wants to know why."""


@dataclass(slots=True)
class _Waited:
    """How long this process has compiled, one loop after the other."""

    seconds: float = 0.0


_waited: Final = _Waited()


def inlined(function: Callable[_Params, _Result]) -> Callable[_Params, _Result]:
    """A part of compiled functions, compiled into each of them; it may not make arrays."""
    return cast("Callable[_Params, _Result]", njit(**_INLINED)(function))


@inlined
def as_int64(number: int) -> int:
    """The number with 64 bits.

    A constant, or one of 32 bits, is another type to numba, which compiles what is :func:`inlined` for each.
    """
    return int(np.int64(number))


def compiled(
    signature: str, *parts: ModuleType
) -> Callable[[Callable[_Params, _Result]], Callable[_Params, _Result]]:
    """Compile a function of numbers and arrays that runs beside other threads; see numba for signatures.

    That happens when it is called first, for few commands need all the loops of a module. The machine code
    is kept beside the module, or in the user's cache where that folder is not writable
    (``NUMBA_CACHE_DIR`` names another). Where no folder is writable it is compiled in every process.

    Args:
        signature: Its types.
        parts: Modules of functions that are inlined; numba looks for changes in the function's own alone.
    """
    sources = b"".join(Path(part.__file__ or "").read_bytes() for part in parts)
    digest = hashlib.sha256(sources).hexdigest()[:8]

    def decorate(function: Callable[_Params, _Result]) -> Callable[_Params, _Result]:
        function.__qualname__ += f"_{digest}"
        made: list[Callable[_Params, _Result]] = []

        @wraps(function)
        def call(*values: _Params.args, **named: _Params.kwargs) -> _Result:
            if not made:
                with _COMPILING:
                    if not made:
                        made.append(_made(signature, function))
            return made[0](*values, **named)

        return call

    return decorate


def _made(signature: str, function: Callable[_Params, _Result]) -> Callable[_Params, _Result]:
    with _note():
        try:
            made: object = njit(signature, cache=True, **_COMPILED)(function)
        except RuntimeError as error:
            if "no locator" not in str(error):
                raise
            made = njit(signature, **_COMPILED)(function)
    return cast("Callable[_Params, _Result]", made)


@contextmanager
def _note() -> Generator[None]:
    """Say why one waits, if it is for numba's compiler: a busy machine takes as long to read what is kept."""
    done, began = threading.Event(), time.monotonic()
    with _recorded("numba:compile") as compilations:

        def tell() -> None:
            while not done.wait(max(_SLOW - _waited.seconds, _SLOW / 10)):
                if compilations.buffer:
                    _say()

        threading.Thread(target=tell, daemon=True).start()
        try:
            yield
        finally:
            done.set()
    if compilations.buffer:
        _waited.seconds += time.monotonic() - began


@cache
def _say() -> None:
    """Once in a process."""
    sys.stderr.write("note: compiling loops for this machine, once; the next run starts without\n")
