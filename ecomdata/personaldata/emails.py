"""E-mail addresses in free text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

PREFILTER: Final = r"[A-Za-z0-9_%+\-][@＠][A-Za-z0-9][A-Za-z0-9\-]*\."
"""Every text with an address matches this; without look-around, so that Rust can run it."""

_LOCAL: Final = re.compile(r"[A-Za-z0-9._%+\-]{1,64}\Z")
_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,8}(?P<top>[A-Za-z]{2,24}|xn--[A-Za-z0-9\-]{2,59})"
    r"(?![A-Za-z0-9\-])"
)
_AT: Final = re.compile("[@＠]")
_LONGEST_LOCAL: Final = 64
_NO_TOP: Final = re.compile(
    r"png|jpe?g|gif|webp|svg|avif|ico|bmp|css|m?[jt]sx?|json|html?|php|aspx?|java|[ct]sv|txt|xml|yaml|yml|pdf"
    r"|docx?|zip|mp[34]|mov|webm|woff2?|ttf|map|local|localhost|invalid"
)
"""Ends of file names such as ``logo@2x.png``, and names that are no domain."""


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand. Those with letters outside ASCII, or spelt out ("at", "dot"), are not found."""
    for at in _AT.finditer(text):
        # From the @ outwards, so that no text makes this slow.
        window = max(0, at.start() - _LONGEST_LOCAL)
        local = _LOCAL.search(text[window : at.start()])
        domain = _DOMAIN.match(text, at.end())
        if local is None or domain is None or not _is_top(domain["top"].lower()):
            continue
        name = local[0].lstrip(".")
        if not name or name.endswith(".") or (name == "git" and text[domain.end() : domain.end() + 1] == ":"):
            continue  # git@github.com:owner/name is an address of a repository
        yield at.start() - len(name), domain.end()


@cache
def _countries() -> frozenset[str]:
    import phonenumbers

    return frozenset({*(region.lower() for region in phonenumbers.SUPPORTED_REGIONS), "uk", "eu", "su", "tp"})


def _is_top(name: str) -> bool:
    """Whether a name can end a domain: two letters must be a country's."""
    return name in _countries() if len(name) == 2 else _NO_TOP.fullmatch(name) is None
