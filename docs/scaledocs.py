"""Write the model of time and cost into docs/scale.md, from benchmarks/results/ray.json (``make docs``)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "scale.md"
RESULTS: Final = ROOT / "benchmarks" / "results" / "ray.json"
BEGIN, END = "<!-- model: made by docs/scaledocs.py -->\n", "<!-- /model -->\n"
PRICE: Final = 0.05
"""US dollars for a core and an hour, an assumption."""
WORKERS: Final = (16, 64)
DRIVER: Final = 2
"""Cores of the machine that the driver was measured on."""
JOBS: Final = (
    ("MerRec's events", 1_270_000_000, "merrec"),
    ("FORGE's interactions", 14_000_000_000, "forge-sequences"),
    ("FORGE's item vectors", 250_000_000, "forge-vectors"),
)
COSTS: Final = (
    ("open/ray", "the load alone, on workers that have loaded before"),
    (
        "load/ray-running",
        "the whole command, on a running cluster, where workers start for it",
    ),
    ("load/ray", "the whole command, with a cluster of its own that it starts and stops"),
)
NOT_YET: Final = "There are no measurements yet: `python benchmarks/ray_engine.py` makes them.\n"


class Measurements:
    """What the benchmark measured, by task and engine."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report
        self._by_name = {entry["name"]: entry for entry in report["measurements"]}

    def units(self, task: str) -> int:
        """What is counted: rows, or the interactions in them."""
        counts: dict[str, int] = self.report["counts"][task]
        return counts.get("interactions", counts["rows"])

    def seconds(self, task: str, engine: str, kind: str) -> float:
        """Median seconds (``wall`` or ``cpu``), less those of a load of next to nothing, for the start."""
        whole, start = (
            self._by_name[f"{name}/{engine}"][f"{kind}_seconds"]["median"] for name in (task, "small")
        )
        return max(float(whole) - float(start), 0.001)

    def written(self, task: str) -> int:
        """Bytes of the release."""
        return int(self._by_name[f"{task}/local"]["bytes_written"])


def hours(measured: Measurements, task: str, count: int, workers: int) -> float:
    """Hours on so many workers: theirs, or the driver's where that takes longer."""
    scale = count / measured.units(task) / 3600
    work = measured.seconds(task, "local", "cpu") / workers
    driver = measured.seconds(task, "ray-running", "cpu") / DRIVER
    return scale * max(work, driver)


def model(report: dict[str, Any]) -> str:
    """The table."""
    measured = Measurements(report)
    heads = [f"{workers} workers: hours (computed) | US$ (computed)" for workers in WORKERS]
    lines = [
        f"| | count | a second, {DRIVER} cores (measured) | hours, {DRIVER} cores (computed) | "
        + " | ".join([*heads, "TB written (computed) |"]),
        "|---|" + "---:|" * (4 + 2 * len(WORKERS)),
    ]
    for name, count, task in JOBS:
        rate = measured.units(task) / measured.seconds(task, "local", "wall")
        cells = [name, f"{count:,}", f"{rate:,.0f}", f"{count / rate / 3600:.2f}"]
        for workers in WORKERS:
            taken = hours(measured, task, count, workers)
            cells += [f"{taken:.2f}", f"{taken * (workers + DRIVER) * PRICE:.2f}"]
        cells.append(f"{measured.written(task) * count / measured.units(task) / 1e12:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def costs(report: dict[str, Any]) -> str:
    """What Ray takes where it has nothing to gain, beside the local engine."""
    measured = {entry["name"]: entry for entry in report["measurements"]}
    ratios = {entry["name"]: entry["of_medians"] for entry in report["ratios"]}
    rows = measured["open/ray"]["rows"]
    lines = [
        f"| {rows:,} rows, two workers on two cores (measured) | local s | Ray s | ratio |",
        "|---|---:|---:|---:|",
    ]
    for name, what in COSTS:
        local = measured[f"{name.split('/')[0]}/local"]["wall_seconds"]["median"]
        lines.append(
            f"| {what} | {local:.1f} | {measured[name]['wall_seconds']['median']:.1f} | {ratios[name]:.2f} |"
        )
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the model as the results have it."""
    head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    tail = rest.split(END)[1]
    if not RESULTS.exists():
        return head + BEGIN + NOT_YET + END + tail
    report = json.loads(RESULTS.read_text(encoding="utf-8"))
    return head + BEGIN + costs(report) + "\n" + model(report) + END + tail


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE.relative_to(ROOT)}\n")
