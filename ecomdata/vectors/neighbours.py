"""Exact nearest neighbours, block by block: the matrix of all similarities is never there."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.memory import amount_of_memory
from ecomdata.progress import Reporter, Silent
from ecomdata.threads import side_by_side
from ecomdata.vectors.blocks import Floats, Ints, Reals, Vectors
from ecomdata.vectors.computing import NOBODY, Array, Best, Computer, Device, Place, computer, cores
from ecomdata.vectors.copies import Copies
from ecomdata.vectors.matrix import LEAST_HELD, PROCESS, Metric, mean_vector
from ecomdata.vectors.tiles import Tile, in_tiles, sweep

SPARE: Final = 4
"""Candidates kept beyond k, for the float32 of the products orders the nearest of all only nearly."""
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
    missed only where more than four others, different from one another, are within about 1e-6 of it. Vectors
    that are the same are compared once, for BLAS need not give them the same products. A zero vector has the
    cosine 0 with every other.

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
        self.device, self._reporter = device, reporter
        self._metric: Metric = metric
        self._same = queries is None
        rows = gallery.rows if queries is None else queries.rows
        count = min(k + SPARE, gallery.rows - self._same)
        limit = max(amount_of_memory(memory) - PROCESS - rows * (count + k) * 12, LEAST_HELD)
        centre = mean_vector(gallery) if metric == "euclidean" else None
        reporter.start("reading vectors", 0)
        self._right = in_tiles(gallery, metric, device, limit, centre, distinct=True)
        self._copies = None if self._right.row_of is None else Copies(self._right.row_of, self._right.rows)
        left_over = limit - self._right.held_bytes
        self._left = self._right if queries is None else in_tiles(queries, metric, device, left_over, centre)
        reporter.finish()
        rows, count = self._left.rows, min(k + SPARE, self._right.rows - self._same)
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

    def run(self) -> None:
        """Enter the scores of all tiles."""
        if not self.best.ids.shape[1]:
            return  # all vectors are the same
        right = None if self._same else self._right
        tiles = sweep(
            self._left, right, self._metric, self.device, self._enter, self._reporter, diagonals=True
        )
        for _ in tiles:
            pass

    def _enter(self, scores: Array, tile: Tile) -> None:
        """Enter scores into the lists, under the locks of the rows they belong to."""
        both = self._same and tile.row != tile.column
        place = Place(tile.row if self._same else -1 << 62, tile.column, tile.column_end - tile.column)
        with ExitStack() as stack:
            blocks = {tile.row // self._block}
            if both:
                blocks.add(tile.column // self._block)
            for at in sorted(blocks):
                stack.enter_context(self._locks[at])
            self.device.enter(
                scores,
                place,
                self.best.part(tile.row, tile.row_end),
                self.best.part(tile.column, tile.column_end) if both else None,
            )

    def checked(self, k: int) -> Neighbours:
        """The best k of the candidates, measured again in float64."""
        found = self.device.get(self.best.ids)
        row_of = self._left.row_of
        rows = len(found) if row_of is None else len(row_of)
        ids = np.empty((rows, k), np.int64)
        similarity = np.empty((rows, k), np.float32)

        def check(first: int) -> None:
            last = min(first + _CHECKED, rows)
            if row_of is None:
                names, asked = np.sort(found[first:last], axis=1), self._left.part(first, last)
            else:
                own = row_of[first:last].astype(np.int64)
                names = np.sort(np.column_stack([found[own], own]), axis=1)
                asked = self._left.gathered(own)
            measured = self._measured(asked, names).astype(np.float32)
            if self._copies is None:
                order = np.argsort(-measured, axis=1, kind="stable")[:, :k]
                ids[first:last] = np.take_along_axis(names, order, 1)
                similarity[first:last] = np.take_along_axis(measured, order, 1)
            else:
                left_out = np.arange(first, last) if self._same else None
                ids[first:last], similarity[first:last] = self._copies.best(names, measured, k, left_out)

        for _ in side_by_side(cores(), check, range(0, rows, _CHECKED)):
            pass
        return Neighbours(ids, similarity, self.device.name)

    def _measured(self, asked: Floats, names: Ints) -> Reals:
        from ecomdata.vectors import kernels

        others, places = self._right.among(names)
        out = np.empty(names.shape)
        distances = self._metric == "euclidean"
        kernels.measure(asked, others, places, distances, out)
        if distances:
            return -np.sqrt(-out)
        return np.clip(out, -1.0, 1.0) if self._metric == "cosine" else out
