"""The commands about what goes to the Hub: ``personal-data``, ``publish`` and ``verify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ecomdata.commandline import ask_user, home_option, json_option, print_json, print_line, reporting
from ecomdata.errors import DataError

if TYPE_CHECKING:
    from ecomdata.publishing import Publication

_endpoint: Final = click.option(
    "--endpoint", metavar="URL", help="The Hub's address. Default: $HF_ENDPOINT, else the public one."
)


@click.command(short_help="Publish what is loaded on the Hugging Face Hub.")
@click.argument("name")
@click.argument("repo_id", metavar="OWNER/NAME")
@click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing; no copy is written.")
@click.option(
    "--private/--public", default=True, show_default=True, help="Who sees a repository that is made."
)
@click.option(
    "--revision",
    "branch",
    default="main",
    show_default=True,
    metavar="BRANCH",
    help="The branch to commit to; made where it is missing.",
)
@_endpoint
@click.option("--card-only", is_flag=True, help="Publish the card and the manifest, but no data.")
@click.option(
    "--i-hold-the-rights",
    "hold_rights",
    is_flag=True,
    help="Declare to hold the rights to pass on data whose terms do not allow it to all. It is recorded.",
)
@click.option(
    "--mask",
    is_flag=True,
    help="Publish [phone], [email] and the like in place of what was found.",
)
@click.option(
    "--accept-personal-data",
    multiple=True,
    metavar="TABLE.COLUMN[:KIND]",
    help="Publish what was found there as it is. It is recorded. May be given again.",
)
@click.option(
    "--as-stored",
    is_flag=True,
    help="Send the store's files byte for byte instead of copies written for the Hub.",
)
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@home_option
@json_option
def publish(
    name: str, repo_id: str, *, dry_run: bool, yes: bool, home: Path | None, as_json: bool, **options: Any
) -> None:
    """Publish what is loaded as a dataset on the Hugging Face Hub.

    Files are first written for the Hub, with content-defined chunks and a page index, into copies that are
    kept in the home. Then the plan is shown. Files that are there already are not sent, so running the same
    command again after a failure sends the rest. The token is $HF_TOKEN or that of `hf auth login`.

    Texts are looked through for telephone numbers, e-mail addresses, tokens and private keys first. Exits
    with 3 when there are any that are neither masked nor accepted.
    """
    from ecomdata.publishing import publish as publish_one
    from ecomdata.terminal import print_publication

    def confirm(planned: Publication) -> bool:
        print_publication(planned, err=True)
        question = f"Publish to {planned.url} ({'private' if planned.private else 'PUBLIC'})?"
        nothing_to_do = planned.plan.done and planned.plan.state.branch_there
        return yes or nothing_to_do or ask_user(question, f"{planned.url} would be changed")

    with reporting() as reporter:
        done = publish_one(
            name,
            repo_id,
            home=home,
            dry_run=dry_run,
            confirm=confirm,
            reporter=reporter,
            **options,
        )
    if as_json:
        print_json(done.as_dict())
    elif dry_run:
        print_publication(done, err=False)
    else:
        print_line(f"{done.url}/tree/{done.commit}")


@click.command("personal-data", short_help="Look for telephone numbers, addresses and keys in texts.")
@click.argument("name")
@click.option("--strict", is_flag=True, help="Exit with 3 when anything is found.")
@home_option
@json_option
def personal_data(name: str, *, strict: bool, home: Path | None, as_json: bool) -> None:
    """Look for telephone numbers, e-mail addresses, tokens and private keys in the texts of NAME.

    No value is shown, only counts and the first characters of a few. A release is looked through once.
    """
    from ecomdata.personaldata import personal_data as look
    from ecomdata.terminal import print_findings

    with reporting() as reporter:
        found = look(name, home=home, reporter=reporter)
    if as_json:
        print_json(found.as_dict())
    else:
        print_findings(found)
    if strict and found:
        sys.exit(DataError.exit_code)


@click.command(short_help="Compare hashes, sizes and rows with the manifest.")
@click.argument("name")
@click.option("--full", is_flag=True, help="Download what is on the Hub and hash it, too.")
@_endpoint
@home_option
@json_option
def verify(name: str, *, full: bool, endpoint: str | None, home: Path | None, as_json: bool) -> None:
    """Compare a dataset with its manifest: hashes, sizes, row counts, schemas.

    NAME is a loaded dataset, or hf://datasets/OWNER/NAME[@REVISION] for one that was published.
    Exits with 3 when anything differs.
    """
    from ecomdata.terminal import print_verification
    from ecomdata.verifying import verify as verify_one

    with reporting() as reporter:
        found = verify_one(name, home=home, endpoint=endpoint, full=full, reporter=reporter)
    if as_json:
        print_json(found.as_dict())
    else:
        print_verification(found)
    if found.differences:
        sys.exit(DataError.exit_code)
