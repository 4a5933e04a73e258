"""The headers of a tar from a stranger."""

from __future__ import annotations

import tarfile
from typing import Final, Self

_HEADER_MOST: Final = 1 << 20
_ABOUT_THE_NEXT: Final = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_HeaderError: Final = tarfile.HeaderError
_ReadError: Final = tarfile.ReadError


class StrictHeader(tarfile.TarInfo):
    """Headers that fail loudly: tarfile takes a damaged header behind the first for the end.

    tarfile also reads a header's long name and attributes into memory, however many bytes they claim.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in these 512 bytes; tarfile.ReadError when it claims more than a header needs."""
        info = super().frombuf(buf, encoding, errors)
        if info.type in _ABOUT_THE_NEXT and info.size > _HEADER_MOST:
            raise _ReadError(f"a header claims {info.size:,} bytes")
        return info

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """The next header; tarfile.ReadError when it is damaged."""
        try:
            return super().fromtarfile(tarfile)
        except _HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":  # the regular end, which typeshed does not know
                raise
            raise _ReadError(f"truncated or damaged: {error}") from None
