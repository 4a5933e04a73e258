"""What an archive has inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from ecomdata.errors import DataError


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file inside an archive.

    Attributes:
        name: Its path inside the archive, with ``/``, checked to stay inside.
        size: Its declared bytes; -1 where the format does not say (gz).
        open: Opens its content for reading.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def not_a_file(name: str, member: str) -> DataError:
    """What refuses a member that is no plain file; ``name`` is the archive."""
    return DataError(
        f"{name} holds {member!r}, which is a link, a device or a sparse file",
        hint="archives may hold plain files only; unpack it by hand if you trust it",
    )
