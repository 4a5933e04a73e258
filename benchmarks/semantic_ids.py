"""How long the figures of semantic ids, resolving their collisions, and an export take.

``python benchmarks/semantic_ids.py`` (``make bench``) makes FORGE item codes, most items under few first
codes, loads them once, and measures: ``stats`` counts use, Gini, perplexity and collisions, beside DuckDB
grouping the same lists once; ``resolve`` leaves at most five items to each id, with 200 candidates an item,
and at random; ``export`` writes UserBehavior for recommenders and RecBole, beside polars and DuckDB writing
the same four columns as CSV, which are compared once. Each is a process of its own; every contender runs
once a round, and every round in another order.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/semantic_ids.py`

from benchmarks.measuring import Measured, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402
from benchmarks.publish import DATASET, loaded, shards  # noqa: E402

RESULTS: Final = Path(__file__).parent / "results" / "semantic_ids.json"
PYTHON: Final = sys.executable
LIBRARIES: Final = ("duckdb", "polars", "pyarrow", "numba", "numpy")
FORGE: Final = "taobao/forge"
BYTES: Final = 2 * 10**9

LABELS: Final = {
    "stats/ecomdata": "ecomdata stats --semantic-ids: use, Gini, perplexity, collisions, repeated items",
    "stats/duckdb": "duckdb: items of each list of codes, grouped once",
    "resolve/nearest": "ecomdata.resolve_collisions with 200 candidates an item, from .npy files",
    "resolve/random": "ecomdata.resolve_collisions at random, from an .npy file",
    "export/recommenders": "ecomdata export --format recommenders, CSV",
    "export/recbole": "ecomdata export --format recbole",
    "export/polars": "polars scan_parquet, the same four columns, sink_csv",
    "export/duckdb": "duckdb COPY of the same four columns to CSV",
}
_MAKE: Final = """
import shutil, sys
from pathlib import Path
import numpy as np, polars as pl
import ecomdata as ed
home, items, resolved = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(0)
raw = home / "raw"
raw.mkdir(exist_ok=True)
first = np.floor(8192 * rng.random(items) ** 3).astype(np.int32)
rest = rng.integers(0, 256, (items, 2), dtype=np.int32) * 31 % 8192
codes = pl.DataFrame(np.column_stack([first, rest]), schema=[f"codebook_lv{k}" for k in (1, 2, 3)])
ids = pl.int_range(items, eager=True).alias("base62_string").cast(pl.String).str.zfill(9)
codes.insert_column(0, ids).write_csv(raw / "tiny_item_sid_final.csv")
ed.load("taobao/forge", source=raw, home=home)
shutil.rmtree(raw)
np.save(home / "codes.npy", np.column_stack([first[:resolved] % 64, rest[:resolved] % 64]))
np.save(home / "candidates.npy", rng.integers(0, 8192, (resolved, 200), dtype=np.int16))
"""
_COMPARE: Final = """
import sys, polars as pl
first, *others = (pl.read_csv(path) for path in sys.argv[1:])
sys.exit(0 if others and all(frame.equals(first) for frame in others) else "the CSV files differ")
"""
_GROUP: Final = """
import duckdb, sys
sizes = "SELECT codes, count(*) AS n FROM read_parquet(?) WHERE codes IS NOT NULL GROUP BY codes"
print(duckdb.execute(f"SELECT n, count(*) FROM ({sizes}) GROUP BY n", [sys.argv[1]]).fetchall())
"""
_RESOLVE: Final = """
import sys, numpy as np
from ecomdata import resolve_collisions
codes, *rest = (np.load(path, mmap_mode="r") for path in sys.argv[1:])
found = resolve_collisions(np.asarray(codes), *rest)
print(len(found.moved), len(found.unplaced))
"""
_POLARS: Final = """
import sys, polars as pl
seconds = pl.col("timestamp").dt.epoch("us") / 1e6
columns = dict(userID="user_id", itemID="item_id", rating=pl.lit(1.0), timestamp=seconds)
pl.scan_parquet(sys.argv[1]).select(**columns).sink_csv(sys.argv[2])
"""
_DUCKDB: Final = """
import sys, duckdb
columns = "user_id AS userID, item_id AS itemID, 1.0 AS rating, epoch_us(timestamp) / 1e6 AS timestamp"
duckdb.sql(f"COPY (SELECT {columns} FROM read_parquet('{sys.argv[1]}')) TO '{sys.argv[2]}' (HEADER)")
"""


def made(data: Path, items: int, resolved: int) -> Path:
    """The home with so many items' codes, and the arrays of those to resolve beside it; made once."""
    home = data / f"semantic-ids-{items}"
    if not (home / "made").is_file():
        home.mkdir(exist_ok=True)
        run((PYTHON, "-c", _MAKE, str(home), str(items), str(resolved)), data / "log")
        (home / "made").touch()
    return home


def command(name: str, forge: Path, behavior: Path, out: Path) -> Sequence[str | Path]:
    """What a contender runs; ``out`` is where it may write."""
    ours = (PYTHON, "-m", "ecomdata")
    part = f"{shards(behavior)}/*.parquet"
    (release,) = (forge / "store" / FORGE / "releases").glob("[!.]*")
    stats = (*ours, "stats", FORGE, "--semantic-ids", "--json", "--home", forge)
    export = (*ours, "export", DATASET, "--home", behavior)
    return {
        "stats/ecomdata": stats,
        "stats/duckdb": (PYTHON, "-c", _GROUP, f"{release}/semantic_ids_final/*.parquet"),
        "resolve/nearest": (PYTHON, "-c", _RESOLVE, forge / "codes.npy", forge / "candidates.npy"),
        "resolve/random": (PYTHON, "-c", _RESOLVE, forge / "codes.npy"),
        "export/recommenders": (*export, out / "ours.csv", "--format", "recommenders"),
        "export/recbole": (*export, out / "recbole", "--format", "recbole"),
        "export/polars": (PYTHON, "-c", _POLARS, part, out / "polars.csv"),
        "export/duckdb": (PYTHON, "-c", _DUCKDB, part, out / "duckdb.csv"),
    }[name]


def measure(name: str, forge: Path, behavior: Path, scratch: Path, into: Measured) -> None:
    """Run a contender once and add what it took."""
    out = scratch / "out"
    out.mkdir()
    os.sync()
    into.add(run([str(word) for word in command(name, forge, behavior, out)], scratch / "log"))
    files = [path for path in out.rglob("*") if path.is_file()]
    into.written = sum(path.stat().st_size for path in files)
    shutil.rmtree(out)


def check_same(forge: Path, behavior: Path, scratch: Path) -> None:
    """The three CSV files say the same.

    Raises:
        SystemExit: they do not.
    """
    out = scratch / "compared"
    out.mkdir()
    for name in ("recommenders", "polars", "duckdb"):
        run([str(word) for word in command(f"export/{name}", forge, behavior, out)], scratch / "log")
    run((PYTHON, "-c", _COMPARE, *(str(path) for path in out.iterdir())), scratch / "log")
    shutil.rmtree(out)


def arguments() -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where files and store are kept")
    add("--items", type=int, help="items with semantic ids (10,000,000)")
    add("--rows", type=int, help="rows of UserBehavior (20,000,000)")
    add("--repeats", type=int, help="rounds (5)")
    add("--quick", action="store_true", help="few rows, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/semantic_ids.json)")
    options = parser.parse_args()
    standard = not (options.quick or options.rows or options.items)
    options.items = options.items or (20_000 if options.quick else 10_000_000)
    options.rows = options.rows or (20_000 if options.quick else 20_000_000)
    options.repeats = options.repeats or (1 if options.quick else 5)
    options.out = options.out or (RESULTS if standard else options.data / "semantic_ids.json")
    return options


def report(options: argparse.Namespace, results: dict[str, Measured]) -> dict[str, Any]:
    """What was measured, and whether the goals are met."""
    rows = {"stats": options.items, "resolve": options.items // 10, "export": options.rows}
    measured = [figures(name, LABELS[name], results[name], rows[name.split("/")[0]]) for name in LABELS]
    pairs = (
        ("stats/ecomdata", "stats/duckdb"),
        ("export/recommenders", "export/polars"),
        ("export/recommenders", "export/duckdb"),
        ("export/recbole", "export/polars"),
    )
    peak = max(entry["peak_bytes"]["max"] for entry in measured if "ecomdata" in entry["what"])
    return {
        "benchmark": "semantic_ids",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {"items": options.items, "resolved": rows["resolve"], "rows": options.rows},
        "measurements": measured,
        "ratios": [ratio(ours, results[ours].wall, peer, results[peer].wall) for ours, peer in pairs],
        "goals": [goal("bytes held at most by ecomdata", peak, "<", BYTES)],
    }


def main() -> None:
    """Make and load, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    data = options.data.resolve()
    behavior = loaded(data, options.rows)
    forge = made(data, options.items, options.items // 10)
    results = {name: Measured() for name in LABELS}
    names = list(LABELS)
    with tempfile.TemporaryDirectory(dir=data, prefix="run-") as folder:
        check_same(forge, behavior, Path(folder))
        for number in range(options.repeats):
            at = number % len(names)
            for name in [*names[at:], *names[:at]]:
                print(f"round {number + 1} of {options.repeats}: {name}", file=sys.stderr)
                measure(name, forge, behavior, Path(folder), results[name])
    conclude(report(options, results), options.out)


if __name__ == "__main__":
    main()
