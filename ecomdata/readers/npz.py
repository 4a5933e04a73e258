"""NumPy .npz archives, read in row slices and without unpickling.

An archive is a zip of ``NAME.npy`` members. Each declared column is the member of its name: one value
a row for a shape of ``(n,)``, one vector a row for ``(n, d)``. Nothing is ever handed to ``numpy.load``.
"""

from __future__ import annotations

import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.exceptions import InvalidOperationError

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, rows_as_json
from ecomdata.readers.npy import Member, member_header, read_slices
from ecomdata.readers.zips import opened_zip
from ecomdata.unpickling.apart import id_index_apart

_BLOCK_BYTES: Final = 16 << 20
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,  # encrypted, or compressed in a way that is not known
)
_BOMB: Final = "this looks like a decompression bomb; if you trust it, write it again with numpy.savez"


@dataclass(frozen=True, slots=True, kw_only=True)
class Npz:
    """A reader of .npz archives.

    Attributes:
        others: Members that belong to another table of the dataset.
        indexes: Members that hold a pickled dict of id -> row; as a column they give the id of each row.
        allow_pickle: Whether ``indexes`` may be unpickled, by an unpickler that lets nothing through
            but dict, int, str and NumPy arrays and scalars.
        block_bytes: Bytes of a block in memory.
    """

    others: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    allow_pickle: bool = False
    block_bytes: int = _BLOCK_BYTES

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check names, shapes and types of the members.

        Raises:
            DriftError: a member is missing, unknown or of another shape or type.
            DataError: the archive is damaged, or a member is pickled and ``allow_pickle`` is not given.
        """
        with _opened(file) as archive:
            self._members(archive, file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the members, then yield blocks of rows; a block holds its own bytes."""
        self.check(file, columns)
        return self._blocks(file, columns)

    def _blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        with _opened(file) as archive, ExitStack() as stack:
            members, rows = self._members(archive, file.name, columns)
            width = sum(member.row_bytes for member in members.values()) or 8
            step = max(1, self.block_bytes // width)
            slices: dict[str, Iterator[npt.NDArray[np.generic]]] = {}
            for name, member in members.items():
                with _damage(file.name, name):
                    stream = stack.enter_context(archive.open(f"{name}.npy"))
                    if member.pickled:
                        member_header(stream, "")
                        ids = id_index_apart(stream, rows, f"{file.name}/{name}")
                        slices[name] = (ids[start : start + step] for start in range(0, rows, step))
                    else:
                        spool = stack.enter_context(tempfile.TemporaryFile())
                        slices[name] = read_slices(stream, member, step, spool)
            for start in range(0, rows, step):
                arrays: dict[str, npt.NDArray[np.generic]] = {}
                for name, values in slices.items():
                    with _damage(file.name, name):
                        arrays[name] = next(values)
                size = file.size * min(step, rows - start) // max(rows, 1)
                yield Block(size, partial(_parse, arrays, columns, file.name))

    def _members(
        self, archive: zipfile.ZipFile, where: str, columns: Columns
    ) -> tuple[dict[str, Member], int]:
        """The declared members, and the number of rows that they share."""
        stems = [name.removesuffix(".npy") for name in archive.namelist()]
        found = [name for name in stems if name not in self.others or name in columns.names]
        columns.match(found, where)
        members: dict[str, Member] = {}
        for name in found:
            with _damage(where, name), archive.open(f"{name}.npy") as stream:
                members[name] = member_header(stream, f"{where}/{name}")
            self._check_member(members[name], name, where, columns)
        counts = {name: member.rows for name, member in members.items() if not member.pickled}
        if len(set(counts.values())) > 1:
            shown = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            raise DataError(f"{where}: the arrays differ in length: {shown}", hint="download the file again")
        return members, next(iter(counts.values()), 0)

    def _check_member(self, member: Member, name: str, where: str, columns: Columns) -> None:
        if member.pickled:
            if name not in self.indexes:
                raise DataError(
                    f"{where}: member {name} holds pickled Python objects, which are never loaded",
                    hint="save the array with a plain numeric type",
                )
            if not self.allow_pickle:
                raise DataError(
                    f"{where}: member {name} is pickled; unpickling is refused unless you ask for it",
                    hint="add --allow-pickle (dict, int and arrays get through, no more), or use --table",
                )
            return
        problem = _misfit(member, columns.dtypes[name])
        if problem:
            found = list(columns.names)
            raise DriftError(where, found=found, missing=(), extra=(), detail=f"member {name} {problem}")


@contextmanager
def _damage(where: str, member: str = "") -> Generator[None]:
    """Turn whatever a damaged archive raises into a DataError that names file and member."""
    try:
        yield
    except _DAMAGE as error:
        what = f"{where}: member {member}" if member else where
        raise DataError(
            f"{what} cannot be read: {str(error) or 'it ends too early'}",
            hint="the file is damaged or incomplete; download it again",
        ) from error


def _opened(file: RawFile) -> AbstractContextManager[zipfile.ZipFile]:
    return opened_zip(file.local(), file.name, hint=_BOMB)


def _misfit(member: Member, declared: pl.DataType) -> str:
    """How a member differs from the declared column, or nothing."""
    inner, dim = declared, None
    if isinstance(declared, pl.Array):
        inner, dim = _inner(declared), declared.size
    wanted = f"(n, {dim})" if dim else "(n,)"
    if len(member.shape) != (2 if dim else 1) or (dim and member.shape[1] != dim):
        return f"has shape {member.shape}, {wanted} is declared"
    kinds = "iu" if inner.is_integer() else "fiu" if inner.is_float() else "U" if inner == pl.String else "b"
    if member.dtype.kind not in kinds:
        return f"is {member.dtype}, {str(inner).lower()} is declared"
    return ""


def _inner(array: pl.Array) -> pl.DataType:
    inner = array.inner
    return inner if isinstance(inner, pl.DataType) else inner()


def _parse(arrays: Mapping[str, npt.NDArray[np.generic]], columns: Columns, where: str) -> Batch:
    series = [_series(name, values, columns.dtypes[name], where) for name, values in arrays.items()]
    frame = columns.complete(pl.DataFrame(series))
    return Batch(frame=frame, span=frame.height, raw=partial(rows_as_json, frame))


def _series(name: str, values: npt.NDArray[np.generic], dtype: pl.DataType, where: str) -> pl.Series:
    """An array in native byte order as the declared column."""
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    if native.dtype == np.float16:
        native = native.astype(np.float32)
    flat = pl.Series(name, native.reshape(-1))
    try:
        if isinstance(dtype, pl.Array):
            return flat.cast(_inner(dtype)).reshape((native.shape[0], dtype.size))
        return flat.cast(dtype)
    except InvalidOperationError as error:
        raise DataError(
            f"{where}: member {name} holds numbers that do not fit {dtype}",
            hint="the file is not the one upstream publishes",
        ) from error
