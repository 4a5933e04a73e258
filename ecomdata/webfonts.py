"""Letters that a page brings along, for readers whose system has no Bengali or Chinese font."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Final

_FONTS: Final = {"Ecomdata Sans Bengali": "EcomdataSansBengali.ttf", "Ecomdata Sans SC": "EcomdataSansSC.otf"}
"""Family -> file.

Pages name them before all others, and each face says for which letters it is: Chromium leaves the text that
first falls back on a font inside the page as empty boxes.
"""
_FIRST: Final = 0x0900
"""Below are the letters that every system has a font for."""
_JOINERS: Final = frozenset({0x200C, 0x200D})
"""They belong to the letters beside them, or to emoji."""
_SIGNS: Final = frozenset(range(0x2000, 0x3000)) - _JOINERS
"""Dashes, quotation marks, arrows: every system has them too."""


def font_faces(text: str) -> str:
    """CSS with the parts of our fonts that a text needs; empty where it needs none.

    The same text gives the same bytes, as long as fontTools stays the same.
    """
    points = {point for point in map(ord, set(text)) if point >= _FIRST} - _SIGNS
    return "".join(_face(family, file, points) for family, file in _FONTS.items()) if points else ""


def with_letters(page: str) -> str:
    """The page, its first style preceded by the parts of our fonts that its text needs."""
    return page.replace("<style>\n", f"<style>\n{font_faces(page)}", 1)


def _face(family: str, file: str, points: set[int]) -> str:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    with TTFont(Path(__file__).parent / "cardmaking" / "fonts" / file, recalcTimestamp=False) as font:
        wanted = points & set(font.getBestCmap() or ())
        if wanted <= _JOINERS:
            return ""
        options = Options(layout_features=["*"], notdef_outline=True)
        cutter = Subsetter(options)
        cutter.populate(unicodes=wanted)
        cutter.subset(font)
        font.flavor = "woff"
        woff = io.BytesIO()
        font.save(woff)
    data = base64.b64encode(woff.getvalue()).decode("ascii")
    reach = ", ".join(f"U+{point:X}" for point in sorted(wanted))
    return (
        f'@font-face {{ font-family: "{family}"; src: url(data:font/woff;base64,{data}) format("woff"); '
        f"unicode-range: {reach}; }}\n"
    )
