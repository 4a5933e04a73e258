"""Progress on stderr: rows, bytes and time left. Silent where stderr is not a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, Self

from ecomdata.console import escaped, plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Reporter(Protocol):
    """Hears what a long piece of work is doing."""

    def start(self, title: str, total: int) -> None:
        """A new step begins, of ``total`` bytes (0: unknown)."""
        ...

    def advance(self, *, size: int = 0, rows: int = 0) -> None:
        """So many more bytes and rows of the step are done."""
        ...

    def finish(self) -> None:
        """The step is done."""
        ...

    def say(self, text: str) -> None:
        """One line the user should see in any case."""
        ...


class Silent:
    """Reports nothing but what :meth:`say` is given, which goes to stderr."""

    def start(self, title: str, total: int) -> None:
        """Ignore it."""

    def advance(self, *, size: int = 0, rows: int = 0) -> None:
        """Ignore it."""

    def finish(self) -> None:
        """Ignore it."""

    def say(self, text: str) -> None:
        """Print the line to stderr."""
        print(plain(text), file=sys.stderr, flush=True)  # noqa: T201 - this is what the class is for


class Bars:
    """Progress bars drawn by rich on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            Task,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.table import Column
        from rich.text import Text

        class Size(DownloadColumn):
            """Bytes, in the steps that know of any."""

            def render(self, task: Task) -> Text:
                """See :class:`rich.progress.DownloadColumn`."""
                return super().render(task) if task.total or task.completed else Text()

        self._progress: Progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            Size(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[rows]}", table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[rate]}", table_column=Column(no_wrap=True)),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None
        self._rows = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, title: str, total: int) -> None:
        """Draw a bar for the step."""
        self._rows = 0
        self._task = self._progress.add_task(escaped(title), total=total or None, rows="", rate="")

    def advance(self, *, size: int = 0, rows: int = 0) -> None:
        """Move the bar."""
        if self._task is not None:
            self._rows += rows
            elapsed = self._progress.tasks[-1].elapsed if self._progress.tasks else None
            rate = f"{self._rows / elapsed:,.0f} a second" if self._rows and elapsed else ""
            done = f"{self._rows:,} rows" if self._rows else ""
            self._progress.update(self._task, advance=size, rows=done, rate=rate)

    def finish(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None

    def say(self, text: str) -> None:
        """Print the line above the bars."""
        self._progress.console.print(plain(text), markup=False, highlight=False, soft_wrap=True)
