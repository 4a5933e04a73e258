"""Different texts as nodes: texts that are the same, once tidied, are one node."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ecomdata.duplicates.devices import Computing
from ecomdata.duplicates.held import Held
from ecomdata.duplicates.how import How
from ecomdata.progress import Reporter
from ecomdata.texts import textkernels
from ecomdata.texts.fingerprintkernels import NOBODY
from ecomdata.texts.fingerprints import Known, fingerprints
from ecomdata.texts.gramhashes import Bytes, Ints, Longs, Words
from ecomdata.texts.tidying import Texts, plain_texts, tidy_texts
from ecomdata.threads import Engine, Threads, ahead

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Nodes:
    """Texts as nodes, and the sets of n-grams of these.

    Attributes:
        of_row: The node of each text; NOBODY where there is nothing in it.
        sizes: The bytes of each text, before it was tidied.
        count: Nodes.
        grams: The sets, one after the other; empty where only equal texts are looked for.
        edges: Where they begin and end.
        bands: The keys of each band, by node; :func:`near_pairs` takes them out, for they are large.
    """

    of_row: Words
    sizes: Words
    count: int
    grams: Longs
    edges: Ints
    bands: list[Words]

    @property
    def live(self) -> npt.NDArray[np.bool_]:
        """Whether there is something in each text."""
        marks: npt.NDArray[np.bool_] = self.of_row != NOBODY
        return marks

    @property
    def firsts(self) -> Ints:
        """The first row of each node."""
        found = np.empty(self.count, np.int64)
        rows = np.flatnonzero(self.live)[::-1]
        found[self.of_row[rows]] = rows  # where a place is given several values, the last one stays
        return found


@dataclass(frozen=True, slots=True)
class _Block:
    texts: Texts
    sizes: Ints
    prints: Longs
    live: Bytes


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done with a block by itself, wherever that is.

    Attributes:
        how: How texts are compared.
        device: Makes the keys of bands.
        key: Of the hash that texts are told apart by.
    """

    how: How
    device: Computing
    key: Longs

    def prepared(self, array: pa.Array[Any]) -> _Block:
        """A block tidied and hashed."""
        texts = tidy_texts(array, self.how.tidyings)
        prints = fingerprints(texts.data, texts.edges, self.key)
        return _Block(texts, plain_texts(array).sizes, prints, (texts.sizes > 0).view(np.uint8))

    def described(self, entered: tuple[Texts, Ints]) -> tuple[Longs, Ints, Words]:
        """The sets of grams of texts, and their keys."""
        texts, new = entered
        edges = np.zeros(len(new) + 1, np.int64)
        if self.how.method != "near":
            return np.empty(0, np.uint64), edges[:1], np.empty((0, 0), np.uint32)
        unit, n = self.how.gram
        words = unit == "word"
        size = int(texts.sizes[new].sum())
        grams = np.empty((size + len(new)) // 2 + 1 if words else size + 1, np.uint64)
        make = textkernels.word_grams if words else textkernels.character_grams
        count = make(texts.data, texts.edges, new, n, grams, edges)
        grams = grams[:count].copy()  # the room for the most there could be is given back
        return grams, edges, self.device.keys(grams, edges)


class NodeMaker:
    """Makes nodes of blocks of texts, several blocks at a time.

    Args:
        how: How texts are compared.
        device: Makes the keys of bands.
        reporter: Hears of progress.
        engine: Where blocks are worked on.
    """

    def __init__(self, how: How, device: Computing, reporter: Reporter, engine: Engine = Threads) -> None:
        self._how = how
        self._reporter = reporter
        self._engine = engine
        self._work = _Work(how, device, np.frombuffer(os.urandom(16), np.uint64))
        bands = how.bands[0] if how.method == "near" else 0
        self._of_row = Held(np.uint32, how.budget // 10, how.spill)
        self._sizes = Held(np.uint32, how.budget // 10, how.spill)
        self._grams = Held(np.uint64, how.budget // 2, how.spill)
        self._gram_counts = Held(np.int64, how.budget // 10, how.spill)
        self._gram_counts.add(np.zeros(1, np.int64))
        self._bands = [Held(np.uint32, how.budget * 3 // 10 // bands, how.spill) for _ in range(bands)]

    def make(self, arrays: Iterable[pa.Array[Any]]) -> Nodes:
        """All of them, in order."""
        known = Known("texts")
        try:
            with self._engine(self._how.jobs) as pool:
                blocks = ahead(pool, self._work.prepared, arrays)
                entered = (self._entered(block, known) for block in blocks)
                for grams, edges, keys in ahead(pool, self._work.described, entered):
                    self._grams.add(grams)
                    self._gram_counts.add(np.diff(edges))
                    for band, found in zip(self._bands, keys, strict=True):
                        band.add(found)
        except BaseException:
            self._close()
            raise
        edges = self._gram_counts.array()
        np.cumsum(edges, out=edges)
        return Nodes(
            self._of_row.array(),
            self._sizes.array(),
            known.count,
            self._grams.array(),
            edges,
            [self._bands.pop(0).array() for _ in range(len(self._bands))],
        )

    def _close(self) -> None:
        for held in (self._of_row, self._sizes, *self._bands):
            held.close()
        self._grams.close()
        self._gram_counts.close()

    def _entered(self, block: _Block, known: Known) -> tuple[Texts, Ints]:
        """A block's texts, and which of them were never seen before."""
        before = known.count
        nodes = known.enter(block.prints, block.live)
        self._of_row.add(nodes)
        self._sizes.add(np.minimum(block.sizes, NOBODY).astype(np.uint32))
        self._reporter.advance(size=int(block.sizes.sum()), rows=len(nodes))
        # New nodes are numbered as they come: one is new where it is greater than all before it.
        numbers = np.where(block.live, nodes, 0).astype(np.int64) + block.live
        highest = np.maximum.accumulate(np.concatenate([[before], numbers]))[:-1]
        return block.texts, np.flatnonzero(numbers > highest)
