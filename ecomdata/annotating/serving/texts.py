"""Texts of the data as HTML in which every code point can be seen or counted.

The page cuts spans out of texts and counts their code points. So a character that cannot be seen, or that
puts others in another order, stands as an element of its own, which counts as one; so does a carriage return,
which HTML would change into a line feed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ecomdata.pages import is_seen

if TYPE_CHECKING:
    from markupsafe import Markup

_SPACES: Final = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
KEPT: Final = "\n\t\u200c\u200d\u200e\u200f" + _SPACES
"""Not printable, yet harmless and needed: spaces of all widths, joiners, and marks of a direction."""
_ODD: Final = re.compile(r"[^\x20-\x7e\n\t]")


def visible_text(text: str) -> Markup:
    """The text as HTML: escaped, and each odd character as ``<i class="odd">`` with its number in hex."""
    from markupsafe import Markup, escape

    parts: list[str] = []
    begin = 0
    for found in _ODD.finditer(text):
        at, character = found.start(), found.group()
        if is_seen(character) or character in KEPT:
            continue
        parts.append(str(escape(text[begin:at])))
        quiet = character == "\r" and text[at + 1 : at + 2] == "\n"
        parts.append('<i class="odd cr"></i>' if quiet else f'<i class="odd">{ord(character):04x}</i>')
        begin = at + 1
    parts.append(str(escape(text[begin:])))
    return Markup("".join(parts))  # noqa: S704 - every part was escaped
