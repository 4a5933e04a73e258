"""What is found by looking for neighbours and clusters among all vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecomdata.memory import amount_of_memory
from ecomdata.progress import Reporter
from ecomdata.vectors.balance import Balance, balance_of
from ecomdata.vectors.blocks import ArrayVectors, Floats, Ints, Vectors
from ecomdata.vectors.clustering import kmeans
from ecomdata.vectors.computing import Computer
from ecomdata.vectors.intrinsic import IntrinsicDimension, two_nn
from ecomdata.vectors.matrix import PROCESS, Metric
from ecomdata.vectors.neighbours import SPARE, Neighbours, nearest
from ecomdata.vectorstats.figures import Clusters
from ecomdata.vectorstats.how import How
from ecomdata.vectorstats.reading import block_rows, drawn, gathered


@dataclass(frozen=True, slots=True)
class Nearest:
    """The neighbours of rows that were drawn.

    Attributes:
        rows: ``(q,)``: the rows, by their number among the vectors.
        ids: ``(q, k)``: their neighbours, nearest first, themselves left out.
        similarity: ``(q, k)``: the cosine, or minus the Euclidean distance.
    """

    rows: Ints
    ids: Ints
    similarity: Floats


def _distances(vectors: Vectors, found: Nearest) -> npt.NDArray[np.float64]:
    """``(q, k)``: the Euclidean distance of each row to each of its neighbours."""
    wanted, places = np.unique(np.column_stack([found.rows, found.ids]), return_inverse=True)
    there = gathered(vectors, wanted)
    own, *columns = places.reshape(len(found.rows), -1).T
    wide = there[own].astype(np.float64)
    return np.stack([np.linalg.norm(wide - there[other], axis=1) for other in columns], axis=1)


@dataclass(frozen=True, slots=True)
class Searcher:
    """How and where to search."""

    how: How
    device: Computer
    reporter: Reporter

    def nearest(self, vectors: Vectors, k: int, metric: Metric) -> Nearest:
        """The k nearest other vectors of some that are drawn; of fewer vectors as many as there are."""
        size = self.how.drawn_of(vectors.rows)
        rows = drawn(vectors.rows, size, self.how.seed)
        k = min(k, vectors.rows - 1)
        if k < 1:
            return Nearest(rows[:0], np.empty((0, 0), np.int64), np.empty((0, 0), np.float32))
        if size == vectors.rows:
            found = self._search(None, vectors, k, metric)
            return Nearest(rows, found.ids, found.similarity)
        found = self._search(ArrayVectors(gathered(vectors, rows)), vectors, k + 1, metric)
        # A row is its own nearest, unless so many are the same that it is not among them.
        others = np.argsort(found.ids == rows[:, None], axis=1, kind="stable")[:, :k]
        ids = np.take_along_axis(found.ids, others, 1)
        return Nearest(rows, ids, np.take_along_axis(found.similarity, others, 1))

    def _search(self, queries: Vectors | None, vectors: Vectors, k: int, metric: Metric) -> Neighbours:
        return nearest(
            queries,
            vectors,
            k,
            metric=metric,
            device=self.device,
            memory=self.how.search_memory,
            jobs=self.how.jobs,
            reporter=self.reporter,
        )

    def intrinsic(self, vectors: Vectors, by_cosine: Nearest | None = None) -> IntrinsicDimension:
        """The intrinsic dimension around rows that are drawn, from their two nearest by distance.

        Args:
            vectors: Where to look.
            by_cosine: The nearest by cosine, if all lengths are one: the two nearest by distance are among
                them. They are measured again, as 1 - cos of near rows has few digits in single precision.
        """
        if vectors.rows < 3:
            return two_nn(np.empty(0), np.empty(0))
        if by_cosine is not None and self._enough(by_cosine, vectors):
            distances = np.sort(_distances(vectors, by_cosine), axis=1)
        else:
            distances = -self.nearest(vectors, 2, "euclidean").similarity.astype(np.float64)
        return two_nn(distances[:, 0], distances[:, 1])

    def _enough(self, found: Nearest, vectors: Vectors) -> bool:
        """Whether there are spare ones, as :func:`nearest` has them, and room for the vectors of all."""
        room = amount_of_memory(self.how.search_memory) - PROCESS
        held = found.ids.size * vectors.dim * 4
        return found.ids.shape[1] >= min(2 + SPARE, vectors.rows - 1) and held <= room

    def clusters(self, vectors: Vectors) -> Clusters:
        """Clusters whose centres are fitted to vectors that are drawn; each vector goes to the nearest."""
        k = self.how.clusters_of(vectors.rows)
        if vectors.rows < k:
            reason = f"too few vectors for {k} clusters: {vectors.rows:,}"
            return Clusters(balance=Balance(reason=reason), reason=reason)
        wanted = drawn(vectors.rows, self.how.fitted_to(k, vectors.dim), self.how.seed)
        sample = ArrayVectors(gathered(vectors, wanted))
        fitted = kmeans(
            sample,
            k,
            seed=self.how.seed,
            device=self.device,
            memory=self.how.search_memory,
            reporter=self.reporter,
        )
        sizes = fitted.sizes if sample.rows == vectors.rows else self._sizes(vectors, fitted.centroids)
        largest_first = np.sort(sizes)[::-1]
        return Clusters(
            sizes=tuple(largest_first.tolist()), balance=balance_of(largest_first), fitted=sample.rows
        )

    def _sizes(self, vectors: Vectors, centroids: Floats) -> npt.NDArray[np.int64]:
        """How many vectors are nearest to each centre; one pass."""
        xp, device = self.device.xp, self.device
        # Scores are float32: far from the origin they would be all rounding.
        middle = centroids.mean(axis=0, dtype=np.float64).astype(np.float32)
        around = centroids - middle
        turned = device.put(np.ascontiguousarray(around.T))
        halves = device.put((around.astype(np.float64) ** 2).sum(axis=1).astype(np.float32) / 2)
        sizes = np.zeros(len(centroids), np.int64)
        self.reporter.start("filling clusters", vectors.rows * vectors.dim * 4)
        for block in vectors.blocks(block_rows(vectors.dim)):
            # The nearest has the greatest x.c - |c|^2 / 2: |x|^2 is the same for all centres.
            best = device.get(xp.argmax(xp.matmul(device.put(block - middle), turned) - halves, axis=1))
            sizes += np.bincount(best, minlength=len(centroids))
            self.reporter.advance(size=block.nbytes, rows=len(block))
        self.reporter.finish()
        return sizes
