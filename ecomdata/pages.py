"""What the HTML pages share: how they are rendered, and what a text from the data looks like in them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import jinja2

KEPT: Final = "\n\u200c\u200d"
"""Not printable, yet needed: line feeds, and joiners, which say how Bengali and emoji are written."""


def page_environment(keep: str = KEPT) -> jinja2.Environment:
    """What pages are rendered with: no text is markup, none has characters that cannot be seen.

    Characters of ``keep`` stay, as in :func:`shown`.
    """
    import jinja2

    def visible(value: object) -> object:
        # What a macro gives is markup and says so; any other text may come from the data.
        return shown(value, keep) if isinstance(value, str) and not hasattr(value, "__html__") else value

    return jinja2.Environment(
        autoescape=True,
        finalize=visible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def shown(text: str, keep: str = KEPT) -> str:
    """The text with what cannot be seen, or puts other characters in another order, as its number in hex.

    Characters of ``keep`` stay.
    """
    return "".join(c if is_seen(c) or c in keep else f"\\u{{{ord(c):04x}}}" for c in text)


def is_seen(character: str) -> bool:
    """Whether a character can be seen where it stands.

    Python knows no characters that are newer than itself, such as the emoji of this year. In the planes from
    which those come a number without a character is one; elsewhere some of them are meant to be invisible.
    """
    if character.isprintable():
        return True
    number = ord(character)
    newer = 0x10000 <= number < 0x40000 and number & 0xFFFE != 0xFFFE
    return newer and unicodedata.category(character) == "Cn"
