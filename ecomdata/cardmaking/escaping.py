"""Text in Markdown that stays text: what is declared, and what comes from data, which may be hostile."""

from __future__ import annotations

import re
from typing import Final

from ecomdata.pages import shown

_LONGEST: Final = 80
"""Characters of a value that are shown."""
_BEGINS_A_BLOCK: Final = re.compile(r"^(\d*)([#+.)*~=_-](?=\s|$|[#*~=_-])|`(?=``))")
"""A heading, a list, a rule, or a fence, where it begins a line."""

_CODE_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
"""From backticks to the next that are as many."""


class Markdown(str):
    """Text that is Markdown already: prose that people wrote for the card, or what is escaped."""

    __slots__ = ()


def plain(text: str) -> Markdown:
    """Declared text on one line, without markup other than `code` and emphasis; fit for a table's cell."""
    parts: list[str] = []
    line, end = shown(" ".join(text.split())), 0
    for span in _CODE_SPAN.finditer(line):
        # In code, HTML means nothing, and what is written for it would be shown.
        parts += [_outside(line[end : span.start()]), span[0].replace("|", "\\|")]
        end = span.end()
    parts.append(_outside(line[end:]))
    return Markdown(_BEGINS_A_BLOCK.sub(r"\1\\\2", "".join(parts)))


def _outside(text: str) -> str:
    """Text that is not code, with the signs of Markdown and HTML taken as they stand."""
    text = text.replace("\\", "\\\\")
    for sign in "`[|":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


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
