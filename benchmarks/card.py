"""How long ``ecomdata card`` takes for twenty million rows, and how much memory it holds.

``python benchmarks/card.py`` (``make bench``) loads synthetic UserBehavior once, and then makes its card,
each time in a process of its own: ``card`` measures the release anew, with all its published figures and
rules; ``again`` finds the numbers that were kept beside the store. ``summarize`` is the nearest thing that
exists: DuckDB's SUMMARIZE of the same files (least, greatest, distinct, mean, quartiles, nulls), without
figures, rules or words. Every contender runs once a round, and every round in another order.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/card.py`

from benchmarks.measuring import Measured, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402
from benchmarks.publish import DATASET, loaded, shards  # noqa: E402

RESULTS: Final = Path(__file__).parent / "results" / "card.json"
PYTHON: Final = sys.executable
LIBRARIES: Final = ("duckdb", "polars", "pyarrow", "jinja2", "huggingface_hub", "datasets")
SECONDS: Final = 30
BYTES: Final = 10**9

LABELS: Final = {
    "card/ecomdata": "ecomdata card: figures, rules, every column, written",
    "card/summarize": "duckdb SUMMARIZE of the same files",
    "again/ecomdata": "ecomdata card of a release that was measured before",
}
SUMMARIZE: Final = (
    "import duckdb, sys; duckdb.sql(f\"SUMMARIZE FROM read_parquet('{sys.argv[1]}')\").fetchall()"
)


def measure(name: str, home: Path, scratch: Path, into: Measured) -> None:
    """Run a contender once and add what it took."""
    out = scratch / "out"
    card = (PYTHON, "-m", "ecomdata", "card", DATASET, "-o", str(out), "--home", str(home))
    if name == "card/ecomdata":
        shutil.rmtree(home / "cards", ignore_errors=True)
    if name == "again/ecomdata":
        run(card, scratch / "log")
    os.sync()
    summarize = (PYTHON, "-c", SUMMARIZE, f"{shards(home)}/*.parquet")
    into.add(run(summarize if name == "card/summarize" else card, scratch / "log"))
    if out.exists():
        into.written = sum(path.stat().st_size for path in out.rglob("*"))
        shutil.rmtree(out)


def arguments() -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where files and store are kept")
    add("--rows", type=int, help="rows of UserBehavior (20,000,000)")
    add("--repeats", type=int, help="rounds (5)")
    add("--quick", action="store_true", help="few rows, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/card.json)")
    options = parser.parse_args()
    standard = not (options.quick or options.rows)
    options.rows = options.rows or (20_000 if options.quick else 20_000_000)
    options.repeats = options.repeats or (1 if options.quick else 5)
    options.out = options.out or (RESULTS if standard else options.data / "card.json")
    return options


def report(options: argparse.Namespace, home: Path, results: dict[str, Measured]) -> dict[str, Any]:
    """What was measured, and whether the goals are met."""
    files = sorted(shards(home).glob("*.parquet"))
    size = sum(path.stat().st_size for path in files)
    ours = figures("card/ecomdata", LABELS["card/ecomdata"], results["card/ecomdata"], options.rows)
    return {
        "benchmark": "card",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {"user-behavior": {"rows": options.rows, "bytes": size, "files": len(files)}},
        "measurements": [figures(name, LABELS[name], results[name], options.rows) for name in LABELS],
        "ratios": [
            ratio(
                "card/ecomdata",
                results["card/ecomdata"].wall,
                "card/summarize",
                results["card/summarize"].wall,
            )
        ],
        "goals": [
            goal("seconds of a card", ours["wall_seconds"]["median"], "<", SECONDS),
            goal("bytes held at most", ours["peak_bytes"]["max"], "<", BYTES),
        ],
    }


def main() -> None:
    """Load, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    data = options.data.resolve()
    home = loaded(data, options.rows)
    results = {name: Measured() for name in LABELS}
    names = list(LABELS)
    with tempfile.TemporaryDirectory(dir=data, prefix="run-") as folder:
        for number in range(options.repeats):
            at = number % len(names)
            for name in [*names[at:], *names[:at]]:
                print(f"round {number + 1} of {options.repeats}: {name}", file=sys.stderr)
                measure(name, home, Path(folder), results[name])
    conclude(report(options, home, results), options.out)


if __name__ == "__main__":
    main()
