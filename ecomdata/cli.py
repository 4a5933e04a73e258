"""The command line. Each command wraps a function of the Python API; heavy imports wait until one runs.

stdout is data, stderr is talk. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the data failed its
checks, 4 access is needed first, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ecomdata import __version__
from ecomdata.annotatecommands import annotate
from ecomdata.cardcommands import card
from ecomdata.commandline import (
    PathType,
    home_option,
    json_option,
    print_json,
    reporting,
    say,
)
from ecomdata.console import log_plainly
from ecomdata.dedupcommands import dedup
from ecomdata.embedcommands import embed
from ecomdata.errors import INTERRUPTED, EcomdataError
from ecomdata.exportcommands import export
from ecomdata.hubcommands import personal_data, publish, verify
from ecomdata.interrupts import no_panic, spare_polars
from ecomdata.languagecommands import languages
from ecomdata.loadcommands import load, sample
from ecomdata.statscommands import stats

if TYPE_CHECKING:
    from ecomdata.answers import Form
    from ecomdata.validating import Validation

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_COMMENT: Final = re.compile(r"--.*\n")
"""What begins so is no option: a query has a line after its comment."""


def main() -> None:
    """Run the command line, and turn every error into a message, a hint and an exit code."""
    debug = "--debug" in sys.argv[1:] or bool(os.environ.get("ECOMDATA_DEBUG"))
    log_plainly()
    spare_polars()
    try:
        with no_panic():
            cli(prog_name="ecomdata", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        shown = StringIO()
        error.show(shown)
        say(shown.getvalue().rstrip("\n"))
        if hint := _where_it_stands(error):
            say(f"hint: {hint}")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        print("interrupted; what was there before is as it was", file=sys.stderr)  # noqa: T201
        sys.exit(INTERRUPTED)
    except EcomdataError as error:
        if debug:
            say(traceback.format_exc())
        _complain(str(error), error.hint)
        sys.exit(error.exit_code)
    except BaseException as error:  # polars' panics are no Exception
        if isinstance(error, SystemExit):
            raise
        if debug:
            say(traceback.format_exc())
        _complain(*_unexpected(error))
        sys.exit(1)


def _where_it_stands(error: click.ClickException) -> str:
    """Where an option belongs that was given in the wrong place; empty for other errors."""
    if not isinstance(error, click.NoSuchOption):
        return ""
    if error.option_name in {option for param in cli.params for option in param.opts}:
        return f"it stands before the command: ecomdata {error.option_name} ..."
    first = error.ctx is not None and error.ctx.parent is None
    home = first and error.option_name == "--home"
    return "it stands behind the command: ecomdata load NAME --home PATH" if home else ""


def _unexpected(error: BaseException) -> tuple[str, str]:
    """What to say of an error that no function of ours raised, and a hint."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", "check that it is there and that you may use it"
    if isinstance(error, FileNotFoundError) and not _is_somewhere():
        return "the folder that the command runs in is not there any more", "go to another one with cd"
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"the output could not be written: {error.strerror}", "free some space there"
    return (
        f"{type(error).__name__}: {error}",
        "this was not expected; ecomdata --debug ... shows where it happened",
    )


def _is_somewhere() -> bool:
    """Whether the current folder is there; that of a shell may have been removed, and made anew."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _complain(message: str, hint: str) -> None:
    say(f"error: {message}")
    if hint:
        say(f"hint: {hint}")


class _Commands(click.Group):
    """The commands; a reader of our output that goes away (head, less) is no failure of ours."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command, and bring all output out before Python ends."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still to be written has nowhere to go; Python would complain of it at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from None
        return result


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="ecomdata")
@click.option(
    "--loaders",
    multiple=True,
    type=PathType(),
    metavar="DIR",
    help="Look for loaders in this folder too. Also: $ECOMDATA_LOADERS.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, loaders: tuple[Path, ...], *, debug: bool) -> None:  # noqa: ARG001 - main reads debug
    """Public e-commerce datasets as typed, validated Parquet."""
    if loaders:
        from ecomdata.registry import user_folders

        context.with_resource(user_folders(loaders))


@cli.command("list")
@home_option
@json_option
def list_(home: Path | None, *, as_json: bool) -> None:
    """List the datasets, and what of them is loaded."""
    from ecomdata.overview import overview

    rows = overview(home=home)
    if as_json:
        print_json(rows)
        return
    from ecomdata.terminal import print_overview

    print_overview(rows)


@cli.command(short_help="Tell what a dataset is: terms, tables, columns, sources.")
@click.argument("name")
@home_option
@json_option
def info(name: str, home: Path | None, *, as_json: bool) -> None:
    """Tell what a dataset is: terms, tables, columns, sources, and what is loaded."""
    from ecomdata.overview import describe_dataset

    facts = describe_dataset(name, home=home)
    if as_json:
        print_json(facts)
        return
    from ecomdata.terminal import print_info

    print_info(facts)


class _WithQuery(click.Command):
    """A command whose argument may begin with a comment of SQL, where others take it for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See :class:`click.Command`."""
        return super().parse_args(ctx, [f" {arg}" if _COMMENT.match(arg) else arg for arg in args])


@cli.command(cls=_WithQuery)
@click.argument("query")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    help="json is an array of objects. Default: as the name of --output ends, else table.",
)
@click.option("-o", "--output", type=PathType(), help="Write into this file instead of stdout.")
@click.option(
    "--allow-files",
    is_flag=True,
    help="Let the query read other local files too, such as FROM 'mine.csv'. It never writes.",
)
@click.option(
    "--memory", default="2GB", show_default=True, help="What a query may hold before it spills to disk."
)
@click.option(
    "--no-guard", is_flag=True, help="Write texts in CSV as they are, those too that a spreadsheet would run."
)
@home_option
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def sql(
    query: str,
    form: Form | None,
    output: Path | None,
    memory: str,
    home: Path | None,
    *,
    allow_files: bool,
    no_guard: bool,
    as_json: bool,
) -> None:
    """Ask the catalog in SQL (DuckDB), read-only. QUERY may be - for what stdin says.

    Tables are called merrec.events or, over all datasets, interactions. A query reads the store, and other
    files with --allow-files; it writes nothing, and reaches no network.
    """
    from ecomdata.answers import form_of, write_answer
    from ecomdata.catalog import ask

    form = "json" if as_json else form or form_of(output)
    if query == "-":
        query = sys.stdin.buffer.read().decode(errors="surrogateescape")
    with ask(query, home=home, allow_files=allow_files, memory=memory) as answer:
        write_answer(answer, form, output, guard=not no_guard)


@cli.command(short_help="Write the views into a DuckDB database for other tools.")
@click.argument("file", type=PathType())
@home_option
@json_option
def catalog(file: Path, home: Path | None, *, as_json: bool) -> None:
    """Write the catalog's views into FILE, a DuckDB database for other tools."""
    from ecomdata.catalog import write_catalog

    views = write_catalog(file, home=home)
    if as_json:
        print_json({"path": str(file), "views": views})
    else:
        say(f"{file}: {views} views")


@cli.command(short_help="Compare with published figures, and look for broken rules.")
@click.argument("name")
@click.option(
    "--report",
    type=PathType(),
    metavar="FILE.html",
    help="Write one page with all of it, and how the columns are filled.",
)
@click.option(
    "--memory", default="1GB", show_default=True, help="What a query may hold before it spills to disk."
)
@home_option
@json_option
def validate(name: str, report: Path | None, memory: str, home: Path | None, *, as_json: bool) -> None:
    """Compare what is loaded with published figures, and look for rows that break rules.

    NAME may be a family: then all its members that are loaded. Figures are compared on a full load only.
    Exit code 3 when a figure is missed, or a rule of severity error is broken.
    """
    from ecomdata.pathnames import file_to_write
    from ecomdata.terminal import print_validation
    from ecomdata.validating import require_sound, to_validate, write_report
    from ecomdata.validating import validate as validate_one

    page = None if report is None else file_to_write(report)
    found: list[Validation] = []
    for member in to_validate(name, home=home):
        with reporting() as reporter:
            found.append(
                validate_one(
                    member, distributions=page is not None, memory=memory, home=home, reporter=reporter
                )
            )
        if not as_json:
            print_validation(found[-1])
    if as_json:
        print_json([one.as_dict() for one in found] if name != found[0].dataset else found[0].as_dict())
    if page is not None:
        write_report(found, page)
    require_sound(found)


@cli.command()
@click.option("--offline", is_flag=True, help="Do not try to reach the sources.")
@click.option(
    "--prune",
    is_flag=True,
    help="Remove releases that a later load has superseded, what was made of them, and broken downloads.",
)
@home_option
@json_option
def doctor(home: Path | None, *, offline: bool, prune: bool, as_json: bool) -> None:
    """Check the environment, the sources and the store."""
    from ecomdata.doctor import diagnose

    checks = diagnose(home=home, offline=offline, prune=prune)
    if as_json:
        print_json([check.as_dict() for check in checks])
    else:
        from ecomdata.terminal import print_checks

        print_checks(checks)
    if any(check.status == "problem" for check in checks):
        sys.exit(1)


for _command in (
    *(annotate, card, dedup, embed, export, languages, load),
    *(personal_data, publish, sample, stats, verify),
):
    cli.add_command(_command)
