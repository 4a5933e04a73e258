"""Unpickling in a process of its own, whose memory and time end.

What a pickle may name is in :mod:`ecomdata.unpickling.safepickle`; nothing of it is executed. But ten
bytes can make Python's own unpickler ask for gigabytes, and no table prevents that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError
from ecomdata.unpickling.safepickle import HINT, load_id_index

_MEMORY: Final = 512 << 20
"""Bytes that it may take whatever the pickle's size..."""
_MEMORY_PER_BYTE: Final = 64
"""... and for each byte of it; upstream's index takes about 20."""
_SECONDS: Final = 60
_BYTES_PER_SECOND: Final = 1_000_000
_START: Final = f"import {__name__} as apart; apart.main()"


def id_index_apart(stream: IO[bytes], rows: int, where: str) -> npt.NDArray[np.int64]:
    """As ``load_id_index`` of :mod:`ecomdata.unpickling.safepickle`, in a process that may take so much.

    Args:
        stream: Stands at the pickle.
        rows: Rows that the other arrays have.
        where: Named in errors.

    Raises:
        DataError: the pickle is refused, or takes more memory or time than its size explains.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as back:
        shutil.copyfileobj(stream, given, 1 << 20)
        size = given.tell()
        given.seek(0)
        # Not by -m, which would warn that the package has the module already.
        command = [sys.executable, "-P", "-c", _START, str(rows), where, str(size)]
        done = subprocess.run(command, stdin=given, stdout=back, stderr=subprocess.PIPE, check=False)  # noqa: S603 - ourselves
        if done.returncode:
            raise _explained(done, size, where)
        back.seek(0)
        return np.frombuffer(back.read(), np.int64)


def _explained(done: subprocess.CompletedProcess[bytes], size: int, where: str) -> DataError:
    """The child's error in this process."""
    with suppress(ValueError, KeyError, TypeError):
        said = json.loads(done.stderr)
        return DataError(str(said["message"]), hint=str(said["hint"]))
    return DataError(
        f"{where}: the pickle of {size:,} bytes is refused: reading it takes more than"
        f" {_memory(size):,} bytes or {_seconds(size):,} seconds",
        hint=HINT,
    )


def _memory(size: int) -> int:
    return _MEMORY + _MEMORY_PER_BYTE * size


def _seconds(size: int) -> int:
    return _SECONDS + size // _BYTES_PER_SECOND


def _limit(size: int) -> None:
    """Bound this process, as far as the system does that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    taken = 0
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path of ours
        taken = int(file.read().split()[0]) * resource.getpagesize()
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (taken + _memory(size), taken + _memory(size)))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (_seconds(size), _seconds(size)))


def main() -> None:
    """What the other process does: unpickle standard input, and write the ids to standard output."""
    rows, where, size = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    _limit(size)
    try:
        ids = load_id_index(sys.stdin.buffer, rows, where)
    except DataError as error:
        sys.stderr.write(json.dumps({"message": str(error), "hint": error.hint}))
        sys.exit(3)
    except MemoryError:
        sys.exit(4)
    sys.stdout.buffer.write(ids.tobytes())
