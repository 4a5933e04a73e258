"""What is said while loops are compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOOPS = """
import sys

from ecomdata import compiled

compiled._SLOW = float(sys.argv[1])


@compiled.compiled("int64(int64)")
def total(number):
    found = 0
    for one in range(number):
        found += one
    return found


print(total(10))
"""


def test_only_who_waits_for_the_compiler_is_told_so(tmp_path: Path) -> None:
    """A busy machine takes as long to read what was compiled before, and that happens each time."""
    script = tmp_path / "loops.py"
    script.write_text(LOOPS)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "kept")}

    def said(slow: float) -> str:
        done = subprocess.run(
            [sys.executable, script, str(slow)],
            env=env,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout == "45\n"
        return done.stderr

    assert "note: compiling loops" in said(0.01)
    assert said(0.0005) == ""
