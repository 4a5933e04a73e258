"""Run with NUMBA_ENABLE_CUDASIM=1: the kernels of CUDA give what the loops on the processor give."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import polars as pl

from ecomdata.duplicates import find_duplicates, gpu
from ecomdata.duplicates.devices import Cpu
from ecomdata.duplicates.how import How


def main() -> None:
    """Compare keys, similarities and whole results, in one part and in many."""
    rng = np.random.default_rng(0)
    sets = [np.unique(rng.integers(0, 40, size, dtype=np.uint64)) for size in (0, 1, 5, 30, 7, 30, 30, 2)]
    grams = np.concatenate(sets) * np.uint64(0x9E3779B97F4A7C15)
    edges = np.concatenate([[0], np.cumsum([len(one) for one in sets])]).astype(np.int64)
    for start, stop in pairwise(edges.tolist()):
        grams[start:stop].sort()
    pairs = np.array([a << 32 | b for a in range(8) for b in range(a + 1, 8)], np.uint64)
    for threshold, permutations in ((0.3, 24), (0.8, 128), (1.0, 130)):
        how = How(threshold=threshold, permutations=permutations)
        cpu = Cpu(how)
        for part in (1 << 22, 6):
            gpu._PART_GRAMS = gpu._PART_PAIRS = part  # noqa: SLF001
            cuda = gpu.Cuda(how)
            assert np.array_equal(cuda.keys(grams, edges), cpu.keys(grams, edges))
            near = cuda.similarities(pairs, grams, edges)
            assert np.array_equal(near, cpu.similarities(pairs, grams, edges))
        assert np.count_nonzero(near) > 0 or threshold > 0.5
    texts = pl.Series(["a b c d e f", "a b c d e f g", "x y", "", "A b  c d e f", "x", "a b c d q r s t"])
    options = {"threshold": 0.6, "permutations": 16}
    found = [find_duplicates(texts, device=device, **options) for device in ("cuda", "cpu")]
    assert [one.device for one in found] == ["cuda", "cpu"]
    assert found[0].pairs.equals(found[1].pairs)
    assert found[0].clusters.equals(found[1].clusters)
    assert found[0].pairs.height == 2


if __name__ == "__main__":
    assert os.environ["NUMBA_ENABLE_CUDASIM"] == "1"
    main()
