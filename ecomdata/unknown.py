"""Names in a query that nothing has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import duckdb

from ecomdata.errors import EcomdataError

_UNKNOWN: Final = re.compile(r'(?:\bTable (?:Function )?with name "?|Catalog ")(.+?)"? does not exist')
_NAMED: Final = 12
"""Views that a hint names, of many."""
_ALIKE: Final = 0.75
"""How much of two names is the same, by difflib, where one is taken for the other."""


def what_is_wrong(error: duckdb.Error, query: str, connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """An error of DuckDB's, and what to load or to ask instead where it is about an unknown table.

    DuckDB's own guess is left out then: it does not look at the schema, and guesses its own tables too.
    """
    told = str(error).strip()
    if not (found := _UNKNOWN.search(told)):
        return told, ""
    return told.partition("\nDid you mean")[0], _instead(found[1], query, connection)


def _instead(name: str, query: str, connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute(
        "SELECT schema_name, view_name, NULL FROM duckdb_views() WHERE NOT internal UNION ALL "
        "SELECT schema_name, function_name, parameters FROM duckdb_functions() "
        "WHERE function_type = 'table_macro' AND NOT internal ORDER BY ALL"
    ).fetchall()
    before = re.search(rf'(\w+)"?\s*\.\s*"?{re.escape(name)}\b', query, re.IGNORECASE)
    asked = f"{before[1]}.{name}" if before and "." not in name else name
    schema = asked.partition(".")[0].lower()
    of_schema = [row for row in rows if row[0] == schema]
    if not of_schema and (dataset := _dataset_of(schema)):
        return f"{dataset} is not loaded yet: ecomdata load {dataset}"
    if not rows:
        return "nothing is loaded yet: ecomdata load merrec --sample"
    return _views(asked.lower(), of_schema or rows)


def _dataset_of(schema: str) -> str:
    """The dataset whose schema in SQL it is; empty where there is none, or loaders cannot be imported."""
    from ecomdata.registry import datasets

    try:
        names = (dataset.name for dataset in datasets().values() if dataset.schema_name == schema)
        return next(names, "")
    except EcomdataError:
        return ""


def _views(asked: str, rows: Sequence[tuple[str, str, Sequence[str] | None]]) -> str:
    from difflib import SequenceMatcher

    def alike(name: str, to: str) -> float:
        return SequenceMatcher(None, name, to).ratio()

    views: list[tuple[float, float, str]] = []
    table = asked.rpartition(".")[2]
    for schema, name, of in rows:
        whole = name if schema == "main" else f"{schema}.{name}"
        called = whole if of is None else f"{whole}({', '.join(of)})"
        views.append((alike(table, name), alike(asked, whole), called))
    views.sort(key=lambda view: (-view[0], -view[1]))
    meant = f"did you mean {views[0][2]}? " if views[0][0] >= _ALIKE else ""
    hint = f"{meant}loaded: {', '.join(called for *_, called in views[:_NAMED])}"
    if len(views) <= _NAMED:
        return hint
    return f"{hint}, and {len(views) - _NAMED} more; ecomdata info NAME lists a dataset's"
