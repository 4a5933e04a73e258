"""Keeping in the home what a search for duplicates found."""

from __future__ import annotations

import errno
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl

from ecomdata.duplicates.deduplication import Deduplication
from ecomdata.durable import sync_folder, write_durably
from ecomdata.progress import Reporter
from ecomdata.store import Store, alone, writing


def keep_found(
    made: Deduplication, frames: Mapping[str, pl.DataFrame], store: Store, reporter: Reporter
) -> None:
    """Write the frames and a summary into the folder of what was found.

    It appears whole; where one is there, its files give way one by one. So another process that looks for the
    same finds each file there at any time, and with the same rows.
    """
    folder = Path(made.folder)
    aside = folder.with_name(f".writing-{uuid.uuid4().hex[:8]}")
    lock = store.home / "duplicates" / ".lock"
    with alone(lock, "keeping what it found", reporter.say), writing(folder):
        for leftover in folder.parent.glob(".writing-*"):
            shutil.rmtree(leftover, ignore_errors=True)  # of a run that was killed
        aside.mkdir(parents=True)
        try:
            for name, frame in frames.items():
                path = aside / f"{name}.parquet"
                with writing(path):  # while the disk is as full as it was
                    frame.write_parquet(path)
            write_durably(aside / "summary.json", json.dumps(asdict(made), indent=1, ensure_ascii=False))
            _put(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _put(aside: Path, folder: Path) -> None:
    """Give a folder that is whole its name, or its files theirs where the name is taken."""
    try:
        aside.rename(folder)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        for file in sorted(aside.iterdir()):
            file.replace(folder / file.name)
        sync_folder(folder)
    sync_folder(folder.parent)
