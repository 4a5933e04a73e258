"""What each character is to the survey of scripts, and which letter stands for it in the model's words."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SPACE, BENGALI, LATIN, VIETNAMESE, HAN, DIGIT, EMOJI, OTHER, KANA, LETTER, MARK = range(11)
"""Kinds of characters. SPACE and MARK are not counted: white space, joiners, and accents on a letter before.

VIETNAMESE are Latin letters that hardly another language uses; LETTER those of all scripts not named here.
OTHER is punctuation and symbols, with everything that is no letter.
"""
COUNTED: Final = LETTER + 1
"""Kinds that are counted."""

END: Final = 0x30000
"""Code points from here on are rare Han characters, or nothing that is written."""
_HAN: Final = (
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2FFFF),
)
_KANA: Final = ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F))
_EMOJI: Final = (
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2139, 0x2139),
    (0x2194, 0x21AA),
    (0x231A, 0x23FF),
    (0x25AA, 0x25FE),
    (0x2600, 0x27BF),
    (0x2934, 0x2935),
    (0x2B05, 0x2B55),
    (0x1F000, 0x1FAFF),
)
_BENGALI: Final = (0x0980, 0x09FF)
_LATIN: Final = (
    (0x41, 0x24F),
    (0x1E00, 0x1EFF),
    (0x2C60, 0x2C7F),
    (0xA722, 0xA7FF),
    (0xFB00, 0xFB06),
    (0xFF21, 0xFF5A),
    (0x1D400, 0x1D6A5),  # bold, italic and the like, as some write their reviews
)
_VIETNAMESE: Final = "ăđơưĂĐƠƯ" + "".join(map(chr, range(0x1EA0, 0x1EFA)))
_JOINERS: Final = ((0x00AD, 0x00AD), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0xFE00, 0xFE0F))
_ACCENTS: Final = (0x0300, 0x036F)


@cache
def kinds() -> NDArray[np.uint8]:
    """The kind of every code point below :data:`END`; uint8, of that length."""
    table = np.full(END, OTHER, dtype=np.uint8)
    for point in (*range(0x3400), *range(0xA000, 0xD7FC), *range(0xF900, 0x20000)):
        table[point] = _kind(unicodedata.category(chr(point)))
    for ranges, kind in ((_HAN, HAN), (_KANA, KANA), (_EMOJI, EMOJI), (_JOINERS, SPACE)):
        for first, last in ranges:
            table[first : last + 1] = kind
    for first, last in _LATIN:
        part = table[first : last + 1]
        part[part == LETTER] = LATIN
    part = table[_BENGALI[0] : _BENGALI[1] + 1]
    part[part == LETTER] = BENGALI
    table[_ACCENTS[0] : _ACCENTS[1] + 1] = MARK
    table[[0x30A0, 0x30FB]] = OTHER
    table[[ord(letter) for letter in _VIETNAMESE]] = VIETNAMESE
    table[[0xAA, 0xBA]] = OTHER  # ordinals
    table[:0x21] = SPACE
    return table


def _kind(category: str) -> int:
    """The kind of a character that is of no script named here."""
    if category[0] in "LM":
        return LETTER
    if category == "Nd":
        return DIGIT
    return SPACE if category in {"Zs", "Zl", "Zp", "Cc", "Cf"} else OTHER


@cache
def lowered() -> NDArray[np.uint16]:
    """For every code point below :data:`END` the letter that a word has for it: small, and of usual width.

    It never takes more bytes of UTF-8 than the letter itself, so that words fit where they stood.
    """
    table = np.arange(END).astype(np.uint16)
    kind = kinds()
    for point in np.flatnonzero((kind == LATIN) | (kind == VIETNAMESE)).tolist():
        small = unicodedata.normalize("NFKC", chr(point)).lower()[:1]
        if len(small.encode()) <= len(chr(point).encode()):
            table[point] = ord(small)
    table[0x130] = ord("i")
    return table
