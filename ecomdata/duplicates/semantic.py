"""Finding rows that mean nearly the same: by the cosine of their vectors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ecomdata.duplicates.clusters import across_sides, in_clusters, in_pairs
from ecomdata.duplicates.devices import Cpu
from ecomdata.duplicates.finding import Duplicates, as_clusters, as_pair_frame, as_sides
from ecomdata.duplicates.held import Held
from ecomdata.duplicates.how import How
from ecomdata.duplicates.nodes import NodeMaker, Nodes
from ecomdata.duplicates.pairing import Sides, as_pairs, halves
from ecomdata.progress import Reporter
from ecomdata.texts.gramhashes import Floats, Ints, Longs, Words
from ecomdata.vectors.blocks import ArrayVectors, ChosenVectors, Marks, Vectors
from ecomdata.vectors.joining import MOST, near_pairs
from ecomdata.vectors.matrix import BLOCK, finite, units

if TYPE_CHECKING:
    import pyarrow as pa


def search_vectors(
    vectors: Vectors,
    how: How,
    *,
    worth: Ints | None,
    sides: npt.NDArray[np.uint8] | None,
    reporter: Reporter,
) -> Duplicates:
    """Find rows whose vectors have a cosine of at least the threshold; zero vectors are nobody's duplicate.

    Rows with the same vector, bit by bit, are one node, as rows with the same text are for other methods.
    Pairs of nodes come from :func:`near_pairs`, and clusters are made as for texts: no member is farther from
    the kept row than the threshold.

    Args:
        vectors: One for each row.
        how: The threshold, and where to compute.
        worth: For each row, how much it is worth keeping; None: the first is kept.
        sides: See :func:`ecomdata.find_duplicates`.
        reporter: Hears of progress.

    Raises:
        DataError: a value is NaN or infinite.
        UsageError: an option is not what it may be.
    """
    started = time.monotonic()
    alike = replace(how, method="exact", normalize=(), device="cpu")
    reporter.start("reading vectors", 0)
    nodes = NodeMaker(alike, Cpu(alike), reporter).make(_as_bytes(vectors))
    reporter.finish()
    firsts = np.zeros(vectors.rows, np.bool_)
    firsts[nodes.firsts] = True
    different = ChosenVectors(vectors, firsts)
    sided = Sides.none() if sides is None else as_sides(nodes, sides)
    found = near_pairs(
        different,
        how.threshold,
        search=how.search,
        allowed=None if sides is None else _crossing(sided),
        device=how.device,
        memory=how.memory,
        jobs=how.jobs,
        reporter=reporter,
    )
    pairs = as_pairs(found.one.astype(np.uint32), found.other.astype(np.uint32))
    if sides is None:
        members = in_clusters(nodes, pairs, worth, Cosines(different, nodes, pairs, how, reporter))
    else:
        members = across_sides(nodes, pairs, found.cosine, sided, sides)
    return Duplicates(
        texts=len(nodes.of_row),
        empty=int(np.count_nonzero(~nodes.live)),
        different=nodes.count,
        pairs=as_pair_frame(in_pairs(nodes, pairs, found.cosine, sided, sides), "cosine"),
        clusters=as_clusters(members, "cosine"),
        recall=found.recall,
        device=found.device,
        seconds=round(time.monotonic() - started, 3),
    )


def _crossing(sides: Sides) -> Any:  # noqa: ANN401 - a function of two arrays
    """Whether nodes have rows on different sides."""
    low, high = sides.low, sides.high

    def crosses(ones: Ints, others: Ints) -> Marks:
        least, most = np.minimum(low[ones], low[others]), np.maximum(high[ones], high[others])
        marks: Marks = least < most
        return marks

    return crosses


def _as_bytes(vectors: Vectors) -> Iterator[pa.Array[Any]]:
    """Each vector as its bytes; zero vectors as none."""
    import pyarrow as pa

    first = 0
    for block in vectors.blocks(BLOCK):
        finite(block, first)
        first += len(block)
        live = block.any(axis=1)
        edges = np.concatenate([[0], np.cumsum(np.where(live, block.shape[1] * 4, 0))]).astype(np.int64)
        data = np.ascontiguousarray(block[live])
        buffers: list[Any] = [None, pa.py_buffer(edges.data), pa.py_buffer(data.data)]
        yield pa.Array.from_buffers(pa.large_binary(), len(block), buffers)


class Cosines:
    """How near nodes are, by their vectors; those that are in no pair are not held.

    Args:
        different: The vectors of the nodes.
        nodes: The nodes.
        pairs: Those that are near.
        how: The threshold, where to compute, and what may be held.
        reporter: Hears of progress.
    """

    def __init__(self, different: Vectors, nodes: Nodes, pairs: Longs, how: How, reporter: Reporter) -> None:
        self._threshold, self._how, self._reporter = how.threshold, how, reporter
        counts: Ints = np.bincount(np.concatenate(halves(pairs)), minlength=nodes.count)
        linked, self._crowded = counts > 0, counts >= MOST
        self._places = np.cumsum(linked, dtype=np.int64) - 1
        held = Held(np.float32, how.budget, how.spill)
        if linked.any():
            for block in ChosenVectors(different, linked).blocks(BLOCK):
                held.add(units(block).ravel())
        self._vectors = held.array().reshape(-1, max(different.dim, 1))

    def gather(self, order: Words, starts: Ints, others: Words, kept: Words, queue: Words) -> None:
        """See :class:`ecomdata.duplicates.clusters.Likeness`."""
        from ecomdata.vectors import kernels

        kernels.gather(order, starts, others, self._vectors, self._places, self._threshold, kept, queue)

    def of(self, ones: Ints, others: Ints) -> Floats:
        """See :class:`ecomdata.duplicates.clusters.Likeness`."""
        from ecomdata.vectors import kernels

        found = np.empty(len(ones))
        kernels.measure_pairs(self._vectors, self._vectors, self._places[ones], self._places[others], found)
        return np.minimum(found, 1.0)

    def missed(self, kept: Ints) -> Longs:
        """See :class:`ecomdata.duplicates.clusters.Likeness`.

        Only a pair of two nodes that both have as many as there is room for may not be known.
        """
        crowded = kept[self._crowded[kept]]
        if len(crowded) < 2:
            return np.empty(0, np.uint64)
        chosen = np.zeros(len(self._vectors), np.bool_)
        chosen[self._places[crowded]] = True
        found = near_pairs(
            ChosenVectors(ArrayVectors(self._vectors), chosen),
            self._threshold,
            search=self._how.search,
            device=self._how.device,
            memory=self._how.memory,
            jobs=self._how.jobs,
            reporter=self._reporter,
        )
        ones, others = crowded[found.one], crowded[found.other]
        near = self.of(ones, others) >= self._threshold  # as clusters are gathered, to the last bit
        return as_pairs(ones[near].astype(np.uint32), others[near].astype(np.uint32))
