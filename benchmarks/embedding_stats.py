"""How long the statistics of embeddings take by figure, and whether memory stays where it is as rows grow.

``python benchmarks/embedding_stats.py`` (``make bench``) loads synthetic vectors of 128 numbers around a
thousand centres, 100,000 and 1,000,000 of them, and describes each with ``ecomdata stats`` in a new process,
agreement of neighbours with their centres included; every round in another order. ``read`` reads the column
with pyarrow, block by block, and adds it up: what any pass over the vectors costs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/embedding_stats.py`

from benchmarks.measuring import Measured, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

RESULTS: Final = Path(__file__).parent / "results" / "embedding_stats.json"
CLOUDS: Final = {"ECOMDATA_LOADERS": str(ROOT / "tests" / "vectorstats" / "clouds")}
PYTHON: Final = sys.executable
LIBRARIES: Final = ("duckdb", "numpy", "polars", "pyarrow")
MEMORY: Final = "600MB"
"""Enough for the lesser number of vectors at once, not for the greater."""
GROWTH: Final = 1.1
"""How much more memory ten times the rows may take."""
READ: Final = """
import sys
from pathlib import Path
import pyarrow.parquet as pq

total = 0.0
for path in sorted(Path(sys.argv[1]).glob("*.parquet")):
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(8192, columns=["vector"]):
            total += batch.column(0).flatten().to_numpy().sum()
print(total)
"""


def loaded(data: Path, rows: int) -> Path:
    """A home with that many vectors, made and loaded now unless it is there."""
    home = data / f"clouds-{rows}-home"
    if not (home / "store").is_dir():
        raw = data / f"clouds-{rows}"
        ours = (PYTHON, "-m", "ecomdata")
        run((*ours, "sample", "clouds", str(raw), "--rows", str(rows)), data / "log", CLOUDS)
        run((*ours, "load", "clouds", "--source", str(raw), "--home", str(home), "-y"), data / "log", CLOUDS)
    return home


def points(home: Path) -> Path:
    """The folder of the files of vectors."""
    return next((home / "store" / "clouds" / "releases").glob("[!.]*/points"))


def describe(home: Path, log: Path, into: Measured) -> dict[str, float]:
    """Run ``stats`` once, add what it took, and return the seconds of each part."""
    command = (PYTHON, "-m", "ecomdata", "stats", "clouds", "--label", "centre", "--memory", MEMORY, "--json")
    into.add(run((*command, "--home", str(home)), log, CLOUDS))
    text = log.read_text(encoding="utf-8")
    found: dict[str, float] = json.loads(text[text.index("\n{") if not text.startswith("{") else 0 :])[
        "seconds"
    ]
    return found


def arguments() -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where files and stores are kept")
    add("--rows", type=int, help="the greater number of rows (1,000,000); the lesser is a tenth of it")
    add("--repeats", type=int, help="rounds (3)")
    add("--quick", action="store_true", help="few rows, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/embedding_stats.json)")
    options = parser.parse_args()
    standard = not (options.quick or options.rows)
    options.rows = options.rows or (20_000 if options.quick else 1_000_000)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.out = options.out or (RESULTS if standard else options.data / "embedding_stats.json")
    return options


def report(
    options: argparse.Namespace, results: dict[str, Measured], parts: dict[int, list[dict[str, float]]]
) -> dict[str, Any]:
    """What was measured, and whether the goals are met."""
    many, few = options.rows, options.rows // 10
    labels = {
        f"stats/{few}": (f"ecomdata stats of {few:,} vectors", few),
        f"stats/{many}": (f"ecomdata stats of {many:,} vectors", many),
        f"read/{many}": ("the same column read and added up with pyarrow", many),
    }
    peaks = {rows: max(results[f"stats/{rows}"].peak) for rows in (few, many)}
    by_part = {
        str(rows): {name: round(statistics.median(one[name] for one in found), 3) for name in found[0]}
        for rows, found in parts.items()
    }
    return {
        "benchmark": "embedding_stats",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {str(rows): {"rows": rows, "dim": 128, "bytes": rows * 512} for rows in (few, many)},
        "measurements": [figures(name, what, results[name], rows) for name, (what, rows) in labels.items()],
        "seconds_by_part": by_part,
        "ratios": [
            ratio(
                f"stats/{many}", results[f"stats/{many}"].wall, f"read/{many}", results[f"read/{many}"].wall
            )
        ],
        "goals": [
            goal(
                "peak of ten times the rows, as a multiple",
                round(peaks[many] / peaks[few], 3),
                "<=",
                GROWTH,
            ),
            goal(f"bytes held at most, with --memory {MEMORY}", peaks[many], "<=", 600_000_000),
        ],
    }


def main() -> None:
    """Load, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    data = options.data.resolve()
    sizes = (options.rows // 10, options.rows)
    homes = {rows: loaded(data, rows) for rows in sizes}
    names = [*(f"stats/{rows}" for rows in sizes), f"read/{options.rows}"]
    results = {name: Measured() for name in names}
    parts: dict[int, list[dict[str, float]]] = {rows: [] for rows in sizes}
    with tempfile.TemporaryDirectory(dir=data, prefix="run-") as folder:
        log = Path(folder) / "log"
        for number in range(options.repeats):
            at = number % len(names)
            for name in [*names[at:], *names[:at]]:
                print(f"round {number + 1} of {options.repeats}: {name}", file=sys.stderr)
                what, rows = name.split("/")
                os.sync()
                if what == "read":
                    results[name].add(run((PYTHON, "-c", READ, str(points(homes[int(rows)]))), log))
                else:
                    parts[int(rows)].append(describe(homes[int(rows)], log, results[name]))
    found = report(options, results, parts)
    conclude(found, options.out)
    for rows, seconds in found["seconds_by_part"].items():
        print(f"{int(rows):,} rows:", ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items()))


if __name__ == "__main__":
    main()
