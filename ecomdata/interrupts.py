"""Ctrl-C, where the libraries that work below would not hear it for minutes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import FrameType

    import duckdb

_HEARD: Final = 0.5
"""Seconds after which Ctrl-C is heard at the latest."""
_AGAIN: Final = 0.1
"""Seconds after which a query that goes on is interrupted again."""
_POLARS: Final = f"{os.sep}polars{os.sep}"
_TYPES: Final = f"{_POLARS}datatypes{os.sep}"
_PANIC: Final = "PyErr { type: <class 'KeyboardInterrupt'>"
"""What polars says where it asked Python for a type while it was being interrupted."""
T = TypeVar("T")


def spare_polars() -> None:
    """From now on have Ctrl-C wait while polars makes its types, which it does in Python, and for itself.

    A KeyboardInterrupt from in there is a panic for it (polars 2.1): a page of Rust's stack on stderr. And
    where polars hears the signal itself, as in ``collect``, it is raised once, and not again by Python in the
    midst of what tidies up. To be called before polars is imported, which builds upon the handler it finds.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Hearing())


class _Hearing:
    """The handler."""

    def __init__(self) -> None:
        self._raised = False

    def __call__(self, _number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt, unless that has been done, or is to wait."""
        by_polars = not self._raised and isinstance(sys.exception(), KeyboardInterrupt)
        self._raised = True
        if by_polars:
            return
        making = False
        while frame is not None and _POLARS in frame.f_code.co_filename:
            making |= _TYPES in frame.f_code.co_filename
            frame = frame.f_back
        if frame is None or not making or sys.gettrace() is not None:
            raise KeyboardInterrupt
        # What called polars hears of it as soon as that returns.
        frame.f_trace = _interrupted
        frame.f_trace_opcodes = True
        sys.settrace(_untraced)


def _interrupted(frame: FrameType, _event: str, _arg: object) -> None:
    sys.settrace(None)
    frame.f_trace = None
    raise KeyboardInterrupt


def _untraced(_frame: FrameType, _event: str, _arg: object) -> None:
    """Trace nothing that begins."""


@contextmanager
def no_panic() -> Generator[None]:
    """Have Ctrl-C be one where polars makes a panic of it all the same: in a thread of its own, as of a sink.

    Raises:
        KeyboardInterrupt: it was pressed.
    """
    try:
        yield
    except BaseException as error:  # a panic is no Exception
        if _PANIC in str(error):
            raise KeyboardInterrupt from error
        raise


def end_waits() -> None:
    """From now on let Ctrl-C end the main thread's waiting: for an upload, for a download.

    When it is imported, polars handles the signal with SA_RESTART, so that the system takes up a wait again
    and Python hears of Ctrl-C when it is over (polars 2.1).
    """
    importlib.import_module("polars")  # it sets the signal up then, and not again
    if threading.current_thread() is threading.main_thread():
        signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - as the library has it


def as_they_end(futures: Iterable[Future[T]]) -> Iterator[Future[T]]:
    """Futures as they end; unlike concurrent.futures.as_completed, no wait is longer than half a second.

    A Ctrl-C that comes between Python's last look for signals and the wait itself does not end it.
    """
    from concurrent.futures import FIRST_COMPLETED, wait

    waiting = set(futures)
    while waiting:
        ended, waiting = wait(waiting, timeout=_HEARD, return_when=FIRST_COMPLETED)
        yield from ended


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Generator[None]:
    """End the connection's query when Ctrl-C is pressed: DuckDB, called from the main thread, misses it.

    Python's handlers run between two of its own instructions, so none runs while DuckDB works. But the
    signal's number is written to a socket at once, where a thread of ours hears it.

    Raises:
        KeyboardInterrupt: it was pressed.
    """
    import socket

    import duckdb

    if threading.current_thread() is not threading.main_thread():
        yield  # signals are not for other threads
        return
    listening, written = socket.socketpair()
    written.settimeout(0)  # the handler must never wait

    def listen() -> None:
        while True:
            try:
                numbers = listening.recv(64)
            except TimeoutError:  # DuckDB forgets what comes just before a query begins: once more
                connection.interrupt()
                continue
            if not numbers:
                return
            if signal.SIGINT in numbers:
                connection.interrupt()
                listening.settimeout(_AGAIN)

    thread = threading.Thread(target=listen, name="interrupts", daemon=True)
    before = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    thread.start()
    try:
        yield
    except (duckdb.InterruptException, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "interrupted" not in str(error).lower():
            raise
        raise KeyboardInterrupt from error
    finally:
        signal.set_wakeup_fd(before)
        written.close()
        thread.join()
        listening.close()
