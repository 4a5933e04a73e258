"""Asking the tables of a release, with words for what can go wrong."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ecomdata.interrupts import interruptible
from ecomdata.spilling import reading_tables
from ecomdata.validating.asking import asking

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from ecomdata.release import Release


class Answers:
    """A connection that sees the tables of one release, each with ``row_id``, and can make its own."""

    def __init__(self, dataset: str, connection: duckdb.DuckDBPyConnection) -> None:
        self._dataset = dataset
        self._connection = connection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            EcomdataError: it needs more memory or disk than it may have.
            DataError: the files cannot be read.
        """
        needing = f"the semantic ids of {self._dataset} need"
        with reading_tables(self._dataset, needing=needing), interruptible(self._connection):
            return self._connection.execute(sql).fetchall()

    def add(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table that was made before; its name is one of this package's own."""
        self._connection.register("added_rows", rows)
        self.rows(f"INSERT INTO {table} SELECT * FROM added_rows")  # noqa: S608 - our own name
        self._connection.unregister("added_rows")


@contextmanager
def answers(release: Release, memory: str) -> Generator[Answers]:
    """Open the tables of a release.

    Args:
        release: The release.
        memory: What DuckDB may hold before it spills beside the release, such as ``1GB``.

    Raises:
        UsageError: ``memory`` is not an amount.
        DataError: the files of a table cannot be read.
    """
    manifest = release.manifest
    with asking(release.folder, manifest, memory=memory, spill=release.folder.parent) as asker:
        yield Answers(manifest.dataset, asker.connection)
