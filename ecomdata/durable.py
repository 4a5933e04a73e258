"""Writing so that a crash leaves what was there before, or all that is new."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def write_durably(path: Path, content: str | bytes) -> None:
    """Write a small file so that after a crash it is either the old one or the new one, whole.

    Whoever else writes it at the same time has a file aside of their own.
    """
    with aside(path) as temporary:
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    sync_folder(path.parent)


@contextmanager
def aside(path: Path) -> Generator[Path]:
    """A name beside a file that no other process or thread writes to; what is left there goes."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to disk, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
