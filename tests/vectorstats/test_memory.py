"""What is held does not grow with the number of vectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ecomdata as ed
from tests.conftest import ROOT

CLOUDS = Path(__file__).parent / "clouds"
CHILD = """
import json
from pathlib import Path

import ecomdata as ed

found = ed.stats("clouds", label="centre", sample=200, memory="370MB", clusters=20, jobs=2)
lines = Path("/proc/self/status").read_text().splitlines()
print(json.dumps([found.counts.rows, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))]))
"""


def peak(home: Path, rows: int) -> int:
    """The most that a process held that described so many vectors; in KiB.

    ``ru_maxrss`` would count the size of the process that started it.
    """
    raw = home / "raw"
    ed.sample("clouds", raw, rows=rows)
    ed.load("clouds", source=raw, home=home)
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        env={**os.environ, "ECOMDATA_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counted, most = json.loads(done.stdout)
    assert counted == rows
    return int(most)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say what was held")
def test_16_times_the_vectors_take_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """320,000 vectors are 164 MB, eight times the 20 MB that are granted beside the process.

    Two processes that do the same differ by 20 MB: threads take pages as they come. Vectors held would add
    154 MB.
    """
    monkeypatch.setenv("ECOMDATA_LOADERS", str(CLOUDS))
    few, many = peak(tmp_path / "few", 20_000), peak(tmp_path / "many", 320_000)
    assert many - few < 80_000, f"{few} KiB, then {many} KiB"
