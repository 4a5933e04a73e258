"""How long finding near-duplicates takes, and how much memory, beside rensa and datasketch on the same texts.

``python benchmarks/dedup.py`` (``make bench``) makes short reviews of which 15 % are near-duplicates of
others (``dedup_texts.py``; kept in --data and used again). Every contender runs in a process of its own,
from Parquet to clusters in Parquet, all of them once a round and every round in another order, with the
file in the page cache. ecomdata runs with its compiled code in place, as it does from the second time on;
apart, it runs with an empty cache, which compiles, and on no texts, which is starting alone. datasketch
is called once for each text, and, as its documentation has it, once for each 3-gram. ``dedup_peers.py`` says
what each does.

What was planted is compared with what was found: which planted pairs are near is computed in plain Python,
and so is the similarity of a sample of the pairs that were found.
"""

from __future__ import annotations

import argparse
import json
import math
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
sys.path.insert(0, str(ROOT))  # for `python benchmarks/dedup.py`

from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

PEERS: Final = Path(__file__).with_name("dedup_peers.py")
TEXTS: Final = Path(__file__).with_name("dedup_texts.py")
CHECK: Final = Path(__file__).with_name("dedup_check.py")
RESULTS: Final = Path(__file__).parent / "results" / "dedup.json"
PYTHON: Final = sys.executable
ROWS: Final = 500_000
GROWTH: Final = (500_000, 1_000_000, 2_000_000, 5_000_000)
LIBRARIES: Final = ("polars", "pyarrow", "numba", "numpy", "rensa", "datasketch")
LABELS: Final = {
    "ecomdata": "find_duplicates: tidied, hashed, every pair verified, clusters around kept rows",
    "rensa": "word 3-grams in Python, R-MinHash (128), LSH (16 bands of 8), joined unverified",
    "datasketch": "word 3-grams in Python, MinHash (128) a text at a time, LSH at 0.8, joined unverified",
    "datasketch_update": "the same with MinHash.update for each 3-gram, as its documentation has it",
    "compiling": "ecomdata with no compiled code in place: the first run of an installation",
    "starting": "ecomdata on no texts",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """One program on so many texts."""

    name: str
    file: Path
    rows: int
    memory: str = "1GB"
    fresh: bool = False

    @property
    def member(self) -> str:
        """Which program it is."""
        return self.name.split("/")[1]


def prepared(data: Path, rows: int) -> Path:
    """The file of so many reviews, made now unless it is there."""
    file = data / f"reviews-{rows}.parquet"
    if not file.is_file():
        print(f"making {rows:,} reviews", file=sys.stderr)
        part = data / "reviews.part"
        run([PYTHON, str(TEXTS), str(part), str(rows)], data / "log")
        part.rename(file)
    return file


def measure(contender: Contender, scratch: Path, into: Measured) -> Path:
    """Run a contender once, add what it took, and return where it wrote its clusters."""
    out = scratch / contender.name.replace("/", "-")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    with contender.file.open("rb") as file:
        while file.read(1 << 20):
            pass
    member = "ecomdata" if contender.member in {"compiling", "starting"} else contender.member
    command = [PYTHON, str(PEERS), member, str(contender.file), str(out)]
    fresh = {"NUMBA_CACHE_DIR": str(out / "cache")} if contender.fresh else None
    memory = [contender.memory] if member == "ecomdata" else []
    into.add(run([*command, *memory], scratch / "log", fresh))
    return out


def checked(contender: Contender, out: Path, scratch: Path) -> dict[str, Any]:
    """What of the planted pairs a contender found, and how many of its pairs are near."""
    run([PYTHON, str(CHECK), str(contender.file), str(out), str(scratch / "check.json")], scratch / "log")
    found: dict[str, Any] = json.loads((scratch / "check.json").read_text())
    return {"name": contender.name, **found}


def contenders(data: Path, *, quick: bool) -> list[Contender]:
    """All of them, with their files."""
    rows = 3_000 if quick else ROWS
    whole, empty = prepared(data, rows), prepared(data, 0)
    growth = [4 * rows] if quick else [count for count in GROWTH if count != rows]
    return [
        Contender("whole/ecomdata", whole, rows),
        Contender("whole/rensa", whole, rows),
        Contender("whole/datasketch", whole, rows),
        Contender("whole/datasketch_update", whole, rows),
        Contender("whole/compiling", whole, rows, fresh=not quick),
        Contender("none/starting", empty, 0),
        *(Contender(f"growth-{count}/ecomdata", prepared(data, count), count, "2GB") for count in growth),
    ]


def ratios(results: Results) -> list[dict[str, Any]]:
    """The ratios of wall time, of CPU time and of memory."""
    pairs = (
        ("whole/rensa", "whole/ecomdata"),
        ("whole/rensa", "whole/compiling"),
        ("whole/datasketch", "whole/ecomdata"),
        ("whole/datasketch_update", "whole/ecomdata"),
    )
    found: list[dict[str, Any]] = []
    for name, against in pairs:
        ours, theirs = results[name], results[against]
        entry = ratio(name, ours.wall, against, theirs.wall)
        cpu = round(statistics.median(ours.cpu) / statistics.median(theirs.cpu), 3)
        peak = round(max(theirs.peak) / min(ours.peak), 3)
        found.append({**entry, "of_median_cpu": cpu, "of_peaks_inverted": peak})
    return found


def growth(running: Sequence[Contender], results: Results) -> list[dict[str, Any]]:
    """CPU seconds beyond starting, by n log n, as multiples of those of the least size."""
    start = statistics.median(results["none/starting"].cpu)
    ours = [one for one in running if one.member == "ecomdata"]
    costs = {
        one.rows: (statistics.median(results[one.name].cpu) - start) / (one.rows * math.log(one.rows))
        for one in ours
    }
    least = costs[min(costs)]
    return [{"rows": rows, "of_n_log_n": round(cost / least, 3)} for rows, cost in costs.items()]


def goals(
    results: Results, grown: list[dict[str, Any]], check: dict[str, Any], last: str
) -> list[dict[str, Any]]:
    """The goals, judged by medians of wall time and by the greatest peaks."""
    rensa, cold, datasketch, update = ratios(results)
    return [
        goal("rensa / ecomdata, wall time", rensa["of_medians"], ">=", 3),
        goal("rensa / ecomdata compiling first, wall time", cold["of_medians"], ">=", 3),
        goal("datasketch a text at a time / ecomdata, wall time", datasketch["of_medians"], ">=", 60),
        goal("datasketch a 3-gram at a time / ecomdata, wall time", update["of_medians"], ">=", 60),
        goal("ecomdata / rensa, greatest peak memory", rensa["of_peaks_inverted"], "<", 1 / 3),
        goal("recall of planted pairs less the curve's promise", check["recall_less_promise"], ">=", 0),
        goal("precision of a sample of pairs", check["precision"], ">=", 1),
        goal(f"{last}: greatest peak memory within 2 GB, bytes", max(results[last].peak), "<", 2e9),
        goal("cost by n log n, greatest of all sizes", max(one["of_n_log_n"] for one in grown), "<=", 1.1),
    ]


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the texts are kept")
    add("--repeats", type=int, help="rounds (3)")
    add("--note", default="", help="what to say of the machine in the report, such as that it was shared")
    add("--quick", action="store_true", help="few texts, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/dedup.json)")
    options = parser.parse_args(args)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.out = options.out or (options.data / "dedup.json" if options.quick else RESULTS)
    return options


def main() -> None:
    """Make the texts, measure, check, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    options.data = options.data.resolve()
    running = contenders(options.data, quick=options.quick)
    results: Results = {contender.name: Measured() for contender in running}
    with tempfile.TemporaryDirectory(dir=options.data, prefix="run-") as folder:
        scratch = Path(folder)
        measure(running[-1], scratch, Measured())  # compiled before it is measured
        outs: dict[str, Path] = {}
        for number in range(options.repeats):
            at = number % len(running)
            for one in [*running[at:], *running[:at]]:
                print(f"round {number + 1} of {options.repeats}: {one.name}", file=sys.stderr)
                outs[one.name] = measure(one, scratch, results[one.name])
        names = ("whole/ecomdata", "whole/rensa", "whole/datasketch")
        checks = [checked(one, outs[one.name], scratch) for one in running if one.name in names]
    grown = growth(running, results)
    report = {
        "benchmark": "dedup",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "note": options.note,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {
            one.name.split("/")[0]: {"rows": one.rows, "bytes": one.file.stat().st_size} for one in running
        },
        "measurements": [
            {**figures(one.name, LABELS[one.member], results[one.name]), "rows": one.rows} for one in running
        ],
        "ratios": ratios(results),
        "growth": grown,
        "checks": checks,
        "goals": goals(results, grown, checks[0], running[-1].name),
    }
    conclude(report, options.out)


if __name__ == "__main__":
    main()
