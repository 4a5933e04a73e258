"""Names and texts as SQL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from glob import escape
from typing import Final

_THIS: Final = re.compile(r"\bthis\.([a-z][a-z0-9_]*)")


def schema_name(dataset: str) -> str:
    """A dataset's schema in SQL: ``/`` and ``-`` become ``_``."""
    return dataset.replace("/", "_").replace("-", "_")


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def names_of_this(query: str) -> frozenset[str]:
    """The names that a query looks for in the schema it is about, as ``this.<name>``."""
    return frozenset(_THIS.findall(query))


def of_schema(query: str, schema: str) -> str:
    """The query with ``this.<name>`` as names of that schema."""
    return _THIS.sub(lambda match: f"{quoted(schema)}.{quoted(match[1])}", query)


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def parquet(paths: Iterable[str | os.PathLike[str]]) -> str:
    """Parquet files as a table in SQL. DuckDB takes paths for patterns, so what would be one is escaped."""
    return f"read_parquet([{', '.join(literal(escape(os.fspath(path))) for path in paths)}])"
