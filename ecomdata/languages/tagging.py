"""From counts of scripts and the model's word to a language tag; plain numpy over whole columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.languages.predicting import Floats
from ecomdata.languages.scripts import (
    BENGALI,
    COUNTED,
    DIGIT,
    EMOJI,
    HAN,
    KANA,
    LATIN,
    LETTER,
    OTHER,
    VIETNAMESE,
)
from ecomdata.languages.surveying import LINKED

TAGS: Final = ("bn", "bn-Latn", "en", "vi", "zh", "mixed", "other", "none")
"""What a text can be; ``mixed`` has two or more of the first five and ``other`` as its parts."""
SINGLE: Final = ("bn", "bn-Latn", "en", "vi", "zh", "other")
"""What a part can be."""
SHARES: Final = ("bengali", "latin", "vietnamese", "han", "digits", "emoji", "other_script")
"""The shares of the characters that are no white space; they add up to 1."""
PART: Final = 0.2
"""The share of the letters from which on a script makes a part."""
_FEW: Final = 3
"""Latin letters that make no part beside another script: sizes, units, marks."""
_CHINESE_WEIGHT: Final = 3
"""Latin letters that say about as much as one character of Chinese or Japanese."""
_BN, _ZH, _OTHER = SINGLE.index("bn"), SINGLE.index("zh"), SINGLE.index("other")

Counts = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Tagged:
    """What a batch of texts is.

    Attributes:
        weights: n rows, a column for each of SINGLE: the share of the letters; 0 below :data:`PART`.
        confidence: From 0 to 1; see :func:`tag`.
        foreign: Whether the text is ``other`` for its script, which the model knows nothing of.
    """

    weights: Floats
    confidence: Floats
    foreign: NDArray[np.bool_]


def shares(counts: Counts) -> Floats:
    """The shares of each kind of character, a column for each of SHARES; 0 where all is space."""
    columns: list[NDArray[np.integer]] = [
        counts[:, [BENGALI]],
        counts[:, [LATIN]],
        counts[:, [VIETNAMESE]],
        counts[:, [HAN]],
        counts[:, [DIGIT]],
        counts[:, [EMOJI]],
        counts[:, [OTHER, KANA, LETTER]].sum(axis=1, keepdims=True),
    ]
    total = counts[:, 1:COUNTED].sum(axis=1, dtype=np.float64)
    found: Floats = (np.hstack(columns) / np.maximum(total, 1)[:, None]).astype(np.float32)
    return found


def tag(counts: Counts, labels: tuple[str, ...], likely: Floats) -> Tagged:
    """Weigh scripts and the model's word.

    Bengali script is bn, Han without kana zh; Latin letters are what the model takes them for. The
    confidence is the share of the letters that the tag accounts for, those in Latin letters times the
    model's probability; 1 where there are no letters.

    Args:
        counts: From :func:`ecomdata.languages.surveying.survey`.
        labels: What the model's columns are, each of SINGLE.
        likely: How likely each is for the words in Latin letters; n rows.
    """
    latin = (counts[:, LATIN] + counts[:, VIETNAMESE] - counts[:, LINKED]).astype(np.float32)
    han = _CHINESE_WEIGHT * counts[:, HAN].astype(np.float32)
    kana = _CHINESE_WEIGHT * counts[:, KANA].astype(np.float32)
    bengali = counts[:, BENGALI].astype(np.float32)
    japanese = kana > PART * han
    foreign = counts[:, LETTER] + kana + np.where(japanese, han, 0)
    scripts = np.stack([bengali, latin, np.where(japanese, 0, han), foreign], axis=1)
    total = scripts.sum(axis=1, keepdims=True)
    parts = scripts / np.maximum(total, 1)
    present = parts >= PART
    present[:, 1] &= (latin >= _FEW) | (parts[:, 1] == 1)
    none_left = ~present.any(axis=1)  # a handful of scripts, none with a fifth
    present[none_left, parts[none_left].argmax(axis=1)] = total[none_left, 0] > 0
    parts = np.where(present, parts, 0).astype(np.float32)
    best = likely.argmax(axis=1)
    which = np.array([SINGLE.index(label) for label in labels])[best]
    weights = np.zeros((len(counts), len(SINGLE)), dtype=np.float32)
    weights[:, _BN], weights[:, _ZH], weights[:, _OTHER] = parts[:, 0], parts[:, 2], parts[:, 3]
    every = np.arange(len(counts))
    weights[every, which] += parts[:, 1]
    sure = parts[:, 0] + parts[:, 2] + parts[:, 3] + parts[:, 1] * likely[every, best]
    confidence = np.where(total[:, 0] > 0, np.minimum(sure, 1), 1).astype(np.float32)
    only_foreign = (parts[:, 3] > 0) & ((weights > 0).sum(axis=1) == 1)
    return Tagged(weights, confidence, only_foreign)
