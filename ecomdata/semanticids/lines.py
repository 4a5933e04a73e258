"""Lines of files that others wrote, with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ecomdata.errors import DataError, UsageError

_LONGEST: Final = 64 << 20


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file of UTF-8, each with its number from 1; blank ones are passed over.

    Raises:
        UsageError: the file is not there.
        DataError: a line is not UTF-8, or longer than 64 MiB.
    """
    if not path.is_file():
        raise UsageError(f"{path} is no file", hint="check its name")
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST + 1), b""), start=1):
            where = f"{path}, line {number}"
            if len(line) > _LONGEST:
                raise DataError(f"{where}: longer than 64 MiB", hint="one record stands on each line")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise DataError(f"{where}: is not UTF-8 at byte {error.start}") from error
            if text:
                yield number, text


def excerpt(text: str) -> str:
    """The beginning of a text, for a message."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
