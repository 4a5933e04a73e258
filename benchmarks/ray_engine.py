"""What the engine ``ray`` costs beside the local one on the same two cores, and rates for docs/scale.md.

``python benchmarks/ray_engine.py`` (``make bench``) makes the raw files (kept in --data and used again), then
runs every contender in a process of its own, all once a round, every round in another order. ``ray`` starts
its own cluster and stops it, which is in its time; ``ray-running`` is given one of two workers that runs
already. Time is of the whole process, imports included, but for ``open``: there it is that of the load alone,
in a process that has loaded before and whose workers have started, which is what the engine itself costs.
CPU and peak memory are those of the process itself: of Ray's workers, which are no children of it, they say
nothing; for ``ray-running`` they are the driver's alone. What the engines write must be the same byte for
byte, or the run fails. ``merrec`` and the two of ``forge`` are there for their rates; ``small`` is next to
nothing: what is left is the start.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/ray_engine.py`

from benchmarks.load import prepared  # noqa: E402
from benchmarks.measuring import Measured, Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Generator

RESULTS: Final = Path(__file__).parent / "results" / "ray.json"
LIBRARIES: Final = ("ray", "polars", "pyarrow", "numba")
OPEN: Final = Path(__file__).with_name("ray_open.py")
RAY: Final = Path(sys.executable).with_name("ray")
SETTINGS: Final = {"RAY_USAGE_STATS_ENABLED": "0", "POLARS_MAX_THREADS": "1", "RAY_AUTH_MODE": "token"}
"""For a cluster, as docs/scale.md has it."""
WORKERS: Final = 2
ENGINES: Final = {
    "local": "threads of the process",
    "ray": "two workers of a cluster that is started and stopped",
    "ray-running": "two workers of a cluster that runs",
}
ROWS: Final = {
    "open": 20_000_000,
    "load": 20_000_000,
    "dedup": 500_000,
    "small": 1_000,
    "merrec": 5_000_000,
    "forge": 2_000_000,
}
BEFORE: Final = 1_000_000
"""Rows that ``open`` loads first."""
DATASETS: Final = {
    "open": "taobao/user-behavior",
    "load": "taobao/user-behavior",
    "small": "taobao/user-behavior",
    "dedup": "banglishrev",
    "merrec": "merrec",
    "forge-sequences": "taobao/forge",
    "forge-vectors": "taobao/forge",
}
TABLES: Final = {"merrec": "events", "forge-sequences": "sequences", "forge-vectors": "embeddings"}
UNASKED: Final = {("open", "ray-running"), *((task, "ray") for task in TABLES)}


@dataclass(frozen=True, slots=True)
class Contender:
    """A task done by an engine."""

    task: str
    engine: str
    rows: int
    raw: Path
    before: Path

    @property
    def name(self) -> str:
        """Task and engine."""
        return f"{self.task}/{self.engine}"

    def command(self, home: Path, address: str) -> list[str]:
        """What is run, in a home of its own."""
        start = [sys.executable, "-m", "ecomdata"]
        if self.task == "open":
            folders = [str(self.raw), str(self.before), str(home)]
            return [sys.executable, str(OPEN), self.engine, *folders, str(WORKERS)]
        if self.task == "dedup":
            command = [*start, "dedup", "banglishrev", "--table", "reviews", "--column", "text"]
        else:
            command = [*start, "load", DATASETS[self.task], "--source", str(self.raw), "--force", "-y"]
        if self.task in TABLES:
            command += ["--table", TABLES[self.task]]
        if self.engine != "local":
            command += ["--engine", "ray", "--jobs", str(WORKERS)]
        if self.engine == "ray-running":
            command += ["--address", address]
        return [*command, "--home", str(home)]


@contextmanager
def cluster(log: Path) -> Generator[str]:
    """The address of a cluster with two workers."""
    run([str(RAY), "get-auth-token", "--generate"], Path(os.devnull))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    start = [
        str(RAY),
        "start",
        "--head",
        f"--port={port}",
        f"--num-cpus={WORKERS}",
        "--include-dashboard=false",
    ]
    run([*start, "--object-store-memory=1000000000", "--disable-usage-stats"], log, SETTINGS)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        run([str(RAY), "stop"], log)


def measure(contender: Contender, address: str, data: Path, scratch: Path, into: Measured) -> str:
    """Run a contender once, add what it took, and return a hash of what it wrote."""
    home = data / "home" if contender.task == "dedup" else scratch / "home"
    for path in contender.raw.rglob("*"):
        if path.is_file():
            path.read_bytes()
    os.sync()
    settings = {"RAY_AUTH_MODE": "token"} if address else None
    usage = run(contender.command(home, address), scratch / "log", settings)
    if contender.task == "open":
        usage = replace(usage, wall=float((scratch / "log").read_text("utf-8").split()[-1]))
    into.add(usage)
    written = home / "duplicates" if contender.task == "dedup" else home / "store"
    files = sorted(written.rglob("*.parquet"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(written).as_posix().encode() + path.read_bytes())
    into.written = sum(path.stat().st_size for path in files)
    shutil.rmtree(written if contender.task == "dedup" else home)
    return digest.hexdigest()


def contenders(data: Path, scale: float, wanted: Sequence[str]) -> list[Contender]:
    """All of them, with their raw files, and what ``dedup`` looks through in the store."""
    found: list[Contender] = []
    for task, dataset in DATASETS.items():
        engines = [engine for engine in ENGINES if (task, engine) not in UNASKED]
        if wanted and task not in wanted:
            continue
        rows = max(1_000, int(ROWS[task.partition("-")[0]] * scale))
        raw = prepared(data, dataset, rows).path
        if task == "dedup":
            load = [
                sys.executable,
                "-m",
                "ecomdata",
                "load",
                dataset,
                "--source",
                str(raw),
                "--table",
                "reviews",
            ]
            run([*load, "--home", str(data / "home"), "-y"], data / "log")
        before = prepared(data, dataset, max(1_000, int(BEFORE * scale))).path if task == "open" else raw
        found += [Contender(task, engine, rows, raw, before) for engine in engines]
    return found


def rounds(chosen: Sequence[Contender], repeats: int, data: Path, results: Results) -> None:
    """Measure all once a round; the engines' files of a task must be the same."""
    hashes: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=data, prefix="run-") as folder:
        scratch = Path(folder)
        for number in range(repeats):
            at = number % len(chosen)
            for contender in [*chosen[at:], *chosen[:at]]:
                print(f"round {number + 1} of {repeats}: {contender.name}", file=sys.stderr)
                into = results.setdefault(contender.name, Measured())
                if contender.engine == "ray-running":
                    with cluster(
                        scratch / "log"
                    ) as address:  # only while it is asked: it takes processor time
                        made = measure(contender, address, data, scratch, into)
                else:
                    made = measure(contender, "", data, scratch, into)
                if hashes.setdefault(contender.task, made) != made:
                    sys.exit(f"{contender.name} wrote other bytes than the engine before it")


def counts(chosen: Sequence[Contender], data: Path) -> dict[str, dict[str, int]]:
    """The rows that each task for its rate writes, and of FORGE's sequences the interactions in them."""
    import polars as pl

    found: dict[str, dict[str, int]] = {}
    for one in chosen:
        if one.task in TABLES and one.engine == "local":
            home = data / "counted"
            run(one.command(home, ""), data / "log")
            rows = pl.scan_parquet([str(path) for path in home.rglob(f"{TABLES[one.task]}/*.parquet")])
            found[one.task] = {"rows": int(rows.select(pl.len()).collect().item())}
            if one.task == "forge-sequences":
                lengths = pl.col("history").list.len().sum() + pl.col("target").list.len().sum()
                found[one.task]["interactions"] = int(rows.select(lengths).collect().item())
            shutil.rmtree(home)
    return found


def ratios(results: Results) -> list[dict[str, Any]]:
    """Ray over the local engine."""
    pairs = [(name, f"{name.split('/')[0]}/local") for name in results if not name.endswith("/local")]
    return [ratio(name, results[name].wall, against, results[against].wall) for name, against in pairs]


def arguments() -> argparse.Namespace:
    """The command line; with --quick or --only the committed results are left alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the raw files are kept")
    add("--scale", type=float, help="of the rows, such as 0.05")
    add("--repeats", type=int, help="rounds (3)")
    add("--only", action="append", default=[], choices=sorted(DATASETS), help="a task; may be repeated")
    add("--quick", action="store_true", help="small files, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/ray.json)")
    options = parser.parse_args()
    standard = not (options.quick or options.only or options.scale)
    options.scale = options.scale or (0.002 if options.quick else 1.0)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.data = options.data.resolve()
    options.out = options.out or (RESULTS if standard else options.data / "ray.json")
    return options


def main() -> None:
    """Make the files, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    chosen = contenders(options.data, options.scale, options.only)
    results: Results = {}
    rounds(chosen, options.repeats, options.data, results)
    compared = ratios(results)
    report = {
        "benchmark": "ray",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "workers": WORKERS,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "same_bytes": True,  # a run where they differ ends before this
        "counts": counts(chosen, options.data),
        "measurements": [
            figures(one.name, ENGINES[one.engine], results[one.name], one.rows) for one in chosen
        ],
        "ratios": compared,
        "goals": [
            goal(f"{entry['name']} / {entry['against']}, wall time", entry["of_medians"], "<=", 1.3)
            for entry in compared
            if entry["name"].startswith(("open/", "load/"))
        ],
    }
    conclude(report, options.out)


if __name__ == "__main__":
    main()
