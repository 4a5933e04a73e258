"""The vectors of a search: made ready once, then read in any order, from memory or from a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Literal, cast

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError, EcomdataError
from ecomdata.vectors.blocks import Floats, Ints, Reals, Vectors

Metric = Literal["cosine", "inner", "euclidean"]
BLOCK: Final = 1 << 12
"""Rows made ready at a time."""
PROCESS: Final = 350_000_000
"""Bytes that Python, the libraries and the blocks in hand take up."""
LEAST_HELD: Final = 1 << 24
"""Bytes of vectors that are held however little memory is granted."""
_LARGEST: Final = 1e18
"""Longer vectors have products that float32 cannot hold."""


class Matrix:
    """Vectors of one length by their numbers, and rows of zeros behind them.

    Args:
        vectors: Where they come from; they are read once (twice for ``euclidean``).
        metric: For ``cosine`` each is divided by its length (zero vectors stay); for ``euclidean`` ``centre``
            is taken off, so that float32 loses nothing to a far origin.
        centre: (dim,) for ``euclidean``.
        multiple: There are so many zeros that the rows are a multiple of this.
        limit: Bytes held in memory; a larger matrix is written to a temporary file and read from there.
        spill: The folder of that file; default: the system's.
        distinct: Of vectors that are the same only the first is here.

    Attributes:
        rows: How many vectors are here.
        padded: The same with the zeros behind them.
        row_of: (vectors,) which row is each vector's; None where each has its own.

    Raises:
        DataError: a vector has a value that is no finite number, or is too long for products in float32.
    """

    def __init__(
        self,
        vectors: Vectors,
        metric: Metric,
        *,
        centre: Reals | None,
        multiple: int,
        limit: int,
        spill: Path | None = None,
        distinct: bool = False,
    ) -> None:
        self.dim = vectors.dim
        self.padded = _filled_up(vectors.rows, multiple)
        self.squares = np.zeros(self.padded if metric == "euclidean" else 0, np.float32)
        self.held = self.padded * self.dim * 4 <= limit
        self._array = np.zeros((self.padded if self.held else 0, self.dim), np.float32)
        self._file = None if self.held else _file(spill)
        seen = _Seen() if distinct else None
        self.rows = first = 0
        for block in vectors.blocks(BLOCK):
            ready = _ready(block, metric, centre, first)
            first += len(ready)
            if seen is not None:
                ready = seen.new(ready)
            if metric == "euclidean":
                self.squares[self.rows : self.rows + len(ready)] = _squares(ready)
            self._write(self.rows, ready)
            self.rows += len(ready)
        self.row_of = seen.row_of() if seen is not None and self.rows < first else None
        self.padded = _filled_up(self.rows, multiple)
        if self._file is not None:
            self._file.truncate(self.padded * self.dim * 4)

    def _write(self, first: int, block: Floats) -> None:
        if self._file is None:
            self._array[first : first + len(block)] = block
            return
        try:
            self._file.write(np.ascontiguousarray(block).data.cast("B"))
        except OSError as error:
            raise EcomdataError(
                f"vectors beyond --memory cannot be written to {tempfile.gettempdir()}: {error.strerror}",
                hint="raise --memory, or set TMPDIR to a folder with more room",
            ) from error

    @property
    def held_bytes(self) -> int:
        """What it takes up in memory."""
        return self._array.nbytes

    def part(self, first: int, last: int) -> Floats:
        """Rows ``first`` to ``last``, zeros among them: a view, or read from the file."""
        if self._file is None:
            return self._array[first:last]
        out = np.empty((last - first, self.dim), np.float32)
        self._read(first, out)
        return out

    def among(self, rows: Ints) -> tuple[Floats, Ints]:
        """Vectors among which any rows are, and their places there: all, or those read from the file."""
        if self._file is None:
            return self._array, rows
        names, places = np.unique(rows, return_inverse=True)
        out = np.empty((len(names), self.dim), np.float32)
        for at, row in enumerate(names.tolist()):
            self._read(row, out[at : at + 1])
        return out, places.reshape(rows.shape)

    def gathered(self, rows: Ints) -> Floats:
        """Any rows, (n, dim), in the order given."""
        vectors, places = self.among(rows)
        return vectors[places]

    def blocks(self, rows: int) -> Iterator[Floats]:
        """The rows as :class:`Vectors` give them."""
        for first in range(0, self.rows, rows):
            yield self.part(first, min(first + rows, self.rows))

    def _read(self, first: int, out: Floats) -> None:
        if self._file is None or not out.size:
            return
        room = out.data.cast("B")
        at = first * self.dim * 4
        while room:
            done = os.preadv(self._file.fileno(), [room], at)
            if not done:
                raise EcomdataError("the temporary file of vectors has become shorter", hint="run it again")
            room, at = room[done:], at + done

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()


class _Seen:
    """The different vectors so far."""

    def __init__(self) -> None:
        from ecomdata.texts import fingerprints  # compiled loops

        self._key = np.frombuffer(os.urandom(16), np.uint64)
        self._hashes = fingerprints.fingerprints
        self._known = fingerprints.Known("vectors")
        self._rows: list[npt.NDArray[np.uint32]] = []

    def new(self, block: Floats) -> Floats:
        """Those of a block that are new."""
        data = (block + np.float32(0.0)).view(np.uint8).reshape(-1)  # + 0.0: there is one zero
        edges = np.arange(len(block) + 1, dtype=np.int64) * (4 * block.shape[1])
        before = self._known.count
        rows = self._known.enter(self._hashes(data, edges, self._key), np.ones(len(block), np.uint8))
        self._rows.append(rows)
        if self._known.count == before + len(block):
            return block
        names, places = np.unique(rows, return_index=True)
        return block[places[names >= before]]

    def row_of(self) -> npt.NDArray[np.uint32]:
        """Which of the different ones each vector is."""
        return np.concatenate(self._rows)


def _filled_up(rows: int, multiple: int) -> int:
    return -(-max(rows, 1) // multiple) * multiple


def _file(spill: Path | None) -> IO[bytes]:
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
    return cast("IO[bytes]", tempfile.TemporaryFile(dir=spill, buffering=0))


def _ready(block: Floats, metric: Metric, centre: Reals | None, first: int) -> Floats:
    finite(block, first)
    if metric == "cosine":
        return units(block)
    if metric == "euclidean" and centre is not None:
        block = (block - centre).astype(np.float32)
    if len(block) and lengths(block).max() > _LARGEST:
        raise DataError(
            f"vector {first + int(lengths(block).argmax()) + 1:,} is longer than {_LARGEST:g}: "
            "float32 cannot hold its products",
            hint="scale the vectors down, or compare by cosine",
        )
    return block


def finite(block: Floats, first: int) -> None:
    """See that all values are numbers.

    Args:
        block: (n, dim).
        first: How many vectors come before it.

    Raises:
        DataError: one is not; it names the first row and how many there are in the block.
    """
    good = np.isfinite(block).all(axis=1)
    if not good.all():
        row = first + int(np.flatnonzero(~good)[0]) + 1
        raise DataError(
            f"vector {row:,} has a value that is NaN or infinite, as have {int((~good).sum()):,} of the "
            f"{len(block):,} from {first + 1:,} on",
            hint="leave out the rows whose values are not all finite",
        )


def units(block: Floats) -> Floats:
    """Each row divided by its length; zero vectors stay."""
    sizes = lengths(block)
    sizes[sizes == 0.0] = 1.0
    return (block / sizes[:, None]).astype(np.float32)


def lengths(block: Floats) -> Reals:
    """The Euclidean length of each row, in float64."""
    return np.sqrt(_squares(block))


def _squares(block: Floats) -> Reals:
    wide = block.astype(np.float64)
    found: Reals = np.einsum("ij,ij->i", wide, wide)
    return found


def mean_vector(vectors: Vectors) -> Reals:
    """The mean, from float64 sums; where a value is not finite, :class:`Matrix` says so."""
    total = np.zeros(vectors.dim)
    with np.errstate(invalid="ignore"):
        for block in vectors.blocks(BLOCK):
            total += block.sum(axis=0, dtype=np.float64)
    return total / max(vectors.rows, 1)
