"""What benchmarks share: measuring a process, naming the machine it ran on, showing the report."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
_ENVIRONMENT: Final = {
    "PYTHONPATH": str(ROOT),
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "NO_COLOR": "1",
}
"""For every process: the checkout's own code, no network, no bars."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took: seconds, seconds of CPU (user and system), bytes held at most."""

    wall: float
    cpu: float
    peak: int


@dataclass(slots=True)
class Measured:
    """What the runs of a contender took: seconds, seconds of CPU, bytes held at most, bytes written."""

    wall: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])
    peak: list[int] = field(default_factory=list[int])
    written: int = 0

    def add(self, usage: Usage) -> None:
        """Add a run."""
        self.wall.append(usage.wall)
        self.cpu.append(usage.cpu)
        self.peak.append(usage.peak)


Results = dict[str, Measured]


def run(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Usage:
    """Run a process, with ``env`` added to its environment, and return what it and its children took.

    Linux counts this process's own size into a child's peak, so nothing heavy is imported here.

    Raises:
        SystemExit: it failed; the message holds the end of what it said.
    """
    with log.open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **_ENVIRONMENT, **(env or {})},
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        sys.exit(f"{' '.join(command)}\nended with code {child.returncode}:\n{said}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def spread(values: Sequence[float], digits: int | None) -> dict[str, Any]:
    """Median, least, greatest and all values, rounded; to whole numbers where ``digits`` is None."""
    shown = [round(value, digits) for value in values]
    middle = round(statistics.median(values), digits)
    return {"median": middle, "min": min(shown), "max": max(shown), "runs": shown}


def figures(name: str, what: str, measured: Measured, rows: int | None = None) -> dict[str, Any]:
    """What a contender took, as the report has it; with ``rows``, also its rate and what it wrote."""
    entry: dict[str, Any] = {
        "name": name,
        "what": what,
        "wall_seconds": spread(measured.wall, 4),
        "cpu_seconds": spread(measured.cpu, 4),
        "peak_bytes": spread(measured.peak, None),
    }
    if rows is not None:
        entry["rows"] = rows
        entry["rows_per_second"] = round(rows / statistics.median(measured.wall))
        entry["bytes_written"] = measured.written
    return entry


def ratio(name: str, ours: Sequence[float], against: str, theirs: Sequence[float]) -> dict[str, Any]:
    """How much longer one contender took than another, by medians and by the rounds."""
    pairwise = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {
        "name": name,
        "against": against,
        "of_medians": round(statistics.median(ours) / statistics.median(theirs), 3),
        "median_within_rounds": round(statistics.median(pairwise), 3),
    }


def goal(what: str, value: float, sign: str, limit: float) -> dict[str, Any]:
    """A goal and whether its figure meets it."""
    met = {"<": value < limit, "<=": value <= limit, ">=": value >= limit}[sign]
    return {"goal": what, "value": value, "limit": f"{sign} {limit:g}", "met": met}


def machine() -> dict[str, Any]:
    """What the figures were made on; nothing that names the host."""
    system = platform.system()
    with contextlib.suppress(OSError, KeyError):  # not Linux, or one that does not say
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "os": f"{system}, {platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "python": platform.python_version(),
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """The versions of ecomdata (as it stands in the checkout) and of installed libraries."""
    from ecomdata import __version__

    return {"ecomdata": __version__, **{name: importlib.metadata.version(name) for name in libraries}}


def conclude(report: dict[str, Any], out: Path) -> None:
    """Write the report as JSON, and print it for people."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    show(report)


def show(report: dict[str, Any]) -> None:
    """Print the figures for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(title="Medians; wall time from least to most")
    table.add_column("contender", no_wrap=True)
    table.add_column("what")
    for heading in ("wall s", "least - most", "CPU s", "peak MB", "rows/s", "written MB"):
        table.add_column(heading, justify="right")
    for entry in report["measurements"]:
        wall, rate = entry["wall_seconds"], entry.get("rows_per_second")
        table.add_row(
            entry["name"],
            entry["what"],
            f"{wall['median']:.3f}",
            f"{wall['min']:.3f} - {wall['max']:.3f}",
            f"{entry['cpu_seconds']['median']:.3f}",
            f"{entry['peak_bytes']['median'] / 1e6:,.0f}",
            f"{rate:,}" if rate else "",
            f"{entry['bytes_written'] / 1e6:,.1f}" if rate else "",
        )
    console.print(table)
    pairs = Table("ratio of wall time", "of medians", "median within rounds")
    for entry in report["ratios"]:
        pairs.add_row(
            f"{entry['name']} / {entry['against']}",
            f"{entry['of_medians']:.2f}",
            f"{entry['median_within_rounds']:.2f}",
        )
    console.print(pairs)
    judged = Table("goal", "value", "limit", "met")
    for entry in report["goals"]:
        judged.add_row(entry["goal"], f"{entry['value']:,}", entry["limit"], "yes" if entry["met"] else "no")
    console.print(judged)
