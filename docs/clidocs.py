"""Print docs/cli.md: the help of every command, as the terminal shows it. ``make docs`` runs this."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

WIDTH = 100
HEAD = """\
# The command line

The output of `--help` for every command. `make docs` writes this file.
"""


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from commands(child, f"{path} {name}")


def reference(main: click.Command) -> str:
    """The whole reference as Markdown."""
    parts = [HEAD]
    for path, command in commands(main, "ecomdata"):
        context = click.Context(command, info_name=path, terminal_width=WIDTH, **main.context_settings)
        parts.append(f"## {path}\n\n```text\n{command.get_help(context).strip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    from ecomdata.cli import cli

    sys.stdout.write(reference(cli))
