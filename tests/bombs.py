"""Kilobytes that stand for half a gigabyte, as a server may pack what it answers."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Final

UNPACKED: Final = 1 << 29
TWICE: Final = "gzip, gzip"
_PIECE: Final = 1 << 20


@cache
def once() -> bytes:
    """Half a gigabyte of spaces, packed by gzip: half a megabyte."""
    packing = zlib.compressobj(wbits=31)
    pieces = [packing.compress(b" " * _PIECE) for _ in range(UNPACKED // _PIECE)]
    return b"".join([*pieces, packing.flush()])


@cache
def twice() -> bytes:
    """The same, packed once more: some kilobytes."""
    return gzip.compress(once())


@contextmanager
def in_little_memory() -> Generator[None]:
    """See that what happens meanwhile never holds much of it."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < UNPACKED // 2
    finally:
        tracemalloc.stop()
