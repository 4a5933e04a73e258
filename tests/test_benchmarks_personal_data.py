"""The benchmark of scanning runs and says what it must; how fast anything is, no test asks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = {"scan/ecomdata", "mask/ecomdata", "few/ecomdata"}
FLOORS = {"scan/read", "mask/copy", "few/matcher"}


@pytest.mark.benchmark
def test_scanning_and_masking_are_measured_beside_their_floors(tmp_path: Path) -> None:
    """A quick run measures both, and counts what our search and the library's own finder find and mistake."""
    script = ROOT / "benchmarks" / "personal_data.py"
    command = [sys.executable, script, "--quick", "--data", tmp_path, "--out", tmp_path / "out.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out.json").read_text())
    assert {entry["name"] for entry in report["measurements"]} == NAMES | FLOORS
    ours = report["quality"]["ecomdata"]
    assert (ours["found"], ours["taken_for_one"]) == (ours["planted"], 0)
    (goal,) = report["goals"]
    assert goal["value"] == report["megabytes_of_text_a_cpu_second"]["scan/ecomdata"]
    assert goal["met"] is (goal["value"] >= 50)


def test_committed_results_are_of_a_full_run() -> None:
    """benchmarks/results/personal_data.json comes from the size that the goal is set for."""
    report = json.loads((ROOT / "benchmarks" / "results" / "personal_data.json").read_text())
    assert not report["quick"]
    assert report["sizes"]["board"]["rows"] == 3_000_000
