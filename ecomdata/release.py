"""What is in the store, as Python sees it: a release is a mapping of tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from glob import escape
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from ecomdata.errors import DataError, UsageError
from ecomdata.manifest import Manifest, TableRecord, read_manifest, unreadable
from ecomdata.store import Store, home_folder, missing_files, require_loaded

if TYPE_CHECKING:
    import dataframely as dy
    import datasets
    import duckdb
    import polars as pl
    import pyarrow.dataset as pads


_PREPARING: Final = Lock()
"""Where two threads read files at once, datasets takes the lock of its bars away from one of them."""


class TableData:
    """One table of a release, in the form you like to work with."""

    def __init__(self, dataset: str, name: str, folder: Path, record: TableRecord) -> None:
        self.dataset = dataset
        self.name = name
        self.record = record
        self.paths = tuple(folder / file.path for file in record.files)
        self.quarantine_paths = tuple(folder / file.path for file in record.quarantine)

    def __len__(self) -> int:
        return self.record.written

    def __repr__(self) -> str:
        return (
            f"<{self.dataset} {self.name}: {self.record.written:,} rows, {len(self.record.columns)} columns>"
        )

    def lazy(self) -> dy.LazyFrame[dy.Schema]:
        """A polars LazyFrame over the shards; a dataframely frame of the table's schema."""
        from ecomdata.registry import loader

        schema = loader(self.dataset).table(self.name).schema
        return schema.cast(self.scan())

    def scan(self) -> pl.LazyFrame:
        """A polars LazyFrame over the shards as they lie, without the table's schema."""
        import polars as pl

        return pl.scan_parquet(list(self.paths), glob=False)

    def _patterns(self) -> list[str]:
        """The shards' paths for those that take paths for patterns."""
        return [escape(str(path)) for path in self.paths]

    def rejected(self) -> pl.DataFrame:
        """The rejected rows: source file, row number, reasons, raw content."""
        import polars as pl

        from ecomdata.pipeline import QUARANTINE

        if not self.quarantine_paths:
            return pl.DataFrame(schema=QUARANTINE)
        return pl.read_parquet(list(self.quarantine_paths), glob=False)

    def arrow(self) -> pads.Dataset:
        """A pyarrow dataset over the shards."""
        import pyarrow.dataset as pads

        return pads.dataset([str(path) for path in self.paths], format="parquet")

    def hf(self) -> datasets.Dataset:
        """A Hugging Face ``datasets.Dataset``, over a copy in that library's own cache."""
        import datasets

        if not len(self):  # the library makes no split of no rows
            return datasets.Dataset(self.arrow().to_table())  # pyrefly: ignore[bad-argument-type] - documented
        with _PREPARING:
            return datasets.Dataset.from_parquet(self._patterns())  # pyrefly: ignore[bad-argument-type] - as above

    def relation(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        """A DuckDB relation over the shards, of a connection of yours, or of a new one in UTC.

        Days and hours of a timestamp are those of the connection's time zone: else the machine's.
        """
        import duckdb

        if connection is None:
            connection = duckdb.connect()
            connection.execute("SET TimeZone = 'UTC'")
        return connection.read_parquet(self._patterns())


class _NoTableError(UsageError, KeyError):
    """What a mapping raises where it has no such key, as ``get`` expects."""

    __str__ = UsageError.__str__


class Release(Mapping[str, TableData]):
    """A loaded release: ``release["events"].lazy()``.

    Attributes:
        folder: Where it is.
        manifest: What it holds and what it was made of.
    """

    def __init__(self, folder: Path, dataset: str = "") -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder, dataset)
        self._tables = {
            name: TableData(self.manifest.dataset, name, folder, record)
            for name, record in self.manifest.tables.items()
        }

    @property
    def home(self) -> Path:
        """The home whose store it is in: ``HOME/store/<dataset>/releases/<id>``."""
        return self.folder.parents[self.manifest.dataset.count("/") + 3]

    def require_files(self) -> None:
        """See that its files are as they were written, before long work on them begins.

        Raises:
            DataError: one is missing, or has another size.
            EcomdataError: this user may not read one.
        """
        name = self.manifest.dataset
        if problems := missing_files(self.folder, self.manifest):
            raise DataError(
                f"the files of {name} in the store cannot be read: {problems[0]}",
                hint=f"make them again: ecomdata load {name} --force, from the source it was loaded from",
            )
        for path in (path for table in self.values() for path in table.paths):
            if not os.access(path, os.R_OK):
                raise unreadable(path)

    def __getitem__(self, name: str) -> TableData:
        try:
            return self._tables[name]
        except KeyError:
            raise _NoTableError(
                f"{self.manifest.dataset} has no table {name!r} in this release",
                hint=f"its tables are {', '.join(self._tables)}",
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        return f"<release {self.manifest.release} of {self.manifest.dataset}: {', '.join(self._tables)}>"


def open_release(name: str, *, home: str | os.PathLike[str] | None = None) -> Release:
    """Open what is loaded already.

    Raises:
        UsageError: the dataset is not loaded, or none is called so.
    """
    store = Store(home_folder(home))
    try:
        return Release(require_loaded(store, name), name)
    except UsageError:
        from ecomdata.registry import loader

        loader(name)  # near names help more than a load that does not exist
        raise
