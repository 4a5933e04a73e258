"""DuckDB within bounded memory, and the folders for what exceeds it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ecomdata.errors import DataError, EcomdataError, UsageError

if TYPE_CHECKING:
    import duckdb

_LOCK: Final = "lock"
_YOUNG: Final = 60.0
"""Seconds within which a folder's owner has surely locked it."""


@contextmanager
def spill_folder(beside: Path, doing: str) -> Generator[Path]:
    """A folder for a while; those that killed processes left there are removed.

    Args:
        beside: The folder it is made in; where that may not be written, the system's for temporary files.
        doing: What goes on meanwhile, as in ``asking``; the folder's name begins with it.
    """
    writable = os.access(beside, os.W_OK)
    if writable:
        _remove_left(beside, doing)
    with (
        tempfile.TemporaryDirectory(prefix=f".{doing}-", dir=beside if writable else None) as name,
        Path(name, _LOCK).open("xb") as lock,
    ):
        _locked(lock)
        yield Path(name)


def _remove_left(beside: Path, doing: str) -> None:
    for folder in beside.glob(f".{doing}-*"):
        with suppress(OSError), (folder / _LOCK).open("rb") as lock:
            if time.time() - os.fstat(lock.fileno()).st_mtime > _YOUNG and _locked(lock):
                shutil.rmtree(folder, ignore_errors=True)


def _locked(file: IO[bytes]) -> bool:
    """Lock a file, if nobody has; the system gives the lock back when the process ends, however it ends."""
    if os.name != "posix":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def spilling_connection(memory: str, spill: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that holds no more than ``memory``, such as ``1GB``, and spills into a folder.

    Raises:
        UsageError: ``memory`` is not an amount.
    """
    import duckdb

    try:
        connection = duckdb.connect(config={"memory_limit": memory, "temp_directory": str(spill)})
    except duckdb.Error as error:
        raise UsageError(
            f"{memory!r} is not an amount of memory", hint="write it like 512MB or 2GB"
        ) from error
    if not sys.stdout.isatty() and "ipykernel" not in sys.modules:
        # Without a script (python -c, python -i) DuckDB draws its bar into stdout, which is data.
        connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def reading_tables(dataset: str, *, needing: str) -> Generator[None]:
    """Say why DuckDB fails over a dataset's tables; ``needing`` is as in "exporting merrec needs".

    Raises:
        EcomdataError: it needs more memory or disk than it may have.
        DataError: the files cannot be read.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EcomdataError(
            f"{needing} more memory",
            hint="give it more, such as --memory 4GB, and check that the disk has room to spill",
        ) from error
    except duckdb.Error as error:
        raise DataError(
            f"the tables of {dataset} cannot be read: {str(error).splitlines()[0]}",
            hint=f"look at them: ecomdata verify {dataset}",
        ) from error
