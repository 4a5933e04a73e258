"""Asking the tables of one release in SQL that others wrote: it can read them, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

import duckdb

from ecomdata.catalog import damaged
from ecomdata.derive import numbered
from ecomdata.errors import EcomdataError, UsageError
from ecomdata.interrupts import interruptible
from ecomdata.manifest import Manifest
from ecomdata.sandbox import reading, seal
from ecomdata.spilling import spill_folder, spilling_connection
from ecomdata.sqltext import parquet, quoted

_SHOWN_CHARACTERS: Final = 200
_SHOWN_COLUMNS: Final = 40


class NotRunError(EcomdataError):
    """A query needs more memory or disk than it may have; the message says so."""


class Asker:
    """A sealed connection that sees the tables of a release as views under their bare names.

    Each view has one column more than its table: ``row_id`` (BIGINT), which numbers the rows in file order.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, memory: str) -> None:
        self.connection = connection
        self._memory = memory

    def tables_read(self, where: str, sql: str) -> frozenset[str]:
        """Names after FROM and JOIN, those of the query's own CTEs included."""
        with self._explained(where):
            (answer,) = self.connection.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0]
        parsed = json.loads(answer)
        if parsed["error"]:
            raise EcomdataError(f"{where}: {parsed['error_message']}", hint=_FAULT)
        return frozenset(_base_tables(parsed))

    def number(self, where: str, sql: str) -> float | None:
        """The one number a query gives; None for null and for what is not finite."""
        with self._explained(where):
            rows = self._relation(sql).limit(2).fetchall()
        if len(rows) != 1 or len(rows[0]) != 1:
            raise EcomdataError(f"{where}: the query gives more or less than one number", hint=_FAULT)
        value: object = rows[0][0]
        if isinstance(value, Decimal):
            value = int(value) if value == value.to_integral_value() else float(value)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise EcomdataError(f"{where}: the query gives {value!r}, which is no number", hint=_FAULT)
        return None if value is None or abs(value) == float("inf") or value != value else value  # noqa: PLR0124 - NaN

    def count(self, where: str, sql: str) -> int:
        """How many rows a query selects."""
        with self._explained(where):
            return int(self._relation(sql).aggregate("count(*)").fetchall()[0][0])

    def first(self, where: str, sql: str, rows: int) -> tuple[Mapping[str, str | None], ...]:
        """The first rows a query selects, as texts that are cut short where they are long."""
        with self._explained(where):
            relation = self._relation(sql)
            names = _apart(relation.columns[:_SHOWN_COLUMNS])
            # By place: DuckDB takes names that differ in case only for one.
            shown = ", ".join(
                f"CAST(#{place} AS VARCHAR)[:{_SHOWN_CHARACTERS + 1}] AS {quoted(name)}"
                for place, name in enumerate(names, start=1)
            )
            found = relation.limit(rows).project(shown).fetchall()
        return tuple(dict(zip(names, map(_cut, row), strict=True)) for row in found)

    def values(self, where: str, sql: str) -> tuple[Any, ...]:
        """The one row of a query of the engine's own."""
        with self._explained(where):
            return tuple(self.connection.execute(sql).fetchall()[0])

    def columns(self, table: str) -> dict[str, str]:
        """The columns of a table, without ``row_id``, and their types."""
        relation = self.connection.table(table)
        kinds = zip(relation.columns, map(str, relation.types), strict=True)
        return {name: kind for name, kind in kinds if name != "row_id"}

    def _relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        if reading(self.connection, sql).explain:
            raise UsageError("the query does not select")
        return self.connection.sql(sql)

    @contextmanager
    def _explained(self, where: str) -> Generator[None]:
        try:
            with interruptible(self.connection):
                yield
        except duckdb.OutOfMemoryException as error:
            raise NotRunError(f"needs more than {self._memory} of memory; see --memory") from error
        except (duckdb.Error, UsageError) as error:
            raise EcomdataError(f"{where}: {str(error).strip()}", hint=_FAULT) from error


_FAULT: Final = "mend the query in the dataset's validation file; it sees the tables under their bare names"


@contextmanager
def asking(folder: Path, manifest: Manifest, *, memory: str, spill: Path) -> Generator[Asker]:
    """Open the tables of a release.

    Args:
        folder: The release's folder.
        manifest: Its manifest.
        memory: What DuckDB may hold before it spills, such as ``1GB``.
        spill: A folder in which a new one is made for that, and removed.

    Raises:
        UsageError: ``memory`` is not an amount.
        DataError: the files of a table cannot be read.
    """
    with (
        spill_folder(spill, "validating") as spilled,
        spilling_connection(memory, spilled) as connection,
    ):
        for name, record in manifest.tables.items():
            paths = [folder / file.path for file in record.files]
            own = "row_id" in record.columns
            select = f"FROM {parquet(paths)}" if own else numbered(paths)
            try:
                connection.execute(f"CREATE VIEW {quoted(name)} AS {select}")
            except duckdb.Error as error:
                raise damaged(folder, manifest, name, error) from error
        seal(connection, folder)
        yield Asker(connection, memory)


def _base_tables(node: object) -> Generator[str]:
    if isinstance(node, dict):
        named = cast("dict[str, object]", node)
        if named.get("type") == "BASE_TABLE":
            yield str(named["table_name"])
        for value in named.values():
            yield from _base_tables(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from _base_tables(value)


def _apart(names: list[str]) -> list[str]:
    """The names, those that stand twice with a number."""
    counts: dict[str, int] = {}
    apart: list[str] = []
    for name in names:
        counts[name.lower()] = counts.get(name.lower(), 0) + 1
        apart.append(name if counts[name.lower()] == 1 else f"{name} ({counts[name.lower()]})")
    return apart


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
