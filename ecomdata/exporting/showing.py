"""What was exported, on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ecomdata.console import escaped, new_console, new_table, plain

if TYPE_CHECKING:
    from ecomdata.exporting.parts import Export


def print_export(done: Export) -> None:
    """The files with their columns; what there is to say of them, on stderr."""
    table = new_table("file", "rows", "bytes", "from", right=("rows", "bytes"))
    for file in done.files:
        sizes = ("" if number is None else f"{number:,}" for number in (file.rows, file.bytes))
        table.add_row(escaped(file.path), *sizes, escaped(", ".join(file.sources)))
    console = new_console()
    console.print(table)
    for file in done.files:
        console.print(escaped(f"{file.path}: {', '.join(file.columns)}"), soft_wrap=True)
    for what, count in done.notes.items():
        print(plain(f"note: {count:,} {what}"), file=sys.stderr)  # noqa: T201
    if not done.written:
        print("nothing was written", file=sys.stderr)  # noqa: T201
