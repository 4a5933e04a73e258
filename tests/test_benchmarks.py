"""The benchmarks run and say what they must; how fast anything is, no test asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SPREAD = {"median", "min", "max", "runs"}


def _bench(*args: str | Path, script: str = "load.py") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *args], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The report of one quick run of everything, and what it printed."""
    if find_spec("pandas") is None:
        pytest.skip("pandas, of the extra bench, is not installed")
    folder = tmp_path_factory.mktemp("bench")
    done = _bench("--quick", "--data", folder, "--out", folder / "load.json")
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "load.json").read_text()), done.stdout


@pytest.mark.benchmark
def test_every_contender_is_measured(quick: tuple[dict[str, Any], str]) -> None:
    """Each measurement has wall time, CPU time and peak memory, and those that load have rows and bytes."""
    report, _ = quick
    groups: dict[str, set[str]] = {}
    for entry in report["measurements"]:
        group, name = entry["name"].split("/")
        groups.setdefault(group, set()).add(name)
        for figure in ("wall_seconds", "cpu_seconds", "peak_bytes"):
            assert set(entry[figure]) == SPREAD
            assert 0 < entry[figure]["min"] <= entry[figure]["median"] <= entry[figure]["max"]
        assert group in {"help", "sql"} or entry["rows"] == report["sizes"][group]["rows"]
        assert group in {"help", "sql"} or entry["bytes_written"] > 0
    peers = {"polars", "polars-columns", "duckdb", "pandas", "datasets"}
    assert groups["user-behavior"] == {"ecomdata", *peers}
    assert groups["merrec"] == {"ecomdata", "ecomdata-items", *peers}
    assert groups["user-behavior-damaged"] == {"ecomdata", "duckdb-rejects"}
    assert report["sizes"]["user-behavior-3x"]["rows"] == 3 * report["sizes"]["user-behavior"]["rows"]


@pytest.mark.benchmark
def test_goals_are_judged_by_their_figures(quick: tuple[dict[str, Any], str]) -> None:
    """Every goal has a figure, a limit and whether it is met; every ratio comes in both forms."""
    report, printed = quick
    assert len(report["goals"]) == 11
    for goal in report["goals"]:
        sign, limit = goal["limit"].split()
        value = goal["value"]
        assert (
            goal["met"]
            is {"<": value < float(limit), "<=": value <= float(limit), ">=": value >= float(limit)}[sign]
        )
        assert goal["goal"][:20] in printed
    assert all(ratio["of_medians"] > 0 and ratio["median_within_rounds"] > 0 for ratio in report["ratios"])


@pytest.mark.benchmark
def test_a_report_names_the_machine_but_not_whose_it_is(quick: tuple[dict[str, Any], str]) -> None:
    """CPU, cores, memory, system and versions are in the report; host names and paths are not."""
    report, _ = quick
    assert set(report["machine"]) == {"cpu", "cores", "memory_bytes", "os", "python"}
    assert {"ecomdata", "polars", "duckdb", "pandas", "datasets"} <= set(report["versions"])
    text = json.dumps(report)
    assert str(Path.home()) not in text
    assert str(ROOT) not in text


def test_only_measures_what_is_asked_for(tmp_path: Path) -> None:
    """--only takes globs; what it names not is not measured, not judged, and its files are not made."""
    done = _bench("--quick", "--only", "help/*", "--data", tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "load.json").read_text())
    assert [entry["name"] for entry in report["measurements"]] == [
        "help/ecomdata --help",
        "help/import click",
    ]
    assert len(report["goals"]) == 1
    assert report["sizes"] == {}


def test_only_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    """A glob that fits no contender ends the run and says so, with examples."""
    done = _bench("--quick", "--only", "mercari", "--data", tmp_path)
    assert done.returncode == 1
    assert "names no contender" in done.stderr
    assert not (tmp_path / "load.json").exists()


def test_committed_results_are_of_a_full_run() -> None:
    """benchmarks/results/load.json comes from the sizes that the goals are set for."""
    path = ROOT / "benchmarks" / "results" / "load.json"
    if not path.exists():
        pytest.skip("no results are committed yet")
    report = json.loads(path.read_text())
    assert not report["quick"]
    assert report["sizes"]["user-behavior"]["rows"] == 20_000_000
    assert report["sizes"]["user-behavior-3x"]["rows"] == 60_000_000
    assert report["sizes"]["merrec"]["rows"] == 5_000_000


@pytest.mark.benchmark
def test_the_lead_lag_benchmark_runs(tmp_path: Path) -> None:
    """Both layouts, everybody, and the goal of peak memory for each."""
    script = ROOT / "benchmarks" / "lead_lag.py"
    command = [sys.executable, script, "--quick", "--data", tmp_path, "--out", tmp_path / "out.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out.json").read_text())
    names = [entry["name"] for entry in report["measurements"]]
    layouts = ("github", "github-one-group")
    assert names == [f"{layout}/{one}" for layout in layouts for one in ("ecomdata", "pyarrow", "polars")]
    assert all(entry["rows"] == report["units"] == 100 for entry in report["measurements"])
    assert [goal["met"] for goal in report["goals"]] == [True, True]


def test_committed_lead_lag_results_are_of_a_full_run() -> None:
    """benchmarks/results/lead_lag.json has as many days as the goal is set for."""
    path = ROOT / "benchmarks" / "results" / "lead_lag.json"
    if not path.exists():
        pytest.skip("no results are committed yet")
    report = json.loads(path.read_text())
    assert not report["quick"]
    assert report["units"] == 57_000


def test_rope_is_measured_beside_its_floor(tmp_path: Path) -> None:
    """A quick run has both loads and the floor, accounts for every line, and judges the peak."""
    script = ROOT / "benchmarks" / "rope.py"
    command = [sys.executable, script, "--quick", "--data", tmp_path, "--out", tmp_path / "rope.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "rope.json").read_text())
    lines = sum(path.read_bytes().count(b"\n") for path in tmp_path.glob("rope-*/*.txt"))
    entries = {entry["name"]: entry for entry in report["measurements"]}
    assert set(entries) == {"rope/ecomdata", "rope/ecomdata-read", "rope/duckdb"}
    assert all(entry["rows"] == lines and entry["bytes_written"] > 0 for entry in entries.values())
    assert report["goals"][0]["value"] == entries["rope/ecomdata"]["peak_bytes"]["max"]
    assert "greatest peak memory" in done.stdout


def test_committed_results_of_rope_are_of_a_full_run() -> None:
    """benchmarks/results/rope.json has 3 million pages, and the videos and clips that go with them."""
    report = json.loads((ROOT / "benchmarks" / "results" / "rope.json").read_text())
    assert not report["quick"]
    assert report["sizes"]["rope"]["media"] == 12_400_000


@pytest.mark.benchmark
def test_the_card_benchmark_runs(tmp_path: Path) -> None:
    """A card made anew, one from kept numbers, and a peer; goals of time and memory."""
    done = _bench("--quick", "--data", tmp_path, "--out", tmp_path / "card.json", script="card.py")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "card.json").read_text())
    assert {entry["name"] for entry in report["measurements"]} == {
        "card/ecomdata",
        "card/summarize",
        "again/ecomdata",
    }
    assert [goal["limit"] for goal in report["goals"]] == ["< 30", "< 1e+09"]


def test_committed_results_of_cards_are_of_a_full_run() -> None:
    """benchmarks/results/card.json comes from the size that the goals are set for."""
    path = ROOT / "benchmarks" / "results" / "card.json"
    if not path.exists():
        pytest.skip("no results are committed yet")
    report = json.loads(path.read_text())
    assert not report["quick"]
    assert report["sizes"]["user-behavior"]["rows"] == 20_000_000


@pytest.mark.benchmark
def test_publishing_is_measured_against_upload_folder(tmp_path: Path) -> None:
    """Both move the same bytes, and find them there again; the goal is judged by the ratio of the two."""
    done = _bench("--quick", "--data", tmp_path, "--out", tmp_path / "publish.json", script="publish.py")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "publish.json").read_text())
    measured = {entry["name"]: entry for entry in report["measurements"]}
    sent = {measured[f"publish/{one}"]["bytes_written"] for one in ("ecomdata", "upload_folder")}
    assert sent == {report["sizes"]["user-behavior"]["bytes"]}
    assert {name for name in measured if name.startswith("again/")} == {
        "again/ecomdata",
        "again/upload_folder",
    }
    (goal,) = report["goals"]
    assert goal["value"] == report["ratios"][0]["of_medians"]
    assert goal["met"] is (goal["value"] >= 0.8)
    assert measured["first/ecomdata"]["call_seconds"]["min"] > 0
    assert [(one["written"], one["places"]) for one in report["new_after_a_change"]] == [
        (written, places) for written in ("store", "copies") for places in (1, 10, 100)
    ]


def test_committed_results_of_publishing_are_of_a_full_run() -> None:
    """benchmarks/results/publish.json comes from the size that the goal is set for."""
    path = ROOT / "benchmarks" / "results" / "publish.json"
    if not path.exists():
        pytest.skip("no results are committed yet")
    report = json.loads(path.read_text())
    assert not report["quick"]
    assert report["sizes"]["user-behavior"]["rows"] == 60_000_000


@pytest.mark.skipif(not (find_spec("rensa") and find_spec("datasketch")), reason="needs the extra bench")
@pytest.mark.benchmark
def test_near_duplicates_are_measured_beside_peers(tmp_path: Path) -> None:
    """Everybody is measured and checked by plain Python; no pair of ours is false; goals go by figures."""
    done = _bench("--quick", "--data", tmp_path, "--out", tmp_path / "dedup.json", script="dedup.py")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "dedup.json").read_text())
    measured = {entry["name"]: entry for entry in report["measurements"]}
    peers = {"rensa", "datasketch", "datasketch_update", "compiling"}
    assert {f"whole/{one}" for one in ("ecomdata", *peers)} <= set(measured)
    ours, *theirs = report["checks"]
    assert ours["precision"] == 1.0
    assert ours["recall"] > 0.97
    assert all(one["planted"] == ours["planted"] > 300 for one in theirs)
    values = {goal["goal"]: goal for goal in report["goals"]}
    rensa = values["rensa / ecomdata, wall time"]
    assert rensa["value"] == report["ratios"][0]["of_medians"]
    assert rensa["met"] is (rensa["value"] >= 3)
    assert [entry["rows"] for entry in report["growth"]] == [3_000, 12_000]


def test_committed_results_of_duplicates_are_of_a_full_run() -> None:
    """benchmarks/results/dedup.json has the sizes that the goals are set for."""
    report = json.loads((ROOT / "benchmarks" / "results" / "dedup.json").read_text())
    assert not report["quick"]
    assert [entry["rows"] for entry in report["growth"]] == [500_000, 1_000_000, 2_000_000, 5_000_000]


def test_the_benchmark_of_cuda_runs_and_writes_nothing_of_a_simulator(tmp_path: Path) -> None:
    """Both steps get a rate; figures of a simulator are no figures of a card."""
    script, out = ROOT / "benchmarks" / "gpu.py", tmp_path / "gpu.json"
    command = [sys.executable, script, "--nodes", "2", "--repeats", "1", "--out", out]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "signatures and bands" in done.stdout
    assert "verification" in done.stdout
    assert not out.exists()
