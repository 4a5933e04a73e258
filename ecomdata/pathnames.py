"""Names of files and folders: such as every library here can open, and such as stay where they belong."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from ecomdata.errors import UsageError


def in_utf8(name: str) -> str:
    r"""A name as it is, or with ``\xff`` where a byte is not UTF-8; on POSIX a name may be any bytes."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half of a character: out of JSON, not of a file system
        return name.encode("utf-8", "backslashreplace").decode()


def checked(path: Path, what: str) -> Path:
    """The path.

    Raises:
        UsageError: it is not UTF-8, in which manifests are written and DuckDB and polars open files.
    """
    name = in_utf8(str(path))
    if name != str(path):
        raise UsageError(
            f"{what} {name} has a name that is not UTF-8", hint="rename it, or choose one that is UTF-8"
        )
    return path


def expanded(path: Path) -> Path:
    """The path with a user's home for ``~`` or ``~name``; as it stands where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def nearest_there(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def file_to_write(path: str | os.PathLike[str]) -> Path:
    """A file that is to be written, with a user's home for ``~``; looked at before the work begins.

    Raises:
        UsageError: its folder is not there, or something stands in its place that is no file.
    """
    target = expanded(Path(path))
    if not target.absolute().parent.is_dir():
        raise UsageError(f"{target.absolute().parent} is no folder", hint="make it first")
    if target.is_dir():
        raise UsageError(f"{target} is a folder, and a file is to be written", hint="name a file in it")
    if irreplaceable(target):
        raise UsageError(
            f"{target} is a device or a pipe, and a file is to be written",
            hint="name a file; what goes elsewhere too can be copied from it",
        )
    return target


def irreplaceable(path: Path) -> bool:
    """Whether a path leads to what no file may take the place of: a device, a pipe, what is open already.

    ``/dev/stdout`` is a link of the system's, also where it leads to a file.
    """
    links = path.absolute().parts[1:2] in {("dev",), ("proc",)}
    return path.exists() and (not path.is_file() or (links and path.is_symlink()))


def safe_relative(name: str) -> bool:
    """Whether a name that somebody else chose stays below the folder it is joined to."""
    if not name or "\0" in name or "\\" in name or re.match(r"[A-Za-z]:", name):
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.parts)
