"""The command ``export``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from ecomdata.commandline import PathType, home_option, json_option, print_json, reporting
from ecomdata.errors import UsageError


@click.command(short_help="Write files for RecBole, recommenders and libsvm.")
@click.argument("name")
@click.argument("out", type=PathType())
@click.option(
    "--format",
    type=click.Choice(["recbole", "recommenders", "libsvm"]),
    required=True,
    help="recbole and libsvm write a folder, recommenders a file .csv or .parquet.",
)
@click.option(
    "--table", metavar="T", help="The table, or for libsvm the view. Default: the only one that fits."
)
@click.option(
    "--rating",
    "rated",
    multiple=True,
    metavar="EVENT=NUMBER",
    help="Rate this event, such as purchase=5, and leave out those not named. May be given again.",
)
@click.option(
    "--label", metavar="C", help="The column to predict. Default for libsvm: what the view declares."
)
@click.option(
    "--features",
    metavar="C,C,...",
    help="For libsvm: what to predict it from. Default: what the view declares.",
)
@click.option("--split", metavar="C", help="For libsvm: a file for each value of this column.")
@click.option(
    "--no-guard",
    is_flag=True,
    help="For recommenders: write ids in CSV as they are, those too that a spreadsheet would run.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--dry-run", is_flag=True, help="Only say which files there would be.")
@click.option("--memory", default="1GB", show_default=True, help="What to hold before it goes to disk.")
@home_option
@json_option
def export(
    name: str,
    out: Path,
    *,
    rated: tuple[str, ...],
    features: str | None,
    no_guard: bool,
    home: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Write what is loaded in the files that RecBole, recommenders, or readers of libsvm take.

    What a format cannot express is counted, or an error.
    """
    from ecomdata.exporting.making import export as write
    from ecomdata.exporting.showing import print_export

    with reporting() as reporter:
        done = write(
            name,
            out,
            ratings=_ratings(rated),
            features=[part.strip() for part in (features or "").split(",") if part.strip()],
            guard=not no_guard,
            home=home,
            reporter=reporter,
            **options,
        )
    if as_json:
        print_json(done.as_dict())
    else:
        print_export(done)


def _ratings(rated: Iterable[str]) -> dict[str, float]:
    """``EVENT=NUMBER`` as event -> rating."""
    found: dict[str, float] = {}
    for one in rated:
        event, _, number = one.partition("=")
        if event in found:
            raise UsageError(f"--rating {event} is given twice", hint="give each event one number")
        try:
            found[event] = float(number)
        except ValueError:
            raise UsageError(
                f"--rating {one!r} is not EVENT=NUMBER", hint="such as --rating purchase=5"
            ) from None
    return found
