"""The benchmark of JSON arrays runs and says what it must; how fast anything is, no test asks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "json_arrays.json"
NAMES = ["plain/ecomdata", "plain/duckdb", "plain/json-polars", "plain-3x/ecomdata", "one-product/ecomdata"]


@pytest.mark.benchmark
def test_every_contender_is_measured_and_judged(tmp_path: Path) -> None:
    """A quick run measures each contender, checks its rows, and judges every goal by its figure."""
    script = ROOT / "benchmarks" / "json_arrays.py"
    done = subprocess.run(
        [sys.executable, script, "--quick", "--data", tmp_path, "--note", "a test"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "json_arrays.json").read_text())
    assert [entry["name"] for entry in report["measurements"]] == NAMES
    assert all(
        entry["bytes_written"] > 0 and entry["cpu_seconds"]["min"] > 0 for entry in report["measurements"]
    )
    assert report["sizes"]["plain-3x"]["rows"] == 3 * report["sizes"]["plain"]["rows"]
    assert report["note"] == "a test"
    assert len(report["goals"]) == 7
    for goal in report["goals"]:
        sign, limit = goal["limit"].split()
        ahead = goal["value"] - float(limit)
        assert goal["met"] is {"<": ahead < 0, "<=": ahead <= 0, ">=": ahead >= 0}[sign]
    assert str(ROOT) not in json.dumps(report)


def test_committed_results_are_of_a_full_run() -> None:
    """They come from the sizes that the goals are set for."""
    if not RESULTS.exists():
        pytest.skip("no results are committed yet")
    report = json.loads(RESULTS.read_text())
    assert not report["quick"]
    assert report["sizes"]["plain"]["bytes"] > 500_000_000
    assert report["sizes"]["one-product"]["rows"] == 200_000


@pytest.mark.benchmark
def test_every_reader_of_json_lines_is_measured(tmp_path: Path) -> None:
    """A quick run measures each on each file, and judges ours by the processor time of bare json."""
    script = ROOT / "benchmarks" / "json_lines.py"
    command = [sys.executable, script, "--quick", "--data", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "json_lines.json").read_text())
    files = ("declared", "more", "nested")
    names = [f"{file}/{one}" for file in files for one in ("ecomdata", "polars", "json")]
    assert [entry["name"] for entry in report["measurements"]] == names
    assert all(entry["rows"] == 20_000 for entry in report["measurements"])
    by_name = {one["name"]: one["of_median_cpu"] for one in report["ratios"]}
    judged = [by_name[f"{file}/json"] for file in files]
    assert [goal["value"] for goal in report["goals"]] == judged


def test_committed_results_of_json_lines_are_of_a_full_run() -> None:
    """benchmarks/results/json_lines.json has a million lines."""
    report = json.loads((ROOT / "benchmarks" / "results" / "json_lines.json").read_text())
    assert not report["quick"]
    assert {one["rows"] for one in report["sizes"].values()} == {1_000_000}
