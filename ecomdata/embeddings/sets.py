"""Sets of vectors: those that :func:`ecomdata.embed` made, and those that a dataset brings itself."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecomdata.embedded import EMBEDDINGS, VECTOR, SetRecord, kept_sets
from ecomdata.errors import UsageError
from ecomdata.release import Release, TableData, open_release

if TYPE_CHECKING:
    import os

    import polars as pl
    import pyarrow as pa

    from ecomdata.vectors.blocks import ParquetVectors


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSet:
    """Vectors, one for each row of a table, in Parquet.

    Attributes:
        dataset: The dataset's name.
        release: The release.
        name: The set's name; of the dataset's own, the table's.
        table: The table whose rows have vectors; of the dataset's own, itself.
        column: The column of texts; empty where the dataset brings the vectors.
        encoder: What made them, as it is asked for; empty where the dataset brings them.
        revision: A hash of all they depend on but the texts; of the dataset's own, upstream's revision.
        dim: Values of a vector.
        rows: Rows, with and without a vector.
        normalised: Whether vectors are declared to have length 1 (or 0).
        nulls: Rows without a vector.
        keys: Columns that identify a row.
        paths: The files, in order.
        vector_column: The column of vectors.
    """

    dataset: str
    release: str
    name: str
    table: str
    column: str
    encoder: str
    revision: str
    dim: int
    rows: int
    normalised: bool
    nulls: int
    keys: tuple[str, ...]
    paths: tuple[Path, ...]
    vector_column: str = VECTOR

    def vectors(self) -> ParquetVectors:
        """The vectors that there are, in order, block by block; rows without one are left out."""
        from ecomdata.vectors.blocks import ParquetVectors

        return ParquetVectors(self.paths, self.vector_column, nulls="skip")

    def lazy(self) -> pl.LazyFrame:
        """All rows: ``row_id`` where ``embed`` made them, the keys, and the vectors."""
        import polars as pl

        return pl.scan_parquet(list(self.paths), glob=False)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "keys": list(self.keys),
            "paths": [str(path) for path in self.paths],
        }


def embedding_sets(
    of: str | Release, *, home: str | os.PathLike[str] | None = None
) -> tuple[EmbeddingSet, ...]:
    """The sets of vectors of a release: its tables of kind ``embeddings``, then those that ``embed`` made.

    Args:
        of: A release, or the name of a loaded dataset.
        home: Where the store is; for a name.

    Raises:
        UsageError: the dataset is not loaded.
    """
    release = open_release(of, home=home) if isinstance(of, str) else of
    return (*_own(release), *_made(release))


def embedding_set(
    name: str, which: str | None = None, *, home: str | os.PathLike[str] | None = None
) -> EmbeddingSet:
    """A set of vectors of a loaded dataset.

    Args:
        name: A loaded dataset.
        which: The set's name, or a table of the dataset that brings vectors; default: the only one.
        home: Where the store is.

    Raises:
        UsageError: the dataset is not loaded, or has no such set, or several and none is named.
    """
    found = {one.name: one for one in embedding_sets(name, home=home)}
    if which is None and len(found) == 1:
        return next(iter(found.values()))
    if which in found:
        return found[which]
    if not found:
        raise UsageError(
            f"{name} has no embeddings", hint=f"make some: ecomdata embed {name} --table T --column C"
        )
    if which is None:
        named = f"name one (--table SET, or --against {name}.SET): {', '.join(found)}"
        raise UsageError(f"{name} has {len(found)} sets of embeddings", hint=named)
    near = difflib.get_close_matches(which, list(found), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(found)}"
    raise UsageError(f"{name} has no embeddings {which!r}", hint=hint)


def _made(release: Release) -> Iterator[EmbeddingSet]:
    for folder, record in kept_sets(release.home, release.folder, release.manifest):
        yield as_set(folder, record)


def as_set(folder: Path, record: SetRecord) -> EmbeddingSet:
    """A set that ``embed`` made, from what its folder says of it."""
    return EmbeddingSet(
        dataset=record.dataset,
        release=record.release,
        name=record.name,
        table=record.table,
        column=record.column,
        encoder=record.encoder,
        revision=record.revision,
        dim=record.dim,
        rows=record.rows,
        normalised=record.normalised,
        nulls=record.nulls,
        keys=record.keys,
        paths=tuple(folder / file.path for file in record.files),
    )


def _own(release: Release) -> Iterator[EmbeddingSet]:
    for name, data in release.items():
        if data.record.kind != EMBEDDINGS or VECTOR not in data.record.columns:
            continue
        dim, nulls = _shape(data)
        yield EmbeddingSet(
            dataset=data.dataset,
            release=release.folder.name,
            name=name,
            table=name,
            column="",
            encoder="",
            revision=release.manifest.revision,
            dim=dim,
            rows=len(data),
            normalised=False,
            nulls=nulls,
            keys=tuple(key for key in ("item_id",) if key in data.record.columns),
            paths=data.paths,
        )


def _shape(data: TableData) -> tuple[int, int]:
    """The values of a vector, and the rows without one, from the files' metadata."""
    import pyarrow.parquet as pq

    dim = nulls = 0
    for path in data.paths:
        with pq.ParquetFile(path) as file:
            dim = _list_size(file.schema_arrow)
            for at in range(file.metadata.num_row_groups):
                group = file.metadata.row_group(at)
                chunks = [group.column(place) for place in range(group.num_columns)]
                stats = next(one.statistics for one in chunks if one.path_in_schema.split(".")[0] == VECTOR)
                nulls += stats.null_count if stats and stats.null_count else 0
    return dim, nulls


def _list_size(schema: pa.Schema) -> int:
    types: dict[str, Any] = dict(zip(schema.names, schema.types, strict=True))
    return int(getattr(types[VECTOR], "list_size", 0))
