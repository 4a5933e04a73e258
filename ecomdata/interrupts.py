"""Ctrl-C, where the libraries that work below would not hear it for minutes."""

from __future__ import annotations

import importlib
import signal
import socket
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import duckdb

_HEARD: Final = 0.5
"""Seconds after which Ctrl-C is heard at the latest."""
_AGAIN: Final = 0.1
"""Seconds after which a query that goes on is interrupted again."""
T = TypeVar("T")


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
