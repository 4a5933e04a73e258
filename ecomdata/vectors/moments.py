"""Mean, covariance and lengths of vectors, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.progress import Reporter, Silent
from ecomdata.vectors.blocks import Floats, Reals, Vectors
from ecomdata.vectors.computing import Computer, Device, computer, in_parts
from ecomdata.vectors.matrix import lengths

_BLOCK_BYTES: Final = 1 << 24
"""Of vectors at a time; in float64, and centred, they are four times as many."""
_BINS: Final = 32
_LOW: Final = -24.0


@dataclass(frozen=True, slots=True)
class Norms:
    """The Euclidean lengths of vectors, zero vectors among them.

    Attributes:
        count: Vectors.
        mean: Their mean; 0 where there are none, as all others here.
        variance: Their variance (division by ``count``).
        least: The least.
        greatest: The greatest.
    """

    count: int
    mean: float
    variance: float
    least: float
    greatest: float

    def __add__(self, other: Norms) -> Norms:
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        away = other.mean - self.mean
        spread = self.count * self.variance + other.count * other.variance
        return Norms(
            count,
            self.mean + away * other.count / count,
            (spread + away**2 * self.count * other.count / count) / count,
            min(self.least, other.least),
            max(self.greatest, other.greatest),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What one pass over vectors tells; two of them add up to that of all the vectors together.

    Vectors with a value that is NaN or infinite are counted and in nothing else. All sums are float64.

    Attributes:
        rows: Vectors.
        non_finite: Those with a value that is NaN or infinite.
        zero: Those whose values are all 0.
        mean: (dim,) the mean of the finite ones.
        scatter: (dim, dim) the sum of the products of their deviations from the mean.
        direction: (dim,) the mean of the finite ones divided by their lengths, zero vectors left out.
        norms: Their lengths.
        first_non_finite: The first row that is not finite, from 0; -1 where all are.
    """

    rows: int
    non_finite: int
    zero: int
    mean: Reals
    scatter: Reals
    direction: Reals
    norms: Norms
    first_non_finite: int

    @property
    def dim(self) -> int:
        """Values in a vector."""
        return len(self.mean)

    @property
    def finite(self) -> int:
        """Vectors whose values are all finite."""
        return self.rows - self.non_finite

    @property
    def covariance(self) -> Reals:
        """(dim, dim): the scatter by ``finite - 1``, as ``numpy.cov`` has it; zeros below 2 vectors."""
        return self.scatter / max(self.finite - 1, 1)

    def __add__(self, other: Moments) -> Moments:
        """Both together: Chan, Golub and LeVeque, 1983, The American Statistician 37(3), formula 2.1."""
        count = max(self.finite + other.finite, 1)
        share = other.finite / count
        away = other.mean - self.mean if self.finite else other.mean
        directed = max(self.finite - self.zero + other.finite - other.zero, 1)
        toward = (other.finite - other.zero) / directed
        return Moments(
            self.rows + other.rows,
            self.non_finite + other.non_finite,
            self.zero + other.zero,
            self.mean + away * share,
            self.scatter + other.scatter + np.outer(away, away) * (self.finite * share),
            self.direction + (other.direction - self.direction) * toward,
            self.norms + other.norms,
            self.first_non_finite
            if self.first_non_finite >= 0
            else (self.rows + other.first_non_finite if other.first_non_finite >= 0 else -1),
        )


def moments(
    vectors: Vectors,
    *,
    device: Device | Computer = "auto",
    jobs: int | None = None,
    reporter: Reporter | None = None,
) -> Moments:
    """Count, mean, covariance and lengths of vectors in one pass.

    Each block is centred by its own mean in float64 and then added up, so that a far origin costs no digits:
    the covariance is that of float64 to about 1e-12 of its largest value. It holds a block of 16 MB and some
    (dim, dim) arrays of float64, whatever the number of rows.

    Args:
        vectors: They may be none; values may be NaN or infinite.
        device: ``cpu``, ``cuda``, ``auto``, or a computer made before.
        jobs: Threads on the processor; default: its cores.
        reporter: Hears of progress.

    Raises:
        UsageError: the device cannot be used.
    """
    reporter = reporter or Silent()
    used = computer(device, jobs)
    total = _nothing(vectors.dim)
    reporter.start("adding up vectors", vectors.rows * vectors.dim * 4)
    for block in vectors.blocks(max(_BLOCK_BYTES // (4 * max(vectors.dim, 1)), 1)):
        total += _of_block(block, used, reporter)
        reporter.advance(size=block.nbytes, rows=len(block))
    reporter.finish()
    return total


def _nothing(dim: int) -> Moments:
    zeros = np.zeros(dim)
    return Moments(0, 0, 0, zeros, np.zeros((dim, dim)), zeros, Norms(0, 0.0, 0.0, 0.0, 0.0), -1)


def _of_block(block: Floats, used: Computer, reporter: Reporter) -> Moments:
    good = np.isfinite(block).all(axis=1)
    finite = block if good.all() else block[good]
    sizes = lengths(finite)
    live = sizes > 0.0
    directions = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=live)
    count, dim = finite.shape
    if not count:
        empty = _nothing(dim)
        return Moments(len(block), len(block), 0, empty.mean, empty.scatter, empty.mean, empty.norms, 0)
    # From the first row, so that vectors that are all equal have a covariance of exactly 0.
    origin = finite[0].astype(np.float64)
    mean = (finite - origin).mean(axis=0)
    return Moments(
        len(block),
        len(block) - count,
        int(count - live.sum()),
        origin + mean,
        _scatter(finite, origin, mean, used, reporter),
        directions @ finite / max(int(live.sum()), 1),
        Norms(count, float(sizes.mean()), float(sizes.var()), float(sizes.min()), float(sizes.max())),
        -1 if count == len(block) else int(np.flatnonzero(~good)[0]),
    )


def _scatter(block: Floats, origin: Reals, mean: Reals, used: Computer, reporter: Reporter) -> Reals:
    xp = used.xp

    def of_part(first: int, last: int) -> Reals:
        away = xp.astype(used.put(block[first:last]), xp.float64) - used.put(origin)
        away -= used.put(mean)
        return np.asarray(used.get(xp.matmul(xp.matrix_transpose(away), away)))

    total = np.zeros((len(mean), len(mean)))
    for part in in_parts(used, len(block), of_part, reporter):
        total += part
    return total
