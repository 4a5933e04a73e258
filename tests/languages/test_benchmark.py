"""The benchmark of languages runs and says what it must; how good or fast anything is, no test asks."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "languages.json"
LANGUAGES = {"bn", "bn-Latn", "en", "vi", "zh", "other"}


def judge(report: dict[str, Any]) -> None:
    """Every contender has scores of each language that follow from its confusions, and goals their limits."""
    assert {"ecomdata", "langdetect"} <= set(report["quality"])
    for found in report["quality"].values():
        assert set(found["languages"]) == set(found["confusion"]) == LANGUAGES
        for name, score in found["languages"].items():
            right = found["confusion"][name].get(name, 0)
            assert score["lines"] == sum(found["confusion"][name].values())
            assert score["recall"] == pytest.approx(right / score["lines"], abs=1e-4)
        scores = [score["f1"] for score in found["languages"].values()]
        assert found["macro_f1"] == pytest.approx(sum(scores) / len(scores), abs=1e-3)
    assert len(report["goals"]) == 4
    for goal in report["goals"]:
        assert goal["met"] is (goal["value"] >= float(goal["limit"].split()[1]))
    assert {entry["name"].split("/")[0] for entry in report["measurements"]} == {"languages"}
    assert set(report["machine"]) == {"cpu", "cores", "memory_bytes", "os", "python"}
    assert str(Path.home()) not in json.dumps(report)


def test_a_quick_run_reports_all_there_is(real: Path, tmp_path: Path) -> None:
    """Scores, confusions, rates and goals, as JSON and for people."""
    if find_spec("fasttext") is None:
        pytest.skip("fastText has no wheel for this platform")
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "benchmarks" / "languages.py", "--quick"),
            *("--banglatlit", real / "banglatlit", "--out", tmp_path / "languages.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    judge(json.loads((tmp_path / "languages.json").read_text()))
    assert "macro-F1" in done.stdout


def test_the_committed_report_is_of_the_shipped_model() -> None:
    """Its figures are whole, and are those of the lines that are committed."""
    report = json.loads(RESULTS.read_text())
    judge(report)
    rows = report["banglatlit_romanised"]
    listed = (ROOT / "benchmarks" / "heldout" / "banglatlit_read.tsv").read_text().splitlines()
    assert rows["else, no word of Bengali in Latin letters"] == len(listed)
    assert rows["rows"] == 2500
