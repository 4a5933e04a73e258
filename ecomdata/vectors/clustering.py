"""k-means, over vectors that need not fit into memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.memory import amount_of_memory
from ecomdata.progress import Reporter, Silent
from ecomdata.sampling import stream
from ecomdata.threads import side_by_side
from ecomdata.vectors.blocks import Floats, Ints, Reals, Vectors
from ecomdata.vectors.computing import Computer, Device, computer, in_parts, spans
from ecomdata.vectors.matrix import LEAST_HELD, PROCESS, Matrix, Metric, lengths, mean_vector

_SEEDED_FROM: Final = 32
"""Rows for each centroid, of which the first centroids are chosen."""
_SEEDED_AT_MOST: Final = 1 << 17
_ON_ITS_OWN: Final = 1e-10
"""Below this share of the largest squared distance, a row is as good as its centroid."""
_ENOUGH: Final = 1e-4
"""It ends where a round lowers the inertia by less than this share."""


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """What :func:`kmeans` found.

    Attributes:
        centroids: (k, dim) float32; of unit length for ``cosine``.
        labels: (n,) int64: the nearest centroid of each row, of equals the first.
        sizes: (k,) int64: rows of each.
        inertia: The sum of the squared distances to the nearest centroid; for ``cosine`` of unit vectors.
        rounds: How many were made.
        device: What it was computed on.
    """

    centroids: Floats
    labels: Ints
    sizes: Ints
    inertia: float
    rounds: int
    device: str


def kmeans(  # noqa: PLR0913 - one keyword an option
    vectors: Vectors,
    k: int,
    *,
    seed: int = 0,
    rounds: int = 25,
    metric: Metric = "euclidean",
    device: Device | Computer = "auto",
    memory: str = "1GB",
    jobs: int | None = None,
    reporter: Reporter | None = None,
) -> Clustering:
    """Divide vectors into k clusters by Lloyd's algorithm; the same under the same seed, on one device.

    The first centroids are chosen by k-means++ (Arthur and Vassilvitskii, SODA 2007) among ``32 k`` rows that
    are drawn; a centroid that loses all its rows takes the row that is farthest from its own. Scores are
    float32, sums float64: the inertia is off by at most about 1e-6 of it.

    Args:
        vectors: At least k.
        k: Clusters.
        seed: Of what is drawn.
        rounds: Rounds at most; it ends when a round lowers the inertia by less than a ten-thousandth.
        metric: ``euclidean``, or ``cosine``: rows and centroids of unit length (Dhillon and Modha, Machine
            Learning 42, 2001).
        device: ``cpu``, ``cuda``, ``auto``, or a computer made before.
        memory: What may be held; vectors beyond it are kept in a temporary file.
        jobs: Threads on the processor; default: its cores.
        reporter: Hears of progress.

    Raises:
        UsageError: there are fewer rows than k, or an option is not what it may be.
        DataError: a value is NaN or infinite.
    """
    reporter = reporter or Silent()
    if metric not in {"cosine", "euclidean"}:
        raise UsageError(f"k-means knows no metric {metric!r}", hint="it is one of euclidean, cosine")
    if not 1 <= k <= vectors.rows:
        raise UsageError(
            f"{vectors.rows:,} vectors do not make {k:,} clusters", hint="ask for 1 to as many as there are"
        )
    if rounds < 1:
        raise UsageError("k-means makes at least 1 round", hint="give rounds of 1 or more")
    used = computer(device, jobs)
    limit = max(amount_of_memory(memory) - PROCESS, LEAST_HELD)
    centre = mean_vector(vectors) if metric == "euclidean" else np.zeros(vectors.dim)
    matrix = Matrix(vectors, metric, centre=centre, multiple=1, limit=limit)
    try:
        found = _Lloyd(matrix, metric, used, reporter).run(k, seed, rounds)
    finally:
        matrix.close()
    return replace(found, centroids=(found.centroids + centre).astype(np.float32))


@dataclass(slots=True, eq=False)
class _Round:
    """What one pass over the rows gives: of all, or of a part."""

    labels: Ints
    away: Floats
    sums: Reals
    counts: Ints


class _Lloyd:
    """The rounds over one matrix."""

    def __init__(self, matrix: Matrix, metric: Metric, used: Computer, reporter: Reporter) -> None:
        self._matrix, self._metric, self._used, self._reporter = matrix, metric, used, reporter

    def run(self, k: int, seed: int, rounds: int) -> Clustering:
        centroids = self._first(k, seed)
        self._reporter.start("clustering vectors", 0)
        with self._used.at_work():
            done, before = 0, np.inf
            while True:
                made = self._assigned(centroids)
                inertia = float(made.away.sum(dtype=np.float64))
                empty = np.flatnonzero(made.counts == 0)
                far = self._farthest(made, len(empty))
                settled = inertia >= before * (1 - _ENOUGH) and not len(far)
                if settled or done == rounds:
                    break
                centroids = self._moved(made, centroids, empty, far)
                done, before = done + 1, inertia
        self._reporter.finish()
        return Clustering(centroids, made.labels, made.counts, inertia, done, self._used.name)

    def _first(self, k: int, seed: int) -> Floats:
        """Rows far from one another: each is drawn by its squared distance to the nearest one before it."""
        rng = stream(seed, "k-means")
        rows = self._matrix.rows
        some = max(2 * k, min(_SEEDED_FROM * k, _SEEDED_AT_MOST))
        drawn = np.sort(rng.choice(rows, min(some, rows), replace=False))
        vectors = self._matrix.gathered(drawn)
        squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
        chosen = [int(rng.integers(len(vectors)))]
        away = np.full(len(vectors), np.inf)
        while len(chosen) < k:
            products = vectors @ vectors[chosen[-1]]
            away = np.minimum(away, np.maximum(squares + squares[chosen[-1]] - 2.0 * products, 0.0))
            away[chosen[-1]] = 0.0
            total: Reals = np.cumsum(away)
            whole = float(total[-1])
            if whole <= 0.0:  # fewer different rows than clusters
                chosen += [chosen[-1]] * (k - len(chosen))
                break
            chosen.append(int(total.searchsorted(rng.random() * whole, side="right")))
        return vectors[chosen]

    def _assigned(self, centroids: Floats) -> _Round:
        """The nearest centroid of each row, and the sums from which the next ones are made."""
        rows, k, dim = self._matrix.rows, len(centroids), self._matrix.dim
        total = _Round(
            np.empty(rows, np.int64), np.empty(rows, np.float32), np.zeros((k, dim)), np.zeros(k, np.int64)
        )
        used, xp = self._used, self._used.xp
        on_device = used.put(centroids)
        half = used.put(np.einsum("ij,ij->i", centroids, centroids) / 2)

        def assign(first: int, last: int) -> _Round:
            part = used.put(self._matrix.part(first, last))
            labels = xp.argmax(xp.matmul(part, xp.matrix_transpose(on_device)) - half, axis=1)
            away = part - xp.take(on_device, labels, axis=0)
            sums, counts = used.sums(part, labels, k)
            return _Round(used.get(labels), used.get(xp.sum(away * away, axis=1)), sums, counts)

        def of_span(span: tuple[int, int]) -> list[_Round]:
            first, last = span
            parts = in_parts(used, last - first, lambda a, b: assign(first + a, first + b), self._reporter)
            return [*parts]

        first = 0
        for parts in side_by_side(used.workers, of_span, spans(rows, used.side)):
            for part in parts:
                last = first + len(part.labels)
                total.labels[first:last], total.away[first:last] = part.labels, part.away
                total.sums += part.sums
                total.counts += part.counts
                self._reporter.advance(size=(last - first) * dim * 4, rows=last - first)
                first = last
        return total

    def _farthest(self, made: _Round, count: int) -> Ints:
        """Rows that are farthest from their centroids, of equals the first; none that stands on its own."""
        if not count:
            return np.empty(0, np.int64)
        order = np.argsort(-made.away, kind="stable")[:count]
        return order[made.away[order] > _ON_ITS_OWN * max(float(made.away.max()), 1e-30)]

    def _moved(self, made: _Round, before: Floats, empty: Ints, far: Ints) -> Floats:
        """The mean of the rows of each cluster; where there are none, one of the farthest rows."""
        live = made.counts > 0
        sums = np.where(live[:, None], made.sums, before)
        sums /= np.maximum(made.counts, 1)[:, None]
        if self._metric == "cosine":
            sizes = lengths(sums.astype(np.float32))
            sums = np.where(sizes[:, None] > 0.0, sums / np.maximum(sizes, 1e-30)[:, None], before)
        centroids = sums.astype(np.float32)
        if len(far):
            centroids[empty[: len(far)]] = self._matrix.gathered(far)
        return centroids
