"""What the commands share: options, questions, progress, and JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ecomdata.console import escaped, plain, plain_json
from ecomdata.errors import UsageError
from ecomdata.pathnames import checked

if TYPE_CHECKING:
    from ecomdata.progress import Reporter


class PathType(click.Path):
    """A path that every library here can open."""

    def __init__(self, **options: bool) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ANN401
        """See :class:`click.Path`."""
        return checked(Path(os.fsdecode(super().convert(value, param, ctx))), "the path")


home_option: Final = click.option(
    "--home",
    type=PathType(),
    help="Where the store is. Default: $ECOMDATA_HOME, else the user's data folder.",
)
engine_option: Final = click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Work in threads here, or on the workers of a Ray cluster; the result is the same.",
)
address_option: Final = click.option(
    "--address",
    metavar="HOST:PORT",
    help="For ray, a running cluster. Default: $RAY_ADDRESS, else one is started on this machine.",
)
json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


@contextmanager
def reporting() -> Generator[Reporter]:
    """Bars on stderr where it is a terminal; else only what must be said. Ctrl-C is heard at once."""
    from ecomdata.interrupts import end_waits
    from ecomdata.progress import Bars, Silent

    end_waits()
    if sys.stderr.isatty():
        with Bars() as bars:
            yield bars
    else:
        yield Silent()


@contextmanager
def working(title: str) -> Generator[None]:
    """A spinner on stderr while something without steps goes on."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(escaped(title)):
        yield


def ask_user(question: str, why: str) -> bool:
    """Ask on stderr.

    Raises:
        UsageError: there is no terminal to ask on; the message says why there is a question.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{why}, and there is no terminal to ask on", hint="-y says yes beforehand")
    return click.confirm(plain(question), err=True)


def print_json(value: object) -> None:
    """Print a value on stdout, for machines; what a terminal would obey stands as its number."""
    click.echo(plain_json(json.dumps(value, ensure_ascii=False, indent=2)))


def print_line(value: object) -> None:
    """Print a path, an address or a name on stdout: as it is for programs, and safe on a terminal."""
    click.echo(plain(str(value)) if sys.stdout.isatty() else os.fsencode(str(value)))


def say(text: str) -> None:
    """Print a line on stderr."""
    click.echo(plain(text), err=True)
