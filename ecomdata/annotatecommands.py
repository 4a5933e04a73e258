"""The commands of annotation: ``annotate init``, ``annotate people`` and so on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ecomdata.commandline import PathType, home_option, json_option, print_json, print_line, say, working
from ecomdata.suggestcommand import suggest

if TYPE_CHECKING:
    from ecomdata.annotating.exporting.exported import Target

_project: Final = click.argument("folder", metavar="DIR", type=PathType())


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Have people label what is loaded, with suggestions by models.",
)
def annotate() -> None:
    """Label what is loaded, with suggestions by models, and find out what they did."""


annotate.add_command(suggest)


@annotate.command(short_help="List the tasks that are shipped, or print the file of one.")
@click.argument("name", required=False)
@json_option
def tasks(name: str | None, *, as_json: bool) -> None:
    """List the tasks that are shipped; print the file of one, to begin your own with."""
    from ecomdata.annotating.taskfile import read_task, shipped_tasks, shipped_text

    if name is not None:
        text = shipped_text(name)
        if as_json:
            print_json(read_task(name).as_dict())
        else:
            click.echo(text, nl=False)
        return
    found = [read_task(one) for one in shipped_tasks()]
    if as_json:
        print_json([{"name": task.name, "kind": task.kind, "question": task.question} for task in found])
        return
    for task in found:
        print_line(f"{task.name}\t{task.kind}\t{task.question}")


@annotate.command(short_help="Make a project: a task, and a pool of rows of a dataset.")
@click.argument("name")
@click.option(
    "--task", "task_file", required=True, metavar="FILE.toml", help="A task file, or a shipped task's name."
)
@click.option(
    "--out",
    required=True,
    type=PathType(),
    metavar="DIR",
    help="The project's folder, a new one.",
)
@click.option("--table", metavar="TABLE", help="The pool is this table.")
@click.option(
    "--where", metavar="SQL", help="Only its rows of which this is true, such as 'length(text) > 20'."
)
@click.option("--query", metavar="SQL", help="The pool is the answer to this query over the catalog.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N rows: the first ones.")
@click.option("--sample", "shuffle", is_flag=True, help="Draw the N rows from all over.")
@click.option(
    "--gold",
    metavar="COLUMN",
    help="A column with answers known to be right; people are asked some of them unawares.",
)
@click.option(
    "--gold-items",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many of its rows become gold items.",
)
@click.option(
    "--gold-share",
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Gold items among what a person is asked.",
)
@click.option(
    "--overlap",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="K",
    help="People who answer each item.",
)
@click.option(
    "--overlap-share",
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="Items that K people answer; the others one.",
)
@click.option(
    "--blind",
    "blind_share",
    default=0.2,
    show_default=True,
    metavar="SHARE",
    help="Items whose suggestion is hidden.",
)
@click.option(
    "--hold",
    "hold_minutes",
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="How long an open item waits for its person.",
)
@click.option(
    "--strategy",
    type=click.Choice(["uniform", "stratified", "uncertainty", "disagreement", "bandit"]),
    default="uniform",
    show_default=True,
    help="Which items come first.",
)
@click.option(
    "--clusters", metavar="COLUMN|N", help="Clusters: a column, or N to make of the texts (scikit-learn)."
)
@click.option("--positive", multiple=True, metavar="KEY", help="A label or score that the bandit looks for.")
@click.option(
    "--batch",
    default=50,
    show_default=True,
    type=click.IntRange(min=2),
    metavar="N",
    help="Items of the bandit's rounds.",
)
@click.option("--seed", default=0, show_default=True, help="Decides all draws.")
@home_option
@json_option
def init(
    name: str, *, task_file: str, out: Path, seed: int, home: Path | None, as_json: bool, **options: Any
) -> None:
    """Make a project in a new folder: a task, and a pool of rows of the dataset NAME."""
    from ecomdata.annotating.pool import choice_of
    from ecomdata.annotating.settings import settings_of
    from ecomdata.annotating.starting import init_project
    from ecomdata.annotating.status import status_of

    choice, settings = choice_of(options), settings_of(options)
    with (
        working("reading the pool"),
        init_project(
            name, task=task_file, out=out, choice=choice, settings=settings, seed=seed, home=home
        ) as project,
    ):
        status = status_of(project)
    if as_json:
        print_json(status.as_dict())
        return
    print_line(out)
    say(f"{status.items:,} items, {status.gold:,} of them gold")
    say(f"next: ecomdata annotate people add {out} NAME")


@annotate.group()
def people() -> None:
    """The people who answer, and their links."""


@people.command()
@_project
@click.argument("name")
@click.option("--adjudicator", is_flag=True, help="They also decide where others disagree.")
@json_option
def add(folder: Path, name: str, *, adjudicator: bool, as_json: bool) -> None:
    """Add a person, and print the token of their link. It is shown this once: only its hash is kept."""
    from ecomdata.annotating.project import Project

    with Project.open(folder) as project:
        token = project.add_annotator(name, adjudicator=adjudicator)
        _print_token(folder, name, token, as_json=as_json)


@people.command()
@_project
@click.argument("name")
@json_option
def renew(folder: Path, name: str, *, as_json: bool) -> None:
    """Print a new token for a person whose link was lost. The one before is good for nothing then."""
    from ecomdata.annotating.project import Project

    with Project.open(folder) as project:
        _print_token(folder, name, project.renew_token(name), as_json=as_json)


def _print_token(folder: Path, name: str, token: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"name": name, "token": token})
        return
    click.echo(token)
    say("this is shown once; who has it answers in that name")
    say(f"next: ecomdata annotate serve {folder}, which prints the link; this goes in place of TOKEN")


@annotate.command()
@_project
@json_option
def status(folder: Path, *, as_json: bool) -> None:
    """Tell what a project is about, and how far it is."""
    from ecomdata.annotating.project import Project
    from ecomdata.annotating.status import print_status, status_of

    with Project.open(folder) as project:
        found = status_of(project)
    if as_json:
        print_json(found.as_dict())
        return
    print_status(found)


@annotate.command(short_help="Measure what suggestions did: time, cost, agreement, accuracy.")
@_project
@click.option(
    "--report",
    "page",
    type=PathType(dir_okay=False),
    metavar="FILE.html",
    help="Write one page with pictures that needs nothing else.",
)
@click.option(
    "--hourly-cost", type=float, metavar="USD", help="What an hour of a person costs, in US dollars."
)
@click.option("--seed", default=0, show_default=True, help="Of the resampling for the intervals.")
@json_option
def report(folder: Path, *, page: Path | None, hourly_cost: float | None, seed: int, as_json: bool) -> None:
    """Measure what suggestions did: time, cost, edits, pull toward the model, agreement, accuracy."""
    from ecomdata.annotating.reporting import report_on

    with working("measuring"):
        found = report_on(folder, page=page, hourly_cost=hourly_cost, seed=seed)
    if as_json:
        print_json(found.as_dict())
        return
    from ecomdata.annotating.showing import print_report

    print_report(found)


@annotate.command()
@_project
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; this machine's own."
)
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 for any that is free.",
)
@click.option("--allow-remote", is_flag=True, help="Listen on a --host that other machines can reach.")
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="A further name that browsers reach it by, such as a proxy's. May be given again.",
)
@click.option("--images", is_flag=True, help="Let browsers load the items' images from where they are.")
@click.option(
    "--images-from",
    multiple=True,
    metavar="HOST",
    help="Load images from this host only. May be given again.",
)
@json_option
def serve(folder: Path, *, as_json: bool, **options: Any) -> None:
    """Serve the page on which people answer, until Ctrl-C.

    Each person opens their own link: the address that is printed, then in/ and their token.
    """
    from ecomdata.annotating.serving import Address, serve_project

    def started(address: Address) -> None:
        if as_json:
            print_json({"url": address.url, "remote": address.remote})
        else:
            print_line(address.url)
            say(f"a person's link is {address.url}in/TOKEN; Ctrl-C stops")
        if address.remote:
            say(
                "other machines can reach it, and what goes over the network can be read on the way: "
                "put a proxy with TLS before it, and name it with --name"
            )
        sys.stdout.flush()

    serve_project(folder, on_start=started, **options)
    say("stopped; all that was saved is in the project")


@annotate.command(short_help="Write the labels: a table, or JSON for Label Studio or Argilla.")
@_project
@click.option(
    "--to",
    type=click.Choice(["store", "label-studio", "argilla"]),
    default="store",
    show_default=True,
    help="For whom.",
)
@click.option(
    "-o",
    "--output",
    type=PathType(dir_okay=False),
    metavar="FILE",
    help="Write here. Default: beside the store, or a JSON file in the working folder.",
)
@home_option
@json_option
def export(folder: Path, *, to: Target, output: Path | None, home: Path | None, as_json: bool) -> None:
    """Write the labels: a table beside the store, or JSON for Label Studio or Argilla."""
    from ecomdata.annotating.exporting.exported import export_labels

    found = export_labels(folder, to=to, output=output, home=home)
    if as_json:
        print_json(found.as_dict())
        return
    print_line(found.path)
    if found.view:
        view = found.view.replace('"', '\\"')  # for the shell
        say(f'ecomdata sql "FROM {view}"')
    if found.config:
        say(f"the labelling interface for Label Studio: {found.config}")


@annotate.command(short_help="Train the final model, and label the whole pool with it.")
@_project
@click.option(
    "-o",
    "--output",
    type=PathType(file_okay=False),
    metavar="FOLDER",
    help="Where to write. Default: DIR/trained.",
)
@click.option(
    "--folds",
    default=5,
    show_default=True,
    type=click.IntRange(min=2),
    help="Parts of the cross-validation.",
)
@click.option("--seed", default=0, show_default=True, help="Of the parts.")
@json_option
def train(folder: Path, *, output: Path | None, folds: int, seed: int, as_json: bool) -> None:
    """Train the final model, score it on held-out items, and label the whole pool with it.

    Writes model.npz (of spans model.json), scores.json and pool.parquet, with a label and a confidence
    for each item.
    """
    from ecomdata.annotating.training import train_classifier

    with working("training"):
        found = train_classifier(folder, output=output, folds=folds, seed=seed)
    if as_json:
        print_json(found.as_dict())
        return
    from ecomdata.annotating.showing import print_trained

    print_trained(found)
