"""What the contenders of ``dedup.py`` do, each in a process of its own: text to clusters, written as Parquet.

``python benchmarks/dedup_peers.py CONTENDER IN.parquet OUT [MEMORY]``. OUT/clusters.parquet has ``row`` and
``cluster``. ecomdata reads the column batch by batch. The pipelines around rensa and datasketch make word
3-grams in Python, signatures of 128 permutations, and LSH at 0.8, and join what shares a band, unverified.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

THRESHOLD: Final = 0.8
PERMUTATIONS: Final = 128
BANDS: Final = 16


def _grams(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))]


class _Union:
    """Disjoint sets of rows, by path halving."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def find(self, row: int) -> int:
        """The row that stands for the set."""
        parent = self.parent
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        one, other = self.find(one), self.find(other)
        if one != other:
            self.parent[max(one, other)] = min(one, other)

    def table(self) -> pa.Table:
        """Rows in sets of more than one."""
        found = [self.find(row) for row in range(len(self.parent))]
        counts: dict[int, int] = {}
        for cluster in found:
            counts[cluster] = counts.get(cluster, 0) + 1
        rows = [row for row, cluster in enumerate(found) if counts[cluster] > 1]
        return pa.table({"row": rows, "cluster": [found[row] for row in rows]})


def _texts(source: Path) -> list[str]:
    table: Any = pq.read_table(source, columns=["text"])
    texts: list[str] = table["text"].to_pylist()
    return texts


def _write(union: _Union, out: Path) -> None:
    pq.write_table(union.table(), out / "clusters.parquet")


def rensa(source: Path, out: Path) -> None:
    """Signatures, an index, a query for each row."""
    module: Any = importlib.import_module("rensa")
    texts = _texts(source)
    made = module.RMinHash.from_token_sets([_grams(text) for text in texts], num_perm=PERMUTATIONS, seed=42)
    index = module.RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    index.insert_many(made)
    union = _Union(len(texts))
    for row, found in enumerate(index.query_all(made)):
        for other in found:
            union.join(row, other)
    _write(union, out)


def datasketch(source: Path, out: Path) -> None:
    """A MinHash for each text, all of its 3-grams at once; an index; a query for each row."""
    module: Any = importlib.import_module("datasketch")
    texts = _texts(source)
    grams = ([gram.encode() for gram in _grams(text)] for text in texts)
    _by_datasketch(list(module.MinHash.generator(grams, num_perm=PERMUTATIONS, seed=42)), out)


def datasketch_update(source: Path, out: Path) -> None:
    """The same with one call for each 3-gram, as in its documentation."""
    module: Any = importlib.import_module("datasketch")
    made: list[Any] = []
    for text in _texts(source):
        one = module.MinHash(num_perm=PERMUTATIONS, seed=42)
        for gram in _grams(text):
            one.update(gram.encode())
        made.append(one)
    _by_datasketch(made, out)


def _by_datasketch(made: list[Any], out: Path) -> None:
    module: Any = importlib.import_module("datasketch")
    index = module.MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    with index.insertion_session() as session:
        for row, one in enumerate(made):
            session.insert(row, one, check_duplication=False)
    union = _Union(len(made))
    for row, one in enumerate(made):
        for other in index.query(one):
            union.join(row, other)
    _write(union, out)


def ecomdata(source: Path, out: Path, memory: str = "1GB") -> None:
    """Every block of the column as it is read."""
    from ecomdata.duplicates.finding import find_duplicates

    started = time.perf_counter()
    with pq.ParquetFile(source) as file:
        read: Iterator[Any] = file.iter_batches(1 << 15, columns=["text"])
        batches = (batch.column(0) for batch in read)
        found = find_duplicates(batches, memory=memory)
    found.clusters.write_parquet(out / "clusters.parquet")
    found.pairs.write_parquet(out / "pairs.parquet")
    print(time.perf_counter() - started)


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
