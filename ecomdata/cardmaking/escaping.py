"""Text in Markdown that stays text: what is declared, and what comes from data, which may be hostile."""

from __future__ import annotations

import re
from typing import Final

from ecomdata.validating.report import shown

_LONGEST: Final = 80
"""Characters of a value that are shown."""
_BEGINS_A_BLOCK: Final = re.compile(r"^(\d*)([#+.)*~=_-](?=\s|$|[#*~=_-])|`(?=``))")
"""A heading, a list, a rule, or a fence, where it begins a line."""


class Markdown(str):
    """Text that is Markdown already: prose that people wrote for the card, or what is escaped."""

    __slots__ = ()


def plain(text: str) -> Markdown:
    """Declared text on one line, without markup other than `code` and emphasis; fit for a table's cell."""
    line = shown(" ".join(text.split()))
    for sign, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("[", "\\["), ("|", "\\|")):
        line = line.replace(sign, escaped)
    # RST's double backticks are Markdown's too. An odd one would open code up to the next.
    if line.count("`") % 2:
        line = line.replace("`", "\\`")
    return Markdown(_BEGINS_A_BLOCK.sub(r"\1\\\2", line))


def code(value: str) -> Markdown:
    """A value from data as code, in which Markdown and HTML mean nothing; fit for a table's cell."""
    line = shown(" ".join(value.split()))
    if not line:
        return Markdown("(empty)")
    if len(line) > _LONGEST:
        line = f"{line[:_LONGEST]}…"
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if "`" in line else ""
    escaped = line.replace("|", "\\|")
    return Markdown(f"{fence}{space}{escaped}{space}{fence}")


def address(url: str) -> Markdown:
    """A web address as a link; as code where it is none."""
    if re.fullmatch(r"https?://[^\s<>]+", url) and url.isprintable():
        return Markdown(f"<{url}>")
    return code(url)


def block(text: str) -> Markdown:
    """Text inside a fenced block, which it cannot end."""
    lines = (shown(line) for line in text.strip().splitlines())
    return Markdown("\n".join(line.replace("```", "'''") for line in lines))
