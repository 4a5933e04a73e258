"""How fast signatures, bands and verification are on the card, beside the processor, on the same sets.

``python benchmarks/gpu.py`` prints for each step its rate, the bytes that it moves at least, their share of
the card's bandwidth, and the ratio to one core; whole (with copies to the card and back) and the kernel
alone. Where there is a card it writes benchmarks/results/gpu.json; in numba's simulator, and without CUDA,
it writes nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/gpu.py`

from benchmarks.measuring import machine, versions  # noqa: E402
from ecomdata.duplicates.devices import Cpu  # noqa: E402
from ecomdata.duplicates.gpu import Cuda, why_not  # noqa: E402
from ecomdata.duplicates.how import How  # noqa: E402
from ecomdata.texts.gramhashes import Ints, Longs  # noqa: E402

RESULTS: Final = Path(__file__).parent / "results" / "gpu.json"
HOW: Final = How(permutations=128)
SIMULATED: Final = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"
GRAMS: Final = 15
"""Values in a set on average, as in short reviews."""


def sets(nodes: int) -> tuple[Longs, Ints]:
    """Sorted sets of random values, one like the one before in every other place."""
    rng = np.random.default_rng(0)
    sizes = rng.poisson(GRAMS, nodes // 2) + 1
    edges = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.repeat(sizes, 2), out=edges[1:])
    made: list[Longs] = []
    for size in sizes.tolist():
        values = rng.integers(0, 1 << 63, int(size), dtype=np.uint64)
        values.sort()
        made += [values, values]
    return np.concatenate(made), edges


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time of a piece of work, after one run that may compile."""
    work()
    taken: list[float] = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def bandwidth() -> float:
    """Bytes a second that the card's memory gives at most; 0 where it does not say."""
    cuda: Any = importlib.import_module("numba.cuda")
    if SIMULATED:
        return 0.0
    device = cuda.get_current_device()
    clock, width = (getattr(device, name, 0) for name in ("MEMORY_CLOCK_RATE", "GLOBAL_MEMORY_BUS_WIDTH"))
    return 2.0 * clock * 1000 * width / 8


def entry(
    name: str, count: int, moved: int, times: tuple[float, float, float], peak: float
) -> dict[str, Any]:
    """What a step took: on the card with copies, its kernel alone, and on one core."""
    whole, kernel, core = times
    return {
        "name": name,
        "count": count,
        "seconds": round(whole, 6),
        "a_second": round(count / whole),
        "kernel_seconds": round(kernel, 6),
        "bytes_moved": moved,
        "share_of_bandwidth": round(moved / kernel / peak, 4) if peak else None,
        "one_core_seconds": round(core, 6),
        "times_one_core": round(core / whole, 2),
    }


def measure(nodes: int, repeats: int) -> list[dict[str, Any]]:
    """Both steps, on the card and on a core."""
    cuda: Any = importlib.import_module("numba.cuda")
    kernels: Any = importlib.import_module("ecomdata.duplicates.cudakernels")
    card, core, peak = Cuda(HOW), Cpu(HOW), bandwidth()
    grams, edges = sets(nodes)
    bands, rows = HOW.bands
    functions = bands * rows
    sent = [cuda.to_device(values) for values in (grams, edges, np.ones(functions, np.uint32))]
    signed, keys = (cuda.device_array(shape, np.uint32) for shape in ((nodes, functions), (bands, nodes)))

    def sign() -> None:
        kernels.sign[nodes, 128](*sent, sent[2], rows, signed, keys)
        cuda.synchronize()

    pairs = (np.arange(0, nodes - 1, dtype=np.uint64) << np.uint64(32)) | np.arange(1, nodes, dtype=np.uint64)
    ends = [cuda.to_device(half) for half in (np.arange(nodes - 1), np.arange(1, nodes))]
    shared = cuda.device_array(nodes - 1, np.int64)

    def compare() -> None:
        kernels.compare[-(-(nodes - 1) // 128), 128](*ends, *sent[:2], shared)
        cuda.synchronize()

    signing = grams.nbytes + edges.nbytes + 8 * nodes * functions + 4 * nodes * bands
    comparing = 2 * grams.nbytes + 5 * 8 * (nodes - 1)
    times = (
        seconds(lambda: card.keys(grams, edges), repeats),
        seconds(sign, repeats),
        seconds(lambda: core.keys(grams, edges), repeats),
    )
    others = (
        seconds(lambda: card.similarities(pairs, grams, edges), repeats),
        seconds(compare, repeats),
        seconds(lambda: core.similarities(pairs, grams, edges), repeats),
    )
    return [
        entry("signatures and bands", nodes, signing, times, peak),
        entry("verification", nodes - 1, comparing, others, peak),
    ]


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print, and write the JSON where there is a card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--nodes", type=int, default=1_000_000, help="sets (1000000)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON goes")
    options = parser.parse_args(args)
    if missing := why_not():
        sys.exit(f"there is nothing to measure: {missing}\nhint: pip install 'ecomdata[gpu]'")
    measured = measure(options.nodes, options.repeats)
    print(f"{'step':24}{'a second':>14}{'MB moved':>12}{'of bandwidth':>14}{'times a core':>14}")
    for one in measured:
        share = "not known" if one["share_of_bandwidth"] is None else f"{one['share_of_bandwidth']:.1%}"
        moved, rate, times = one["bytes_moved"] / 1e6, one["a_second"], one["times_one_core"]
        print(f"{one['name']:24}{rate:>14,}{moved:>12,.1f}{share:>14}{times:>14,.2f}")
    if SIMULATED:
        print("this was the simulator: nothing is written")
        return
    cuda: Any = importlib.import_module("numba.cuda")
    report = {
        "benchmark": "gpu",
        "date": datetime.now(UTC).date().isoformat(),
        "card": str(cuda.get_current_device().name),
        "bandwidth_bytes": bandwidth(),
        "machine": machine(),
        "versions": versions(("numba", "numpy")),
        "nodes": options.nodes,
        "measurements": measured,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
