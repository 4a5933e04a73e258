"""What is printed on a terminal goes through here: no control character of the data gets through."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPED: Final = 1000
"""Columns where there is no terminal; a table is only as wide as what is in it."""
_CONTROL: Final = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if code not in {ord("\n"), ord("\t")}
}


def plain(text: str) -> str:
    """The text without control characters, which could move the cursor, hide text or retitle the window."""
    return text.translate(_CONTROL)


def new_console(*, err: bool = False) -> Console:
    """A console on stdout, or on stderr."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    # Piped tables are read by programs and pagers: do not fold them.
    return Console(stderr=err, soft_wrap=False, highlight=False, width=None if stream.isatty() else _PIPED)


def new_table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    """A table without lines between its rows; columns of ``right`` hold numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        number = column in right
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def escaped(value: object) -> str:
    """A value as text that neither moves the cursor nor counts as rich's markup."""
    from rich.markup import escape

    return escape(plain(str(value)))
