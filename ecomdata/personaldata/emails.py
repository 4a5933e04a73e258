"""E-mail addresses in free text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

PREFILTER: Final = r"[A-Za-z0-9_%+\-][@＠][A-Za-z0-9][A-Za-z0-9\-]*\.|\\u(?:0040|[fF]{2}20)"
"""Every text with an address, and JSON of it, matches this; without look-around, so that Rust can run it."""

FILES: Final = (
    r"png|jpe?g|gif|webp|svg|avif|ico|bmp|css|m?[jt]sx?|json|html?|php|aspx?|java|[ct]sv|txt|xml|yaml|yml|pdf"
    r"|docx?|zip|mp[34]|mov|webm|woff2?|ttf|map"
)
"""Ends of file names such as ``logo@2x.png``."""

_LOCAL: Final = re.compile(r"[A-Za-z0-9._%+\-]{1,64}\Z")
_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,8}(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9\-]{2,59})"
    r"(?![A-Za-z0-9])(?P<glued>-+[A-Za-z0-9])?"
)
_AT: Final = re.compile("[@＠]")
_LONGEST_LOCAL: Final = 64
_NO_TOP: Final = re.compile(rf"{FILES}|local|localhost|invalid")
_SURE: Final = frozenset({"com", "net", "org", "edu", "gov", "info", "biz"})
"""Ends of domains after which a text may go on without a space."""


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand. Those with letters outside ASCII, or spelt out ("at", "dot"), are not found."""
    for at in _AT.finditer(text):
        # From the @ outwards, so that no text makes this slow.
        window = max(0, at.start() - _LONGEST_LOCAL)
        local = _LOCAL.search(text[window : at.start()])
        domain = _domain(text, at.end())
        if local is None or not domain:
            continue
        name, end = local[0].lstrip("."), at.end() + len(domain)
        if not name or name.endswith(".") or (name == "git" and text.startswith((":", "-"), end)):
            continue  # git@github.com:owner/name is an address of a repository, git@github.com-work: too
        yield at.start() - len(name), end


def _domain(text: str, start: int) -> str:
    """The domain that begins there, or nothing; a text may go on without a space: ``gmail.com.If you``."""
    match = _DOMAIN.match(text, start)
    if match is None:
        return ""
    domain = match[0].removesuffix(match["glued"] or "")
    whole = match["glued"] is None
    while "." in domain:
        shorter, _, top = domain.rpartition(".")
        if _NO_TOP.fullmatch(top.lower()):
            break
        if _is_top(top.lower(), whole=whole):
            return domain
        domain, whole = shorter, False
    return ""


@cache
def _countries() -> frozenset[str]:
    import phonenumbers

    return frozenset({*(region.lower() for region in phonenumbers.SUPPORTED_REGIONS), "uk", "eu", "su", "tp"})


def _is_top(name: str, *, whole: bool) -> bool:
    """Whether a name can end a domain: two letters must be a country's, others sure where a text goes on."""
    return name in _countries() or (len(name) > 2 if whole else name in _SURE)
