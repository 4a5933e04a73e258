"""The command ``dedup``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from ecomdata.commandline import (
    PathType,
    address_option,
    engine_option,
    home_option,
    json_option,
    print_json,
    reporting,
)

_DEFAULT: Final = "nfc,case,space"


@click.command(short_help="Find duplicates and near-duplicates in a column of texts.")
@click.argument("name")
@click.option("--table", required=True, metavar="T", help="The table.")
@click.option("--column", required=True, metavar="C", help="Its column of texts.")
@click.option(
    "--method",
    type=click.Choice(["exact", "near", "semantic"]),
    default="near",
    show_default=True,
    help="exact: the same once normalised; near: by n-grams; semantic: by vectors.",
)
@click.option(
    "--threshold",
    type=float,
    help="The least Jaccard similarity of near-duplicates [0.8], or cosine of semantic ones [0.9].",
)
@click.option(
    "--ngrams", default="word:3", show_default=True, help="What is compared, such as word:3 or char:5."
)
@click.option(
    "--normalize",
    default=_DEFAULT,
    show_default=True,
    metavar="LIST",
    help="What is tidied before: nfc, case, space, digits; '' for nothing.",
)
@click.option(
    "--encoder",
    default="lsa",
    show_default=True,
    metavar="E",
    help="What makes the vectors of semantic; see embed. Those it made before are used.",
)
@click.option("--embeddings", metavar="SET", help="A set of vectors of the column, in place of --encoder.")
@click.option(
    "--search",
    type=click.Choice(["auto", "exact", "cells"]),
    default="auto",
    show_default=True,
    help="Compare vectors all with all, or by cells, which may miss some; auto: cells above 200,000.",
)
@click.option(
    "--against",
    metavar="OTHER.T[.C]",
    help="Look for rows that are duplicates of one there, and for no others.",
)
@click.option(
    "--split-column",
    metavar="S",
    help="Look for rows that are duplicates of one in another split; the one in the smaller split stays.",
)
@click.option(
    "--keep",
    type=click.Choice(["first", "longest", "newest"]),
    default="first",
    show_default=True,
    help="The row of a cluster that stays.",
)
@click.option("--newest-by", metavar="C", help="The column that says which row is newest.")
@click.option(
    "--by",
    multiple=True,
    metavar="C",
    help="Count by the values of this column too, and judge each. May be given again.",
)
@click.option(
    "--max-removed",
    type=float,
    default=0.3,
    show_default=True,
    metavar="SHARE",
    help="Remove no more of the table, nor of a source or category of at least 100 rows.",
)
@click.option("--apply", is_flag=True, help="Make a new release without the rows. The old one stays.")
@click.option(
    "--report",
    type=PathType(dir_okay=False),
    metavar="FILE.html",
    help="Write one page with a sample of what would go, beside what stays.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute; the result is the same.",
)
@click.option("--memory", default="1GB", show_default=True, help="What to hold before it goes to disk.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Blocks and bands worked at side by side. Default: the cores, at most 4.",
)
@engine_option
@address_option
@home_option
@json_option
def dedup(
    name: str, *, normalize: str, by: tuple[str, ...], home: Path | None, as_json: bool, **options: Any
) -> None:
    """Find duplicates and near-duplicates in a column of texts, and what they would cost.

    Pairs, clusters and counts are kept as Parquet; their folder is printed. Nothing is removed without
    --apply; with it, exit code 3 when more would go than may.
    """
    from ecomdata.duplicates.searching import dedup as search
    from ecomdata.terminal import print_deduplication

    with reporting() as reporter:
        found = search(
            name,
            normalize=[part.strip() for part in normalize.split(",") if part.strip()],
            by=by,
            home=home,
            reporter=reporter,
            **options,
        )
    if as_json:
        print_json(found.as_dict())
    else:
        print_deduplication(found)
