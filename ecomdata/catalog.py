"""DuckDB views over the store, made from the manifests when a connection is opened: no lock, never stale.

A schema per dataset (``merrec.events``, ``taobao_forge.sequences``), with the views that the dataset
declares (``lead_lag_github.labels``), and, under its bare name, a view per
canonical table (``interactions``) over all datasets that have it, with ids as text. The vectors that
:func:`ecomdata.embed` made of a release are ``<dataset>.embeddings_<set>``, and of a dataset that has no
table of that name and one set only, ``<dataset>.embeddings`` too. Labels that people gave
to a release's rows are ``<dataset>.labels_<task>``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from ecomdata.embedded import EMBEDDINGS, kept_sets
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.interrupts import interruptible
from ecomdata.labelled import LABELS, kept_labels
from ecomdata.manifest import Manifest, TableRecord, read_manifest
from ecomdata.pathnames import checked, expanded
from ecomdata.sandbox import STDIN, advice, reading, seal
from ecomdata.spilling import spill_folder, spilling_connection
from ecomdata.sqltext import (
    fitting,
    literal,
    names_of_this,
    of_schema,
    parquet,
    quoted,
    schema_name,
    through_polars,
)
from ecomdata.store import Store, home_folder, missing_files, writing
from ecomdata.unknown import what_is_wrong

if TYPE_CHECKING:
    import polars as pl

MEMORY: Final = "2GB"
"""What DuckDB may hold for a query, before it spills to disk."""
_MISREAD: Final = frozenset("?\\") - {os.sep}
"""What DuckDB takes in a database's path for its end, and for ``/``."""
_MADE: Final = "made by ecomdata catalog"
"""The comment of a view that another run may remove."""


def sql(
    query: str,
    *,
    home: str | os.PathLike[str] | None = None,
    allow_files: bool = False,
    memory: str = MEMORY,
) -> pl.DataFrame:
    """Ask the catalog, and get a polars DataFrame.

    Args:
        query: One SQL statement that reads.
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        allow_files: Let it read other local files too. It never writes, and reaches no network.
        memory: What DuckDB may hold before it spills to disk, such as ``2GB``.

    Raises:
        UsageError: the query is wrong, writes, or reads files that it may not.
        EcomdataError: it needs more memory.
    """
    with ask(query, home=home, allow_files=allow_files, memory=memory) as relation, through_polars():
        frame: pl.DataFrame = fitting(relation, "frame").pl()
        return frame


@contextmanager
def ask(
    query: str,
    *,
    home: str | os.PathLike[str] | None = None,
    allow_files: bool = False,
    memory: str = MEMORY,
) -> Generator[duckdb.DuckDBPyRelation]:
    """The relation a query gives, as :func:`sql` does; it can be read until the context ends."""
    stdin = allow_files and STDIN in query
    with connect(home, allow_files=allow_files, memory=memory, stdin=stdin) as connection:
        try:
            question = reading(connection, query)
            with interruptible(connection):
                relation = connection.sql(question.select)
                if question.explain:
                    lines = relation.explain(question.explain).splitlines()
                    relation = connection.sql(
                        f"SELECT unnest([{', '.join(map(literal, lines))}]::VARCHAR[]) AS plan"
                    )
                yield relation
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            told, instead = what_is_wrong(error, query, connection)
            raise UsageError(told, hint=advice(error, files=allow_files) or instead) from error


@contextmanager
def connect(
    home: str | os.PathLike[str] | None = None,
    *,
    allow_files: bool = False,
    memory: str = MEMORY,
    stdin: bool = False,
) -> Generator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection that holds the views and can read nothing but the store, and files if it may.

    Args:
        home: Where the store is.
        allow_files: Let it read other local files too.
        memory: What DuckDB may hold before it spills to disk.
        stdin: Let it read what is piped in too.

    Raises:
        UsageError: ``memory`` is not an amount.
        DataError: files of the store cannot be read.
        EcomdataError: more memory is needed.
    """
    store = Store(home_folder(home))
    with (
        spill_folder(store.home, "asking") as spill,
        _kept_stdin(spill) if stdin else nullcontext(),
        spilling_connection(memory, spill) as connection,
    ):
        try:
            seal_to(store, connection, files=allow_files)
            create_views(connection, store)
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise EcomdataError(
                f"the query needs more than {memory} of memory", hint="give it more, such as --memory 8GB"
            ) from error


@contextmanager
def _kept_stdin(folder: Path) -> Generator[None]:
    """Have stdin be a file for a while: DuckDB reads more than once what a pipe gives once."""
    if Path(STDIN).is_file():  # it has been sent there with <
        yield
        return
    with tempfile.TemporaryFile(dir=folder) as copy:
        with writing(folder), open(0, "rb", closefd=False) as piped:
            shutil.copyfileobj(piped, copy)
            copy.seek(0)
        before = os.dup(0)
        os.dup2(copy.fileno(), 0)
        try:
            yield
        finally:
            os.dup2(before, 0)
            os.close(before)


def seal_to(store: Store, connection: duckdb.DuckDBPyConnection, *, files: bool = False) -> None:
    """Let a connection read what is loaded, and other files if it may; see :func:`ecomdata.sandbox.seal`.

    Before there are views: their SQL stands in manifests, which may have been made elsewhere.
    """
    seal(connection, store.root, store.home / EMBEDDINGS, store.home / LABELS, files=files)


def write_catalog(path: str | os.PathLike[str], *, home: str | os.PathLike[str] | None = None) -> int:
    """Write the views into a DuckDB file for other tools, instead of those that it wrote there before.

    Returns:
        How many views they are.

    Raises:
        UsageError: the file is there and is not a DuckDB database, or has a table in place of a view; or
            DuckDB would take its path for another, or has none such.
    """
    store = Store(home_folder(home))
    # DuckDB takes names such as :memory: for more than names.
    target = checked(expanded(Path(path)).absolute(), "the catalog")
    if misread := _MISREAD & set(str(target)):
        raise UsageError(
            f"DuckDB takes {' and '.join(sorted(misread))} in {target} for more than names",
            hint="choose a path without",
        )
    with writing(target):
        try:
            with duckdb.connect(str(target)) as connection:
                seal_to(store, connection)
                before = _made_before(connection)
                made = create_views(connection, store)
                for view in before - made:
                    connection.execute(f"DROP {view}")
                for view in made:
                    connection.execute(f"COMMENT ON {view} IS {literal(_MADE)}")
                return len(made)
        except duckdb.Error as error:
            taken = isinstance(error, duckdb.IOException) and "lock" in str(error)
            hint = "another process has it open: run the same command again when it is done" if taken else ""
            raise UsageError(
                f"{target} cannot be written as a DuckDB database: {error}",
                hint=hint or "give the name of a file that is not there, or of such a database",
            ) from error


def _made_before(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The views in a file that :func:`write_catalog` wrote there."""
    rows = connection.execute(
        "SELECT 'VIEW', schema_name, view_name FROM duckdb_views() WHERE comment = $1 UNION "
        "SELECT 'MACRO TABLE', schema_name, function_name FROM duckdb_functions() WHERE comment = $1",
        [_MADE],
    ).fetchall()
    return {f"{kind} {quoted(schema)}.{quoted(name)}" for kind, schema, name in rows}


def create_views(connection: duckdb.DuckDBPyConnection, store: Store) -> set[str]:
    """Create a view for every table of every visible release, and the canonical views.

    Returns:
        What was created, each as ``VIEW "merrec"."events"``.
    """
    made: set[str] = set()
    kinds: dict[str, list[str]] = defaultdict(list)
    for folder, manifest in _visible(store):
        schema = schema_name(manifest.dataset)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        for view, record in _create_tables(connection, schema, folder, manifest):
            made.add(f"VIEW {view}")
            if record.kind:
                kinds[record.kind].append(_canonical_select(manifest.dataset, view, record))
        made.update(_create_own_views(connection, schema, manifest))
        made.update(_create_embeddings(connection, schema, store, folder, manifest))
        made.update(_create_labels(connection, schema, store.home, manifest))
    for kind, selects in kinds.items():
        view, union = f'"main".{quoted(kind)}', " UNION ALL BY NAME ".join(selects)
        try:
            connection.execute(f"CREATE OR REPLACE VIEW {view} AS {union}")
        except duckdb.Error as error:
            raise _not_of_data(error) or DataError(
                f"the {kind} of all datasets do not fit together: {str(error).splitlines()[0]}",
                hint="ecomdata verify NAME finds the dataset whose files are not as they were written",
            ) from error
        made.add(f"VIEW {view}")
    return made


def require_views(folder: Path, manifest: Manifest) -> None:
    """Refuse a release whose own views cannot be made (EcomdataError): no query would run beside it."""
    schema = schema_name(manifest.dataset)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE SCHEMA {quoted(schema)}")
        deque(_create_tables(connection, schema, folder, manifest), maxlen=0)
        try:
            deque(_create_own_views(connection, schema, manifest), maxlen=0)
        except DataError as error:
            raise EcomdataError(
                str(error), hint="this is a fault in the loader: mend the view's SQL"
            ) from error


def _create_tables(
    connection: duckdb.DuckDBPyConnection, schema: str, folder: Path, manifest: Manifest
) -> Iterator[tuple[str, TableRecord]]:
    """The views of a release's tables."""
    for name, record in manifest.tables.items():
        view = f"{quoted(schema)}.{quoted(name)}"
        select = f"SELECT * FROM {parquet(folder / file.path for file in record.files)}"  # noqa: S608 - quoted
        try:
            connection.execute(f"CREATE OR REPLACE VIEW {view} AS {select}")
        except duckdb.Error as error:
            raise _not_of_data(error) or damaged(folder, manifest, name, error) from error
        yield view, record


def _not_of_data(error: Exception) -> Exception | None:
    """The error, where it says nothing of a dataset: memory, or a table of the user's in a view's place."""
    taken = isinstance(error, duckdb.CatalogException) and "Existing object" in str(error)
    return error if taken or isinstance(error, duckdb.OutOfMemoryException) else None


def _create_own_views(
    connection: duckdb.DuckDBPyConnection, schema: str, manifest: Manifest
) -> Iterator[str]:
    """The views that the dataset declares, as far as the tables they use are loaded.

    Views may use views, and a manifest has them by name, not in the order in which they were declared.
    """
    there, waiting = set(manifest.tables), dict(manifest.views)
    while ready := next((n for n, v in waiting.items() if names_of_this(v.sql) <= there), None):
        name, view = ready, waiting.pop(ready)
        there.add(name)
        target, query = f"{quoted(schema)}.{quoted(name)}", of_schema(view.sql, schema)
        made, called = f"VIEW {target}", f"VIEW {target} AS"
        if view.parameters:
            made = f"MACRO TABLE {target}"
            called = f"MACRO {target}({', '.join(map(quoted, view.parameters))}) AS TABLE"
        try:
            reading(connection, query)
            connection.execute(f"CREATE OR REPLACE {called} {query}")
        except (duckdb.Error, UsageError) as error:
            raise _not_of_data(error) or DataError(
                f"the view {name} of {manifest.dataset} cannot be made: {str(error).splitlines()[0]}",
                hint=f"make it again: ecomdata load {manifest.dataset} --force",
            ) from error
        yield made


def _create_embeddings(
    connection: duckdb.DuckDBPyConnection, schema: str, store: Store, folder: Path, manifest: Manifest
) -> Iterator[str]:
    """The vectors made of a release's texts; what is not whole, or of other files, is not there."""
    sets = list(kept_sets(store.home, folder, manifest))
    for place, record in sets:
        names = [f"{EMBEDDINGS}_{record.name}"]
        if len(sets) == 1 and EMBEDDINGS not in {*manifest.tables, *manifest.views}:
            names.append(EMBEDDINGS)
        for name in names:
            yield from _create_beside(connection, schema, name, [place / file.path for file in record.files])


def _create_labels(
    connection: duckdb.DuckDBPyConnection, schema: str, home: Path, manifest: Manifest
) -> Iterator[str]:
    """The labels of a release's rows; a table or view of the dataset's own keeps its name."""
    for path, labels in kept_labels(home, manifest.dataset, manifest.release):
        name = f"{LABELS}_{labels.task}"
        if name not in manifest.tables and name not in manifest.views:
            yield from _create_beside(connection, schema, name, [path])


def _create_beside(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, paths: Sequence[Path]
) -> Iterator[str]:
    """A view of what was made of a release; damaged files must not stand in the way of its tables."""
    with suppress(duckdb.Error):
        view = f"VIEW {quoted(schema)}.{quoted(name)}"
        connection.execute(f"CREATE OR REPLACE {view} AS FROM {parquet(paths)}")
        yield view


def damaged(folder: Path, manifest: Manifest, table: str, error: duckdb.Error) -> DataError:
    """What to raise when the files of a table cannot be read."""
    problems = missing_files(folder, manifest) or [str(error).splitlines()[0]]
    return DataError(
        f"the files of {manifest.dataset} {table} in the store cannot be read: {problems[0]}",
        hint=f"make them again: ecomdata load {manifest.dataset} --force, from the source it was loaded from",
    )


def _visible(store: Store) -> Iterator[tuple[Path, Manifest]]:
    for dataset in store.loaded():
        folder = store.current(dataset)
        if folder is not None:
            yield folder, read_manifest(folder, dataset)


def _canonical_select(dataset: str, view: str, record: TableRecord) -> str:
    columns = [f"{literal(dataset)} AS dataset"]
    for name in record.canonical:
        column = quoted(name)
        if name.endswith("_id"):
            columns.append(f"CAST({column} AS VARCHAR) AS {column}")
        elif name == "vector":
            columns.append(f"CAST({column} AS FLOAT[]) AS {column}")
        else:
            columns.append(column)
    return f"SELECT {', '.join(columns)} FROM {view}"  # noqa: S608 - every name is quoted


def check_nothing_missing(store: Store) -> list[str]:
    """Problems of visible releases: shards that are missing or have another size."""
    problems: list[str] = []
    for dataset in store.loaded():
        try:
            folder = store.current(dataset)
            found = missing_files(folder, read_manifest(folder, dataset)) if folder else []
        except EcomdataError as error:
            found = [str(error)]
        problems += [f"{dataset}: {problem}" for problem in found]
    return problems
