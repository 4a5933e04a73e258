"""Streams of what came from strangers: they name damage, and end where they should."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from ecomdata.errors import DataError
from ecomdata.readers.zips import AGAIN, ALWAYS, BOMB, RATIO

CHUNK: Final = 1 << 20
"""Bytes read at a time."""


def guarded(
    content: IO[bytes] | io.BufferedIOBase,
    label: str,
    *,
    exact: int = -1,
    most: int = -1,
    closing: Callable[[int], None] | None = None,
) -> IO[bytes]:
    """A stream over another that raises a DataError where that is damaged, or of another length.

    Args:
        content: The stream.
        label: What messages call it.
        exact: The bytes that it must yield, and no more are asked for; -1 where nothing says so.
        most: The bytes that it may yield; -1 for any.
        closing: Called with how many bytes it yielded, -1 after a failure, instead of closing ``content``.
    """
    return io.BufferedReader(_Guarded(content, label, exact, most, closing), CHUNK)


def gunzip(path: Path, name: str) -> IO[bytes]:
    """The decompressed content of a .gz file.

    Raises:
        DataError: while it is read: it is truncated or damaged, or grows beyond reason.
    """
    most = max(ALWAYS, RATIO * path.stat().st_size)
    return guarded(gzip.open(path, "rb"), name, most=most)


class _Guarded(io.RawIOBase):
    """See :func:`guarded`."""

    def __init__(
        self,
        inner: IO[bytes] | io.BufferedIOBase,
        label: str,
        exact: int,
        most: int,
        closing: Callable[[int], None] | None,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._label = label
        self._exact = exact
        self._most = most
        self._closing = closing
        self._produced = 0
        self._failed = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # pyrefly: ignore[bad-override] - Buffer is of 3.12
        wanted = len(buffer)
        if self._exact >= 0:
            wanted = min(wanted, self._exact - self._produced)
        self._failed = True  # unless all goes well
        data = self._read(wanted) if wanted else b""
        self._produced += len(data)
        if not data and self._produced < self._exact:
            raise DataError(
                f"{self._label} is truncated: {self._produced:,} of {self._exact:,} bytes are there",
                hint=AGAIN,
            )
        if 0 <= self._most < self._produced:
            raise DataError(
                f"{self._label} grows beyond {self._most:,} bytes, more than {RATIO} times its size",
                hint=BOMB,
            )
        buffer[: len(data)] = data
        self._failed = False
        return len(data)

    def _read(self, wanted: int) -> bytes:
        try:
            return self._inner.read(wanted)
        except EOFError as error:
            raise DataError(f"{self._label} is truncated: {error}", hint=AGAIN) from error
        except (zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise DataError(f"{self._label} is damaged: {error}", hint=AGAIN) from error

    def close(self) -> None:
        if not self.closed:
            if self._closing:
                self._closing(-1 if self._failed else self._produced)
            else:
                self._inner.close()
        super().close()
