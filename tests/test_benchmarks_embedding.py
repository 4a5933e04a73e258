"""The contenders of the benchmark of vectors find the same; how fast any is, no test asks."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PEERS = Path(__file__).resolve().parents[1] / "benchmarks" / "embedding_peers.py"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unit vectors, some of them near-copies of others."""
    if find_spec("faiss") is None or find_spec("semhash") is None:
        pytest.skip("faiss-cpu and semhash, of the extra bench, are not installed")
    rng = np.random.default_rng(0)
    array = rng.standard_normal((600, 16)).astype(np.float32)
    array[500:] = array[:100] + 0.05 * rng.standard_normal((100, 16)).astype(np.float32)
    array /= np.linalg.norm(array, axis=1, keepdims=True)
    path = tmp_path_factory.mktemp("bench") / "vectors.npy"
    np.save(path, array)
    return path


def _found(name: str, vectors: Path) -> Any:
    out = vectors.with_name(f"{name.replace('/', '-')}.npz")
    done = subprocess.run(
        [sys.executable, PEERS, name, vectors, out], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return np.load(out, allow_pickle=False)


def test_neighbours_are_those_of_faiss(vectors: Path) -> None:
    """All ten, and their cosines."""
    ours, theirs = (_found(f"neighbours/{name}", vectors) for name in ("ecomdata", "faiss"))
    assert (ours["ids"] == theirs["ids"]).mean() > 0.999
    np.testing.assert_allclose(ours["similarity"], theirs["similarity"], atol=1e-6)


def test_pairs_of_semhash_are_among_ours(vectors: Path) -> None:
    """It finds no pair that ecomdata lacks, and both find those that were planted."""
    ours, theirs = (
        {*zip(found["one"].tolist(), found["other"].tolist(), strict=True)}
        for found in (_found(f"pairs/{name}", vectors) for name in ("ecomdata", "semhash"))
    )
    planted = {(row, row + 500) for row in range(100)}
    assert planted <= ours
    assert theirs <= ours
    assert len(theirs & planted) > 90
