"""The command ``stats``: of embeddings, or of semantic ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from ecomdata.commandline import PathType, home_option, json_option, print_json, reporting
from ecomdata.errors import UsageError

_OF_EMBEDDINGS: Final = (
    "table",
    "label",
    "against",
    "split_column",
    "neighbours",
    "clusters",
    "sample",
    "seed",
    "report",
    "device",
    "jobs",
)
_OF_SEMANTIC_IDS: Final = ("codebook", "counts", "predictions", "queries", "gallery")


@click.command(short_help="Describe embeddings, or semantic ids.")
@click.argument("name")
@click.option(
    "--table", metavar="T", help="The table of vectors, or a set that embed made. Default: the only one."
)
@click.option(
    "--label",
    multiple=True,
    metavar="C",
    help="Whether neighbours have the same value of this column, or of TABLE.C of another table. May be "
    "given again. Default: category, brand and rating of the table that the vectors were made from.",
)
@click.option("--against", metavar="OTHER[.T]", help="Compare with the vectors there.")
@click.option(
    "--split-column", metavar="S", help="Compare the splits that this column divides the vectors into."
)
@click.option(
    "--neighbours",
    default=10,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="K",
    help="Neighbours looked at for labels.",
)
@click.option(
    "--clusters",
    type=click.IntRange(min=2),
    metavar="K",
    help="Clusters. Default: the square root of half the rows, from 2 to 100.",
)
@click.option(
    "--sample",
    default="2000",
    show_default=True,
    metavar="N|all",
    help="Rows whose neighbours are sought, among all rows.",
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="What is drawn depends on it."
)
@click.option(
    "--report",
    type=PathType(dir_okay=False),
    metavar="FILE.html",
    help="Write one page with all of it, and pictures.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Blocks worked at side by side on the processor. Default: the cores.",
)
@click.option(
    "--semantic-ids",
    is_flag=True,
    help="Measure semantic ids, not vectors: how evenly items are spread over them, and how codes are used.",
)
@click.option(
    "--codebook", metavar="B", help="With --semantic-ids: this codebook alone, such as base or final."
)
@click.option(
    "--counts",
    type=PathType(dir_okay=False),
    metavar="FILE",
    help="With --semantic-ids: write here how many ids have how many items, as cnt$$||$$cnt_freq.",
)
@click.option(
    "--predictions",
    type=PathType(dir_okay=False),
    metavar="FILE.jsonl",
    help="With --semantic-ids: HR@K of what a model generated, as FORGE's calc_hr.py takes it.",
)
@click.option(
    "--queries",
    type=PathType(dir_okay=False),
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
@click.pass_context
def stats(
    context: click.Context,
    /,
    name: str,
    *,
    semantic_ids: bool,
    memory: str,
    home: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Describe the embeddings of a loaded dataset, or with --semantic-ids its semantic ids.

    Of embeddings: lengths, anisotropy, spectrum, intrinsic dimension, nearest neighbours and near-duplicates,
    clusters, labels of neighbours, a map, and the distance to other ones. Figures of neighbours are of rows
    that are drawn; the table says of how many. What is found is kept for the card.

    Of semantic ids: base and final codebooks are measured apart and never mixed.
    """
    _refuse(context, _OF_EMBEDDINGS if semantic_ids else _OF_SEMANTIC_IDS, semantic_ids=semantic_ids)
    chosen = {one: options[one] for one in (_OF_SEMANTIC_IDS if semantic_ids else _OF_EMBEDDINGS)}
    describe = _semantic_ids if semantic_ids else _embeddings
    describe(name, chosen | {"memory": memory, "home": home}, as_json=as_json)


def _refuse(context: click.Context, others: tuple[str, ...], *, semantic_ids: bool) -> None:
    """Refuse options of the other kind, rather than let them do nothing."""
    given = [one for one in others if context.get_parameter_source(one) is ParameterSource.COMMANDLINE]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise UsageError(
            f"{option} says nothing of {'semantic ids' if semantic_ids else 'embeddings'}",
            hint=f"leave {'--semantic-ids' if semantic_ids else option} away"
            + ("" if semantic_ids else ", or add --semantic-ids"),
        )


def _embeddings(name: str, options: dict[str, Any], *, as_json: bool) -> None:
    from ecomdata.vectorstats.describing import stats as describe
    from ecomdata.vectorstats.showing import print_statistics

    with reporting() as reporter:
        try:
            found = describe(name, reporter=reporter, **options)
        except UsageError as error:
            if _has_semantic_ids(name) and options["table"] is None:
                raise UsageError(str(error), hint=f"{error.hint}; or add --semantic-ids") from error
            raise
    if as_json:
        print_json(found.as_dict())
    else:
        print_statistics(found)


def _has_semantic_ids(name: str) -> bool:
    from ecomdata.registry import loader

    return any(table.kind == "semantic_ids" for table in loader(name).tables)


def _semantic_ids(name: str, options: dict[str, Any], *, as_json: bool) -> None:
    from ecomdata.semanticids.measuring import semantic_id_stats
    from ecomdata.semanticids.showing import print_semantic_ids

    with reporting() as reporter:
        found = semantic_id_stats(name, reporter=reporter, **options)
    if as_json:
        print_json(found.as_dict())
    else:
        print_semantic_ids(found)
