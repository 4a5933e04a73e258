"""What every test may use: a home of its own, the real samples, and the command line as a user runs it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.forked import Forked

settings.register_profile("unhurried", deadline=None)  # a busy machine fails no test
settings.load_profile("unhurried")

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    # What a shell starts in the background ignores Ctrl-C, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "real"

_HOMES = count()
RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what test_golden.py is asked with."""
    parser.addoption("--renew-golden", action="store_true", help="write tests/golden/ again")


def pytest_collection_finish() -> None:
    """Leave what is there before the first test out of the collector's sight: it stays, and is a lot."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def renew_golden(pytestconfig: pytest.Config) -> bool:
    """Whether the golden rows are to be written again, and not only compared."""
    return bool(pytestconfig.getoption("--renew-golden"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder with rows of the real datasets, which the repository itself may not pass on."""
    if not REAL.is_dir():
        pytest.skip("the real samples (../shared/real) are not on this machine")
    return REAL


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home that the code under test uses; no test sees or leaves anything in the user's own."""
    # Not numbered by pytest, which would look through all that are there each time.
    path = tmp_path_factory.mktemp(f"home-{next(_HOMES)}", numbered=False)
    monkeypatch.setenv("ECOMDATA_HOME", str(path))
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "ECOMDATA_LOADERS"):
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.fixture(scope="session")
def forked() -> Iterator[Forked]:
    """Runs commands in forks of one process that has imported what they need."""
    forked = Forked()
    yield forked
    forked.close()


@pytest.fixture
def run_cli(home: Path, tmp_path: Path, forked: Forked) -> RunCli:
    """Run ``python -m ecomdata ARGS`` in a process of its own, from a folder that is not the repository.

    ``code`` is the exit code to expect; None means any. ``env`` adds to the environment.
    """

    def run(
        *args: str | Path,
        code: int | None = 0,
        env: dict[str, str] | None = None,
        stdin: str = "",
        cwd: Path = tmp_path,
    ) -> subprocess.CompletedProcess[str]:
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home), **(env or {})}
        given = [*map(str, args)]
        if forked.takes(surroundings):
            done = forked.run(given, surroundings, cwd, stdin, timeout=120)
        else:
            done = subprocess.run(
                [sys.executable, "-m", "ecomdata", *given],
                env=surroundings,
                cwd=cwd,
                input=stdin,
                capture_output=True,
                encoding="utf-8",
                timeout=120,
                check=False,
            )
        assert code is None or done.returncode == code, (
            f"exit code {done.returncode}, not {code}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
        )
        return done

    return run
