"""All scores of vectors with vectors, tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from ecomdata.progress import Reporter
from ecomdata.threads import side_by_side
from ecomdata.vectors.blocks import Reals, Vectors
from ecomdata.vectors.computing import Array, Computer, halve, spans
from ecomdata.vectors.matrix import Matrix, Metric

_GRAIN: Final = 64
"""Blocks of few rows are a multiple of this: an edge has its own sums in BLAS."""
_Out = TypeVar("_Out")


class Tile(NamedTuple):
    """Rows ``row`` to ``row_end`` of one matrix, and rows ``column`` to ``column_end`` of the other."""

    row: int
    row_end: int
    column: int
    column_end: int


def in_tiles(
    vectors: Vectors,
    metric: Metric,
    device: Computer,
    limit: int,
    centre: Reals | None = None,
    *,
    distinct: bool = False,
) -> Matrix:
    """Vectors made ready to be swept over; see :class:`Matrix`."""
    multiple = min(device.side, -(-max(vectors.rows, 1) // _GRAIN) * _GRAIN)
    return Matrix(vectors, metric, centre=centre, multiple=multiple, limit=limit, distinct=distinct)


def sweep(
    left: Matrix,
    right: Matrix | None,
    metric: Metric,
    device: Computer,
    take: Callable[[Array, Tile], _Out],
    reporter: Reporter,
    *,
    diagonals: bool = False,
) -> Iterator[_Out]:
    """What is made of the scores of every tile, in order; several tiles are worked at side by side.

    Args:
        left: Whose rows are those of the tiles.
        right: Whose rows are their columns; None: the same, and only tiles on and above the diagonal come.
        metric: ``euclidean`` gives minus half the squared distances, all others inner products.
        device: Where it is done; a tile that finds no memory comes in quarters.
        take: Gets (r, c) scores, and the tile they are of; zeros for padding stand behind it.
        reporter: Hears of progress.
        diagonals: Tiles come diagonal by diagonal, so that those at work side by side seldom share rows; else
            row by row.
    """
    sweeper = _Sweeper(left, right, metric, device, take, reporter)
    size = left.rows * left.dim * 4
    tiles = sweeper.tiles(diagonals=diagonals) if left.rows else []
    reporter.start("comparing vectors", size)
    told = 0
    for done, found in enumerate(side_by_side(device.workers, sweeper.taken, tiles), 1):
        reporter.advance(size=size * done // len(tiles) - told)
        told = size * done // len(tiles)
        yield from found
    reporter.finish()


class _Sweeper(Generic[_Out]):
    """Both matrices as the device sees them."""

    def __init__(
        self,
        left: Matrix,
        right: Matrix | None,
        metric: Metric,
        device: Computer,
        take: Callable[[Array, Tile], _Out],
        reporter: Reporter,
    ) -> None:
        self._left, self._right, self._same = left, right or left, right is None
        self._metric, self._device, self._take, self._reporter = metric, device, take, reporter
        self._left_rows = self._reader(left)
        self._right_rows = self._left_rows if right is None else self._reader(right)

    def _reader(self, matrix: Matrix) -> Callable[[int, int], Array]:
        """How rows come to the device: beforehand, where all of them fit into a quarter of what is free."""
        device = self._device
        if not device.copies:
            return matrix.part
        if matrix.padded * matrix.dim * 4 > device.free() // 4:
            return lambda first, last: device.put(matrix.part(first, last))
        whole = device.xp.concat(
            [device.put(matrix.part(*span)) for span in spans(matrix.padded, device.side)]
        )
        return lambda first, last: whole[first:last]

    def tiles(self, *, diagonals: bool) -> list[Tile]:
        """All that are to be made."""
        left, right = ([*spans(matrix.padded, self._device.side)] for matrix in (self._left, self._right))
        count = len(right)
        places = [(a, b) for a in range(len(left)) for b in range(a if self._same else 0, count)]
        if diagonals:
            places.sort(key=lambda place: ((place[1] - place[0]) % count, place[0]))
        return [Tile(*left[row], *right[column]) for row, column in places]

    def taken(self, tile: Tile) -> list[_Out]:
        """What is made of a tile, or of its quarters where it is larger than blocks may be by now."""
        if max(tile.row_end - tile.row, tile.column_end - tile.column) > self._device.side:
            return [found for quarter in self._quarters(tile) for found in self.taken(quarter)]
        rows, columns = min(tile.row_end, self._left.rows), min(tile.column_end, self._right.rows)
        if tile.row >= rows or tile.column >= columns:
            return []
        try:
            return [self._take(self._scores(tile), Tile(tile.row, rows, tile.column, columns))]
        except self._device.exhausted:
            halve(self._device, self._reporter)
            return self.taken(tile)

    def _quarters(self, tile: Tile) -> Iterator[Tile]:
        rows = (tile.row, (tile.row + tile.row_end + 1) // 2, tile.row_end)
        columns = (tile.column, (tile.column + tile.column_end + 1) // 2, tile.column_end)
        for one in (0, 1):
            for two in (0, 1):
                below = self._same and tile.row == tile.column and one > two
                if not below and rows[one] < rows[one + 1] and columns[two] < columns[two + 1]:
                    yield Tile(rows[one], rows[one + 1], columns[two], columns[two + 1])

    def _scores(self, tile: Tile) -> Array:
        xp, put = self._device.xp, self._device.put
        left = self._left_rows(tile.row, tile.row_end)
        right = self._right_rows(tile.column, tile.column_end)
        scores = xp.matmul(left, xp.matrix_transpose(right))
        if self._metric == "euclidean":
            scores -= put(self._left.squares[tile.row : tile.row_end] / 2)[:, None]
            scores -= put(self._right.squares[tile.column : tile.column_end] / 2)[None, :]
        return scores
