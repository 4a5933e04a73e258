"""Text in another encoding, read as UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from typing import IO, Final, cast

from ecomdata.errors import DataError

_BYTES: Final = 1 << 20
_NO_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def encoding_problem(encoding: str) -> str:
    """Why text cannot be in an encoding of that name; empty where it can."""
    try:
        "a".encode(encoding)
    except (LookupError, UnicodeError):
        return f"the encoding {encoding!r} is none that Python knows, such as latin-1 or gbk"
    return ""


def reject_utf16(head: bytes, where: str) -> None:
    """Refuse what begins as no text in UTF-8 does.

    Raises:
        DataError: it is UTF-16 or binary.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head[:200]:
        raise DataError(
            f"{where}: this is UTF-16 or binary, not UTF-8 text",
            hint="load the file as upstream released it, or convert it with iconv -t UTF-8",
        )


def recoded(stream: IO[bytes], encoding: str, where: str) -> IO[bytes]:
    """The stream as UTF-8; closing it closes the stream.

    A byte that stands for no character becomes FF, which UTF-8 never has: its line is rejected, and not
    taken for one that happens to be UTF-8.

    Raises:
        DataError: on reading, where the encoding cannot go on after such a byte.
    """
    return cast("IO[bytes]", io.BufferedReader(_Recoded(stream, encoding, where), _BYTES))


class _Recoded(io.RawIOBase):
    def __init__(self, stream: IO[bytes], encoding: str, where: str) -> None:
        self._stream = stream
        self._where = where
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        while not self._ready and not self._ended:
            data = self._stream.read(_BYTES)
            self._ended = not data
            self._ready = memoryview(self._utf8(data))
        into = memoryview(cast("bytearray", buffer)).cast("B")
        size = min(len(into), len(self._ready))
        into[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _utf8(self, data: bytes) -> bytes:
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self._where}: this is not {self._encoding}: {error.reason}",
                hint="load the file as upstream released it",
            ) from error
        try:
            return text.encode()
        except UnicodeEncodeError:
            return _NO_CHARACTER.sub("\udcff", text).encode(errors="surrogateescape")

    def close(self) -> None:
        self._stream.close()
        super().close()
