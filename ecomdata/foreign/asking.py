"""Ask the other process about a Parquet file, before this one opens it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import ecomdata
from ecomdata.errors import DataError, EcomdataError
from ecomdata.foreign.pages import LARGEST_FOOTER, NOT_WHOLE

_SECONDS: Final = 90
"""Until a file is given up, on the clock; of the processor it is given less."""

_MAGIC: Final = b"PAR1"
_TAIL: Final = 8
_HINT: Final = "it may be damaged or cut off; get the file again and compare its size with upstream's"


def get_ready() -> None:
    """Have the other process start, for files that will come; it takes about as long as to import polars."""
    _OTHER.get_ready()


def require_sound(path: Path, name: str) -> None:
    """Have every number in a Parquet file's footer and page headers checked, in a process with limits.

    A file is asked about once, as long as it stays as it is. The process is started with the first question
    and answers all others; it ends by itself.

    Args:
        path: The file.
        name: What messages call it.

    Raises:
        DataError: the file is truncated, damaged or not to be trusted.
        OSError: there is no such file.
    """
    state = path.stat()
    key = (str(path.absolute()), state.st_ino, state.st_mtime_ns, state.st_size)
    if key not in _SOUND:
        _require(str(path.absolute()), name, pages=True)
        _SOUND.add(key)


def require_sound_footer(stream: IO[bytes], name: str) -> IO[bytes]:
    """The same for the footer of a file whose data are elsewhere.

    Returns:
        A file that holds this footer and no data; its caller closes it.

    Raises:
        DataError: the file is truncated, damaged or not to be trusted.
    """
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, end - _TAIL))
    tail = stream.read(_TAIL)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or length + _TAIL + len(_MAGIC) > end:
        raise DataError(f"{name}: {NOT_WHOLE.format('its footer is missing')}", hint=_HINT)
    if length > LARGEST_FOOTER:
        raise DataError(f"{name}: its footer claims {length:,} bytes", hint=_HINT)
    stream.seek(end - _TAIL - length)
    copy = tempfile.NamedTemporaryFile(suffix=".parquet")  # noqa: SIM115 - the caller closes it
    try:
        copy.write(_MAGIC + stream.read(length) + tail)
        copy.seek(0)
        _require(copy.name, name, pages=False)
    except BaseException:
        copy.close()
        raise
    return copy


def _require(path: str, name: str, *, pages: bool) -> None:
    request = json.dumps({"path": path, "pages": pages}) + "\n"
    wrong = _OTHER.ask(request)
    if wrong:
        raise DataError(f"{name}: {wrong}", hint=_HINT)


class _Other:
    """The other process, started when it is first asked and again when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._parents: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._leave)

    def _leave(self) -> None:
        """It is the parent's, whose answers a forked process must not take, nor wait for its threads.

        It is kept all the same: to let go of it would send what the parent is writing to it a second time.
        """
        self._process, self._parents = None, self._process
        self._lock = threading.Lock()

    def get_ready(self) -> None:
        """Start it, unless it runs."""
        with self._lock:
            self._start()

    def _start(self) -> subprocess.Popen[str]:
        self._process = self._process or _started()
        return self._process

    def ask(self, request: str) -> str:
        """What it finds wrong with a file, or how it ended over it, as a message goes on after the name."""
        with self._lock:
            return self._asked(request)

    def _asked(self, request: str) -> str:
        while True:
            process = self._start()
            late = threading.Event()
            answer = _answer(process, request, late)
            if answer.endswith("\n"):
                return str(json.loads(answer))
            self._process = None
            code = _ended(process)
            if late.is_set():
                return NOT_WHOLE.format(f"what it claims takes more than {_SECONDS} seconds to look through")
            if code:
                return NOT_WHOLE.format(f"the process that looked through it ended with status {code}")
            # It had not been asked for a while and was just ending.


def _started() -> subprocess.Popen[str]:
    paths = [str(Path(ecomdata.__file__).parent.parent), *(path for path in sys.path if path)]
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "ecomdata.foreign.answering"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "POLARS_MAX_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for the one who asks
        )
    except OSError as error:
        raise EcomdataError(
            f"the process that looks through Parquet files cannot be started: {error.strerror or error}",
            hint="is there memory, and may this user start processes?",
        ) from error


def _ended(process: subprocess.Popen[str]) -> int:
    """Its status, once it has ended."""
    code = process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # what was not sent any more
                stream.close()
    return code


def _answer(process: subprocess.Popen[str], request: str, late: threading.Event) -> str:
    """A line, or less where the process ended; it is ended where it takes too long."""

    def give_up() -> None:
        late.set()
        process.kill()

    if process.stdin is None or process.stdout is None:
        raise TypeError("the process has no pipes")
    timer = threading.Timer(_SECONDS, give_up)
    timer.start()
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(request)
            process.stdin.flush()
        return process.stdout.readline()
    except BaseException:
        process.kill()  # after Ctrl-C its answer would be taken for another's
        raise
    finally:
        timer.cancel()


_SOUND: Final[set[tuple[str, int, int, int]]] = set()
_OTHER: Final = _Other()
