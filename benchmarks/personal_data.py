"""How fast texts are scanned for personal data, and masked, beside what reading and writing them costs.

``python benchmarks/personal_data.py`` (``make bench``) makes texts of words of four languages, something
planted in one of a thousand, loads them, and runs every contender in a process of its own, all of them once a
round, in another order each round. ``scan/read`` reads the same column and counts its bytes; ``mask/copy``
writes the same rows again with the store's writer. ``few/matcher`` is phonenumbers' own finder over the first
rows, for four countries; ``few/ecomdata`` is our whole search over the same rows. ``quality`` is how many
planted numbers each finds, and how many decoys it takes for one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/personal_data.py`

from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

PEERS: Final = Path(__file__).with_name("personal_data_peers.py")
RESULTS: Final = Path(__file__).parent / "results" / "personal_data.json"
BOARD: Final = ROOT / "tests" / "personaldata" / "board"
PYTHON: Final = sys.executable
LIBRARIES: Final = ("phonenumbers", "polars", "pyarrow")
PLANTED: Final = 1000
LEAST: Final = 50.0
"""Megabytes of text a second of CPU that a scan must reach."""

LABELS: Final = {
    "scan/ecomdata": "telephone numbers, addresses, tokens and keys looked for",
    "scan/read": "the text column read, its bytes counted",
    "mask/ecomdata": "a copy for the Hub with the findings masked, hashed",
    "mask/copy": "the same rows written again, hashed",
    "few/ecomdata": "our search over the first rows",
    "few/matcher": "phonenumbers' finder over the first rows, four countries",
}


def loaded(data: Path, rows: int) -> Path:
    """A home with that many texts, made and loaded now unless it is there."""
    home = data / f"board-{rows}-home"
    if not (home / "store").is_dir():
        raw = data / f"board-{rows}"
        shutil.rmtree(raw, ignore_errors=True)
        run([PYTHON, str(PEERS), "make", str(raw), str(rows), str(PLANTED)], data / "log")
        load = [PYTHON, "-m", "ecomdata", "load", "board", "--source", str(raw), "--home", str(home), "-y"]
        run(load, data / "log", {"ECOMDATA_LOADERS": str(BOARD)})
        run([PYTHON, str(PEERS), "mask", str(home)], data / "log", {"ECOMDATA_LOADERS": str(BOARD)})
    return home


def commands(home: Path, few: int) -> dict[str, tuple[str, ...]]:
    """What each contender runs; OUT stands for a new folder."""
    peers = (PYTHON, str(PEERS))
    return {
        "scan/ecomdata": (*peers, "scan", str(home)),
        "scan/read": (*peers, "read", str(home)),
        "mask/ecomdata": (*peers, "mask", str(home)),
        "mask/copy": (*peers, "copy", str(home), "OUT"),
        "few/ecomdata": (*peers, "few", str(home), str(few)),
        "few/matcher": (*peers, "matcher", str(home), str(few)),
    }


def said(command: Sequence[str], log: Path) -> str:
    """What a process printed last."""
    run(command, log, {"ECOMDATA_LOADERS": str(BOARD)})
    return log.read_text(encoding="utf-8").splitlines()[-1]


def measure(command: Sequence[str], scratch: Path, into: Measured) -> None:
    """Run a contender once and add what it took."""
    out = scratch / "out"
    filled = [str(out) if part == "OUT" else part for part in command]
    os.sync()
    into.add(run(filled, scratch / "log", {"ECOMDATA_LOADERS": str(BOARD)}))
    shutil.rmtree(out, ignore_errors=True)


def rates(results: Results, size: int) -> dict[str, float]:
    """Megabytes of text a second of CPU, of scanning and of reading; the start of Python is in them."""
    return {
        name: round(size / 1e6 / statistics.median(results[name].cpu), 1)
        for name in ("scan/ecomdata", "scan/read", "mask/ecomdata", "mask/copy")
    }


def arguments() -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where files and store are kept")
    add("--rows", type=int, help="texts (3,000,000)")
    add("--repeats", type=int, help="rounds (5)")
    add("--quick", action="store_true", help="few rows, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/personal_data.json)")
    options = parser.parse_args()
    standard = not (options.quick or options.rows)
    options.rows = options.rows or (5_000 if options.quick else 3_000_000)
    options.repeats = options.repeats or (1 if options.quick else 5)
    options.out = options.out or (RESULTS if standard else options.data / "personal_data.json")
    return options


def main() -> None:
    """Load, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    data = options.data.resolve()
    home = loaded(data, options.rows)
    few = min(options.rows, 5_000)
    results: Results = {}
    todo = list(commands(home, few).items())
    with tempfile.TemporaryDirectory(dir=data, prefix="run-") as folder:
        scratch = Path(folder)
        size = int(said([PYTHON, str(PEERS), "read", str(home)], scratch / "log"))
        quality = json.loads(said([PYTHON, str(PEERS), "quality"], scratch / "log"))
        for number in range(options.repeats):
            at = number % len(todo)
            for name, command in [*todo[at:], *todo[:at]]:
                print(f"round {number + 1} of {options.repeats}: {name}", file=sys.stderr)
                measure(command, scratch, results.setdefault(name, Measured()))
    rate = rates(results, size)
    report: dict[str, Any] = {
        "benchmark": "personal_data",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {"board": {"rows": options.rows, "text_bytes": size, "planted_one_in": PLANTED, "few": few}},
        "measurements": [figures(name, label, results[name]) for name, label in LABELS.items()],
        "megabytes_of_text_a_cpu_second": rate,
        "quality": quality,
        "ratios": [
            ratio(f"{group}/ecomdata", results[f"{group}/ecomdata"].wall, other, results[other].wall)
            for group, other in (("scan", "scan/read"), ("mask", "mask/copy"), ("few", "few/matcher"))
        ],
        "goals": [goal("MB of text scanned a second of CPU", rate["scan/ecomdata"], ">=", LEAST)],
    }
    conclude(report, options.out)


if __name__ == "__main__":
    main()
