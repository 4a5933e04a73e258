"""How long neighbours, clusters, a covariance and near pairs of vectors take, beside faiss and others.

``python benchmarks/embedding.py`` (``make bench``) makes 200,000 unit vectors of 384 values (groups of any
size, some rows near-copies of others; kept in --data and used again). Every contender runs in a process of
its own on all cores, from the .npy file to what it found, all of them once a round and every round in another
order; ``embedding_peers.py`` says what each does. What they found is compared with ecomdata's. Then moments,
clusters and neighbours with 500 MB granted, from Parquet, for 100 thousand rows and for a million.

Where torch finds a card, the same process measures its ceiling, by one large product in float32 and by a
copy, and then the exact 10 nearest neighbours of 1 million x 512, and moments, as shares of it. OpenBLAS's
variables in the environment (OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE) are taken away: they choose slow loops.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/embedding.py`

from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

PEERS: Final = Path(__file__).with_name("embedding_peers.py")
RESULTS: Final = Path(__file__).parent / "results" / "embedding.json"
LIBRARIES: Final = (
    "numpy",
    "numba",
    "threadpoolctl",
    "array-api-compat",
    "faiss-cpu",
    "scikit-learn",
    "semhash",
)
ROWS: Final = (200_000, 384)
GROWTH: Final = ((100_000, 128), (1_000_000, 128))
ON_CARD: Final = (1_000_000, 512)
TASKS: Final = {
    "neighbours/ecomdata": "exact 10 nearest, lowest id first among equals, similarities of float64",
    "neighbours/faiss": "IndexFlatIP, 11 nearest",
    "neighbours/scikit-learn": "NearestNeighbors(brute)",
    "clusters/ecomdata": "k-means, 256 clusters, 10 rounds",
    "clusters/faiss": "Kmeans, 256 clusters, 10 rounds, random start",
    "clusters/scikit-learn": "KMeans, 256 clusters, 10 rounds",
    "covariance/ecomdata": "mean, covariance, lengths in one pass of float64",
    "covariance/numpy": "numpy.cov in float64",
    "pairs/ecomdata": "pairs at a cosine of 0.9: all with all",
    "pairs/ecomdata-cells": "pairs at a cosine of 0.9: 8 of 400 cells, recall measured",
    "pairs/semhash": "near-duplicates at 0.9: usearch, approximate",
}
_MAKE: Final = """
import sys
import numpy as np
path, rows, dim, parquet = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "parquet"
rng = np.random.default_rng(0)
groups = rng.standard_normal((max(rows // 100, 1), dim), np.float32)
size = 50_000
parts = []
for number, first in enumerate(range(0, rows, size)):
    count = min(size, rows - first)
    of = (rng.random(count) ** 2 * len(groups)).astype(int)
    part = 0.7 * groups[of] + rng.standard_normal((count, dim), np.float32)
    copies = rng.random(count) < 0.1
    part[copies] = part[rng.integers(0, count, copies.sum())]
    part += 0.2 * rng.standard_normal((count, dim), np.float32)
    part /= np.linalg.norm(part, axis=1, keepdims=True)
    if parquet:
        import polars as pl
        frame = pl.DataFrame({"vector": pl.Series(part, dtype=pl.Array(pl.Float32, dim))})
        frame.write_parquet(f"{path}/part-{number:05d}.parquet", row_group_size=10_000)
    else:
        parts.append(part)
if not parquet:
    np.save(path, np.concatenate(parts))
"""


def prepared(data: Path, shape: tuple[int, int], *, parquet: bool = False) -> Path:
    """The vectors, made now unless they are there."""
    rows, dim = shape
    path = data / (f"vectors-{rows}x{dim}" + ("" if parquet else ".npy"))
    if not path.exists():
        print(f"making {rows:,} vectors of {dim}", file=sys.stderr)
        part = data / ("vectors.part" + ("" if parquet else ".npy"))
        if parquet:
            part.mkdir(exist_ok=True)
        command = [sys.executable, "-c", _MAKE, str(part), str(rows), str(dim)]
        run([*command, "parquet" if parquet else "npy"], data / "log")
        part.rename(path)
    return path


def measure(name: str, vectors: Path, scratch: Path, into: Measured) -> None:
    """Run a contender once; what it found lies beside."""
    out = scratch / f"{name.replace('/', '-')}.npz"
    into.add(run([sys.executable, str(PEERS), name, str(vectors), str(out)], scratch / "log"))


def compared(scratch: Path) -> dict[str, Any]:
    """What contenders found, beside what ecomdata found."""
    import numpy as np

    def found(name: str) -> Any:  # noqa: ANN401 - arrays by name
        return np.load(scratch / f"{name.replace('/', '-')}.npz", allow_pickle=False)

    def keys(name: str) -> Any:  # noqa: ANN401 - one number a pair
        pairs = found(name)
        return pairs["one"] << 32 | pairs["other"]

    ours = found("neighbours/ecomdata")
    exact = keys("pairs/ecomdata")
    inertia = {
        name: float(found(f"clusters/{name}")["inertia"]) for name in ("ecomdata", "faiss", "scikit-learn")
    }
    covariances = [found(f"covariance/{name}")["covariance"] for name in ("ecomdata", "numpy")]
    return {
        "neighbours_shared": {
            name: round(float((ours["ids"] == found(f"neighbours/{name}")["ids"]).mean()), 6)
            for name in ("faiss", "scikit-learn")
        },
        "largest_difference_of_similarity": float(
            np.abs(ours["similarity"] - found("neighbours/faiss")["similarity"]).max()
        ),
        "inertia": {name: round(value / inertia["ecomdata"], 4) for name, value in inertia.items()},
        "largest_difference_of_covariance": float(np.abs(covariances[0] - covariances[1]).max()),
        "pairs": len(exact),
        "recall_of_pairs": {
            name: round(float(np.isin(exact, keys(f"pairs/{name}")).mean()) if len(exact) else 1.0, 5)
            for name in ("ecomdata-cells", "semhash")
        },
        "precision_of_pairs": {
            name: round(float(np.isin(keys(f"pairs/{name}"), exact).mean()), 5)
            for name in ("ecomdata-cells", "semhash")
        },
        "recall_that_cells_measured": round(float(found("pairs/ecomdata-cells")["recall"]), 5),
    }


def _fastest(work: Callable[[], object], torch: Any, repeats: int = 3) -> float:  # noqa: ANN401 - untyped here
    """Seconds that work takes at least; the card is waited for."""
    work()
    taken: list[float] = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return min(taken)


def _ceiling(torch: Any, side: int) -> tuple[float, float]:  # noqa: ANN401 - untyped here
    """Operations a second of a product in float32, and bytes a second that a copy reads and writes."""
    torch.set_float32_matmul_precision("highest")
    one = torch.randn(side, side, device="cuda")
    two = torch.empty_like(one)
    flops = 2 * side**3 / _fastest(lambda: torch.matmul(one, one, out=two), torch)
    return flops, 2 * one.nbytes / _fastest(lambda: two.copy_(one), torch)


def on_card(*, quick: bool) -> dict[str, Any]:
    """What the card reaches, and what its ceiling is; says why where there is none."""
    from ecomdata.vectors.computing import computer, why_no_cuda

    missing = why_no_cuda()
    if missing:
        return {"card": f"none: {missing}"}
    from ecomdata.vectors import ArrayVectors, moments, nearest

    torch: Any = importlib.import_module("torch")
    flops, moved = _ceiling(torch, 2048 if quick else 16_384)
    rows, dim = (20_000, 64) if quick else ON_CARD
    array = torch.randn(rows, dim).numpy()
    used = computer("cuda")
    near = _fastest(lambda: nearest(None, ArrayVectors(array), 10, device=used, memory="16GB"), torch, 1)
    spread = _fastest(lambda: moments(ArrayVectors(array), device=used), torch, 1)
    floor = 2 * rows**2 * dim / flops
    return {
        "card": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "ceiling_tflops": round(flops / 1e12, 2),
        "ceiling_gb_per_second": round(moved / 1e9, 1),
        "neighbours_seconds": round(near, 3),
        "neighbours_floor_seconds": round(floor, 3),
        "neighbours_by_floor": round(near / floor, 3),
        # A product for each pair once: half of what the floor counts.
        "neighbours_tflops": round(rows**2 * dim / near / 1e12, 2),
        "moments_seconds": round(spread, 3),
        "moments_gb_per_second": round(array.nbytes / spread / 1e9, 2),
    }


def goals(
    results: Results, check: dict[str, Any], card: dict[str, Any], grown: list[str]
) -> list[dict[str, Any]]:
    """The goals, judged by medians of wall time and by the greatest peaks."""

    def quotient(name: str, against: str) -> float:
        ours, theirs = (statistics.median(results[one].wall) for one in (name, against))
        return round(ours / theirs, 3)

    peaks = [max(results[name].peak) for name in grown]
    found = [
        goal(
            "neighbours, wall time: ecomdata / faiss",
            quotient("neighbours/ecomdata", "neighbours/faiss"),
            "<=",
            1,
        ),
        goal("neighbours shared with faiss", check["neighbours_shared"]["faiss"], ">=", 0.999),
        goal("recall of pairs by cells", check["recall_of_pairs"]["ecomdata-cells"], ">=", 0.98),
        goal("peak memory of ten times the rows / of the rows", round(peaks[1] / peaks[0], 3), "<=", 1.25),
        goal("greatest peak memory with 500 MB granted", max(peaks), "<", 6e8),
    ]
    if "neighbours_by_floor" in card:
        found.append(goal("neighbours on the card / floor of products", card["neighbours_by_floor"], "<=", 3))
    return found


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the vectors are kept")
    add("--repeats", type=int, help="rounds (3)")
    add("--note", default="", help="what to say of the machine in the report, such as that it was shared")
    add("--quick", action="store_true", help="few vectors, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/embedding.json)")
    options = parser.parse_args(args)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.out = options.out or (options.data / "embedding.json" if options.quick else RESULTS)
    return options


def main() -> None:
    """Make the vectors, measure, compare, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    options.data = options.data.resolve()
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    shape = (3_000, 64) if options.quick else ROWS
    growth = ((2_000, 64), (20_000, 64)) if options.quick else GROWTH
    vectors = prepared(options.data, shape)
    files = dict.fromkeys(TASKS, vectors)
    grown = [f"bounded/ecomdata-{rows}" for rows, _ in growth]
    files |= {
        name: prepared(options.data, size, parquet=True) for name, size in zip(grown, growth, strict=True)
    }
    results: Results = {name: Measured() for name in files}
    with tempfile.TemporaryDirectory(dir=options.data, prefix="run-") as folder:
        scratch = Path(folder)
        for name in ("neighbours/ecomdata", "clusters/ecomdata", "pairs/ecomdata"):  # compiled beforehand
            measure(name, prepared(options.data, (3_000, 64)), scratch, Measured())
        names = list(files)
        for number in range(options.repeats):
            at = number % len(names)
            for name in [*names[at:], *names[:at]]:
                print(f"round {number + 1} of {options.repeats}: {name}", file=sys.stderr)
                measure(name, files[name], scratch, results[name])
        check = compared(scratch)
    card = on_card(quick=options.quick)
    rows = dict.fromkeys(TASKS, shape[0]) | {name: size[0] for name, size in zip(grown, growth, strict=True)}
    report = {
        "benchmark": "embedding",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "note": options.note,
        "versions": versions(LIBRARIES),
        "sizes": {"vectors": list(shape), "growth": [list(size) for size in growth]},
        "found": check,
        "card": card,
        "measurements": [
            figures(
                name,
                TASKS.get(name, "moments, clusters, neighbours of 1,000; 500 MB"),
                results[name],
                rows[name],
            )
            for name in files
        ],
        "ratios": [
            ratio(
                f"{task}/{peer}",
                results[f"{task}/{peer}"].wall,
                f"{task}/ecomdata",
                results[f"{task}/ecomdata"].wall,
            )
            for task, peer in (name.split("/") for name in TASKS)
            if peer != "ecomdata"
        ],
        "goals": goals(results, check, card, grown),
    }
    print("found:", check)
    print("card:", card)
    conclude(report, options.out)


if __name__ == "__main__":
    main()
