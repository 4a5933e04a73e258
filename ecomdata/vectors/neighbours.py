"""Exact nearest neighbours, block by block: the matrix of all similarities is never there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.memory import amount_of_memory
from ecomdata.progress import Reporter, Silent
from ecomdata.threads import side_by_side
from ecomdata.vectors.blocks import Floats, Ints, Reals, Vectors
from ecomdata.vectors.computing import (
    NOBODY,
    Array,
    Best,
    Computer,
    Device,
    Place,
    computer,
    cores,
    halve,
    spans,
)
from ecomdata.vectors.matrix import LEAST_HELD, PROCESS, Matrix, Metric, mean_vector

_SPARE: Final = 4
"""Candidates kept beyond k, for the float32 of the products orders the nearest of all only nearly."""
_GRAIN: Final = 64
"""Blocks of few rows are a multiple of this: an edge has its own sums in BLAS, and equals would differ."""
_CHECKED: Final = 1 << 9
"""Rows whose candidates are compared again at a time."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest of each row, nearest first; of equals the lowest id first.

    Attributes:
        ids: (n, k) int64: rows of the gallery, from 0.
        similarity: (n, k) float32: the cosine, the inner product, or minus the Euclidean distance.
        device: What it was computed on.
    """

    ids: Ints
    similarity: Floats
    device: str


def nearest(
    queries: Vectors | None,
    gallery: Vectors,
    k: int,
    *,
    metric: Metric = "cosine",
    device: Device | Computer = "auto",
    memory: str = "1GB",
    jobs: int | None = None,
    reporter: Reporter | None = None,
) -> Neighbours:
    """Find the k nearest rows of a gallery, exactly.

    Candidates come from products in float32; of these ``k + 4`` a row are kept and measured again in float64,
    from the float32 vectors. So a similarity is off by at most 2e-7 for ``cosine`` (by 2e-7 of the product of
    the lengths for ``inner``, of the largest distance from the mean for ``euclidean``), and a neighbour is
    missed only where more than four others are within about 1e-6 of it. A zero vector has the cosine 0 with
    every other.

    Args:
        queries: Whose neighbours to find; None: those of each row of the gallery, itself left out.
        gallery: Where to find them.
        k: How many.
        metric: ``cosine``, ``inner`` or ``euclidean``.
        device: ``cpu``, ``cuda`` (torch), ``auto``, or a computer made before.
        memory: What may be held, such as ``2GB``; vectors beyond it are kept in a temporary file.
        jobs: Blocks worked at side by side on the processor; default: its cores.
        reporter: Hears of progress.

    Raises:
        UsageError: there are fewer rows than k, the lengths differ, or an option is not what it may be.
        DataError: a value is NaN or infinite.
    """
    reporter = reporter or Silent()
    _check(queries, gallery, k, metric)
    with ExitStack() as stack:
        search = _Search(queries, gallery, k, metric, computer(device, jobs), memory, reporter)
        stack.callback(search.close)
        stack.enter_context(search.device.at_work())
        search.run()
        return search.checked(k)


def _check(queries: Vectors | None, gallery: Vectors, k: int, metric: str) -> None:
    if metric not in {"cosine", "inner", "euclidean"}:
        raise UsageError(f"metric {metric!r} is none", hint="it is one of cosine, inner, euclidean")
    if k < 1:
        raise UsageError(f"there are no {k} nearest", hint="give at least 1")
    others = gallery.rows - (queries is None)
    if others < k:
        raise UsageError(
            f"{k:,} neighbours are asked for, and there are {max(others, 0):,} vectors to find them among",
            hint=f"ask for at most {others:,}" if others > 0 else "there must be some vectors",
        )
    if queries is not None and queries.rows and queries.dim != gallery.dim:
        raise UsageError(
            f"queries have {queries.dim:,} values and the gallery's vectors {gallery.dim:,}",
            hint="compare vectors of one encoder",
        )


class _Search:
    """A search at work: both matrices, and the lists of the best so far."""

    def __init__(
        self,
        queries: Vectors | None,
        gallery: Vectors,
        k: int,
        metric: Metric,
        device: Computer,
        memory: str,
        reporter: Reporter,
    ) -> None:
        self.device, self._metric, self._reporter = device, metric, reporter
        self._same = queries is None
        rows = gallery.rows if queries is None else queries.rows
        count = min(k + _SPARE, gallery.rows - self._same)
        limit = max(amount_of_memory(memory) - PROCESS - rows * (count + k) * 12, LEAST_HELD)
        centre = mean_vector(gallery) if metric == "euclidean" else None

        def made(vectors: Vectors, limit: int) -> Matrix:
            multiple = min(device.side, -(-max(vectors.rows, 1) // _GRAIN) * _GRAIN)
            return Matrix(vectors, metric, centre=centre, multiple=multiple, limit=limit)

        reporter.start("reading vectors", 0)
        self._right = made(gallery, limit)
        left_over = limit - self._right.padded * gallery.dim * 4 * self._right.held
        self._left = self._right if queries is None else made(queries, left_over)
        reporter.finish()
        self._on_device = {id(matrix): self._reader(matrix) for matrix in (self._left, self._right)}
        self.best = Best(
            device.put(np.full((rows, count), -np.inf, np.float32)),
            device.put(np.full((rows, count), NOBODY, np.int64)),
        )
        self._block = device.side
        self._locks = [threading.Lock() for _ in range(0, self._left.padded, self._block)]

    def close(self) -> None:
        """Give back what is on disk."""
        self._left.close()
        self._right.close()

    def _reader(self, matrix: Matrix) -> Callable[[int, int], Array]:
        """How rows come to the device: all at once where they fit into half of what is free."""
        device = self.device
        if not device.copies:
            return matrix.part
        if matrix.padded * matrix.dim * 4 > device.free() // 4:
            return lambda first, last: device.put(matrix.part(first, last))
        parts = [
            device.put(matrix.part(at, min(at + device.side, matrix.padded)))
            for at in range(0, matrix.padded, device.side)
        ]
        whole = device.xp.concat(parts)
        return lambda first, last: whole[first:last]

    def run(self) -> None:
        """Go through all tiles; of a gallery against itself, only those on and above the diagonal."""
        size = self._left.rows * self._left.dim * 4
        self._reporter.start("comparing vectors", size)
        tiles = [*self._tiles()]
        told = 0
        for done, _ in enumerate(side_by_side(self.device.workers, self._tile, tiles), 1):
            self._reporter.advance(size=size * done // len(tiles) - told)
            told = size * done // len(tiles)
        self._reporter.finish()

    def _tiles(self) -> Iterator[tuple[int, int, int, int]]:
        """Diagonal by diagonal, so that tiles at work side by side seldom share rows."""
        side = self.device.side
        left, right = [*spans(self._left.padded, side)], [*spans(self._right.padded, side)]
        if not self._left.rows:
            return
        for step in range(len(right)):
            for at, rows in enumerate(left):
                if not self._same or at + step < len(right):
                    yield *rows, *right[(at + step) % len(right)]

    def _tile(self, tile: tuple[int, int, int, int]) -> None:
        """Score a tile and enter the scores; in quarters where it is larger than blocks may be by now."""
        row, row_end, column, column_end = tile
        if max(row_end - row, column_end - column) > self.device.side:
            for quarter in self._quarters(*tile):
                self._tile(quarter)
            return
        try:
            self._enter(self._scores(*tile), row, row_end, column, column_end)
        except self.device.exhausted:
            halve(self.device, self._reporter)
            self._tile(tile)

    def _quarters(self, *tile: int) -> Iterator[tuple[int, int, int, int]]:
        row, row_end, column, column_end = tile
        rows, columns = (row + row_end + 1) // 2, (column + column_end + 1) // 2
        for one in ((row, rows), (rows, row_end)):
            for two in ((column, columns), (columns, column_end)):
                below = self._same and row == column and one[0] > two[0]
                if not below and one[0] < one[1] and two[0] < two[1]:
                    yield *one, *two

    def _scores(self, row: int, row_end: int, column: int, column_end: int) -> Array:
        xp = self.device.xp
        left = self._on_device[id(self._left)](row, row_end)
        right = self._on_device[id(self._right)](column, column_end)
        scores = xp.matmul(left, xp.matrix_transpose(right))
        if self._metric == "euclidean":  # minus half the squared distance
            scores -= self.device.put(self._left.squares[row:row_end] / 2)[:, None]
            scores -= self.device.put(self._right.squares[column:column_end] / 2)[None, :]
        return scores

    def _enter(self, scores: Array, row: int, row_end: int, column: int, column_end: int) -> None:
        """Enter scores into the lists, under the locks of the rows they belong to."""
        row_end, column_end = min(row_end, self._left.rows), min(column_end, self._right.rows)
        if row >= row_end or column >= column_end:
            return
        both = self._same and row != column
        place = Place(row if self._same else -1 << 62, column, column_end - column)
        with ExitStack() as stack:
            blocks = {row // self._block, column // self._block} if both else {row // self._block}
            for at in sorted(blocks):
                stack.enter_context(self._locks[at])
            self.device.enter(
                scores,
                place,
                self.best.part(row, row_end),
                self.best.part(column, column_end) if both else None,
            )

    def checked(self, k: int) -> Neighbours:
        """The best k of the candidates, measured again in float64."""
        best = Best(self.device.get(self.best.scores), self.device.get(self.best.ids))
        ids = np.empty((len(best.ids), k), np.int64)
        similarity = np.empty((len(best.ids), k), np.float32)

        def check(first: int) -> None:
            last = min(first + _CHECKED, len(ids))
            names = np.sort(best.ids[first:last], axis=1)
            found = self._measured(first, last, names).astype(np.float32)
            order = np.argsort(-found, axis=1, kind="stable")[:, :k]
            ids[first:last] = np.take_along_axis(names, order, 1)
            similarity[first:last] = np.take_along_axis(found, order, 1)

        for _ in side_by_side(cores(), check, range(0, len(ids), _CHECKED)):
            pass
        return Neighbours(ids, similarity, self.device.name)

    def _measured(self, first: int, last: int, names: Ints) -> Reals:
        from ecomdata.vectors import kernels

        others, places = self._right.among(names)
        out = np.empty(names.shape)
        distances = self._metric == "euclidean"
        kernels.measure(self._left.part(first, last), others, places, distances, out)
        if distances:
            return -np.sqrt(-out)
        return np.clip(out, -1.0, 1.0) if self._metric == "cosine" else out
