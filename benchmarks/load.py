"""How long ``ecomdata load`` takes and how much memory it holds, beside peers on the same files.

``python benchmarks/load.py`` (``make bench``) makes the raw files (kept in --data and used again), then runs
every contender in a process of its own, all of them once a round and every round in another order. Raw files
are read beforehand, so that all find them in the page cache, and every library was started once, so that it
is compiled. Time is of the whole process, imports included; peak memory is its greatest resident set, mapped
files included. A contender that does not write every row fails the run. ``load_peers.py`` says what each
peer does. Ratios are of wall time and come twice: between the medians, and the median of the ratios inside
a round, which a slow minute of the machine moves less.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/load.py`

from benchmarks.load_peers import DAMAGED_EVERY  # noqa: E402
from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

PEERS: Final = Path(__file__).with_name("load_peers.py")
RESULTS: Final = Path(__file__).parent / "results" / "load.json"
PYTHON: Final = sys.executable
SEED: Final = 0
LIBRARIES: Final = ("polars", "duckdb", "pandas", "datasets", "pyarrow", "dataframely", "click")
GROUPS: Final = ("user-behavior", "merrec")

LABELS: Final = {
    "ecomdata": "ecomdata load: typed, checked, rejects kept, written, hashed",
    "ecomdata-items": "ecomdata load with the derived table items: events and items",
    "polars": "polars scan + sink (the floor)",
    "polars-columns": "polars scan + sink, with ecomdata's columns",
    "duckdb": "duckdb COPY",
    "duckdb-rejects": "duckdb COPY with store_rejects",
    "pandas": "pandas read + to_parquet",
    "datasets": "datasets from_csv or from_parquet + to_parquet (snappy)",
}


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw input: where it is, the rows in it, and those of them that can be typed."""

    path: Path
    rows: int
    good: int

    def files(self) -> list[Path]:
        """The files, in any order."""
        return [path for path in self.path.rglob("*") if path.is_file()]


@dataclass(frozen=True, slots=True)
class Contender:
    """One program on one input. ``OUT`` in the command stands for a folder that is new for each run."""

    name: str
    source: Raw | None
    command: tuple[str, ...]

    @property
    def label(self) -> str:
        """What it does, in words."""
        return LABELS.get(self.name.split("/")[1], self.name.split("/")[1])


def measure(contender: Contender, scratch: Path, into: Measured) -> None:
    """Run a contender once, check that every row was written, and add what it took."""
    out = scratch / "out"
    out.mkdir()
    if contender.source is not None:
        _read(contender.source)
    os.sync()  # what the one before wrote is on disk, and no longer competes
    usage = run([str(out) if part == "OUT" else part for part in contender.command], scratch / "log")
    into.add(usage)
    if contender.source is not None:
        into.written = _verify(contender, out, contender.source.good, scratch)
    shutil.rmtree(out)


def _read(raw: Raw) -> None:
    for path in raw.files():
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass


def _verify(contender: Contender, out: Path, rows: int, scratch: Path) -> int:
    """The bytes written, once their rows have been counted."""
    files = list(out.rglob("*.parquet"))
    size = sum(file.stat().st_size for file in files)
    for file in files:
        if {"quarantine", "items"} & set(file.relative_to(out).parts):
            file.unlink()
    run([PYTHON, str(PEERS), "count", str(out), str(out)], scratch / "log")
    counted = int((scratch / "log").read_text())
    if counted != rows:
        sys.exit(f"{contender.name} wrote {counted:,} rows; {rows:,} are expected")
    return size


def prepared(data: Path, dataset: str, rows: int) -> Raw:
    """The raw files that ``ecomdata sample`` makes, made now unless they are there."""
    folder = data / f"{dataset.replace('/', '-')}-{rows}-{SEED}"
    if not folder.is_dir():
        print(f"making {rows:,} rows of {dataset}", file=sys.stderr)
        part = _fresh(data / f"{folder.name}.part")
        sample = [PYTHON, "-m", "ecomdata", "sample", dataset, str(part)]
        run([*sample, "--rows", str(rows), "--seed", str(SEED)], data / "log")
        part.rename(folder)
    return Raw(folder, rows, rows)


def damaged(data: Path, whole: Raw) -> Raw:
    """The CSV with one line in 100,000 spoilt."""
    folder = data / f"{whole.path.name}-damaged"
    if not folder.is_dir():
        part = _fresh(data / f"{folder.name}.part")
        run([PYTHON, str(PEERS), "damage", str(_csv(whole)), str(part)], data / "log")
        part.rename(folder)
    return Raw(folder, whole.rows, whole.rows - whole.rows // DAMAGED_EVERY)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _csv(raw: Raw) -> Path:
    return raw.path / "UserBehavior.csv"


def _ours(dataset: str, raw: Raw, *options: str) -> tuple[str, ...]:
    load = (PYTHON, "-m", "ecomdata", "load", dataset, "--source", str(raw.path), "--home", "OUT")
    return (*load, "--force", "-y", *options)


def _peer(task: str, source: Path) -> tuple[str, ...]:
    return (PYTHON, str(PEERS), task, str(source), "OUT")


def loads(data: Path, rows_csv: int, rows_parquet: int, wanted: Sequence[str]) -> list[Contender]:
    """The contenders that load files, and the files for those that are wanted."""
    found: list[Contender] = []
    peers = ("polars", "polars-columns", "duckdb", "pandas", "datasets")
    names = {
        "user-behavior": ("ecomdata", *peers),
        "user-behavior-damaged": ("ecomdata", "duckdb-rejects"),
        "user-behavior-3x": ("ecomdata",),
        "merrec": ("ecomdata", "ecomdata-items", *peers),
    }
    for group, members in names.items():
        chosen = [member for member in members if _is_wanted(f"{group}/{member}", wanted)]
        if chosen:
            raw = _raw(group, data, rows_csv, rows_parquet)
            found += [Contender(f"{group}/{member}", raw, _command(group, member, raw)) for member in chosen]
    return found


def _raw(group: str, data: Path, rows_csv: int, rows_parquet: int) -> Raw:
    if group == "merrec":
        return prepared(data, "merrec", rows_parquet)
    if group == "user-behavior-3x":
        return prepared(data, "taobao/user-behavior", 3 * rows_csv)
    raw = prepared(data, "taobao/user-behavior", rows_csv)
    return damaged(data, raw) if group.endswith("-damaged") else raw


def _command(group: str, member: str, raw: Raw) -> tuple[str, ...]:
    if group == "merrec":
        ours = {"ecomdata": ("--table", "events"), "ecomdata-items": ()}
        return _ours("merrec", raw, *ours[member]) if member in ours else _peer(f"parquet-{member}", raw.path)
    return _ours("taobao/user-behavior", raw) if member == "ecomdata" else _peer(f"csv-{member}", _csv(raw))


def starts(data: Path, wanted: Sequence[str]) -> list[Contender]:
    """The contenders that do next to nothing, so that what is left is how long they take to start."""
    commands: dict[str, tuple[str, ...]] = {
        "help/ecomdata --help": ("-m", "ecomdata", "--help"),
        "help/import click": ("-c", "import click"),
        "sql/ecomdata sql": ("-m", "ecomdata", "sql", "select 1", "--home", str(data / "home")),
        "sql/duckdb script": ("-c", "import duckdb; duckdb.sql('select 1').show()"),
    }
    found = [
        Contender(name, None, (PYTHON, *rest)) for name, rest in commands.items() if _is_wanted(name, wanted)
    ]
    if any(contender.name == "sql/ecomdata sql" for contender in found):
        # A store with something in it: the catalog has views to make.
        load = [PYTHON, "-m", "ecomdata", "load", "merrec", "--sample", "--force", "-y"]
        run([*load, "--home", str(data / "home")], data / "log")
    return found


def _is_wanted(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or any(fnmatch(name, pattern) for pattern in wanted)


def rounds(contenders: Sequence[Contender], repeats: int, scratch: Path, results: Results) -> None:
    """Measure all contenders once a round; the order goes on by one from round to round."""
    for number in range(repeats if contenders else 0):
        at = number % len(contenders)
        for contender in [*contenders[at:], *contenders[:at]]:
            print(f"round {number + 1} of {repeats}: {contender.name}", file=sys.stderr)
            measure(contender, scratch, results.setdefault(contender.name, Measured()))


def _entry(contender: Contender, measured: Measured) -> dict[str, Any]:
    rows = contender.source.rows if contender.source is not None else None
    return figures(contender.name, contender.label, measured, rows)


PAIRS: Final = (
    *((f"{group}/ecomdata", f"{group}/{peer}") for group in GROUPS for peer in ("polars", "polars-columns")),
    *(
        (f"{group}/{peer}", f"{group}/ecomdata")
        for group in GROUPS
        for peer in ("duckdb", "pandas", "datasets")
    ),
    ("merrec/ecomdata-items", "merrec/polars"),
    ("user-behavior-damaged/ecomdata", "user-behavior/ecomdata"),
    ("user-behavior-damaged/ecomdata", "user-behavior-damaged/duckdb-rejects"),
    ("help/ecomdata --help", "help/import click"),
    ("sql/ecomdata sql", "sql/duckdb script"),
)
"""The pairs whose ratio of wall time is given: ecomdata over floors, other peers over ecomdata."""


def ratios(results: Results) -> list[dict[str, Any]]:
    """The ratios of the pairs that were both measured."""
    there = [pair for pair in PAIRS if pair[0] in results and pair[1] in results]
    return [ratio(name, results[name].wall, against, results[against].wall) for name, against in there]


TIMES: Final = (
    ("user-behavior/ecomdata", "user-behavior/polars", "<=", 1.5, "the aim"),
    ("user-behavior/ecomdata", "user-behavior/polars", "<=", 2.0, "at the very most"),
    ("user-behavior/datasets", "user-behavior/ecomdata", ">=", 2.0, "datasets over ecomdata"),
    ("merrec/ecomdata", "merrec/polars", "<=", 1.5, "the aim"),
    ("merrec/ecomdata", "merrec/polars", "<=", 2.0, "at the very most"),
    ("merrec/datasets", "merrec/ecomdata", ">=", 2.0, "datasets over ecomdata"),
    ("help/ecomdata --help", "help/import click", "<=", 2.0, "start-up"),
    ("sql/ecomdata sql", "sql/duckdb script", "<", 1.5, "start-up"),
)
"""The goals for wall time."""


def goals(results: Results) -> list[dict[str, Any]]:
    """The goals whose figures were measured, judged by the ratio of medians and by the greatest peak."""
    of_medians = {(entry["name"], entry["against"]): entry["of_medians"] for entry in ratios(results)}
    found = [
        goal(f"{name} / {against}, wall time: {why}", of_medians[name, against], sign, limit)
        for name, against, sign, limit, why in TIMES
        if (name, against) in of_medians
    ]
    base, tripled = results.get("user-behavior/ecomdata"), results.get("user-behavior-3x/ecomdata")
    found += [
        goal(f"{name}: greatest peak memory, bytes", max(results[name].peak), "<", 1e9)
        for name in ("user-behavior/ecomdata", "user-behavior-damaged/ecomdata")
        if name in results
    ]
    if base and tripled:
        growth = round(statistics.median(tripled.peak) / statistics.median(base.peak), 3)
        name = "user-behavior-3x/ecomdata / user-behavior/ecomdata, peak memory"
        found.append(goal(name, growth, "<=", 1.1))
    return found


def sizes(contenders: Iterable[Contender]) -> dict[str, dict[str, int]]:
    """Rows, damaged rows, bytes and files of each input."""
    found: dict[str, dict[str, int]] = {}
    for contender in contenders:
        if (raw := contender.source) is not None:
            files = raw.files()
            found[contender.name.split("/")[0]] = {
                "rows": raw.rows,
                "damaged_rows": raw.rows - raw.good,
                "bytes": sum(file.stat().st_size for file in files),
                "files": len(files),
            }
    return found


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; ``--quick`` and ``--only`` do not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the raw files are kept")
    add("--rows-csv", type=int, help="rows of UserBehavior (20,000,000); three times as many for memory")
    add("--rows-parquet", type=int, help="rows of MerRec (5,000,000)")
    add("--repeats", type=int, help="rounds (3)")
    add("--only", action="append", default=[], metavar="GLOB", help="such as 'merrec/*'; may be repeated")
    add("--quick", action="store_true", help="small files, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/load.json)")
    options = parser.parse_args(args)
    standard = not (options.quick or options.only or options.rows_csv or options.rows_parquet)
    options.rows_csv = options.rows_csv or (20_000 if options.quick else 20_000_000)
    options.rows_parquet = options.rows_parquet or (10_000 if options.quick else 5_000_000)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.out = options.out or (RESULTS if standard else options.data / "load.json")
    return options


def main() -> None:
    """Make the files, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    options.data = options.data.resolve()
    loading = loads(options.data, options.rows_csv, options.rows_parquet, options.only)
    starting = starts(options.data, options.only)
    if not loading + starting:
        sys.exit(f"--only {' '.join(options.only)} names no contender; try 'user-behavior/*' or 'merrec/*'")
    results: Results = {}
    with tempfile.TemporaryDirectory(dir=options.data, prefix="run-") as scratch:
        rounds(starting, 1, Path(scratch), {})  # Python compiles what it has not compiled yet
        for library in LIBRARIES:
            run([PYTHON, "-c", f"import {library}"], Path(scratch) / "log")
        rounds(starting, 2 if options.quick else 15, Path(scratch), results)
        rounds(loading, options.repeats, Path(scratch), results)
    report = {
        "benchmark": "load",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": sizes(loading),
        "measurements": [_entry(contender, results[contender.name]) for contender in [*loading, *starting]],
        "ratios": ratios(results),
        "goals": goals(results),
    }
    conclude(report, options.out)


if __name__ == "__main__":
    main()
