"""Items with their vectors: an .npz file of the authors' form, or a set of vectors."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError
from ecomdata.readers.npy import Member, member_header, read_slices
from ecomdata.readers.zips import opened_zip
from ecomdata.vectors.blocks import ArrayVectors, Vectors

if TYPE_CHECKING:
    from ecomdata.embeddings.sets import EmbeddingSet

_STEP_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Gallery:
    """Items and their vectors, in one order.

    Attributes:
        name: The file or the set.
        ids: The items, as texts.
        vectors: Their vectors.
        numbers: Whether the ids are numbers.
    """

    name: str
    ids: tuple[str, ...]
    vectors: Vectors
    numbers: bool

    def spelt(self, text: str) -> str:
        """An id of a query as it stands here.

        Raises:
            ValueError: the ids are numbers, and it is none; or it is empty.
        """
        if not text:
            raise ValueError("no id")
        return str(int(text)) if self.numbers else text


@contextmanager
def npz_gallery(path: Path) -> Generator[Gallery]:
    """The arrays ``ids`` (n,) and ``embeds`` (n, d) of a file; nothing is unpickled.

    The vectors go through a temporary file, so that they need not be in memory.

    Raises:
        DataError: the file is damaged, or its arrays are others.
    """
    with tempfile.TemporaryFile() as spool:
        try:
            with opened_zip(path, str(path), hint="write it with numpy.savez") as archive:
                ids: list[int | str] = []
                for part in _slices(archive, "ids", 1, "iuU", path):
                    ids += part.tolist()
                rows = 0
                dim = 0
                for part in _slices(archive, "embeds", 2, "fiu", path):
                    block = np.ascontiguousarray(part, np.float32)
                    spool.write(block.tobytes())
                    rows, dim = rows + len(block), block.shape[1]
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise DataError(
                f"{path} cannot be read as an .npz file: {error}", hint="write it with numpy.savez"
            ) from error
        if rows != len(ids) or not rows:
            raise DataError(f"{path}: ids has {len(ids):,} entries and embeds {rows:,}")
        spool.flush()
        mapped = np.memmap(spool, np.float32, "r", 0, (rows, dim))
        numbers = not isinstance(ids[0], str)
        yield _checked(Gallery(str(path), tuple(map(str, ids)), ArrayVectors(mapped), numbers))


def set_gallery(found: EmbeddingSet) -> Gallery:
    """The items of a set of vectors by its first key.

    Raises:
        DataError: it has no key, or an item twice.
    """
    import polars as pl

    if not found.keys:
        raise DataError(f"the vectors {found.name} have no column that names their items")
    there = found.lazy().filter(pl.col(found.vector_column).is_not_null())
    ids = there.select(found.keys[0]).collect().to_series()
    texts = tuple(ids.cast(pl.String).to_list())
    return _checked(Gallery(found.name, texts, found.vectors(), ids.dtype.is_integer()))


def _checked(gallery: Gallery) -> Gallery:
    if len(set(gallery.ids)) < len(gallery.ids):
        again = len(gallery.ids) - len(set(gallery.ids))
        raise DataError(
            f"{gallery.name}: {again:,} items stand in it twice", hint="give each item one vector"
        )
    return gallery


def _slices(
    archive: zipfile.ZipFile, name: str, axes: int, kinds: str, path: Path
) -> Generator[npt.NDArray[Any]]:
    """The rows of a member, some at a time."""
    if f"{name}.npy" not in archive.namelist():
        members = ", ".join(one.removesuffix(".npy") for one in archive.namelist())
        raise DataError(
            f"{path} has no array {name}, only {members or 'nothing'}", hint="it needs ids and embeds"
        )
    with archive.open(f"{name}.npy") as stream:
        member = member_header(stream, f"{path}/{name}")
    _check_member(member, axes, kinds, f"{path}: {name}")
    with archive.open(f"{name}.npy") as stream, tempfile.TemporaryFile() as spool:
        yield from read_slices(stream, member, max(1, _STEP_BYTES // max(1, member.row_bytes)), spool)


def _check_member(member: Member, axes: int, kinds: str, where: str) -> None:
    if member.pickled:
        raise DataError(f"{where} holds pickled Python objects, which are never loaded")
    if len(member.shape) != axes or member.dtype.kind not in kinds:
        wanted = "(n,)" if axes == 1 else "(n, d)"
        raise DataError(f"{where} is {member.dtype} of shape {member.shape}, and {wanted} is needed")
