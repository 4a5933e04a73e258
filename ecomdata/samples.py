"""Synthetic raw files in upstream's own layout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ecomdata.checks import own_code
from ecomdata.declare import Dataset
from ecomdata.errors import UsageError
from ecomdata.given import whole
from ecomdata.pathnames import expanded
from ecomdata.registry import loader, sampler
from ecomdata.store import writing

_ASIDE: Final = ".writing"
"""Where files are until all are written; what a killed run left there goes."""


def sample(name: str, folder: str | os.PathLike[str], *, rows: int = 10_000, seed: int = 0) -> list[Path]:
    """Write seeded synthetic raw files, laid out, named and typed as upstream does it.

    Args:
        name: A dataset.
        folder: An empty or new folder.
        rows: Rows of raw data in all.
        seed: The same seed gives the same bytes.

    Returns:
        The files, sorted.

    Raises:
        UsageError: no such dataset, rows below 1, or a folder that holds something or is being written.
    """
    dataset = loader(name)
    target = expanded(Path(folder))
    rows, seed = whole("rows", rows, least=1), whole("seed", seed)
    aside = target / _ASIDE
    if target.exists() and (not target.is_dir() or any(path != aside for path in target.iterdir())):
        raise UsageError(f"{target} is not an empty folder", hint="give the name of a new folder")
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        with _alone_in(target):
            if any(path != aside for path in target.iterdir()):
                raise UsageError(f"another process has written into {target}", hint="give another folder")
            try:
                shutil.rmtree(aside, ignore_errors=True)
                aside.mkdir()
                write_sample(dataset, aside, rows, seed)
                for path in aside.iterdir():
                    path.rename(target / path.name)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    return sorted(path for path in target.rglob("*") if path.is_file())


def write_sample(dataset: Dataset, folder: Path, rows: int, seed: int) -> None:
    """Have the loader write its sample.

    Raises:
        EcomdataError: its code failed, or the disk did.
    """
    with own_code(f"{dataset.name}: its sample"), writing(folder):
        sampler(dataset)(folder, rows, seed)


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    """Keep other processes from writing a sample there: what they write would mix with ours.

    Raises:
        UsageError: one does already.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    held = os.open(folder, os.O_RDONLY)  # the folder itself: a file for the lock would lie among raw files
    try:
        with suppress(OSError):  # some file systems lock no folders
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    f"another process is writing a sample into {folder}", hint="give another folder"
                ) from None
        yield
    finally:
        os.close(held)
