from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from ecomdata.errors import UsageError
from ecomdata.vectors import computer
from ecomdata.vectors.computing import why_no_cuda

NO_TORCH = importlib.util.find_spec("torch") is None


def test_the_processor_is_there_everywhere() -> None:
    """Asked for, or where there is nothing else; a computer made before is used as it is."""
    found = computer("cpu", jobs=3)
    assert (found.name, found.workers) == ("cpu", 3)
    assert computer(found) is found
    if why_no_cuda():
        assert computer("auto").name == "cpu"


@pytest.mark.skipif(not why_no_cuda(), reason="there is CUDA here")
def test_without_cuda_it_says_what_is_missing() -> None:
    """And the line that installs it."""
    with pytest.raises(UsageError, match="CUDA cannot be used: ") as error:
        computer("cuda")
    assert error.value.hint.startswith("pip install 'ecomdata[embed]'")
    assert ("torch is not installed" in str(error.value)) == NO_TORCH


def test_wrong_devices_and_jobs_are_named() -> None:
    """Each with what it may be."""
    with pytest.raises(UsageError, match="device 'tpu' is none") as error:
        computer("tpu")
    assert error.value.hint == "it is one of auto, cpu, cuda"
    with pytest.raises(UsageError, match="no work without jobs"):
        computer("cpu", jobs=0)


def test_importing_loads_nothing_heavy() -> None:
    """Whoever computes nothing does not wait for them."""
    code = "import sys, ecomdata.vectors; print({'torch', 'pyarrow', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
