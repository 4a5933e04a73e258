"""Commands that a campaign runs by the hundred: the real command line without Python's start.

Each is forked from a process that has imported what it needs, so that it takes as long as its work.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_FORKED: Final = multiprocessing.get_context("forkserver")
# What starts threads or reads the environment when it is imported has no place here.
_IMPORTED: Final = (
    "ecomdata.cli",
    "ecomdata.loading",
    "ecomdata.duplicates.searching",
    "ecomdata.loaders.merrec",
    "ecomdata.terminal",
    "polars",
    "duckdb",
    "pyarrow.parquet",
    "dataframely",
)
_FORKED.set_forkserver_preload([*_IMPORTED])
LIMIT: Final = 120
"""Seconds after which a command that should end has failed."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: its exit code (negative: the signal), and what it said on stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Its error and hint on one line; where there is no error, all that it said."""
        _, error, rest = self.err.partition("error: ")
        return " ".join((error + rest or self.err).split())

    def complaint(self, code: int, *words: str) -> str:
        """What is wrong with the way it failed: another exit code, a traceback, no hint, a word missing."""
        if self.code != code:
            return f"exit code {self.code}, not {code}: {self.said}"
        if "Traceback" in self.err or "was not expected" in self.err:
            return f"an unforeseen error: {self.said}"
        lines = self.err.strip().splitlines()
        if not any(line.startswith("error: ") for line in lines) or not lines[-1].startswith("hint: "):
            return f"no error with a hint: {self.said}"
        missing = [word for word in words if word not in self.err]
        return f"{missing} not in: {self.said}" if missing else ""


@dataclass
class Command:
    """``ecomdata ARGS`` in a process of its own, which began when this was made.

    Args:
        args: The arguments.
        log: The stem of the files that it writes to in place of stdout and stderr.
        env: Added to its environment.
        before: Called in its process, before it begins.
    """

    args: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    before: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        for path in _logs(self.log):
            path.unlink(missing_ok=True)  # or another's would be read
        self._process = _FORKED.Process(target=_run, args=(self.args, self.log, dict(self.env), self.before))
        self._process.start()

    def ended(self, within: float = LIMIT) -> bool:
        """Wait for its end at most so many seconds."""
        self._process.join(within)
        return self._process.exitcode is not None

    def told(self) -> str:
        """What it has said until now."""
        return "".join(path.read_text("utf-8", "replace") for path in _logs(self.log) if path.exists())

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        self._process.kill()
        self._process.join()

    def interrupt(self) -> None:
        """SIGTERM: ask it to end."""
        self._process.terminate()

    def result(self) -> Done:
        """How it ended; a command that goes on for longer than :data:`LIMIT` is killed."""
        if not self.ended():
            self.kill()
        code = self._process.exitcode
        assert code is not None
        out, err = (path.read_text("utf-8", "replace") if path.exists() else "" for path in _logs(self.log))
        return Done(code, out, err)


def preload(*modules: str) -> None:
    """Import more before the first command is forked in this process; afterwards it has no effect."""
    _FORKED.set_forkserver_preload([*_IMPORTED, *modules])


def run(*args: str | Path | int, log: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run a command to its end."""
    return Command(tuple(map(str, args)), log, env or {}).result()


def _logs(log: Path) -> tuple[Path, Path]:
    return log.with_suffix(".out"), log.with_suffix(".err")


def _run(args: tuple[str, ...], log: Path, env: Mapping[str, str], before: Callable[[], None] | None) -> None:
    """Be the command: with its own arguments and environment, and files in place of the terminal."""
    os.environ.update(env)
    for number, path in enumerate((Path(os.devnull), *_logs(log))):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.chdir(log.parent)
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - multiprocessing closed it
    sys.argv = ["ecomdata", *args]
    if before is not None:
        before()
    from ecomdata.__main__ import main

    main()
