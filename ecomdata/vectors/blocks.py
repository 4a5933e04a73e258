"""Dense vectors, read block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError, UsageError

Floats = npt.NDArray[np.float32]
_READ: Final = 1 << 20
"""Bytes of a file read at a time."""
Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


class Vectors(Protocol):
    """Vectors of one length, in order; they can be read again and again."""

    @property
    def rows(self) -> int:
        """How many there are."""
        ...

    @property
    def dim(self) -> int:
        """The values in each."""
        ...

    def blocks(self, rows: int) -> Iterator[Floats]:
        """All of them, so many at a time (the last block may have fewer): (n, dim), row by row in memory."""
        ...


class ArrayVectors:
    """The rows of an array in memory.

    Args:
        array: (n, dim) of real numbers; a memory-mapped file is fine too.

    Raises:
        UsageError: it has not two axes, or holds no real numbers.
    """

    def __init__(self, array: npt.NDArray[Any]) -> None:
        if array.ndim != 2 or array.dtype.kind not in "fiu":
            raise UsageError(
                f"an array of {array.dtype} with {array.ndim} axes holds no vectors",
                hint="give real numbers, one vector a row",
            )
        self._array = array

    @property
    def rows(self) -> int:
        """See :class:`Vectors`."""
        return len(self._array)

    @property
    def dim(self) -> int:
        """See :class:`Vectors`."""
        return int(self._array.shape[1])

    def blocks(self, rows: int) -> Iterator[Floats]:
        """See :class:`Vectors`."""
        for start in range(0, self.rows, rows):
            yield _float32(self._array[start : start + rows])


class ParquetVectors:
    """A column of lists in Parquet files, one file after the other.

    Args:
        paths: The files.
        column: The column: lists of floating-point numbers, all of one length.
        nulls: Whether a null vector is an ``error``, is left out (``skip``) and not counted among the rows,
            or is a ``zero`` vector.

    Raises:
        DataError: by its methods: a vector is null or of another length; it names the file and the row.
        UsageError: there is no such column, or it holds no lists of numbers.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        column: str = "vector",
        *,
        nulls: Literal["error", "skip", "zero"] = "error",
    ) -> None:
        self._paths = tuple(paths)
        self._column = column
        self._nulls = nulls

    @property
    def rows(self) -> int:
        """See :class:`Vectors`."""
        return self._rows

    @property
    def dim(self) -> int:
        """See :class:`Vectors`; 0 where there are no rows to tell it from."""
        return self._dim

    @cached_property
    def _rows(self) -> int:
        return sum(self._count(path) for path in self._paths)

    @cached_property
    def _dim(self) -> int:
        for path in self._paths:
            fixed = getattr(self._type(path), "list_size", 0)
            if fixed:
                return int(fixed)
        return next((block.shape[1] for block in self._arrays(1, 0)), 0)

    def blocks(self, rows: int) -> Iterator[Floats]:
        """See :class:`Vectors`."""
        held: list[Floats] = []
        size = 0
        for array in self._arrays(min(rows, 1 << 16), self.dim):
            held.append(array)
            size += len(array)
            while size >= rows:
                whole = np.concatenate(held)
                yield whole[:rows]
                size -= rows
                held = [whole[rows:]]
        if size:
            yield np.concatenate(held)

    def file_rows(self, wanted: Ints) -> Ints:
        """The rows of vectors in all the files together, from 0, those of nulls that are left out among them.

        Args:
            wanted: ``(n,)``, rising: the vectors' numbers, from 0.
        """
        import polars as pl

        if self._nulls != "skip":
            return wanted
        found = [wanted[:0]]
        first = before = 0
        for path in self._paths:
            with _opened(path) as file:
                for batch in file.iter_batches(1 << 14, columns=[self._column]):
                    there = np.flatnonzero(pl.Series(batch.column(0).is_valid()).to_numpy())
                    low, high = np.searchsorted(wanted, [before, before + len(there)])
                    found.append(there[wanted[low:high] - before] + first)
                    first += len(batch)
                    before += len(there)
        return np.concatenate(found)

    def _count(self, path: Path) -> int:
        """Rows of a file; where nulls are left out and there are some, they are counted by reading it."""
        with _opened(path) as file:
            self._type(path)
            groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
            place = next(
                at
                for at in range(file.metadata.num_columns)
                if file.schema.column(at).path.split(".")[0] == self._column
            )
            stats = [group.column(place).statistics for group in groups]
            if self._nulls != "skip" or all(one is not None and one.null_count == 0 for one in stats):
                return int(file.metadata.num_rows)
            batches = file.iter_batches(1 << 14, columns=[self._column])
            return sum(len(batch) - batch.column(0).null_count for batch in batches)

    def _type(self, path: Path) -> Any:  # noqa: ANN401 - lists of three types
        import pyarrow as pa

        with _opened(path) as file:
            schema = file.schema_arrow
        if self._column not in schema.names:
            raise UsageError(
                f"{path.name} has no column {self._column!r}", hint=f"it has {', '.join(schema.names)}"
            )
        kind = schema.field(self._column).type
        lists = pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
        if not lists or not pa.types.is_floating(kind.value_type):
            raise UsageError(
                f"column {self._column!r} of {path.name} holds {kind}, not vectors",
                hint="name a column of lists of floating-point numbers",
            )
        return kind

    def _arrays(self, rows: int, dim: int) -> Iterator[Floats]:
        """The vectors in whatever portions the files give; ``dim`` 0: that of the first."""
        for path in self._paths:
            self._type(path)
            first = 0
            with _opened(path) as file:
                for batch in file.iter_batches(rows, columns=[self._column]):
                    array = self._array(batch.column(0), dim, path, first)
                    first += len(batch)
                    if len(array):
                        dim = dim or array.shape[1]
                        yield array

    def _array(self, lists: Any, dim: int, path: Path, first: int) -> Floats:  # noqa: ANN401 - of three types
        """The vectors of a batch that has ``first`` rows before it."""
        import polars as pl
        import pyarrow.compute as pc

        # Through polars, for pyarrow's own ways to NumPy import pandas.
        sizes: Ints = pl.Series(cast("Any", pc.list_value_length(lists))).fill_null(-1).to_numpy()
        there = np.flatnonzero(sizes >= 0)
        if len(there) < len(sizes) and self._nulls == "error":
            row = first + int(np.argmin(sizes)) + 1
            raise DataError(
                f"{path.name}: row {row:,} has no vector", hint="leave out the rows that have none"
            )
        width = dim or (int(sizes[there[0]]) if len(there) else 0)
        odd = there[sizes[there] != width]
        if len(odd):
            raise DataError(
                f"{path.name}: the vector in row {first + int(odd[0]) + 1:,} has length {sizes[odd[0]]:,}, "
                f"others have {width:,}",
                hint="all vectors of a set have one length",
            )
        values = lists.drop_null().flatten()
        if values.null_count:
            at = (pl.Series(values.is_null()).arg_max() or 0) // width
            raise DataError(
                f"{path.name}: row {first + int(there[at]) + 1:,} has a value that is null",
                hint="make the whole vector null where a part of it is not known",
            )
        found = _float32(pl.Series(values).to_numpy().reshape(len(there), width))
        if self._nulls == "zero" and len(there) < len(sizes):
            whole = np.zeros((len(sizes), width), np.float32)
            whole[there] = found
            return whole
        return found


class JoinedVectors:
    """Several one after the other.

    Args:
        parts: One at least.

    Raises:
        UsageError: their vectors differ in length.
    """

    def __init__(self, *parts: Vectors) -> None:
        sizes = {part.dim for part in parts if part.rows}
        if len(sizes) > 1:
            raise UsageError(
                f"vectors of {' and of '.join(map(str, sorted(sizes)))} values cannot be compared",
                hint="compare vectors of one encoder",
            )
        self._parts = parts

    @property
    def rows(self) -> int:
        """See :class:`Vectors`."""
        return sum(part.rows for part in self._parts)

    @property
    def dim(self) -> int:
        """See :class:`Vectors`."""
        return next((part.dim for part in self._parts if part.rows), self._parts[0].dim)

    def blocks(self, rows: int) -> Iterator[Floats]:
        """See :class:`Vectors`; the blocks are as large as they come."""
        for part in self._parts:
            if part.rows:
                yield from part.blocks(rows)


class ChosenVectors:
    """Some of the rows of others.

    Args:
        vectors: All of them.
        chosen: (rows) which of them.

    Raises:
        UsageError: the marks are not as many as the rows.
    """

    def __init__(self, vectors: Vectors, chosen: Marks) -> None:
        if len(chosen) != vectors.rows:
            raise UsageError(f"{len(chosen):,} marks choose nothing among {vectors.rows:,} vectors")
        self._vectors = vectors
        self._chosen = chosen
        self._rows = int(np.count_nonzero(chosen))

    @property
    def rows(self) -> int:
        """See :class:`Vectors`."""
        return self._rows

    @property
    def dim(self) -> int:
        """See :class:`Vectors`."""
        return self._vectors.dim

    def blocks(self, rows: int) -> Iterator[Floats]:
        """See :class:`Vectors`; the blocks are as large as they come."""
        start = 0
        for block in self._vectors.blocks(rows):
            chosen = self._chosen[start : start + len(block)]
            start += len(block)
            if chosen.all():
                yield block
            elif chosen.any():
                yield block[chosen]


def _opened(path: Path) -> Any:  # noqa: ANN401 - its types are known in part only
    import pyarrow.parquet as pq

    # Buffered beforehand, a column is in memory for all the row groups of the file.
    return pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ)


def _float32(array: npt.NDArray[Any]) -> Floats:
    """In float32, row by row; what is too large for it becomes infinite, and is counted as such."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)
