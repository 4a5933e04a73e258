"""Names, texts and the columns of an answer as SQL."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from glob import escape
from typing import TYPE_CHECKING, Final, Literal

from ecomdata.errors import UsageError

if TYPE_CHECKING:
    import duckdb

_TEXT: Final = re.compile(r"\b(BIT|INTERVAL|TIME WITH TIME ZONE|UNION|BIGNUM|UHUGEINT|VARIANT|GEOMETRY)\b")
_TEXT_IN_TEXTS: Final = re.compile(rf"\bBLOB\b|{_TEXT.pattern}")
"""Types of DuckDB that what is written, or polars on the way there, does not have; their text is written."""
_DATE: Final = re.compile(r"DATE|TIMESTAMP(_S|_MS|_NS|TZ_NS)?( WITH TIME ZONE)?")
_TIME: Final = re.compile(r"TIME(_NS)?")
_KEY: Final = re.compile(r'\bMAP\((?!VARCHAR,)"?[\w ]+"?(\(\d+,\d+\))?,')
"""A map of other keys than texts, which JSON does not have."""
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
    """Parquet files as a table in SQL.

    DuckDB takes paths for patterns, so what would be one is escaped; and a folder that is called ``price=1``
    for a column, also in place of one of that name in the files.
    """
    files = ", ".join(literal(escape(os.fspath(path))) for path in paths)
    return f"read_parquet([{files}], hive_partitioning = false)"


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
        elif form == "json" and _KEY.search(kind):
            value = f"CAST({value} AS {_KEY.sub('MAP(VARCHAR,', kind)})"
        elif form != "parquet" and _DATE.fullmatch(kind):
            date = f"{value}::TIMESTAMPTZ" if kind == "TIMESTAMPTZ_NS" else value
            near = f"isfinite({date}) AND abs(year({date})) <= {_LAST_YEAR}"
            value = _only_where(near, value, name, "an infinite or far date")
        elif form != "parquet" and _TIME.fullmatch(kind):
            value = _only_where(f"{value} < '24:00:00'", value, name, "the time 24:00:00")
        columns.append(f"{value} AS {quoted(name)}")
    return answer.project(", ".join(columns))


def _only_where(condition: str, value: str, name: str, other: str) -> str:
    """The value in SQL, which fails where it does not meet the condition: polars would make it another."""
    told = literal(f"{name} has {other}: give it as CAST({quoted(name)} AS VARCHAR)")
    return f"CASE WHEN NOT ({condition}) THEN error({told}) ELSE {value} END"


@contextmanager
def through_polars() -> Generator[None]:
    """Say what to do about values inside of others that polars does not have, as infinite dates in a list.

    Raises:
        UsageError: polars has failed.
    """
    from polars.exceptions import PanicException, PolarsError

    try:
        yield
    except (PolarsError, PanicException) as error:
        raise UsageError(
            f"polars cannot hold this answer: {error}",
            hint="give columns of unusual types as CAST(... AS VARCHAR)",
        ) from error
