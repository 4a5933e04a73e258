"""Vectors divided into cells, so that each is compared with those of some cells and not with all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.progress import Reporter
from ecomdata.sampling import stream
from ecomdata.threads import side_by_side
from ecomdata.vectors.blocks import ArrayVectors, Floats, Ints, Marks
from ecomdata.vectors.clustering import kmeans
from ecomdata.vectors.computing import NOBODY, Best, Computer, Place, spans
from ecomdata.vectors.matrix import Matrix

VISITS: Final = 8
"""Cells that a row visits: the nearest ones."""
PER_CELL: Final = 500
_LEARNT_FROM: Final = 64
"""Rows for each cell, of which the cells are made."""
_ROUNDS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows in cells: each lives in the nearest one, and visits some.

    Attributes:
        nearest: (rows, visits) the cells that each row visits, its own first.
        by_home: Rows by the cell they live in.
        homes: Where each cell begins in ``by_home``.
        by_visit: Rows by the cells they visit.
        visits: Where each cell begins in ``by_visit``.
    """

    nearest: Ints
    by_home: Ints
    homes: Ints
    by_visit: Ints
    visits: Ints

    @property
    def count(self) -> int:
        """Cells."""
        return len(self.homes) - 1

    def own(self, cell: int) -> Ints:
        """The rows that live in a cell, sorted."""
        return self.by_home[self.homes[cell] : self.homes[cell + 1]]

    def visitors(self, cell: int) -> Ints:
        """The rows that visit a cell, sorted, those that live there among them."""
        return self.by_visit[self.visits[cell] : self.visits[cell + 1]]

    def first_to_meet(self, visitors: Ints, own: Ints) -> Marks:
        """Whether a pair is to be counted where it meets: it may meet in the other's cell too.

        Args:
            visitors: Rows that visit a cell.
            own: As many that live there.
        """
        again: Marks = (self.nearest[own] == self.nearest[visitors, :1]).any(axis=1)
        marks: Marks = (visitors < own) | (~again & (visitors != own))
        return marks


def made_cells(matrix: Matrix, used: Computer, seed: int, memory: str, reporter: Reporter) -> Cells:
    """Cells of about 500 rows, by k-means of unit vectors on a draw of them; it holds 130 bytes a row."""
    count = max(1, matrix.rows // PER_CELL)
    drawn = stream(seed, "cells").choice(matrix.rows, min(matrix.rows, _LEARNT_FROM * count), replace=False)
    found = kmeans(
        ArrayVectors(matrix.gathered(np.sort(drawn))),
        count,
        seed=seed,
        rounds=_ROUNDS,
        metric="cosine",
        device=used,
        memory=memory,
        reporter=reporter,
    )
    nearest = _nearest(matrix, found.centroids, used)
    by_home = np.argsort(nearest[:, 0], kind="stable")
    by_visit = np.argsort(nearest.ravel(), kind="stable")
    edges = np.arange(count + 1)
    return Cells(
        nearest,
        by_home,
        np.searchsorted(nearest[by_home, 0], edges),
        by_visit // nearest.shape[1],
        np.searchsorted(nearest.ravel()[by_visit], edges),
    )


def _nearest(matrix: Matrix, centroids: Floats, used: Computer) -> Ints:
    """(rows, visits): the cells whose centroids have the highest cosine, highest first."""
    shape = matrix.rows, min(VISITS, len(centroids))
    best = Best(used.put(np.full(shape, -np.inf, np.float32)), used.put(np.full(shape, NOBODY, np.int64)))
    turned = used.xp.matrix_transpose(used.put(centroids))

    def visit(span: tuple[int, int]) -> None:
        scores = used.xp.matmul(used.put(matrix.part(*span)), turned)
        used.enter(scores, Place(-1 << 62, 0, len(centroids)), best.part(*span), None)

    for _ in side_by_side(used.workers, visit, spans(matrix.rows, used.side)):
        pass
    return used.get(best.ids)
