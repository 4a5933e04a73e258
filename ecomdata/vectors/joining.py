"""All pairs of vectors that point nearly the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.memory import amount_of_memory
from ecomdata.progress import Reporter, Silent
from ecomdata.sampling import stream
from ecomdata.threads import side_by_side
from ecomdata.vectors.blocks import Floats, Ints, Marks, Reals, Vectors
from ecomdata.vectors.cells import Cells, made_cells
from ecomdata.vectors.computing import Array, Computer, Device, computer, spans
from ecomdata.vectors.matrix import LEAST_HELD, PROCESS, Matrix
from ecomdata.vectors.tiles import Tile, in_tiles, sweep

Search = Literal["auto", "exact", "cells"]
Allowed = Callable[[Ints, Ints], Marks]
MOST: Final = 64
"""Pairs that a row has room for."""
_EXACT_UP_TO: Final = {"cpu": 200_000, "cuda": 2_000_000}
_ROUNDING: Final = 1e-6
"""What float32 may be off by; pairs are measured again in float64."""
_ASKED: Final = 1_000
"""Rows whose pairs are all looked for, to measure what cells miss."""


@dataclass(frozen=True, slots=True, eq=False)
class NearPairs:
    """What :func:`near_pairs` found.

    Attributes:
        one: (m,) int64 the lower row of each pair, from 0; pairs are sorted by it and then by the other.
        other: (m,) int64 the higher row.
        cosine: (m,) float64.
        crowded: Rows with as many pairs as they have room for; they may be near to more.
        recall: The share of pairs that are found: 1 for ``exact``, else as measured on rows that are drawn.
        asked: How many pairs it was measured on.
        search: ``exact`` or ``cells``.
        device: What it was computed on.
    """

    one: Ints
    other: Ints
    cosine: Reals
    crowded: int
    recall: float
    asked: int
    search: str
    device: str


def near_pairs(  # noqa: PLR0913 - one keyword an option
    vectors: Vectors,
    threshold: float,
    *,
    search: Search = "auto",
    allowed: Allowed | None = None,
    seed: int = 0,
    device: Device | Computer = "auto",
    memory: str = "1GB",
    jobs: int | None = None,
    reporter: Reporter | None = None,
) -> NearPairs:
    """Find all pairs of vectors whose cosine is at least a threshold.

    ``exact`` compares all with all, in tiles. ``cells`` divides the vectors by k-means into cells of about
    500 and compares each with those of its 8 nearest cells, so that the work grows with the rows and not with
    their square; what is missed is measured: for 1,000 rows that are drawn, all pairs are looked for.
    Either way each pair is measured in float64: none is false, and a cosine is right to 2e-7.

    A row has room for 64 pairs, and gets more only for the sake of rows that have room, so that a crowd of n
    rows, each near to each, gives about 64 n pairs and not n^2 / 2; those with the lowest rows of the crowd.
    With lower rows it has room for 64, whatever it has with higher ones: cells come in no order of the rows.

    Args:
        vectors: Their lengths do not count; a zero vector is near to nobody.
        threshold: The least cosine, above 0 and at most 1.
        search: ``exact``, ``cells``, or ``auto``: exact up to 200,000 rows (2,000,000 on CUDA).
        allowed: Which pairs count, of (lower rows, higher rows); default: all.
        seed: Of what is drawn.
        device: ``cpu``, ``cuda``, ``auto``, or a computer made before.
        memory: What may be held; vectors beyond it are kept in a temporary file. Pairs are held.
        jobs: Tiles worked at side by side on the processor; default: its cores.
        reporter: Hears of progress.

    Raises:
        UsageError: an option is not what it may be.
        DataError: a value is NaN or infinite.
    """
    check_threshold(threshold)
    if search not in {"auto", "exact", "cells"}:
        raise UsageError(f"search {search!r} is none", hint="it is one of auto, exact, cells")
    reporter = reporter or Silent()
    used = computer(device, jobs)
    limit = max(amount_of_memory(memory) - PROCESS, LEAST_HELD)
    if search == "auto":
        search = "exact" if vectors.rows <= _EXACT_UP_TO.get(used.name, 0) else "cells"
    reporter.start("reading vectors", 0)
    matrix = in_tiles(vectors, "cosine", used, limit)
    reporter.finish()
    try:
        with used.at_work():
            join = _Join(matrix, threshold, allowed, used, reporter)
            if search == "exact" or not matrix.rows:
                return join.found(join.of_all(), search)
            cells = made_cells(matrix, used, seed, memory, reporter)
            return join.judged(join.found(join.of_cells(cells), search), seed)
    finally:
        matrix.close()


def check_threshold(threshold: float) -> None:
    """See that there can be pairs at least so near.

    Raises:
        UsageError: it is not above 0 and at most 1.
    """
    if not 0.0 < threshold <= 1.0:
        raise UsageError(f"a cosine of {threshold:g} is no threshold", hint="give more than 0, at most 1")


@dataclass(slots=True)
class _Hits:
    one: Ints
    other: Ints
    cosine: Reals

    @classmethod
    def none(cls) -> _Hits:
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    @classmethod
    def joined(cls, parts: list[_Hits]) -> _Hits:
        return cls(
            np.concatenate([part.one for part in parts]),
            np.concatenate([part.other for part in parts]),
            np.concatenate([part.cosine for part in parts]),
        )

    def chosen(self, which: Marks) -> _Hits:
        return _Hits(self.one[which], self.other[which], self.cosine[which])


class _Join:
    """A search for pairs at work."""

    def __init__(
        self, matrix: Matrix, threshold: float, allowed: Allowed | None, used: Computer, reporter: Reporter
    ) -> None:
        self._matrix, self._threshold, self._allowed = matrix, threshold, allowed
        self._used, self._reporter = used, reporter

    def found(self, parts: Iterator[_Hits], search: str) -> NearPairs:
        """The pairs of all parts, as far as rows have room."""
        from ecomdata.vectors import kernels

        counts, below = np.zeros((2, self._matrix.rows), np.int32)
        kept = [_Hits.none()]
        for hits in parts:
            marks, lower = np.zeros((2, len(hits.one)), np.bool_)
            kernels.admit(hits.one, hits.other, MOST, counts, marks)
            kernels.admit(hits.other, hits.other, 2 * MOST, below, lower)  # which counts each twice
            kept.append(hits.chosen(marks | lower))
        whole = _Hits.joined(kept)
        order = np.lexsort((whole.other, whole.one))
        return NearPairs(
            whole.one[order],
            whole.other[order],
            whole.cosine[order],
            int(np.count_nonzero(counts >= MOST)),
            1.0,
            0,
            search,
            self._used.name,
        )

    def of_all(self) -> Iterator[_Hits]:
        """The pairs of all with all."""

        def take(scores: Array, tile: Tile) -> _Hits:
            ones, twos = self._above(scores, tile.row_end - tile.row, tile.column_end - tile.column)
            marks = self._counting(ones + tile.row, twos + tile.column)
            if tile.row == tile.column:
                marks &= ones < twos
            ones, twos = ones[marks], twos[marks]
            left = self._matrix.part(tile.row, tile.row_end)
            right = self._matrix.part(tile.column, tile.column_end)
            cosine = _measured(left, right, ones, twos, within_room(ones, twos))
            return self._near(_Hits(ones + tile.row, twos + tile.column, cosine))

        yield from sweep(self._matrix, None, "cosine", self._used, take, self._reporter)

    def of_cells(self, cells: Cells) -> Iterator[_Hits]:
        """The pairs of each cell: its own rows with all rows that visit it."""

        def of_cell(cell: int) -> _Hits:
            found = [_Hits.none()]
            own = cells.own(cell)
            right = self._matrix.gathered(own)
            on_device = self._used.put(right)
            visitors = cells.visitors(cell)
            for first, last in spans(len(visitors), self._used.side):
                found.append(self._of_visitors(visitors[first:last], own, right, on_device, cells))
            return _Hits.joined(found)

        self._reporter.start("comparing vectors", 0)
        for hits in side_by_side(self._used.workers, of_cell, range(cells.count)):
            self._reporter.advance(rows=self._matrix.rows // cells.count)
            yield hits
        self._reporter.finish()

    def _of_visitors(self, visitors: Ints, own: Ints, right: Floats, on_device: Array, cells: Cells) -> _Hits:
        xp = self._used.xp
        left = self._matrix.gathered(visitors)
        scores = xp.matmul(self._used.put(left), xp.matrix_transpose(on_device))
        ones, twos = self._above(scores, len(visitors), len(own))
        one, other = visitors[ones], own[twos]
        marks = cells.first_to_meet(one, other) & self._counting(one, other)
        ones, twos, one, other = ones[marks], twos[marks], one[marks], other[marks]
        cosine = _measured(left, right, ones, twos, within_room(ones, twos))
        return self._near(_Hits(np.minimum(one, other), np.maximum(one, other), cosine))

    def _counting(self, one: Ints, other: Ints) -> Marks:
        """Which pairs count: told before they are given room, so that no other takes it from them."""
        if self._allowed is None:
            return np.ones(len(one), np.bool_)
        return self._allowed(np.minimum(one, other), np.maximum(one, other))

    def _near(self, hits: _Hits) -> _Hits:
        return hits.chosen(hits.cosine >= self._threshold)

    def _above(self, scores: Array, rows: int, columns: int) -> tuple[Ints, Ints]:
        """Where in a tile scores are about as high as the threshold, row by row."""
        xp = self._used.xp
        ones, twos = xp.nonzero(scores[:rows, :columns] >= self._threshold - _ROUNDING)
        return self._used.get(ones).astype(np.int64), self._used.get(twos).astype(np.int64)

    def judged(self, found: NearPairs, seed: int) -> NearPairs:
        """The same with the share of pairs that were found, of all that some rows have.

        Rows that have more pairs than they have room for are not asked.
        """
        rows = self._matrix.rows
        asked = np.sort(stream(seed, "recall").choice(rows, min(rows, _ASKED), replace=False))
        left = self._matrix.gathered(asked)
        keys = found.one * rows + found.other
        wanted = [(np.empty(0, np.int64), np.empty(0, np.int64))]
        for first, last in spans(rows, self._used.side):
            right = self._matrix.part(first, last)
            scores = self._used.xp.matmul(self._used.put(left), self._used.put(right).T)
            ones, twos = self._above(scores, len(asked), last - first)
            one, other = asked[ones], twos + first
            lower, higher = np.minimum(one, other), np.maximum(one, other)
            marks = self._counting(one, other) & (one != other)
            near = _measured(left, right, ones, twos, marks) >= self._threshold
            wanted.append((ones[near], lower[near] * rows + higher[near]))
        of_row, key = (np.concatenate(parts) for parts in zip(*wanted, strict=True))
        key = key[np.bincount(of_row, minlength=len(asked))[of_row] <= MOST]
        recall = float(np.isin(key, keys).mean()) if len(key) else 1.0
        return replace(found, recall=recall, asked=len(key))


def _measured(left: Floats, right: Floats, ones: Ints, twos: Ints, marks: Marks) -> Reals:
    """The cosine of each marked pair, in float64; 0 for the others."""
    from ecomdata.vectors import kernels

    found = np.zeros(len(ones))
    exact = np.empty(int(np.count_nonzero(marks)))
    kernels.measure_pairs(left, right, ones[marks], twos[marks], exact)
    found[marks] = np.minimum(exact, 1.0)
    return found


def within_room(ones: Ints, others: Ints) -> Marks:
    """Pairs of a tile, row by row, that are among the first 64 of their row or of their column."""
    if len(ones) <= MOST:
        return np.ones(len(ones), np.bool_)
    by_column = np.argsort(others, kind="stable")
    marks = _ranks(ones) < MOST
    marks[by_column] |= _ranks(others[by_column]) < MOST
    return marks


def _ranks(values: Ints) -> Ints:
    """The place of each value among its equals, which stand together."""
    fresh = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    places: Ints = np.arange(len(values))
    starts: Ints = np.maximum.accumulate(np.where(fresh, places, 0))
    return places - starts
