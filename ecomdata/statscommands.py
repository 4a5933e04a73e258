"""The command ``stats``."""

from __future__ import annotations

from pathlib import Path

import click

from ecomdata.commandline import home_option, json_option, print_json, reporting
from ecomdata.errors import UsageError


@click.command()
@click.argument("name")
@click.option(
    "--semantic-ids",
    is_flag=True,
    help="How evenly items are spread over semantic ids, and how codes are used.",
)
@click.option(
    "--codebook", metavar="B", help="With --semantic-ids: this codebook alone, such as base or final."
)
@click.option(
    "--counts",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --semantic-ids: write here how many ids have how many items, as cnt$$||$$cnt_freq.",
)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.jsonl",
    help="With --semantic-ids: HR@K of what a model generated, as FORGE's calc_hr.py takes it.",
)
@click.option(
    "--queries",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --semantic-ids: embedding hit rate of sessions, as "
    "session_id||$$||label||$$||target_id||$$||items.",
)
@click.option(
    "--gallery",
    metavar="FILE.npz|SET",
    help="With --queries: the items and their vectors, as ids and embeds, or a set of vectors.",
)
@click.option("--memory", default="1GB", show_default=True, help="What to hold before it goes to disk.")
@home_option
@json_option
def stats(  # noqa: PLR0913 - one keyword an option
    name: str,
    *,
    semantic_ids: bool,
    codebook: str | None,
    counts: Path | None,
    predictions: Path | None,
    queries: Path | None,
    gallery: str | None,
    memory: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Measure the semantic ids of a loaded dataset.

    Base and final codebooks are measured apart and never mixed.
    """
    if not semantic_ids:
        raise UsageError("what shall be measured?", hint=f"ecomdata stats {name} --semantic-ids")
    from ecomdata.semanticids.measuring import semantic_id_stats
    from ecomdata.semanticids.showing import print_semantic_ids

    with reporting() as reporter:
        found = semantic_id_stats(
            name,
            codebook=codebook,
            counts=counts,
            predictions=predictions,
            queries=queries,
            gallery=gallery,
            memory=memory,
            home=home,
            reporter=reporter,
        )
    if as_json:
        print_json(found.as_dict())
    else:
        print_semantic_ids(found)
