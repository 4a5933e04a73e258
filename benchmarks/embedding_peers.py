"""One contender of ``embedding.py`` on one task, in a process of its own.

``python embedding_peers.py TASK MEMBER VECTORS OUT`` reads the vectors, (n, dim) float32 in .npy or in
Parquet shards, does the task on all cores, and writes what it found to OUT (.npz). All get unit vectors.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

K: Final = 10
CLUSTERS: Final = 256
ROUNDS: Final = 10
THRESHOLD: Final = 0.9
Found = dict[str, npt.NDArray[Any]]
Array = npt.NDArray[np.float32]


def _peer(name: str) -> Any:  # noqa: ANN401 - libraries of several kinds, most without types
    return importlib.import_module(name)


def neighbours_ours(array: Array) -> Found:
    """ecomdata: products of blocks on and above the diagonal, the best measured again in float64."""
    from ecomdata.vectors import ArrayVectors, nearest

    found = nearest(None, ArrayVectors(array), K, memory="4GB", device="cpu")
    return {"ids": found.ids, "similarity": found.similarity}


def neighbours_faiss(array: Array) -> Found:
    """faiss: a flat index; each vector finds itself too."""
    index = _peer("faiss").IndexFlatIP(array.shape[1])
    index.add(array)
    similarity, ids = index.search(array, K + 1)
    return {"ids": ids[:, 1:], "similarity": similarity[:, 1:]}


def neighbours_sklearn(array: Array) -> Found:
    """scikit-learn: brute force by Euclidean distance, which orders unit vectors as the cosine does."""
    peer = _peer("sklearn.neighbors").NearestNeighbors(n_neighbors=K, algorithm="brute").fit(array)
    distances, ids = peer.kneighbors()
    return {"ids": ids, "similarity": 1.0 - distances**2 / 2.0}


def clusters_ours(array: Array) -> Found:
    """ecomdata: k-means++ on a draw, 10 rounds."""
    from ecomdata.vectors import ArrayVectors, kmeans

    found = kmeans(ArrayVectors(array), CLUSTERS, rounds=ROUNDS, memory="4GB", device="cpu")
    return {"labels": found.labels, "inertia": np.array(found.inertia)}


def clusters_faiss(array: Array) -> Found:
    """faiss: a random start, 10 rounds over all rows, then the label of each."""
    peer = _peer("faiss").Kmeans(
        array.shape[1], CLUSTERS, niter=ROUNDS, max_points_per_centroid=1 << 30, seed=1
    )
    peer.train(array)
    squares, labels = peer.index.search(array, 1)
    return {"labels": labels[:, 0], "inertia": squares.sum(dtype=np.float64)}


def clusters_sklearn(array: Array) -> Found:
    """scikit-learn: k-means++ on all rows, 10 rounds."""
    peer = _peer("sklearn.cluster").KMeans(CLUSTERS, n_init=1, max_iter=ROUNDS, tol=0.0, random_state=0)
    labels = peer.fit_predict(array)
    return {"labels": labels, "inertia": np.array(peer.inertia_)}


def covariance_ours(array: Array) -> Found:
    """ecomdata: one pass, float64."""
    from ecomdata.vectors import ArrayVectors, moments

    return {"covariance": moments(ArrayVectors(array), device="cpu").covariance}


def covariance_numpy(array: Array) -> Found:
    """NumPy: ``numpy.cov`` in float64."""
    return {"covariance": np.cov(array, rowvar=False, dtype=np.float64)}


def _pairs(array: Array, search: Any) -> Found:  # noqa: ANN401 - one of three words
    from ecomdata.vectors import ArrayVectors, near_pairs

    found = near_pairs(ArrayVectors(array), THRESHOLD, search=search, memory="4GB", device="cpu")
    return {"one": found.one, "other": found.other, "recall": np.array(found.recall)}


def pairs_ours(array: Array) -> Found:
    """ecomdata: all with all."""
    return _pairs(array, "exact")


def pairs_cells(array: Array) -> Found:
    """ecomdata: each in its 8 nearest cells of k-means, recall measured."""
    return _pairs(array, "cells")


def pairs_semhash(array: Array) -> Found:
    """semhash: its own index (usearch, approximate) on the same vectors."""
    records = [str(row) for row in range(len(array))]
    made = _peer("semhash").SemHash.from_embeddings(array, records, model=None)
    found = made.self_deduplicate(threshold=THRESHOLD)
    pairs = [
        sorted((int(one.record), int(other)))
        for one in found.filtered
        for other, _ in one.duplicates
        if other != one.record
    ]
    made_pairs = np.unique(np.array(pairs, np.int64).reshape(-1, 2), axis=0)
    return {"one": made_pairs[:, 0], "other": made_pairs[:, 1]}


def bounded(folder: Path) -> Found:
    """ecomdata: moments, clusters and neighbours of a few, from Parquet, with 500 MB granted."""
    from ecomdata.vectors import ArrayVectors, ParquetVectors, kmeans, moments, nearest

    vectors = ParquetVectors(sorted(folder.glob("*.parquet")))
    spread = moments(vectors, device="cpu")
    found = kmeans(vectors, 64, rounds=3, memory="500MB", device="cpu")
    queries = ArrayVectors(next(vectors.blocks(1000)))
    near = nearest(queries, vectors, K, memory="500MB", device="cpu")
    return {"mean": spread.mean, "sizes": found.sizes, "ids": near.ids}


TASKS: Final[dict[str, Callable[[Array], Found]]] = {
    "neighbours/ecomdata": neighbours_ours,
    "neighbours/faiss": neighbours_faiss,
    "neighbours/scikit-learn": neighbours_sklearn,
    "clusters/ecomdata": clusters_ours,
    "clusters/faiss": clusters_faiss,
    "clusters/scikit-learn": clusters_sklearn,
    "covariance/ecomdata": covariance_ours,
    "covariance/numpy": covariance_numpy,
    "pairs/ecomdata": pairs_ours,
    "pairs/ecomdata-cells": pairs_cells,
    "pairs/semhash": pairs_semhash,
}


def main() -> None:
    """Do the task."""
    name, vectors, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    found = bounded(vectors) if vectors.is_dir() else TASKS[name](np.load(vectors, allow_pickle=False))
    np.savez(out, allow_pickle=False, **found)


if __name__ == "__main__":
    main()
