"""Names in a query that nothing has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import duckdb

from ecomdata.errors import EcomdataError

_UNKNOWN: Final = re.compile(r'(?:\bTable (?:Function )?with name|Catalog) "?([^\s"]+)"? does not exist')
_NAMED: Final = 12
"""Views that a hint names, of many."""


def what_there_is(error: duckdb.Error, connection: duckdb.DuckDBPyConnection) -> str:
    """What to load or to ask instead where an error is about an unknown table; empty for other errors."""
    found = _UNKNOWN.search(str(error))
    if not found:
        return ""
    rows = connection.execute(
        "SELECT schema_name, view_name, NULL FROM duckdb_views() WHERE NOT internal UNION ALL "
        "SELECT schema_name, function_name, parameters FROM duckdb_functions() "
        "WHERE function_type = 'table_macro' AND NOT internal ORDER BY ALL"
    ).fetchall()
    schema = found[1].partition(".")[0].lower()
    if schema not in {schema for schema, *_ in rows} and (name := _dataset_of(schema)):
        return f"{name} is not loaded yet: ecomdata load {name}"
    if not rows:
        return "nothing is loaded yet: ecomdata load merrec --sample"
    return _views(found[1], rows)


def _dataset_of(schema: str) -> str:
    """The dataset whose schema in SQL it is; empty where there is none, or loaders cannot be imported."""
    from ecomdata.registry import datasets

    try:
        names = (dataset.name for dataset in datasets().values() if dataset.schema_name == schema)
        return next(names, "")
    except EcomdataError:
        return ""


def _views(name: str, rows: Sequence[tuple[str, str, Sequence[str] | None]]) -> str:
    names = [
        ("" if schema == "main" else f"{schema}.") + (name if of is None else f"{name}({', '.join(of)})")
        for schema, name, of in rows
    ]
    if len(names) <= _NAMED:
        return f"loaded: {', '.join(names)}"
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=_NAMED, cutoff=0)
    return f"loaded: {', '.join(near)}, and {len(names) - _NAMED} more; ecomdata info NAME lists a dataset's"
