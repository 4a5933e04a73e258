"""The headers of a tar from a stranger."""

from __future__ import annotations

import tarfile
from typing import Final, Self

_NAME_MOST: Final = 1 << 20
_PAX_MOST: Final = 8 << 10
"""Paths have up to 4,096 bytes. Python before 3.12.6 takes time by its square (CVE-2024-6232), here 0.2 s."""
_PAX: Final = frozenset({tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE})
_NAMES: Final = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK})
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
        most = _PAX_MOST if info.type in _PAX else _NAME_MOST if info.type in _NAMES else info.size
        if info.size > most:
            raise _ReadError(f"a header claims {info.size:,} bytes, more than {most:,}")
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
