"""Copies of a release's files for the Hub, kept in the home so that each is written once.

HOME/uploads/<dataset>/<table>/<key>.parquet    the copy of one file; key: of all that its bytes depend on
HOME/uploads/<dataset>/<table>/<key>.json       its size, hash and rows, written when it is whole on disk
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

from ecomdata.durable import sync_folder, write_durably
from ecomdata.errors import EcomdataError
from ecomdata.manifest import WrittenFile
from ecomdata.plainjson import read_json
from ecomdata.shards import sha256_file
from ecomdata.store import writing

_ENDINGS: Final = frozenset({".parquet", ".json", ".tmp"})


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of a release and its copy.

    Attributes:
        table: The table that the file is a part of.
        stored: The file in the store.
        target: Where the copy is, or will be.
        masked: Whether what was found in the table is masked in it.
        written: What the copy is; None while there is none.
    """

    table: str
    stored: WrittenFile
    target: Path
    masked: bool
    written: WrittenFile | None


Copies = Mapping[str, Copy]
"""Path in the release -> the copy that is published in its place."""


@dataclass(frozen=True, slots=True)
class _About:
    """What stands beside a copy."""

    size: int
    sha256: str
    rows: int
    mtime_ns: int


def whole(target: Path, path: str) -> WrittenFile | None:
    """The copy as it was written, or None where it is not there or something else.

    One that was not touched since is believed: before it is sent, its bytes are hashed in any case.
    """
    try:
        about = _About(**cast("dict[str, Any]", read_json(target.with_suffix(".json"))))
        there = target.stat()
    except (OSError, ValueError, TypeError):
        return None
    if there.st_size != about.size:
        return None
    if there.st_mtime_ns != about.mtime_ns and sha256_file(target) != about.sha256:
        return None
    return WrittenFile(path=path, size=about.size, sha256=about.sha256, rows=about.rows)


def show(aside: Path, target: Path, rows: int) -> None:
    """Give a copy that is whole on disk its name, and then say so."""
    size, digest = aside.stat().st_size, sha256_file(aside)
    aside.rename(target)
    sync_folder(target.parent)
    about = _About(size, digest, rows, target.stat().st_mtime_ns)
    write_durably(target.with_suffix(".json"), json.dumps(asdict(about)))


def forget(target: Path) -> None:
    """Have a copy written again: it is there, but not what was written."""
    target.with_suffix(".json").unlink(missing_ok=True)


def remove_others(root: Path, copies: Copies) -> None:
    """Remove what is no copy of this publication: of another release, with other masks, half-written."""
    wanted = {copy.target.with_suffix("") for copy in copies.values()}
    # Beside the tables of a dataset x are folders of datasets x/y, with tables and a lock of their own.
    for path in (path for path in root.glob("*/*") if path.suffix in _ENDINGS):
        if path.with_suffix("") not in wanted or path.name.startswith("."):
            path.unlink(missing_ok=True)
    for folder in root.glob("*/"):
        with contextlib.suppress(OSError):
            folder.rmdir()  # only where it is empty


@contextlib.contextmanager
def copying(target: Path) -> Generator[None]:
    """As :func:`ecomdata.store.writing`; whose disk is full can also do without copies."""
    try:
        with writing(target):
            yield
    except EcomdataError as error:
        raise EcomdataError(str(error), hint=f"{error.hint}; --as-stored needs no copies") from error
