"""The commands ``load`` and ``sample``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecomdata.commandline import (
    PathType,
    address_option,
    ask_user,
    engine_option,
    home_option,
    json_option,
    print_json,
    print_line,
    reporting,
    working,
)
from ecomdata.errors import AccessError, EcomdataError, UsageError

if TYPE_CHECKING:
    from ecomdata.declare import Dataset


@click.command()
@click.argument("name")
@click.option(
    "--source", metavar="PLACE", help="A folder, a file, an archive, hf://datasets/OWNER/NAME or https://..."
)
@click.option(
    "--sample", is_flag=True, help="Load a small synthetic sample in upstream's format; needs no network."
)
@click.option(
    "--only", metavar="GLOB", help="Only the raw files whose path ends like this, such as '20230501/*'."
)
@click.option(
    "--table", "tables", multiple=True, metavar="TABLE", help="Only this table. May be given again."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read at most N rows for each table.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Blocks parsed side by side. Default: the cores, at most 4.",
)
@click.option(
    "--memory",
    default="400MB",
    show_default=True,
    help="What a derived table may hold before it spills to disk.",
)
@click.option("--strict", is_flag=True, help="Fail when any row is rejected.")
@click.option("--keep-raw", is_flag=True, help="Keep downloaded raw files.")
@click.option("--force", is_flag=True, help="Load again what is loaded; let a sample replace real data.")
@click.option(
    "--allow-pickle", is_flag=True, help="Read declared pickled members, through a restricted unpickler."
)
@click.option(
    "--keep-partial", is_flag=True, help="Keep what stands before the place where a JSON file breaks off."
)
@click.option(
    "--alias",
    "renamed",
    multiple=True,
    metavar="COLUMN=NAME",
    help="Take the file's column NAME for the declared raw column COLUMN. May be given again.",
)
@engine_option
@address_option
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@home_option
@json_option
def load(
    name: str, *, yes: bool, renamed: tuple[str, ...], home: Path | None, as_json: bool, **options: Any
) -> None:
    """Load a dataset, or all members of a family, into the store."""
    from ecomdata.loading import load as load_one
    from ecomdata.registry import members
    from ecomdata.sources import NothingFoundError
    from ecomdata.terminal import print_release

    loaded: list[object] = []
    missed: dict[str, EcomdataError] = {}
    family = members(name)
    for dataset in _with_files(family, options):
        with reporting() as reporter:
            try:
                release = load_one(
                    dataset.name,
                    home=home,
                    aliases=_aliases(renamed),
                    confirm=(lambda _: True) if yes else _confirm,
                    reporter=reporter,
                    **options,
                )
            except (NothingFoundError, AccessError) as error:
                if len(family) == 1:
                    raise
                # Of a family, the members whose files are there or can be had are loaded.
                missed[dataset.name] = error
                reporter.say(_why(dataset, error))
                continue
        loaded.append(release.manifest.as_dict())
        print_release(release)
    if as_json and loaded:
        print_json(loaded if len(family) > 1 else loaded[0])
    _require_members(name, len(loaded), missed)


def _why(dataset: Dataset, error: EcomdataError) -> str:
    """Why a member of a family was not loaded."""
    if isinstance(error, AccessError):
        return f"{error}\n{error.hint}"
    return str(error) if dataset.derived_from else f"{dataset.name}: none of its files are there"


def _require_members(name: str, loaded: int, missed: Mapping[str, EcomdataError]) -> None:
    """Fail where nothing of a family was found, or members need access first.

    Raises:
        UsageError: not one member had files.
        AccessError: the files of some must be got first; the others are loaded.
    """
    refused = [member for member, error in missed.items() if isinstance(error, AccessError)]
    if refused:
        raise AccessError(
            f"of {name} {loaded:,} {'was' if loaded == 1 else 'were'} loaded; "
            f"{', '.join(refused)} could not be downloaded",
            hint="what each of them needs stands above",
        )
    if missed and not loaded:
        raise next(iter(missed.values()))


def _with_files(family: Sequence[Dataset], options: Mapping[str, object]) -> list[Dataset]:
    """The datasets that a source can have files of: of several, not those that are made from others."""
    if not options["source"] or len(family) == 1:
        return list(family)
    return [dataset for dataset in family if not dataset.derived_from]


def _aliases(renamed: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``COLUMN=NAME`` as declared column -> names in the files."""
    found: dict[str, tuple[str, ...]] = {}
    for one in renamed:
        column, sign, other = one.partition("=")
        if not (column and sign and other):
            raise UsageError(f"--alias {one!r} is not COLUMN=NAME", hint="such as --alias unit_id=paper_id")
        found[column] = (*found.get(column, ()), other)
    return found


def _confirm(question: str) -> bool:
    return ask_user(question, "the download is, or may be, above 1 GB")


@click.command(short_help="Write synthetic raw files, laid out as upstream does it.")
@click.argument("name")
@click.argument("out", type=PathType())
@click.option(
    "--rows", default=10_000, show_default=True, type=click.IntRange(min=1), help="Rows of raw data."
)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same bytes.")
@json_option
def sample(name: str, out: Path, rows: int, seed: int, *, as_json: bool) -> None:
    """Write synthetic raw files into OUT, laid out exactly as upstream does it."""
    from ecomdata.samples import sample as write_sample

    with working(f"writing {rows:,} rows of {name}"):
        files = write_sample(name, out, rows=rows, seed=seed)
    if as_json:
        print_json([{"path": str(path), "bytes": path.stat().st_size} for path in files])
        return
    for path in files:
        print_line(path)
