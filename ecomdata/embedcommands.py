"""The command ``embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ecomdata.commandline import home_option, json_option, print_json, reporting


@click.command()
@click.argument("name")
@click.option("--table", metavar="T", help="The table. Default: the only one with a usual column of text.")
@click.option("--column", metavar="C", help="Its column of texts. Default: the table's text or title.")
@click.option(
    "--encoder",
    default="lsa",
    show_default=True,
    metavar="E",
    help="lsa (no download, any language), lsa:FILE with the basis.npz of an earlier set, or "
    "sentence-transformers:MODEL, an id or a folder (extra embed).",
)
@click.option("--dim", default=256, show_default=True, help="For lsa: values of a vector.")
@click.option("--seed", default=0, show_default=True, help="For lsa: which texts it learns from.")
@click.option(
    "--normalize/--no-normalize", default=True, show_default=True, help="Give vectors length 1, or not."
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where a sentence model computes: in half precision on CUDA.",
)
@click.option("--batch", default=64, show_default=True, help="Texts that a sentence model gets at once.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N rows.")
@click.option("--force", is_flag=True, help="Make it again even if it is there.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads of lsa; the vectors are the same. Default: the cores, at most 4.",
)
@home_option
@json_option
def embed(name: str, *, home: Path | None, as_json: bool, **options: Any) -> None:
    """Turn the texts of a column into vectors, beside the store.

    A row for each row of the table, in Parquet: row_id, the table's key, vector, model and dim. In SQL they
    are DATASET.embeddings_SET. A run that ends half-way is taken up by the next one.
    """
    from ecomdata.embeddings.embedding import embed as make
    from ecomdata.terminal import print_embeddings

    with reporting() as reporter:
        made = make(name, home=home, reporter=reporter, **options)
    if as_json:
        print_json(made.as_dict())
    else:
        print_embeddings(made)
