"""Ctrl-C while DuckDB works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

import ecomdata as ed
from ecomdata.interrupts import interruptible
from tests.toys import good_clicks, toyshop, write_clicks  # noqa: F401

ENDLESS = "SELECT sum(hash(range)) % 7 FROM range(1000000000000)"


def test_ctrl_c_ends_a_query() -> None:
    """It would take days else; afterwards the connection answers again, and signals are as before."""
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with duckdb.connect() as connection:
        with pytest.raises(KeyboardInterrupt), interruptible(connection):
            connection.execute(ENDLESS).fetchall()
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    before = signal.set_wakeup_fd(-1)
    assert before == -1


def test_other_failures_are_what_they_are() -> None:
    """An error of the query is not taken for an interruption."""
    with duckdb.connect() as connection, pytest.raises(duckdb.ParserException), interruptible(connection):
        connection.execute("SELEC 1")
    with (
        duckdb.connect() as connection,
        pytest.raises(RuntimeError, match="other"),
        interruptible(connection),
    ):
        raise RuntimeError("other")


def test_another_thread_is_left_alone() -> None:
    """Signals reach the main thread only, so there is nothing to do."""
    answers: list[object] = []

    def ask() -> None:
        with duckdb.connect() as connection, interruptible(connection):
            answers.extend(connection.execute("SELECT 7").fetchall())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert answers == [(7,)]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_ctrl_c_ends_the_command(tmp_path: Path, home: Path, form: str) -> None:
    """Exit 130 with one line, as soon as it is pressed."""
    ed.load("shop/clicks", source=write_clicks(tmp_path, good_clicks(3)))
    command = [sys.executable, "-m", "ecomdata", "sql", ENDLESS, "--format", form, "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(3)  # until it asks; earlier, Python itself hears the signal
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


AT_THE_IMPORT = """
import os, runpy, signal, sys

class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
sys.argv[1:] = ["list"]
runpy.run_module("ecomdata", run_name="__main__", alter_sys=True)
"""


def _run(root: Path, code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run Python's code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ctrl_c_while_the_command_is_imported(root: Path) -> None:
    """A command takes half a second to start, and nobody who thinks better of it wants a traceback."""
    done = _run(root, AT_THE_IMPORT)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted before anything was done\n"


HEARD = """
import os, signal, sys, threading, time
from ecomdata.interrupts import end_waits, spare_polars

spare_polars()
import polars as pl

end_waits()
types = pl.DataFrame({"a": ["x"]}, schema={"a": pl.Enum(["x", "y"])})
many = pl.LazyFrame({"a": range(1_000_000)})
pairs = many.join(many.head(20_000), how="cross").select(pl.sum("a") + pl.sum("a_right"))
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        types.dtypes if sys.argv[1] == "types" else pairs.collect()
except KeyboardInterrupt:
    time.sleep(0.1)
    print("once")
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("and again")
"""


@pytest.mark.parametrize("at", ["types", "collect"])
def test_polars_neither_panics_nor_tells_it_twice(root: Path, at: str) -> None:
    """It makes types in Python, and panics if interrupted there; of a query it hears Ctrl-C by itself."""
    done = _run(root, HEARD, at)
    assert (done.stderr, done.stdout) == ("", "once\nand again\n")


A_PANIC = """
import os, signal, threading
import polars as pl
from ecomdata.interrupts import no_panic

types = pl.DataFrame({"a": ["x"]}, schema={"a": pl.Enum(["x", "y"])})
for _ in range(30):
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        with no_panic():
            while True:
                types.dtypes
    except KeyboardInterrupt as error:
        if error.__cause__ is not None:
            print(type(error.__cause__).__name__)
            break
"""


def test_a_panic_over_an_interrupt_is_taken_for_that(root: Path) -> None:
    """Where no handler spares polars, as none of Python's can in polars' own threads."""
    done = _run(root, A_PANIC)
    assert done.stdout == "PanicException\n", done.stderr
