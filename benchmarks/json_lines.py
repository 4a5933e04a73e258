"""What it takes to read JSON lines as typed rows, beside the bare library on the same bytes.

``python benchmarks/json_lines.py`` (``make bench``) makes three files (kept in --data and used again):
reviews with every key declared, the same with a key that no one declared, and sessions with a list of events
each. Every contender reads one in a process of its own, on one core, all of them once a round and every round
in another order, with the file in the page cache and the compiled code in place. Time is that of the whole
process, imports included. ecomdata refuses what is not of its type, and polars guesses: what it makes of odd
lines is not what is compared here.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/json_lines.py`

from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

PEERS: Final = Path(__file__).with_name("jsonl_peers.py")
RESULTS: Final = Path(__file__).parent / "results" / "json_lines.json"
ROWS: Final = 1_000_000
LIBRARIES: Final = ("polars", "numba", "numpy", "dataframely")
LABELS: Final = {
    "ecomdata": "JsonLines: every value of its declared type, every key known or kept, or the line rejected",
    "polars": "polars.read_ndjson with the same types",
    "json": "json.loads of each line, and nothing made of it",
}
FILES: Final = ("declared", "more", "nested")
ONE_CORE: Final = {"POLARS_MAX_THREADS": "1"}
_WORDS: Final = ("great", "product", "works", "fine", "কথা", "two\nlines", 'a "quote"', "été")


def made(path: Path, rows: int, kind: str) -> Path:
    """A file of reviews or sessions, made now unless it is there."""
    if path.is_file():
        return path
    print(f"making {rows:,} lines ({kind})", file=sys.stderr)
    rng = random.Random(0)  # noqa: S311 - no secret
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        for number in range(rows):
            row = _session(rng, number) if kind == "nested" else _review(rng, number, more=kind == "more")
            file.write(json.dumps(row, ensure_ascii=number % 2 > 0) + "\n")
    part.rename(path)
    return path


def _session(rng: random.Random, number: int) -> dict[str, object]:
    events = [
        {"aid": rng.randrange(10**6), "ts": 1_600_000_000_000 + number, "type": "clicks"}
        for _ in range(rng.randint(1, 15))
    ]
    return {"session": number, "events": events}


def _review(rng: random.Random, number: int, *, more: bool) -> dict[str, object]:
    review: dict[str, object] = {
        "rating": float(rng.randint(1, 5)),
        "title": " ".join(rng.choices(_WORDS, k=3)),
        "text": " ".join(rng.choices(_WORDS, k=30)),
        "asin": f"B{rng.randrange(10**9):09}",
        "user_id": f"A{number}",
        "timestamp": 1_600_000_000_000 + number,
        "helpful_vote": rng.randrange(9),
        "verified_purchase": number % 3 > 0,
    }
    return review | ({"parent_asin": f"B{rng.randrange(10**6):09}"} if more else {})


def measure(name: str, path: Path, rows: int, scratch: Path, into: Measured) -> None:
    """Run a contender once, check that it read every row, and add what it took."""
    path.read_bytes()
    command = [sys.executable, str(PEERS), name.split("/")[1], str(path)]
    into.add(run(command, scratch / "log", {**ONE_CORE, "PYTHONPATH": str(ROOT)}))
    counted = int((scratch / "log").read_text("utf-8").split()[-1])
    if counted != rows:
        sys.exit(f"{name} read {counted:,} rows; {rows:,} are expected")


def ratios(results: Results) -> list[dict[str, Any]]:
    """The ratios of wall and of CPU time."""
    found: list[dict[str, Any]] = []
    for file in FILES:
        ours, theirs, slow = (f"{file}/{member}" for member in LABELS)
        for name, against in ((ours, theirs), (slow, ours)):
            one, other = results[name], results[against]
            cpu = round(statistics.median(one.cpu) / statistics.median(other.cpu), 3)
            found.append({**ratio(name, one.wall, against, other.wall), "of_median_cpu": cpu})
    return found


def goals(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """No slower than making objects of Python, by medians of CPU time."""
    limits = {f"{file}/json": 1.0 for file in FILES}
    return [
        goal(f"{one['name']} / {one['against']}, CPU time", one["of_median_cpu"], ">=", limits[one["name"]])
        for one in found
        if one["name"] in limits
    ]


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the files are kept")
    add("--repeats", type=int, help="rounds (3)")
    add("--quick", action="store_true", help="small files, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/json_lines.json)")
    options = parser.parse_args(args)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.out = options.out or (options.data / "json_lines.json" if options.quick else RESULTS)
    return options


def main() -> None:
    """Make the files, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    data, rows = options.data.resolve(), 20_000 if options.quick else ROWS
    files = {file: made(data / f"json-lines-{rows}-{file}.jsonl", rows, file) for file in FILES}
    running = [(f"{file}/{member}", files[file]) for file in FILES for member in LABELS]
    results: Results = {name: Measured() for name, _ in running}
    with tempfile.TemporaryDirectory(dir=data, prefix="run-") as scratch:
        for name, path in running[:: len(LABELS)]:  # ours: compiled before it is measured
            measure(name, path, rows, Path(scratch), Measured())
        for number in range(options.repeats):
            at = number % len(running)
            for name, path in [*running[at:], *running[:at]]:
                print(f"round {number + 1} of {options.repeats}: {name}", file=sys.stderr)
                measure(name, path, rows, Path(scratch), results[name])
    judged = ratios(results)
    entries = [figures(name, LABELS[name.split("/")[1]], found, rows) for name, found in results.items()]
    for entry, found in zip(entries, results.values(), strict=True):
        entry["lines_a_cpu_second"] = round(rows / statistics.median(found.cpu))
    report = {
        "benchmark": "json_lines",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {file: {"rows": rows, "bytes": path.stat().st_size} for file, path in files.items()},
        "measurements": entries,
        "ratios": judged,
        "goals": goals(judged),
    }
    conclude(report, options.out)


if __name__ == "__main__":
    main()
