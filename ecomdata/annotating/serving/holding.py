"""One server a project: a lock that the system gives back when a process ends, however it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ecomdata.errors import EcomdataError
from ecomdata.plainjson import read_json
from ecomdata.store import writing

LOCK: Final = ".serve.lock"
_WHO: Final = ".serve.json"


@contextmanager
def held(folder: Path) -> Generator[None]:
    """Hold a project for serving.

    Raises:
        EcomdataError: another process serves it; the message says which, where and since when.
    """
    import filelock

    lock = filelock.FileLock(folder / LOCK)
    with writing(folder):
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise EcomdataError(
                f"{folder} is being served already{_who(folder)}", hint="use that page, or stop that process"
            ) from error
    try:
        yield
    finally:
        with suppress(OSError):
            (folder / _WHO).unlink()
        lock.release()


def say_who(folder: Path, address: str) -> None:
    """Write down for others which process serves the project, and where."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    (folder / _WHO).write_text(
        json.dumps({"pid": os.getpid(), "address": address, "since": now}), encoding="utf-8"
    )


def _who(folder: Path) -> str:
    try:
        said = read_json(folder / _WHO)
        return f" by process {int(said['pid'])} at {said['address']}, since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return " by another process"
