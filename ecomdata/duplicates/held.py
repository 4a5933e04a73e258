"""Numbers that grow block by block, held in memory up to a limit, and in files beyond."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO, Any, Generic, TypeVar, cast

import numpy as np
import numpy.typing as npt

_Number = TypeVar("_Number", bound=np.generic)


def _room(count: int, dtype: type[_Number]) -> npt.NDArray[_Number]:
    """An array of so many numbers, or of as many as the system lets one process reserve."""
    try:
        return np.empty(count, dtype)
    except MemoryError:
        return _room(count // 2, dtype)


class Held(Generic[_Number]):
    """An array that is added to at its end.

    Args:
        dtype: Its numbers.
        limit: Bytes held in memory; with more it moves to a file, which the system may hold as it sees fit.
        folder: Where that file is made; it has no name and goes with the process.
    """

    def __init__(self, dtype: type[_Number], limit: int, folder: Path | None) -> None:
        # Room is reserved, not taken: the system gives memory to what is written to.
        self._array = _room(limit // np.dtype(dtype).itemsize, dtype)
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, values: npt.NDArray[_Number]) -> None:
        """Add numbers at the end."""
        start, self._size = self._size, self._size + len(values)
        if self._file is None and self._size <= len(self._array):
            self._array[start : self._size] = values
            return
        if self._file is None:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._file = cast("IO[bytes]", tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - lives on
            self._file.write(self._array[:start].tobytes())
            self._array = self._array[:0].copy()
        self._file.write(values.tobytes())

    def array(self) -> npt.NDArray[_Number]:
        """All of it, at the end; from a file, its pages are read as they are looked at."""
        if self._file is None:
            return self._array[: self._size]
        self._file.flush()
        mapped: np.memmap[Any, Any] = np.memmap(self._file, self._array.dtype, mode="r+", shape=(self._size,))
        self.close()
        return mapped.view(np.ndarray)

    def close(self) -> None:
        """Add no more; what :meth:`array` gave stays as it is."""
        if self._file is not None:
            self._file.close()
