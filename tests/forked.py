"""The command line in processes forked from one that has imported what all commands need.

A start takes a second of processor time, of which most goes into imports, and the tests start hundreds.
What runs is ``python -m ecomdata`` from there on: its own arguments, folder, environment, streams and end.

``python -m tests.forked SOCKET`` is the process that is forked; it ends with the other end of the socket.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import select
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[1]
READ_LATE: Final = ("ECOMDATA_", "HF_", "NO_COLOR", "PYTEST_", "COLUMNS")
"""Beginnings of variables that nothing imported beforehand looks at."""
IMPORTED: Final = (
    "ecomdata.cli",
    "ecomdata.loading",
    "ecomdata.validating",
    "ecomdata.cardmaking",
    "ecomdata.duplicates",
    "ecomdata.terminal",
    "rich.progress",
    "rich.table",
    *(f"ecomdata.loaders.{module.name}" for module in pkgutil.iter_modules([str(ROOT / "loaders")])),
)
"""Not huggingface_hub, which looks at the variables of tests when it is imported."""
_HEAD: Final = struct.Struct("!I")


class Forked:
    """Runs commands in forks of one process; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._socket, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
            self._server = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, pass_fds=[theirs.fileno()], start_new_session=True
            )

    def close(self) -> None:
        """End the process that is forked."""
        self._socket.close()
        self._server.wait()

    def takes(self, environment: Mapping[str, str]) -> bool:
        """Whether a fork would see this environment as a process of its own does."""
        names = self._environment.keys() | environment.keys()
        return all(
            name.startswith(READ_LATE) or self._environment.get(name) == environment.get(name)
            for name in names
        )

    def run(
        self, args: Sequence[str], environment: Mapping[str, str], cwd: Path, stdin: str, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and return what ``subprocess.run`` would.

        Raises:
            subprocess.TimeoutExpired: it took longer than ``timeout`` seconds, and was killed.
        """
        request = json.dumps([list(args), dict(environment), str(cwd)]).encode()
        with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            code = self._wait(request, [given.fileno(), out.fileno(), err.fileno()], timeout)
            return subprocess.CompletedProcess(list(args), code, _text(out), _text(err))

    def _wait(self, request: bytes, streams: list[int], timeout: float) -> int:
        """Have the command started, and wait for its exit code."""
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as told:
            with self._lock:
                socket.send_fds(self._socket, [_HEAD.pack(len(request))], [*streams, writing])
                self._socket.sendall(request)
            os.close(writing)
            process = int(told.readline())
            if not select([told], [], [], timeout)[0]:
                os.kill(process, signal.SIGKILL)
                raise subprocess.TimeoutExpired("ecomdata", timeout)
            return int(told.readline())


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _serve(requests: socket.socket) -> tuple[bytes, list[int]]:
    """Fork for every request; what was asked for, and the streams, in the fork alone."""
    while True:
        head, fds, _, _ = socket.recv_fds(requests, _HEAD.size, 4)
        if not head:
            os._exit(0)
        (length,) = _HEAD.unpack(head)
        request = requests.recv(length, socket.MSG_WAITALL)
        child = os.fork()
        if not child:
            requests.close()
            return request, fds
        for fd in fds:
            os.close(fd)
        os.waitpid(child, 0)


def _wait_for_another(streams: list[int], told: int) -> None:
    """Fork twice more: what was forked ends at once, the second tells how the third ends, which returns."""
    if os.fork():
        os._exit(0)
    process = os.fork()
    if not process:
        os.close(told)
        return
    os.write(told, b"%d\n" % process)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(process, 0)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _load_a_loop() -> None:
    """Numba takes a third of a second for the first one, whichever it is."""
    import numpy as np

    from ecomdata.texts.fingerprintkernels import rebuild

    rebuild(np.zeros(2, np.uint32), np.zeros((0, 2), np.uint64), 0)


def main() -> None:
    """Import what takes long, then be the command in every fork."""
    before = set(os.environ)
    for name in IMPORTED:
        importlib.import_module(name)
    _load_a_loop()
    gc.freeze()  # or every fork's collections would copy all of that
    set_by_imports = {name: value for name, value in os.environ.items() if name not in before}
    request, (*streams, told) = _serve(socket.socket(fileno=int(sys.argv[1])))
    _wait_for_another(streams, told)
    args, environment, cwd = json.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment | set_by_imports)
    os.chdir(cwd)
    sys.path[0] = cwd
    sys.argv[1:] = args
    runpy.run_module("ecomdata", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
