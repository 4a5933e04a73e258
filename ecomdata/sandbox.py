"""What SQL of others may do: read what it is given. Nothing is written, fetched, set, or loaded.

DuckDB's own sandbox keeps a query from files, the network, extensions and settings, but where it may read
a file, it may write it, and a SELECT can write: ``WITH x AS (COPY ...)``, ``EXPLAIN ANALYZE COPY``, a
function that runs SQL. So a query is parsed by DuckDB and looked at before it runs
(docs/decisions/0029-what-sql-may-do.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from glob import escape
from pathlib import Path
from typing import Any, Final, Literal, cast

import duckdb

from ecomdata.errors import UsageError
from ecomdata.sqltext import literal

STDIN: Final = "/dev/stdin"
"""What is piped in, for a query that may read files."""
_COMMENT: Final = r"(?:\s|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*"
_EXPLAIN: Final = re.compile(rf"{_COMMENT}EXPLAIN\b{_COMMENT}(ANALY[ZS]E\b)?", re.IGNORECASE)
_NODE: Final = re.compile(r'"type":"(\w+)_NODE"')
"""A query inside a query; a quote in a text of the query has a backslash before it."""
_CALLED: Final = re.compile(r'"function_name":"((?:[^"\\]|\\.)*)"')
_BUILT_IN: Final = frozenset({"", "main", "pg_catalog", "information_schema", "system", "temp", "memory"})
"""Schemas, and databases in their place, with DuckDB's own functions; others have what datasets declare."""
_READING: Final = frozenset({"SELECT", "SET_OPERATION", "RECURSIVE_CTE", "CTE"})
_FUNCTIONS: Final = re.compile(
    r"range|generate_series|unnest|repeat|repeat_row|summary|histogram|glob|sniff_csv|query_table|test_all_types"
    r"|(read_|parquet_|json_each|json_tree|duckdb_|pragma_|pg_|icu_)\w*"
)
"""Table functions that read. Of others, some run SQL that they are given as a text."""
_INSTEAD: Final = {
    "COPY": "--output FILE writes an answer, as --format csv, json or parquet",
    "EXPORT": "--output FILE writes an answer, as --format csv, json or parquet",
    "LOAD": "queries use no extensions; DuckDB itself does, over the views that ecomdata catalog writes",
    "MULTI": "PIVOT reads when its values are named: ON column IN ('a', 'b')",
    "PRAGMA": "SHOW TABLES and DESCRIBE tell what is there",
    "CALL": "SHOW TABLES and DESCRIBE tell what is there",
    "SET": "queries change no settings; --memory says how much one may hold",
}
_OWN: Final = "ecomdata catalog FILE.duckdb writes the views into a database of your own"
_CLOSED: Final = frozenset({"proc", "sys", "dev"})
"""Folders of the root with what the system says of programs and devices, the environment among it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query that reads.

    Attributes:
        select: What selects.
        explain: Whether its plan is wanted instead of its rows, and whether it is run for that.
    """

    select: str
    explain: Literal["", "standard", "analyze"] = ""


def reading(connection: duckdb.DuckDBPyConnection, query: str) -> Question:
    """A query that is one statement and reads.

    Raises:
        UsageError: it is none or several, or does something else.
        duckdb.Error: it is no SQL.
    """
    query = _without_end(query)
    kind = _kind(connection, query)
    if kind == "EXPLAIN":
        return _explained(connection, query)
    if kind != "SELECT":
        raise UsageError(
            f"the catalog is read-only, and this is a {kind} statement", hint=_INSTEAD.get(kind, _OWN)
        )
    _check(connection, query)
    return Question(query)


def _without_end(query: str) -> str:
    """The query up to its ``;``: DuckDB puts it into other queries, where a comment after that is no end."""
    try:
        written = query.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the query is not UTF-8", hint="bytes are written as '\\xFF'::BLOB") from error
    end = len(written)
    for place, kind in reversed(duckdb.tokenize(query)):
        if kind == duckdb.token_type.operator and written.startswith(b";", place):
            end = place
        elif kind != duckdb.token_type.comment:
            break
    return written[:end].decode()


def _explained(connection: duckdb.DuckDBPyConnection, query: str) -> Question:
    """What is explained is looked at as a query of its own, and is what runs: EXPLAIN ANALYZE runs it."""
    found = _EXPLAIN.match(query)
    select = query[found.end() :] if found else ""
    try:
        reads = _kind(connection, select) == "SELECT"
    except duckdb.ParserException:
        reads = False
    if not found or not reads:
        raise UsageError(
            "what is to be explained does more than read, or EXPLAIN has options",
            hint="EXPLAIN or EXPLAIN ANALYZE, and then a SELECT",
        )
    _check(connection, select)
    return Question(select, "analyze" if found[1] else "standard")


def _kind(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise UsageError(f"one SQL statement, please, not {len(statements)}")
    try:
        return statements[0].type.name
    except ValueError:  # DuckDB knows more kinds than its Python package
        return "MAINTENANCE"


def _check(connection: duckdb.DuckDBPyConnection, select: str) -> None:
    """Refuse a SELECT that writes on its way, or calls what may.

    Raises:
        UsageError: it does.
    """
    ((parsed,),) = connection.execute("SELECT json_serialize_sql($1)", [select]).fetchall()
    if not str(parsed).startswith('{"error":false'):
        raise UsageError("this SELECT cannot be looked at before it runs", hint="write it in another way")
    if others := sorted(set(_NODE.findall(parsed)) - _READING):
        raise UsageError(
            f"the catalog is read-only, and this query writes on its way ({others[0].split('_')[0]})",
            hint=_INSTEAD["COPY"],
        )
    if not _calls_unknown(parsed):
        return
    called = {name.lower() for name in _CALLED.findall(parsed)}
    if refused := sorted(called & _refused()):
        raise UsageError(
            f"queries may not call {refused[0]}()", hint="tables and read_... functions may stand after FROM"
        )


def _calls_unknown(parsed: str) -> bool:
    """Whether anything stands after FROM that is not known to read; to ask DuckDB what it has takes 60 ms."""
    try:
        waiting: list[Any] = [json.loads(parsed)]
    except RecursionError:
        return True
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            node = cast("dict[str, Any]", node)
            if node.get("type") == "TABLE_FUNCTION":
                function = node["function"]
                schema = function["schema"].lower()
                places = {schema, function["catalog"].lower() or schema}
                if places & _BUILT_IN and not _FUNCTIONS.fullmatch(function["function_name"].lower()):
                    return True
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return False


@cache
def _refused() -> frozenset[str]:
    """The functions of this DuckDB that stand after FROM and are not known to read, and to do no more."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT lower(function_name), function_type FROM duckdb_functions()"
        ).fetchall()
    of_tables = {name for name, kind in rows if kind in {"table", "pragma"}}
    of_values = {name for name, kind in rows if kind in {"scalar", "aggregate", "macro"}}
    return frozenset(name for name in of_tables - of_values if not _FUNCTIONS.fullmatch(name))


def seal(connection: duckdb.DuckDBPyConnection, *folders: Path, files: bool = False) -> None:
    """Let a connection read nothing but what lies below some folders (and its own spill), for good.

    Args:
        connection: The connection.
        folders: The folders.
        files: Let it read all other local files too, but for those in which the system tells of programs.
    """
    # Views name files as patterns (sqltext.parquet), and DuckDB asks for both a pattern and what it finds.
    allowed = sorted({f"{form}/" for folder in folders for form in (folder, escape(str(folder)))})
    paths: list[str] = []
    if files:
        allowed += [f"{place}/" for place in _roots() if place.is_dir()]
        paths = [STDIN, *(str(place) for place in _roots() if place.is_file())]
    connection.execute(
        f"SET TimeZone = 'UTC'; SET allowed_directories = [{', '.join(map(literal, allowed))}]; "
        f"SET allowed_paths = [{', '.join(map(literal, paths))}]; "
        "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; "
        "SET allow_community_extensions = false; SET allow_persistent_secrets = false; "
        "SET python_enable_replacements = false; "
        "SET enable_external_access = false; SET lock_configuration = true"
    )


def _roots() -> Iterator[Path]:
    return (place for place in sorted(Path("/").iterdir()) if place.name not in _CLOSED)


def advice(error: duckdb.Error, *, files: bool) -> str:
    """What to do about a query that met the fence; empty where it met something else.

    Args:
        error: What DuckDB says.
        files: Whether the query may read local files.
    """
    if isinstance(error, duckdb.CatalogException) and "but it exists in the" in str(error):
        return _INSTEAD["LOAD"]
    if not isinstance(error, duckdb.PermissionException):
        return ""
    if re.search(r"\"(?!file:)\w+://", str(error)):
        return "queries do not reach the network: download the file, and read it with --allow-files"
    if files:
        return "--allow-files opens local files, but not /proc, /sys and /dev"
    return "queries read what is in the store; --allow-files lets this one read other local files too"
