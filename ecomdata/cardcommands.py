"""The command that describes what is loaded for others: ``card``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecomdata.commandline import PathType, home_option, json_option, print_json, print_line, reporting
from ecomdata.errors import DataError

if TYPE_CHECKING:
    from ecomdata.cardmaking import CardFiles


@click.command(short_help="Write the card of what is loaded, for the Hub.")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=PathType(),
    metavar="DIR",
    help="Where it goes. Default: NAME-card; a family has a folder of each member in it.",
)
@click.option("--html", is_flag=True, help="Write it as one self-contained page, card.html, too.")
@click.option("--check", is_flag=True, help="Read it as the Hub's clients and NeurIPS do, without a network.")
@click.option(
    "--memory", default="500MB", show_default=True, help="What measuring may hold before it spills to disk."
)
@home_option
@json_option
def card(name: str, output: Path | None, home: Path | None, *, as_json: bool, **options: Any) -> None:
    """Write the card of what is loaded: README.md for the Hub, pictures, croissant.json and ecomdata.json.

    NAME may be a family: then all its members that are loaded. What you write between the two lines
    with `notes` in the README.md stays there when the card is made again. Exit code 3 when --check finds
    something wrong.
    """
    from ecomdata.cardmaking import card as write_card
    from ecomdata.cardmaking import default_folder
    from ecomdata.validating import to_validate

    found: list[CardFiles] = []
    names = to_validate(name, home=home)
    for member in names:
        folder = output if output is None or names == [name] else output / default_folder(member)
        with reporting() as reporter:
            found.append(write_card(member, folder, home=home, reporter=reporter, **options))
        if not as_json:
            print_line(found[-1].folder)
    if as_json:
        print_json(found[0].as_dict() if names == [name] else [one.as_dict() for one in found])
    _require_sound(found)


def _require_sound(found: list[CardFiles]) -> None:
    problems = [f"{one.dataset}: {problem}" for one in found for problem in one.problems]
    if problems:
        raise DataError(
            f"{len(problems)} problem{'s' if len(problems) > 1 else ''}: {'; '.join(problems)}",
            hint="what is said of a dataset stands in cards/<stem>.md and in its loader",
        )
