"""Images by their addresses. They are outside requests, so they are loaded only where one asks for it.

An address is data: it may name any host, and it ends up in a header. So hosts are few, plain and looked up
beforehand, and only https is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from ecomdata.errors import UsageError

_HOST: Final = re.compile(
    r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::\d{1,5})?"
)
_MOST_HOSTS: Final = 50
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Image:
    """An image that can be loaded: its address and its host, with a port where there is one."""

    address: str
    host: str


def image_of(value: object) -> Image | None:
    """The image of an address, or None where it is not one over https on a plain host."""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    host = parts.netloc.lower()
    if parts.scheme != "https" or not _HOST.fullmatch(host):
        return None
    return Image(value, host)


def listed(value: object) -> Sequence[object]:
    """The addresses that a column of images holds: a list of them, one alone, or none."""
    if isinstance(value, list):
        return cast("list[object]", value)
    return [value] if value else []


def image_hosts(column: str, contents: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The hosts of all images of a pool.

    Args:
        column: The column with the addresses: texts, or lists of them.
        contents: The items, by column.

    Raises:
        UsageError: they are so many that listing them would protect nobody.
    """
    found: set[str] = set()
    for content in contents:
        found |= {image.host for value in listed(content.get(column)) if (image := image_of(value))}
        if len(found) > _MOST_HOSTS:
            raise UsageError(
                f"the images are on more than {_MOST_HOSTS} hosts",
                hint="name those to load from: --images-from HOST, once for each",
            )
    return tuple(sorted(found))


def named_hosts(names: Iterable[str]) -> tuple[str, ...]:
    """Hosts that a person named, checked.

    Raises:
        UsageError: one of them is no name of a host.
    """
    hosts = tuple(sorted({name.lower() for name in names}))
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise UsageError(f"{host!r} is no name of a host", hint="such as img.example.com")
    return hosts
