"""The commands that tell languages: ``languages NAME`` and ``languages train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ecomdata.commandline import (
    PathType,
    home_option,
    json_option,
    print_json,
    print_line,
    reporting,
    working,
)

if TYPE_CHECKING:
    from ecomdata.languages.summaries import ColumnLanguages


_HELP: Final = """Tell the languages of texts, Bengali in Latin letters included.

\b
ecomdata languages NAME [OPTIONS]     what a loaded dataset is written in
ecomdata languages NAME --help        the options for that
ecomdata languages train [OPTIONS]    make the model again
"""


class _NameOrCommand(click.Group):
    """Subcommands, and what is none of them is the name of a dataset."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand, or the one for names with all that was typed."""
        if args[0] not in self.commands:
            return "NAME", self.commands["NAME"], args
        return super().resolve_command(ctx, args)


@click.group(
    cls=_NameOrCommand,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Tell the language of each text, Banglish included.",
)
def languages() -> None:
    """Tell the languages of texts, Bengali in Latin letters included."""


@languages.command("NAME", options_metavar="[OPTIONS]")
@click.argument("name", metavar="")
@click.option("--table", metavar="TABLE", help="Default: all reviews, items, products and media.")
@click.option("--column", metavar="COLUMN", help="Default: the text or title of each table.")
@click.option(
    "-o",
    "--output",
    type=PathType(dir_okay=False),
    metavar="FILE.parquet",
    help="Write the tags of one column here. Default: HOME/languages/NAME/RELEASE/TABLE.COLUMN.parquet.",
)
@click.option(
    "--lid",
    type=PathType(dir_okay=False, exists=True),
    metavar="FILE",
    help="Add the word of this fastText model, such as lid.176.ftz; it is checked before it is used.",
)
@home_option
@json_option
def of_dataset(
    name: str,
    *,
    table: str | None,
    column: str | None,
    output: Path | None,
    lid: Path | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Tell the language of each text of a loaded dataset.

    Writes a Parquet file with a row for each row of the table, and prints a summary: languages with their
    rows, share and mean confidence, and what the texts are written with.
    """
    from ecomdata.languages.describing import describe_languages
    from ecomdata.terminal import print_languages
    from ecomdata.validating import to_validate

    found: list[ColumnLanguages] = []
    for dataset in to_validate(name, home=home):
        with reporting() as reporter:
            found += describe_languages(
                dataset, table=table, column=column, output=output, lid=lid, home=home, reporter=reporter
            )
    if as_json:
        print_json([one.as_dict() for one in found])
        return
    for one in found:
        print_languages(one)


@languages.command()
@click.option(
    "-o",
    "--output",
    type=PathType(dir_okay=False),
    default=Path("model.ftz"),
    show_default=True,
    metavar="FILE.ftz",
    help="The file to write.",
)
@click.option(
    "--seed", default=0, show_default=True, help="The same seed gives the same bytes on one machine."
)
@click.option(
    "--lines",
    "of_each",
    default=24_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Lines of each label.",
)
@click.option(
    "--buckets",
    default=100_000,
    show_default=True,
    type=click.IntRange(min=256),
    help="Rows for subwords; each takes about nine bytes of the file.",
)
@json_option
def train(output: Path, seed: int, of_each: int, buckets: int, *, as_json: bool) -> None:
    """Train the model again, from the texts that come with the package. Takes about ten seconds."""
    from ecomdata.languages.training import train_languages

    with working("training"):
        done = train_languages(output, seed=seed, of_each=of_each, buckets=buckets)
    if as_json:
        print_json({"path": str(done.path), "bytes": done.size, "sha256": done.sha256, "lines": done.lines})
    else:
        print_line(done.path)
