"""``export``: what is loaded, in the files that other tools read."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from numbers import Real
from pathlib import Path
from typing import Any, Final, Literal, get_args

import duckdb

from ecomdata.canonical import EVENTS
from ecomdata.catalog import create_views, seal_to
from ecomdata.errors import DataError, UsageError
from ecomdata.exporting.interactions import interactions_of, is_number
from ecomdata.exporting.libsvm import Examples, libsvm_parts
from ecomdata.exporting.parts import Export, Part
from ecomdata.exporting.recbole import recbole_parts
from ecomdata.exporting.recommenders import recommenders_part
from ecomdata.exporting.writing import planned, write_parts
from ecomdata.given import names
from ecomdata.interrupts import interruptible
from ecomdata.pathnames import expanded
from ecomdata.progress import Reporter, Silent
from ecomdata.registry import loader
from ecomdata.release import Release, open_release
from ecomdata.spilling import reading_tables, spill_folder, spilling_connection
from ecomdata.sqltext import quoted, schema_name
from ecomdata.store import Store, home_folder

Format = Literal["recbole", "recommenders", "libsvm"]
FORMATS: Final = get_args(Format)
_OF_FORMATS: Final[Mapping[str, frozenset[str]]] = {
    "rating": frozenset({"recbole", "recommenders"}),
    "label": frozenset({"recbole", "libsvm"}),
    "features": frozenset({"libsvm"}),
    "split": frozenset({"libsvm"}),
    "no-guard": frozenset({"recommenders"}),
}
"""Option -> the formats in which it says something."""

_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "recbole": (".item", ".user"),
    "recommenders": (),
    "libsvm": (".libsvm", ".*.libsvm"),
}
"""How the names of files end that one export writes and another of the same name need not, as globs."""


def export(  # noqa: PLR0913 - an option of the command each
    name: str,
    out: str | os.PathLike[str],
    *,
    format: Format,  # noqa: A002 - the word of the command line
    table: str | None = None,
    ratings: Mapping[str, float] | None = None,
    label: str | None = None,
    features: str | Sequence[str] = (),
    split: str | None = None,
    guard: bool = True,
    force: bool = False,
    dry_run: bool = False,
    memory: str = "1GB",
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> Export:
    """Write what is loaded in the files that another tool reads.

    - ``recbole``: a folder of atomic files, ``OUT/NAME/NAME.inter``, ``.item`` and ``.user``.
    - ``recommenders``: one file, ``OUT.csv`` or ``OUT.parquet``, with userID, itemID, rating and timestamp.
    - ``libsvm``: a folder with a file for each split and the map of the features.

    Rows come in the order of the store (of a libsvm file: sorted), so the same release gives the same bytes.
    Files appear whole and all together. What a format cannot express is counted in ``notes``, or an error.

    Args:
        name: A loaded dataset.
        out: The folder, or for ``recommenders`` the file.
        format: The tool.
        table: The table of interactions or reviews; for ``libsvm`` a table or a view. Default: the only one
            that fits; for ``libsvm`` the view that declares features.
        ratings: Event -> rating; rows of other events are left out.
        label: For ``libsvm``: what is to be predicted; default: the first label that the view declares. For
            ``recbole``: a column of numbers that becomes ``label``.
        features: For ``libsvm``: what to predict it from; default: what the view declares.
        split: For ``libsvm``: the column whose values go to files of their own.
        guard: For ``recommenders``: whether ids in CSV that a spreadsheet would run get an apostrophe before
            them, which ``notes`` count.
        force: Whether files that are there may be replaced.
        dry_run: Only say which files there would be.
        memory: What DuckDB may hold before it spills to disk, such as ``2GB``.
        home: Where the store is.
        reporter: Hears of progress.

    Raises:
        UsageError: the dataset is not loaded or has nothing of the kind, an option does not fit, or a file is
            there.
        DataError: the data cannot be expressed, such as ids with tabs; or the store's files cannot be read.
    """
    if format not in FORMATS:
        near = difflib.get_close_matches(format, FORMATS, n=1)
        raise UsageError(
            f"format {format!r} is not known", hint=f"{near[0]}?" if near else f"one of {', '.join(FORMATS)}"
        )
    features, out = names(features), expanded(Path(out))
    given = {"rating": ratings, "label": label, "features": features, "split": split, "no-guard": not guard}
    _check_options(format, given)
    _check_ratings(ratings or {})
    loader(name)  # a release of a dataset that is not declared is refused
    release = open_release(name, home=home)
    reporter = reporter or Silent()
    folder = out.absolute() if format != "recommenders" else out.absolute().parent
    with _opened(release, memory, home) as connection:
        if format == "libsvm":
            examples = _examples(name, release, table, label, features, split)
            parts = libsvm_parts(examples, lambda query: _rows(connection, query, name))
        else:
            found = interactions_of(release, table, ratings or {})
            parts = (
                recbole_parts(release, found, _label(found.columns, label))
                if format == "recbole"
                else [recommenders_part(found, _file_name(out), guard=guard)]
            )
        _check_targets(parts, folder, format, force=force)
        notes = {} if dry_run else _counted(connection, parts, name)
        with _explained(name):
            files = planned(parts, folder) if dry_run else write_parts(connection, parts, folder, reporter)
    return Export(
        dataset=name,
        release=release.folder.name,
        format=format,
        files=files,
        notes=notes,
        written=not dry_run,
    )


def _check_options(format: str, given: Mapping[str, object]) -> None:  # noqa: A002 - as above
    """Refuse options that would do nothing."""
    idle = [name for name, value in given.items() if value and format not in _OF_FORMATS[name]]
    if idle:
        formats = " and ".join(sorted(_OF_FORMATS[idle[0]]))
        raise UsageError(f"--{idle[0]} says nothing to {format}", hint=f"it is for {formats}")


def _check_ratings(ratings: Mapping[str, object]) -> None:
    for event, value in ratings.items():
        if event not in EVENTS or not isinstance(value, Real) or not math.isfinite(value):
            raise UsageError(
                f"{event!r} cannot be rated {value!r}: a rating is an event's name and a number",
                hint=f"events are {', '.join(EVENTS)}",
            )


@contextmanager
def _opened(
    release: Release, memory: str, home: str | os.PathLike[str] | None
) -> Generator[duckdb.DuckDBPyConnection]:
    """A connection with the catalog's views, which reads nothing but the store."""
    store = Store(home_folder(home))
    with (
        spill_folder(release.folder.parent, "exporting") as spill,
        spilling_connection(memory, spill) as connection,
    ):
        seal_to(store, connection)
        create_views(connection, store)
        yield connection


def _rows(connection: duckdb.DuckDBPyConnection, query: str, name: str) -> list[tuple[Any, ...]]:
    with _explained(name), interruptible(connection):
        return connection.execute(query).fetchall()


def _explained(name: str) -> AbstractContextManager[None]:
    return reading_tables(name, needing=f"exporting {name} needs")


def _counted(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], name: str) -> dict[str, int]:
    """What there is to say, after what makes the export fail.

    Raises:
        DataError: there is some of that.
    """
    for part in parts:
        for what, query in part.fatal.items():
            ((count,),) = _rows(connection, query, name)
            if count:
                raise DataError(
                    f"{what} in {count:,} rows of {', '.join(part.sources)}: {part.file} cannot express that",
                    hint="export to Parquet: --format recommenders with a file that ends with .parquet",
                )
    counted = {
        what: int(_rows(connection, query, name)[0][0])
        for part in parts
        for what, query in part.notes.items()
    }
    return {what: count for what, count in counted.items() if count}


def _check_targets(parts: Sequence[Part], folder: Path, format: Format, *, force: bool) -> None:  # noqa: A002
    there = [folder / part.file for part in parts if (folder / part.file).exists()]
    if there and not force:
        raise UsageError(
            f"{', '.join(str(path) for path in there[:3])} is there already", hint="--force replaces it"
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and a folder is needed")
    # A reader would take them for parts of this export; what another split left holds the same rows again.
    stem = parts[0].file.partition(".")[0]
    ours = {folder / part.file for part in parts}
    left = sorted({path for ending in _ENDINGS[format] for path in folder.glob(f"{stem}{ending}")} - ours)
    if left:
        named = ", ".join(str(path) for path in left[:3])
        raise UsageError(
            f"{named} is of another export, and would stay beside this one",
            hint="remove it, or export to another folder",
        )


def _file_name(path: Path) -> str:
    if path.suffix not in {".csv", ".parquet"}:
        raise UsageError(
            f"{path} ends with neither .csv nor .parquet", hint=f"such as {path.name or 'ratings'}.parquet"
        )
    return path.name


def _label(columns: Mapping[str, str], label: str | None) -> str:
    if label is None:
        return ""
    if label not in columns:
        raise UsageError(f"there is no column {label!r}", hint=f"columns: {', '.join(columns)}")
    if not is_number(columns[label]):
        numbers = [name for name, dtype in columns.items() if is_number(dtype)]
        raise UsageError(
            f"the label {label} holds {columns[label].partition('(')[0]}, no numbers",
            hint=f"columns that do: {', '.join(numbers)}",
        )
    return label


def _examples(
    name: str,
    release: Release,
    table: str | None,
    label: str | None,
    features: Sequence[str],
    split: str | None,
) -> Examples:
    views = {view.name: view for view in loader(name).views if not view.parameters}
    ready = [view for view in views.values() if view.features]
    if table is None and not ready:
        raise UsageError(
            f"{name} declares no view with labels and features",
            hint="name them: --table, --label and --features",
        )
    chosen = table or ready[0].name
    there = {*release, *release.manifest.views}
    if chosen not in there:
        raise UsageError(
            f"{name} has no table or view {chosen!r} in this release", hint=f"there are {', '.join(there)}"
        )
    view = views.get(chosen)
    label = label or next(iter(view.labels if view else ()), None)
    if label is None:
        raise UsageError(f"{name} {chosen} declares no label", hint="name it: --label COLUMN")
    return Examples(
        relation=f"{quoted(schema_name(name))}.{quoted(chosen)}",
        name=chosen,
        label=label,
        features=tuple(features) or (view.features if view else ()),
        split=split or "",
    )
