"""Names, texts and the columns of an answer as SQL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from glob import escape
from typing import TYPE_CHECKING, Final, Literal

from ecomdata.errors import UsageError

if TYPE_CHECKING:
    import duckdb

_TEXT: Final = re.compile(r"\b(BIT|INTERVAL|TIME WITH TIME ZONE|UNION|BIGNUM|UHUGEINT|VARIANT|GEOMETRY)\b")
_TEXT_IN_TEXTS: Final = re.compile(rf"\bBLOB\b|{_TEXT.pattern}")
"""Types of DuckDB that what is written, or polars on the way there, does not have; their text is written."""
_DATE: Final = re.compile(r"DATE|TIMESTAMP(_S|_MS|_NS)?( WITH TIME ZONE)?")
_LAST_YEAR: Final = 262_000
"""Polars has no infinite dates, and ends at a date it cannot write."""
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


def fitting(
    answer: duckdb.DuckDBPyRelation, form: Literal["frame", "csv", "json", "parquet"]
) -> duckdb.DuckDBPyRelation:
    """The answer with types that a polars frame or a file has.

    Raises:
        UsageError: two columns have one name.
    """
    twice = sorted({name for name in answer.columns if answer.columns.count(name) > 1})
    if twice:
        raise UsageError(
            f"two columns of the answer are called {' and '.join(twice)}", hint="name them apart with AS"
        )
    unknown = _TEXT_IN_TEXTS if form in {"csv", "json"} else _TEXT
    columns: list[str] = []
    for place, (name, kind) in enumerate(zip(answer.columns, map(str, answer.types), strict=True), start=1):
        value = f"#{place}"  # by place: DuckDB takes names that differ in case only for one
        if unknown.search(kind):
            value = f"CAST({value} AS VARCHAR)"
        elif form == "csv" and "MAP(" in kind:
            value = f"CAST(to_json({value}) AS VARCHAR)"
        elif form != "parquet" and _DATE.fullmatch(kind):
            far = literal(f"{name} has an infinite or far date: give it as CAST({quoted(name)} AS VARCHAR)")
            near = f"isfinite({value}) AND abs(year({value})) <= {_LAST_YEAR}"
            value = f"CASE WHEN NOT ({near}) THEN error({far}) ELSE {value} END"
        columns.append(f"{value} AS {quoted(name)}")
    return answer.project(", ".join(columns))
