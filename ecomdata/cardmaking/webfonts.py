"""Letters that a page brings along, for readers whose system has no Bengali or Chinese font."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (since fontTools says no types)
from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Final

_FONTS: Final = {"Ecomdata Sans Bengali": "EcomdataSansBengali.ttf", "Ecomdata Sans SC": "EcomdataSansSC.otf"}
"""Family, as ``page.css`` names it -> file."""
_FIRST: Final = 0x0900
"""Below are the letters that every system has a font for."""


def font_faces(text: str) -> str:
    """CSS with the parts of our fonts that a text needs; empty where it needs none.

    The same text gives the same bytes, as long as fontTools stays the same.
    """
    points = {ord(character) for character in text}
    if max(points, default=0) < _FIRST:
        return ""
    return "".join(_face(family, file, points) for family, file in _FONTS.items())


def _face(family: str, file: str, points: set[int]) -> str:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    with TTFont(Path(__file__).with_name("fonts") / file, recalcTimestamp=False) as font:
        wanted = {point for point in points & set(font.getBestCmap() or ()) if point >= _FIRST}
        if not wanted:
            return ""
        options = Options(layout_features=["*"], notdef_outline=True)
        cutter = Subsetter(options)
        cutter.populate(unicodes=wanted)
        cutter.subset(font)
        font.flavor = "woff"
        woff = io.BytesIO()
        font.save(woff)
    data = base64.b64encode(woff.getvalue()).decode("ascii")
    return (
        f'@font-face {{ font-family: "{family}"; src: url(data:font/woff;base64,{data}) format("woff"); }}\n'
    )
