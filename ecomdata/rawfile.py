"""One raw file, wherever its bytes are: on disk, inside an archive, or still to be downloaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """A raw file under upstream's own name.

    Attributes:
        name: Upstream's relative path with ``/``; a member of an archive is ``archive.zip/member``.
        container: The file on disk that holds the bytes: the file itself or the archive.
        size: Bytes of the container on disk (or to be downloaded).
        length: Bytes of the content when it is decompressed, 0 where that is not known beforehand.
        sha256: The hash that the container should have, where its source tells it, else empty.
        hashed: The hash that it has, when it was hashed as it came, else empty.
        open: Opens the (decompressed) content for reading from its start.
        local: Gives a path at which the content can be read at any offset.
        fetch: Brings the container to disk and returns its hash; empty when it was there already.
    """

    name: str
    container: Path
    size: int
    open: Callable[[], IO[bytes]]
    local: Callable[[], Path]
    fetch: Callable[[], str] = lambda: ""
    length: int = 0
    sha256: str = ""
    hashed: str = ""

    @classmethod
    def on_disk(cls, path: Path, name: str | None = None) -> RawFile:
        """A plain file that is there already."""
        return cls(
            name=name or path.name,
            container=path,
            size=path.stat().st_size,
            length=path.stat().st_size,
            open=lambda: path.open("rb"),
            local=lambda: path,
        )

    def fetched(self) -> RawFile:
        """The same file with its container on disk."""
        return replace(self, hashed=self.fetch())
