from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from ecomdata.duplicates import find_duplicates
from ecomdata.duplicates.gpu import why_not
from ecomdata.errors import UsageError

ROOT = Path(__file__).parents[2]


def test_cuda_gives_what_the_processor_gives() -> None:
    """Bit by bit, in numba's simulator of CUDA: keys, similarities, and whole results."""
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)}
    script = ROOT / "tests" / "duplicates" / "on_cuda.py"
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not why_not(), reason="there is CUDA here")
def test_without_cuda_it_says_what_to_install() -> None:
    """``cuda`` is an error with the line that helps; ``auto`` takes the processor."""
    with pytest.raises(UsageError, match="no CUDA driver") as error:
        find_duplicates(pl.Series(["a"]), device="cuda")
    assert "pip install 'ecomdata[gpu]'" in error.value.hint
    assert find_duplicates(pl.Series(["a"]), device="auto").device == "cpu"
