"""What is printed on a terminal goes through here: no control character of the data gets through."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPED: Final = 1000
"""Columns where there is no terminal; a table is only as wide as what is in it."""
_UNSEEN: Final = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, marks of direction, what has no width, and halves of characters; not the joiners (U+200C and
U+200D) and the selectors of looks (U+FE00 to U+FE0F), with which scripts and emoji are written."""


def plain(text: str) -> str:
    """The text without control characters, which could move the cursor, hide text or retitle the window."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def plain_json(text: str) -> str:
    """JSON in which such characters stand as their numbers: it is safe to look at, and says the same."""
    return _UNSEEN.sub(lambda match: json.dumps(match[0])[1:-1], text)


class _PlainRecord(logging.LogRecord):
    """A line of a log without characters that a terminal would obey."""

    def getMessage(self) -> str:  # noqa: N802 - as logging calls it
        """What is to be printed."""
        return plain(super().getMessage())


def log_plainly() -> None:
    """Have what libraries log made plain: huggingface_hub passes on what a server wants to have said."""
    logging.setLogRecordFactory(_PlainRecord)


def new_console(*, err: bool = False) -> Console:
    """A console on stdout, or on stderr."""
    from rich.console import Console

    class PipedConsole(Console):
        """A console that leaves to the command line what becomes of a reader that goes away."""

        def on_broken_pipe(self) -> None:
            """Pass it on; rich would end the process as failed."""
            raise BrokenPipeError

    stream = sys.stderr if err else sys.stdout
    # Piped tables are read by programs and pagers: do not fold them.
    return PipedConsole(
        stderr=err, soft_wrap=False, highlight=False, width=None if stream.isatty() else _PIPED
    )


def new_table(*columns: str, right: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """A table without lines between its rows; columns of ``right`` hold numbers, those of ``whole`` names.

    Where there is no room for a number or a name, it ends in an ellipsis: 10,547 must not look like 10,5.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        uncut = column in right or column in whole
        table.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=uncut,
            overflow="ellipsis" if uncut else "fold",
        )
    return table


def human_bytes(size: int) -> str:
    """Bytes in decimal units: ``21.6 GB``."""
    if size < 1000:
        return f"{size} bytes"
    number = float(size)
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 999.95:
            return f"{number:.1f} {unit}"
    return f"{number / 1000:.1f} TB"


def escaped(value: object) -> str:
    """A value as text that neither moves the cursor nor counts as rich's markup."""
    from rich.markup import escape

    return escape(plain(str(value)))
