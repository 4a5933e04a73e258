"""Names of files and folders that every library here can open."""

from __future__ import annotations

from pathlib import Path

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
