"""What pictures are lettered with: the fonts that come with the package, and text of the data made safe."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

_FONTS: Final = ("EcomdataSans.ttf", "EcomdataSansBengali.ttf", "EcomdataSansSC.otf")
_LAST: Final = "DejaVu Sans"
"""The font that matplotlib brings: Arabic, Hebrew, arrows, signs."""
_JOINERS: Final = "\u200c\u200d"
_BENGALI: Final = range(0x0980, 0x0A00)
_MOST_MARKS: Final = 4
_ELLIPSIS: Final = "…"


@cache
def families() -> tuple[str, ...]:
    """The families to set text in, first choice first. Known to matplotlib once this was called."""
    from matplotlib.font_manager import fontManager

    known: list[str] = []
    for name in _FONTS:
        fontManager.addfont(Path(__file__).with_name("fonts") / name)
        known.append(fontManager.ttflist[-1].name)
    return (*known, _LAST)


@cache
def characters() -> frozenset[int]:
    """The code points that one of the fonts has a glyph for."""
    from matplotlib.font_manager import FontProperties, fontManager
    from matplotlib.ft2font import FT2Font

    paths = [fontManager.findfont(FontProperties(family=family)) for family in families()]
    return frozenset(point for path in paths for point in FT2Font(str(path)).get_charmap())


def label(text: str, width: int = 30) -> str:
    """A text of the data, fit to stand in a picture: short, in one line, and never an empty box.

    What cannot be seen, reorders its surroundings or has no glyph stands as its number in hex.

    Args:
        text: Any text.
        width: Columns it may take; a Chinese character takes two.
    """
    plain = " ".join(unicodedata.normalize("NFC", text[: width * 8]).split())
    shown: list[str] = []
    room, marks = width, 0
    for place, character in enumerate(plain):
        piece = _shown(character, plain[place - 1 : place])
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks > _MOST_MARKS:
            continue
        room -= _columns(piece) if not marks else 0
        if room < 1 and place < len(plain) - 1:
            return "".join(shown).rstrip() + _ELLIPSIS
        shown.append(piece)
    whole = len(text) <= width * 8
    return "".join(shown) + ("" if whole else _ELLIPSIS) if shown else "(blank)"


def _shown(character: str, before: str) -> str:
    # A joiner between Bengali letters says how they are written.
    if character in _JOINERS and before and ord(before) in _BENGALI:
        return character
    if character.isprintable() and ord(character) in characters():
        return character
    return f"\\u{{{ord(character):04x}}}"


def _columns(piece: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in piece)
