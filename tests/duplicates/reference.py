"""Duplicates by brute force, in plain Python, for the tests to compare with."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import combinations

Grams = frozenset[tuple[str, ...]]


def tidied(text: str, *, digits: bool = False) -> str:
    """Small letters, NFC, single spaces; and the digits of all scripts as ASCII's."""
    text = unicodedata.normalize("NFC", text.lower())
    if digits:
        text = "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    return " ".join(text.split())


def grams(text: str, ngrams: str = "word:3") -> Grams:
    """The set of n-grams of a tidied text; a shorter text is one."""
    unit, _, size = ngrams.partition(":")
    parts = text.split() if unit == "word" else list(text)
    n = int(size)
    if not parts:
        return frozenset()
    return frozenset(tuple(parts[at : at + n]) for at in range(max(1, len(parts) - n + 1)))


def jaccard(one: Grams, other: Grams) -> float:
    """The similarity of two sets."""
    return len(one & other) / len(one | other) if one | other else 0.0


def near_texts(
    texts: Sequence[str], threshold: float, ngrams: str = "word:3"
) -> dict[tuple[str, str], float]:
    """All pairs of different texts (tidied already) that are near, by comparing each with each."""
    sets = {text: grams(text, ngrams) for text in dict.fromkeys(texts) if text}
    near = {(a, b): jaccard(sets[a], sets[b]) for a, b in combinations(sets, 2)}
    return {pair: found for pair, found in near.items() if found >= threshold}
