"""How long ``ecomdata load lead-lag/github`` takes and how much memory it holds, beside bare copies.

``python benchmarks/lead_lag.py`` makes 57,000 synthetic units with 146 million days (50,000 of 2,900 days
would be 145 million) as upstream lays them out, twice: in row groups of 1,000 units, and in one row group a
file, since nobody here knows which of the two upstream has. The lists unfold to 4.7 GB. Measured as
``load.py`` does. The floors read and write and do nothing else: ``pyarrow`` in batches of 512 rows,
``polars`` by scan and sink, both into zstd level 1 and row groups of 512 rows, as ecomdata writes them. The
pyarrow floor compares like with like: ecomdata writes these lists through pyarrow, which makes a dictionary
of their values where polars spells them out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/lead_lag.py`

from benchmarks.load import PYTHON, Contender, Raw, prepared, rounds  # noqa: E402
from benchmarks.measuring import Results, conclude, figures, goal, machine, ratio, run, versions  # noqa: E402

RESULTS: Final = Path(__file__).parent / "results" / "lead_lag.json"
LIBRARIES: Final = ("polars", "pyarrow", "dataframely")
ROWS_PER_UNIT: Final = 10
BATCH: Final = 512
LABELS: Final = {
    "ecomdata": "ecomdata load: typed, checked, violations named, written, hashed",
    "pyarrow": "pyarrow iter_batches + write_batch (the floor)",
    "polars": "polars scan + sink (the floor for what polars writes)",
}


def one_group(source: Path, target: Path) -> None:
    """Copy shards with all rows of each in one row group."""
    import pyarrow.parquet as pq

    for file in sorted(source.rglob("*.parquet")):
        table = pq.read_table(file)
        pq.write_table(table, target / file.name, row_group_size=table.num_rows)


def copy_pyarrow(source: Path, target: Path) -> None:
    """Read and write in batches."""
    import pyarrow.parquet as pq

    files = sorted(source.rglob("*.parquet"))
    schema = pq.read_schema(files[0])
    with pq.ParquetWriter(target / "all.parquet", schema, compression="zstd", compression_level=1) as writer:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(BATCH):
                writer.write_batch(batch)


def copy_polars(source: Path, target: Path) -> None:
    """Scan and sink."""
    import polars as pl

    pl.scan_parquet(sorted(source.rglob("*.parquet"))).sink_parquet(
        target / "all.parquet", compression="zstd", compression_level=1, row_group_size=BATCH
    )


TASKS: Final = {"one-group": one_group, "pyarrow": copy_pyarrow, "polars": copy_polars}


def contenders(data: Path, units: int) -> list[Contender]:
    """Everybody on both layouts of the files, which are made unless they are there."""
    made = prepared(data, "lead-lag/github", units * ROWS_PER_UNIT)
    groups = Raw(made.path, units, units)
    single = Raw(data / f"{made.path.name}-one-group", units, units)
    if not single.path.is_dir():
        part = data / f"{single.path.name}.part"
        part.mkdir(exist_ok=True)
        run(_task("one-group", groups.path, str(part)), data / "log")
        part.rename(single.path)
    found: list[Contender] = []
    for layout, raw in (("github", groups), ("github-one-group", single)):
        load = (PYTHON, "-m", "ecomdata", "load", "lead-lag/github", "--source", str(raw.path))
        found.append(Contender(f"{layout}/ecomdata", raw, (*load, "--home", "OUT", "--force", "-y")))
        found += [
            Contender(f"{layout}/{one}", raw, _task(one, raw.path, "OUT")) for one in ("pyarrow", "polars")
        ]
    return found


def _task(name: str, source: Path, target: str) -> tuple[str, ...]:
    return (PYTHON, str(Path(__file__).resolve()), "--task", name, str(source), target)


def _entry(contender: Contender, results: Results) -> dict[str, Any]:
    rows = contender.source.rows if contender.source else 0
    return figures(contender.name, LABELS[contender.name.split("/")[1]], results[contender.name], rows)


def goals(results: Results) -> list[dict[str, Any]]:
    """The goal of peak memory for each layout."""
    peaks = {name: max(one.peak) for name, one in results.items() if name.endswith("/ecomdata")}
    return [goal(f"{name}: greatest peak memory, bytes", peak, "<", 1e9) for name, peak in peaks.items()]


def arguments(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where the raw files are kept")
    add("--units", type=int, help="units (57,000)")
    add("--repeats", type=int, help="rounds (3)")
    add("--quick", action="store_true", help="few units, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/lead_lag.json)")
    add("--task", nargs=3, metavar=("NAME", "SOURCE", "TARGET"), help=argparse.SUPPRESS)
    options = parser.parse_args(args)
    standard = not (options.quick or options.units)
    options.units = options.units or (100 if options.quick else 57_000)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.out = options.out or (RESULTS if standard else options.data / "lead_lag.json")
    return options


def main() -> None:
    """Make the files, measure, print, and write the JSON."""
    options = arguments()
    if options.task:
        name, source, target = options.task
        TASKS[name](Path(source), Path(target))
        return
    options.data.mkdir(parents=True, exist_ok=True)
    options.data = options.data.resolve()
    found = contenders(options.data, options.units)
    results: Results = {}
    with tempfile.TemporaryDirectory(dir=options.data, prefix="run-") as scratch:
        rounds(found, options.repeats, Path(scratch), results)
    layouts = ("github", "github-one-group")
    pairs = [
        (f"{layout}/ecomdata", f"{layout}/{peer}") for layout in layouts for peer in ("polars", "pyarrow")
    ]
    report = {
        "benchmark": "lead_lag",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "units": options.units,
        "measurements": [_entry(contender, results) for contender in found],
        "ratios": [ratio(one, results[one].wall, other, results[other].wall) for one, other in pairs],
        "goals": goals(results),
    }
    conclude(report, options.out)


if __name__ == "__main__":
    main()
