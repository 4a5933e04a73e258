"""The process that opens Parquet files of strangers first: a line names a file, its answer what is wrong.

Started by :mod:`ecomdata.foreign.asking` alone. It limits itself; what a file makes it do, up to its death,
is an answer too. It ends when nobody has asked for a while.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import IO, Final

from ecomdata.foreign.pages import LARGEST_FOOTER, NOT_WHOLE, Chunk, UnsoundError, check_pages, chunks

SECONDS: Final = 60
"""Of the processor, for one file."""

MEMORY: Final = 4 << 30
"""Bytes of address space; libraries reserve some 1.5 GB of it and use 100 MB."""

_IDLE_SECONDS: Final = 20.0
_TAIL: Final = 8


def main() -> None:
    """Answer until standard input ends."""
    _limit_memory()
    idle = _idle()
    for line in sys.stdin:
        idle.cancel()
        request = json.loads(line)
        _limit_time()
        answer = wrong_with(request["path"], pages=request["pages"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        idle = _idle()
    os._exit(0)  # nothing is left to be tidied


def _idle() -> threading.Timer:
    """Ends the process in a while."""
    timer = threading.Timer(_IDLE_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
    return timer


def wrong_with(path: str, *, pages: bool) -> str:
    """What is wrong with a Parquet file, or nothing.

    Args:
        path: The file; one that holds a footer alone has the magic bytes before it.
        pages: Whether its data are there too; then every page header is read.
    """
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq
    from polars.exceptions import PanicException, PolarsError

    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - a path is a text here
            end = _footer_start(stream.seek(-_TAIL, os.SEEK_END), stream.read(_TAIL))
            metadata = pq.read_metadata(path)
            metadata.schema.to_arrow_schema()
            found = chunks(metadata, end) if pages else []
            pl.scan_parquet(path, glob=False).collect_schema()
            return _first_wrong(stream, found)
    except UnsoundError as error:
        return NOT_WHOLE.format(error)
    except (PolarsError, PanicException, pa.ArrowException, OSError, ValueError, MemoryError) as error:
        return NOT_WHOLE.format((str(error).splitlines() or [type(error).__name__])[0])


def _first_wrong(stream: IO[bytes], found: list[Chunk]) -> str:
    """What is wrong with the first column chunk in the file that cannot be read, or nothing."""
    for chunk in found:
        try:
            check_pages(stream, chunk)
        except UnsoundError as error:
            return f"rows {chunk.first} to {chunk.last} cannot be read ({error})"
    return ""


def _footer_start(end: int, tail: bytes) -> int:
    length = int.from_bytes(tail[:4], "little")
    if length > LARGEST_FOOTER:
        raise UnsoundError(f"its footer has {length:,} bytes, more than {LARGEST_FOOTER:,}")
    return end - length


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _limit_time() -> None:
    """Let the next file have its seconds, whatever those before it took."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
