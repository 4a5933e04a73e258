"""Cut the fonts of the pictures out of the Noto fonts: ``python docs/subsetfonts.py NOTO NOTO_CJK``.

Args: the folder with NotoSans-Regular.ttf and NotoSansBengali-Regular.ttf (Debian: fonts-noto-core), and
NotoSansCJK-Regular.ttc (fonts-noto-cjk). The families get names of their own, so that one installed on a
machine in another version is never taken for them. Why: docs/decisions/0010-pictures.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain, product
from pathlib import Path

from fontTools import subset

TARGET = Path(__file__).parents[1] / "ecomdata" / "cardmaking" / "fonts"
LATIN = chain(
    range(0x20, 0x7F), range(0xA0, 0x530), range(0x1E00, 0x2000), range(0x2000, 0x2070), range(0x20A0, 0x20C0)
)
"""Latin, with all that Vietnamese needs, Greek, Cyrillic, punctuation, currencies."""
BENGALI = chain(range(0x0980, 0x0A00), (0x200C, 0x200D, 0x25CC, 0x0964, 0x0965))


def chinese() -> list[int]:
    """What GB 2312 has beyond Latin, Greek and Cyrillic: 6,763 characters, kana and wide punctuation."""
    found = list[str]()
    for pair in product(range(0xA1, 0xF8), range(0xA1, 0xFF)):
        found.append(bytes(pair).decode("gb2312", errors="ignore"))
    return [ord(character) for character in found if character and ord(character) >= 0x3000]


def cut(source: Path, family: str, characters: Iterable[int], *, shaping: bool, number: int = -1) -> None:
    """Write a font with these characters, and with its shaping rules where the script needs them."""
    options = subset.Options()
    options.font_number = number
    options.hinting = False
    options.glyph_names = False
    options.layout_features = ["*"] if shaping else []
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=list(characters))
    cutter.subset(font)
    names = font["name"]
    names.names = [one for one in names.names if one.nameID in {0, 5, 7, 13, 14}]
    file_name = family.replace(" ", "")
    for place, text in ((1, family), (2, "Regular"), (3, file_name), (4, family), (6, file_name)):
        names.setName(text, place, 3, 1, 0x409)
    suffix = "otf" if "CFF " in font else "ttf"
    if suffix == "otf":
        font["CFF "].cff.fontNames = [file_name]
        top = font["CFF "].cff.topDictIndex[0]
        top.FullName = top.FamilyName = family
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    subset.save_font(font, str(TARGET / f"{file_name}.{suffix}"), options)


def main(noto: Path, cjk: Path) -> None:
    """Write all three."""
    cut(noto / "NotoSans-Regular.ttf", "Ecomdata Sans", LATIN, shaping=True)
    cut(noto / "NotoSansBengali-Regular.ttf", "Ecomdata Sans Bengali", BENGALI, shaping=True)
    # The third font of the collection is that for simplified Chinese.
    cut(cjk, "Ecomdata Sans SC", chinese(), shaping=False, number=2)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
