"""How long ``ecomdata load banglishrev`` takes and how much memory it holds, beside peers on the same JSON.

``python benchmarks/json_arrays.py`` (``make bench``) makes the raw files (kept in --data and used again):
one JSON array of products with their reviews inside, one three times as large, and one whose reviews are
all of one product. Every contender runs in a process of its own, all of them once a round and every round in
another order, with the files in the page cache and the compiled code in place. ``json_peers.py`` says what
each peer does; ecomdata also checks, hashes, and derives two tables. One that does not write every review
fails the run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/json_arrays.py`

from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

PEERS: Final = Path(__file__).with_name("json_peers.py")
RESULTS: Final = Path(__file__).parent / "results" / "json_arrays.json"
PYTHON: Final = sys.executable
NAME: Final = "reviews v1.json"
ROWS: Final = 1_750_000
"""Reviews in 500 MB."""
LIBRARIES: Final = ("polars", "duckdb", "numba", "numpy", "pyarrow", "dataframely")
LABELS: Final = {
    "ecomdata": "ecomdata load: both tables typed, checked, rejects kept, written, hashed; two derived",
    "duckdb": "duckdb read_json + unnest + COPY of both tables",
    "json-polars": "json.load + polars, both tables",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """One program on one file of so many reviews."""

    name: str
    file: Path
    rows: int

    @property
    def member(self) -> str:
        """Which program it is."""
        return self.name.split("/")[1]

    def command(self, out: Path) -> list[str]:
        """What to run."""
        if self.member != "ecomdata":
            return [PYTHON, str(PEERS), self.member, str(self.file), str(out)]
        load = [PYTHON, "-m", "ecomdata", "load", "banglishrev", "--source", str(self.file.parent)]
        return [*load, "--home", str(out), "--force", "-y"]


def prepared(data: Path, rows: int) -> Path:
    """The raw file that ``ecomdata sample`` makes, made now unless it is there."""
    folder = data / f"banglishrev-{rows}-0"
    if not folder.is_dir():
        print(f"making {rows:,} reviews", file=sys.stderr)
        part = _fresh(data / f"{folder.name}.part")
        run([PYTHON, "-m", "ecomdata", "sample", "banglishrev", str(part), "--rows", str(rows)], data / "log")
        part.rename(folder)
    return folder / NAME


def of_one_product(data: Path, rows: int) -> Path:
    """As many reviews, all of one product."""
    folder = data / f"banglishrev-{rows}-one"
    if not folder.is_dir():
        whole = prepared(data, rows)
        part = _fresh(data / f"{folder.name}.part")
        run([PYTHON, str(PEERS), "gather", str(whole), str(part)], data / "log")
        part.rename(folder)
    return folder / NAME


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def measure(contender: Contender, scratch: Path, into: Measured) -> None:
    """Run a contender once, check that every review was written, and add what it took."""
    out = _fresh(scratch / "out")
    with contender.file.open("rb") as file:
        while file.read(1 << 20):
            pass
    os.sync()  # what the one before wrote is on disk, and no longer competes
    usage = run(contender.command(out), scratch / "log")
    into.add(usage)
    into.written = sum(file.stat().st_size for file in out.rglob("*.parquet"))
    run([PYTHON, str(PEERS), "count", str(out), str(out)], scratch / "log")
    counted = int((scratch / "log").read_text())
    if counted != contender.rows:
        sys.exit(f"{contender.name} wrote {counted:,} reviews; {contender.rows:,} are expected")
    shutil.rmtree(out)


def _entry(contender: Contender, measured: Measured) -> dict[str, Any]:
    rate = contender.file.stat().st_size / statistics.median(measured.wall) / 1e6
    entry = figures(contender.name, LABELS[contender.member], measured, contender.rows)
    return {**entry, "megabytes_per_second": round(rate, 1)}


def ratios(results: Results) -> list[dict[str, Any]]:
    """The ratios of wall and of CPU time."""
    found: list[dict[str, Any]] = []
    for name, against in (("plain/ecomdata", "plain/duckdb"), ("plain/json-polars", "plain/ecomdata")):
        ours, theirs = results[name], results[against]
        cpu = round(statistics.median(ours.cpu) / statistics.median(theirs.cpu), 3)
        found.append({**ratio(name, ours.wall, against, theirs.wall), "of_median_cpu": cpu})
    return found


def goals(results: Results, size: int) -> list[dict[str, Any]]:
    """The goals, judged by medians of wall time and by the greatest peak."""
    middle = statistics.median(results["plain/ecomdata"].wall)
    floor, slow = (entry["of_medians"] for entry in ratios(results))
    growth = statistics.median(results["plain-3x/ecomdata"].peak) / statistics.median(
        results["plain/ecomdata"].peak
    )
    found = [
        goal(
            "plain/ecomdata: megabytes of JSON a second, end to end", round(size / middle / 1e6, 1), ">=", 100
        ),
        goal("plain/ecomdata / plain/duckdb, wall time", floor, "<=", 1.5),
        goal("plain/json-polars / plain/ecomdata, wall time", slow, ">=", 2.5),
        goal("plain-3x/ecomdata / plain/ecomdata, peak memory", round(growth, 3), "<=", 1.1),
    ]
    ours = [name for name in results if name.endswith("/ecomdata")]
    return found + [
        goal(f"{name}: greatest peak memory, bytes", max(results[name].peak), "<", 1e9) for name in ours
    ]


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the raw files are kept")
    add("--repeats", type=int, help="rounds (3)")
    add("--note", default="", help="what to say of the machine in the report, such as that it was shared")
    add("--quick", action="store_true", help="small files, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/json_arrays.json)")
    options = parser.parse_args(args)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.out = options.out or (options.data / "json_arrays.json" if options.quick else RESULTS)
    return options


def contenders(data: Path, *, quick: bool) -> list[Contender]:
    """All of them, with their files."""
    rows, many = (2_000, 2_000) if quick else (ROWS, 200_000)
    plain, tripled, one = prepared(data, rows), prepared(data, 3 * rows), of_one_product(data, many)
    return [
        *(Contender(f"plain/{member}", plain, rows) for member in LABELS),
        Contender("plain-3x/ecomdata", tripled, 3 * rows),
        Contender("one-product/ecomdata", one, many),
    ]


def main() -> None:
    """Make the files, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    options.data = options.data.resolve()
    running = contenders(options.data, quick=options.quick)
    results: Results = {contender.name: Measured() for contender in running}
    with tempfile.TemporaryDirectory(dir=options.data, prefix="run-") as scratch:
        measure(running[0], Path(scratch), Measured())  # compiled before it is measured
        for number in range(options.repeats):
            at = number % len(running)
            for contender in [*running[at:], *running[:at]]:
                print(f"round {number + 1} of {options.repeats}: {contender.name}", file=sys.stderr)
                measure(contender, Path(scratch), results[contender.name])
    report = {
        "benchmark": "json_arrays",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "note": options.note,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {
            contender.name.split("/")[0]: {"rows": contender.rows, "bytes": contender.file.stat().st_size}
            for contender in running
        },
        "measurements": [_entry(contender, results[contender.name]) for contender in running],
        "ratios": ratios(results),
        "goals": goals(results, running[0].file.stat().st_size),
    }
    conclude(report, options.out)


if __name__ == "__main__":
    main()
