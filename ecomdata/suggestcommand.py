"""The command ``annotate suggest``: a model trained here, or one at an endpoint, suggests answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecomdata.commandline import PathType, ask_user, json_option, print_json, print_line, reporting, say
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project
    from ecomdata.progress import Reporter


@click.command()
@click.argument("folder", metavar="DIR", type=PathType())
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Suggest for the N items that come next. Default: 5,000; with --endpoint, all.",
)
@click.option(
    "--endpoint",
    metavar="URL",
    help="Ask a model there; it mostly ends in /v1. The options below are for that.",
)
@click.option("--model", metavar="NAME", help="The model's name at the endpoint.")
@click.option(
    "--budget", "cost", type=click.FloatRange(min=0), metavar="USD", help="Dollars to spend at most."
)
@click.option(
    "--token-budget", "tokens", type=click.IntRange(min=1), metavar="N", help="Tokens to spend at most."
)
@click.option(
    "--price-in", type=click.FloatRange(min=0), metavar="USD", help="Price of a million tokens that are sent."
)
@click.option(
    "--price-out", type=click.FloatRange(min=0), metavar="USD", help="Price of a million tokens received."
)
@click.option(
    "--form",
    type=click.Choice(["json_schema", "json_object", "text"]),
    default="json_schema",
    show_default=True,
    help="How answers are asked for; for endpoints that know no JSON schema, or no JSON.",
)
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option(
    "--thinks", is_flag=True, help="The model thinks first: no temperature, and --most-tokens includes that."
)
@click.option(
    "--most-tokens",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="N",
    help="Tokens of an answer at most.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="For a call; it is repeated three times.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, help="Calls at a time."
)
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@json_option
def suggest(folder: Path, *, endpoint: str | None, limit: int | None, as_json: bool, **options: Any) -> None:
    """Have a model suggest answers.

    Without --endpoint a small model is trained on the labels so far; it needs no network, and 20 labelled
    items. Each time is a round. With the strategies uncertainty, disagreement and bandit the round also
    decides which items come first.

    With --endpoint, any server that speaks as OpenAI's does is asked. The texts of items go there; what that
    would take is told first. The key is $ECOMDATA_ENDPOINT_KEY; a local server mostly needs none. What was
    answered is not asked again, so the same command goes on where it stopped.
    """
    from ecomdata.annotating.project import Project

    with Project.open(folder) as project, reporting() as reporter:
        if endpoint is None:
            _require_none_for_endpoints()
            done, words = _suggest_embedded(project, limit, reporter)
        else:
            done, words = _suggest_by_endpoint(project, endpoint, limit, reporter, **options)
    if as_json:
        print_json(done)
    else:
        print_line(words)


def _require_none_for_endpoints() -> None:
    """An option that would do nothing is a mistake.

    Raises:
        UsageError: one of the options for endpoints was given.
    """
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") is click.core.ParameterSource.COMMANDLINE
        if given and option.name not in {"folder", "limit", "as_json"}:
            raise UsageError(f"{option.opts[-1]} is for endpoints", hint="name one with --endpoint URL")


def _suggest_embedded(
    project: Project, limit: int | None, reporter: Reporter
) -> tuple[dict[str, object], str]:
    from ecomdata.annotating.rounds import ITEMS, suggest_embedded

    done = suggest_embedded(project, limit=limit or ITEMS, reporter=reporter)
    right = "" if done.right is None else f", {done.right:.0%} of {done.held_out} held-out labels told right"
    if done.first:
        say(f"{done.first:,} items come first")
    words = f"round {done.number}: {done.suggested:,} items from {done.labels:,} labels{right}"
    return done.as_dict(), words


def _suggest_by_endpoint(  # noqa: PLR0913 - one an option
    project: Project,
    url: str,
    limit: int | None,
    reporter: Reporter,
    *,
    model: str | None,
    yes: bool,
    cost: float | None,
    tokens: int | None,
    price_in: float | None,
    price_out: float | None,
    concurrency: int,
    **settings: Any,
) -> tuple[dict[str, object], str]:
    from ecomdata.annotating.suggesting.budget import Prices
    from ecomdata.annotating.suggesting.calling import Settings
    from ecomdata.annotating.suggesting.estimating import Estimate
    from ecomdata.annotating.suggesting.running import suggest_by_endpoint

    if not model:
        raise UsageError("an endpoint has several models", hint="name one with --model")

    def confirm(planned: Estimate) -> bool:
        say(planned.words)
        return yes or ask_user("Send them?", f"texts would go to {planned.host}")

    done = suggest_by_endpoint(
        project,
        Settings(url=url, model=model, **settings),
        tokens=tokens,
        cost=cost,
        prices=None if price_in is None and price_out is None else Prices(price_in or 0.0, price_out or 0.0),
        limit=limit,
        concurrency=concurrency,
        confirm=confirm,
        reporter=reporter,
    )
    return done.as_dict(), done.words
