"""What people add to a card: the text between two markers, which is kept when the card is made again."""

from __future__ import annotations

import re
from typing import Final

from ecomdata.errors import DataError, UsageError

BEGIN: Final = "<!-- notes: begin -->"
END: Final = "<!-- notes: end -->"
_LIKE_ONE: Final = re.compile(r"<?!?--+ *notes\b.*", re.IGNORECASE)
"""What stands on a line that was a marker, or was meant to be one."""
_OURS: Final = re.compile(r"\A---\n(?:.*\n)*?- ecomdata\n(?:.*\n)*?---\n")
"""The front matter of a card that ecomdata made: it has the tag."""

_SHOWN: Final = re.compile(r"\]\((pictures/[a-z0-9-]+\.png)\)")
_HINT: Final = f"put the lines {BEGIN} and {END} around the text that is to be kept; or remove the README.md"


def kept_notes(readme: str, where: str, *, replaceable: bool = False) -> str:
    """The text between the markers of a card that is there already; empty where there is none.

    Args:
        readme: The card; empty where none is there.
        where: Its place, for errors.
        replaceable: Whether a README that ecomdata did not make may give way.

    Raises:
        DataError: a marker is missing, damaged or there twice, so that a text would be lost.
        UsageError: ecomdata did not make it, and it may not give way.
    """
    lines = readme.replace("\r\n", "\n").split("\n")
    marked = [number for number, line in enumerate(lines) if _LIKE_ONE.fullmatch(line.strip())]
    if not marked:
        if not readme.strip():
            return ""
        if _OURS.match(readme.replace("\r\n", "\n")):
            raise DataError(f"{where} has lost the markers of what people added", hint=_HINT)
        if replaceable:
            return ""
        raise UsageError(
            f"{where} is there, and ecomdata did not make it", hint="give another folder with -o, or move it"
        )
    found = [lines[number].strip() for number in marked]
    if found != [BEGIN, END]:
        shown = ", ".join(f"line {number + 1}: {lines[number].strip()[:40]!r}" for number in marked)
        raise DataError(f"{where}: the markers of what people added are damaged ({shown})", hint=_HINT)
    return "\n".join(lines[marked[0] + 1 : marked[1]]).strip("\n")


def shown_pictures(readme: str, notes: str) -> frozenset[str]:
    """The pictures that a card of ours shows by itself; none of a README that ecomdata did not make.

    Args:
        readme: The card; empty where none is there.
        notes: What people added to it; what they show is theirs.
    """
    if not _OURS.match(readme.replace("\r\n", "\n")):
        return frozenset()
    return frozenset(_SHOWN.findall(readme)) - frozenset(_SHOWN.findall(notes))


def marked(notes: str) -> str:
    """Notes between their markers."""
    return f"{BEGIN}\n\n{notes}\n\n{END}" if notes else f"{BEGIN}\n{END}"
