"""How long ``ecomdata load rope`` takes, and how much memory it holds, at the size of the real thing.

``python benchmarks/rope.py`` makes text files with as many pages, videos and live clips as upstream has (kept
in --data and used again) and loads them: all four tables, and the three that are read without the media that
are joined from them. Beside them the floor, ``rope_floor.py``. Every run is a process of its own. The files
are read once beforehand, and the order goes on by one from round to round. A run that does not account for
every line fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/rope.py`

from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

RESULTS: Final = Path(__file__).parent / "results" / "rope.json"
PYTHON: Final = sys.executable
MEDIA: Final = 12_400_000
"""Upstream has 12,419,247 with those that were announced for testing: 3.1 million pages among them."""
SEED: Final = 0
MOST: Final = 1e9
LABELS: Final = {
    "rope/ecomdata": "ecomdata load: read, checked, joined into media, written, hashed",
    "rope/ecomdata-read": "ecomdata load of the tables that are read: pairs, texts, images",
    "rope/duckdb": "duckdb: lines split once and COPY, neither checked nor joined (the floor)",
}
PAIRS: Final = (("rope/ecomdata-read", "rope/duckdb"), ("rope/ecomdata", "rope/duckdb"))


def command(name: str, source: Path, out: Path) -> list[str]:
    """What a contender is."""
    if name == "rope/duckdb":
        return [PYTHON, str(Path(__file__).with_name("rope_floor.py")), str(source), str(out)]
    load = [PYTHON, "-m", "ecomdata", "load", "rope", "--source", str(source), "--home", str(out)]
    tables = ("pairs", "texts", "images") if name == "rope/ecomdata-read" else ()
    return [*load, "--force", "-y", *(part for table in tables for part in ("--table", table))]


def prepared(data: Path, media: int) -> Path:
    """The files that ``ecomdata sample`` makes, made now unless they are there."""
    folder = data / f"rope-{media}-{SEED}"
    if not folder.is_dir():
        print(f"making {media:,} pages, videos and live clips", file=sys.stderr)
        part = data / f"{folder.name}.part"
        shutil.rmtree(part, ignore_errors=True)
        sample = [PYTHON, "-m", "ecomdata", "sample", "rope", str(part)]
        run([*sample, "--rows", str(media), "--seed", str(SEED)], data / "log")
        part.rename(folder)
    return folder


def lines(source: Path) -> int:
    """The lines of all files."""
    found = 0
    for path in source.iterdir():
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                found += piece.count(b"\n")
    return found


def measure(name: str, source: Path, count: int, scratch: Path, into: Measured) -> None:
    """Run a contender once, check that every line is accounted for, and add what it took."""
    out = scratch / "out"
    out.mkdir()
    os.sync()  # what the one before wrote is on disk, and no longer competes
    usage = run(command(name, source, out), scratch / "log")
    into.add(usage)
    into.written = sum(file.stat().st_size for file in out.rglob("*.parquet"))
    if name != "rope/duckdb" and (read := _read(out)) != count:
        sys.exit(f"{name} read {read:,} lines; {count:,} are there")
    shutil.rmtree(out)


def _read(home: Path) -> int:
    """The rows that a load says it has read from files; a rejected one ends the run."""
    [path] = home.glob("store/rope/releases/*/manifest.json")
    tables: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))["tables"]
    if any(table["rejected"] for table in tables.values()):
        sys.exit("rows of a sample were rejected")
    return sum(table["read"] for name, table in tables.items() if name != "media")


def rounds(source: Path, count: int, repeats: int, scratch: Path) -> Results:
    """Measure every contender once a round."""
    results: Results = {name: Measured() for name in LABELS}
    names = list(LABELS)
    for number in range(repeats):
        at = number % len(names)
        for name in [*names[at:], *names[:at]]:
            print(f"round {number + 1} of {repeats}: {name}", file=sys.stderr)
            measure(name, source, count, scratch, results[name])
    return results


def report(options: argparse.Namespace, source: Path, count: int, results: Results) -> dict[str, Any]:
    """Everything that was measured, as JSON has it; rows are lines of the files."""
    files = [path for path in source.iterdir() if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    peak = max(results["rope/ecomdata"].peak)
    return {
        "benchmark": "rope",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(("polars", "duckdb", "pyarrow", "dataframely")),
        "sizes": {"rope": {"media": options.media, "rows": count, "bytes": size, "files": len(files)}},
        "measurements": [figures(name, LABELS[name], measured, count) for name, measured in results.items()],
        "ratios": [ratio(one, results[one].wall, other, results[other].wall) for one, other in PAIRS],
        "goals": [goal("rope/ecomdata: greatest peak memory, bytes", peak, "<", MOST)],
    }


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; only a full run writes the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the raw files are kept")
    add("--media", type=int, help="pages, videos and live clips (12,400,000)")
    add("--repeats", type=int, help="rounds (2)")
    add("--quick", action="store_true", help="small files, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/rope.json)")
    options = parser.parse_args(args)
    standard = not (options.quick or options.media)
    options.media = options.media or (5_000 if options.quick else MEDIA)
    options.repeats = options.repeats or (1 if options.quick else 2)
    options.out = options.out or (RESULTS if standard else options.data / "rope.json")
    return options


def main() -> None:
    """Make the files, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    source = prepared(options.data.resolve(), options.media)
    count = lines(source)
    with tempfile.TemporaryDirectory(dir=options.data, prefix="run-") as scratch:
        results = rounds(source, count, options.repeats, Path(scratch))
    found = report(options, source, count, results)
    conclude(found, options.out)


if __name__ == "__main__":
    main()
