"""The lines that the model is trained on, drawn from the texts beside it; the same seed gives the same lines.

What the texts are, whose they are and under which licence stands in ``training/NOTICE.md``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Final

LABELS: Final = ("bn-Latn", "en", "other", "vi")
"""What the model tells apart."""
_CASES: Final = (
    "",
    " ta",
    "ta",
    "ti",
    "r",
    "er",
    "ke",
    "te",
    "e",
    "gulo",
    "gula",
    "der",
    "ra",
    "o",
    "i",
    "tar",
    "tao",
)
"""What Bengali puts behind a noun, also behind an English one."""
_SPELLINGS: Final = (
    ("bh", "v"), ("v", "bh"), ("v", "b"), ("sh", "s"), ("s", "sh"), ("ch", "c"), ("ch", "s"), ("j", "z"),
    ("z", "j"), ("o", "a"), ("a", "o"), ("e", "a"), ("e", "i"), ("i", "e"), ("kh", "k"), ("th", "t"),
    ("ph", "f"), ("y", "i"), ("oy", "oi"), ("chh", "ch"), ("e ", "a "), ("u", "o"), ("dh", "d"), ("jh", "j"),
)  # fmt: skip
"""Sounds of Bengali that people spell in two ways."""
_LONGEST: Final = 7
"""Words of the pieces that are cut out of lines."""

Line = tuple[str, str]


def lines(seed: int, *, of_each: int) -> list[Line]:
    """Labels and texts in a drawn order, ``of_each`` of every label."""
    rng = Random(seed)  # noqa: S311 - draws a sample
    drawn = [
        (label, text)
        for label, texts in (
            ("bn-Latn", _bengali(rng)),
            ("en", _english(rng)),
            ("other", _other(rng)),
            ("vi", _vietnamese(rng)),
        )
        for text, _ in zip(texts, range(of_each), strict=False)
    ]
    rng.shuffle(drawn)
    return drawn


def without_marks(text: str) -> str:
    """A text as it is typed without accents: what Vietnamese people often do."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _read(name: str) -> list[str]:
    text = (files("ecomdata.languages") / "training" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line]


def _words(name: str) -> list[str]:
    return [word for line in _read(name) for word in line.split()]


def _tagged(name: str) -> list[Line]:
    """Lines with a language before the tab."""
    split = (line.partition("\t") for line in _read(name))
    return [(language, text) for language, _, text in split]


def _django(language: str) -> list[str]:
    return [text for tag, text in _tagged("django.tsv") if tag == language]


def _piece(rng: Random, line: str, shortest: int = 1) -> str:
    """A line, or as often some words of it that stand together."""
    words = line.split()
    if rng.random() < 0.5 or len(words) <= shortest:
        return line
    size = min(len(words), rng.randint(shortest, _LONGEST))
    begin = rng.randint(0, len(words) - size)
    return " ".join(words[begin : begin + size])


def _salad(rng: Random, words: Sequence[str], weights: Sequence[float] | None = None) -> str:
    """Words that do not belong together: the model looks at words one by one."""
    return " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(1, _LONGEST)))


def _by_rank(words: Sequence[str]) -> list[float]:
    """Weights, added up, of words that stand in the order of their frequency."""
    return list(accumulate(1 / (rank + 10) for rank in range(len(words))))


def _bengali(rng: Random) -> Iterator[str]:
    chat, written = _read("banglatlit_val.txt"), _read("written_bn-Latn.txt")
    english = set(_read("zxcvbn_en.txt"))
    # One word of a Banglish line is often an English one, and then says nothing.
    words = [word for line in (*chat, *written) for word in line.split() if word.lower() not in english]
    stems, endings = _words("stems_bn-Latn.txt"), _words("endings_bn-Latn.txt")
    nouns, common = _words("nouns_bn-Latn.txt"), _words("words_bn-Latn.txt")
    while True:
        kind = rng.random()
        if kind < 0.55:
            yield _piece(rng, rng.choice(chat), 3)
        elif kind < 0.7:
            yield _respelt(rng, _piece(rng, rng.choice(written), 2))
        elif kind < 0.85:
            yield _respelt(rng, _salad(rng, words))
        else:
            verb, noun = rng.choice(stems) + rng.choice(endings), rng.choice(nouns) + rng.choice(_CASES)
            line = [verb, noun, *rng.choices(common, k=rng.randint(0, 3))]
            rng.shuffle(line)
            yield _respelt(rng, " ".join(line))


def _respelt(rng: Random, line: str) -> str:
    """A line with a few of its sounds spelt as somebody else would: Banglish has no rules."""
    for _ in range(rng.randint(0, 2)):
        one, other = rng.choice(_SPELLINGS)
        line = line.replace(one, other)
    return line


def _english(rng: Random) -> Iterator[str]:
    spoken = _read("zxcvbn_en.txt")
    half = len(spoken) // 2
    lists = [(part, _by_rank(part)) for part in (spoken[:half], spoken[half:])]
    programs, titles, written = _django("en"), _read("oa_mine_titles.txt"), _read("written_en.txt")
    while True:
        kind = rng.random()
        if kind < 0.45:
            yield _salad(rng, *rng.choice(lists))
        elif kind < 0.6:
            yield _piece(rng, rng.choice(programs))
        elif kind < 0.75:
            yield _piece(rng, rng.choice(titles), 2)
        else:
            yield _piece(rng, rng.choice(written))


def _vietnamese(rng: Random) -> Iterator[str]:
    programs, written = _django("vi"), _read("written_vi.txt")
    onsets = ["", *_words("onsets_vi.txt")]
    syllables = [onset + rime for onset in onsets for rime in _words("rimes_vi.txt")]
    while True:
        kind = rng.random()
        if kind < 0.2:
            yield _salad(rng, syllables)
            continue
        line = _piece(rng, rng.choice(programs if kind < 0.5 else written))
        yield line if rng.random() < 0.4 else without_marks(line)


def _other(rng: Random) -> Iterator[str]:
    programs: dict[str, list[str]] = {}
    for language, text in _tagged("django.tsv"):
        if language not in LABELS:
            programs.setdefault(language, []).append(text)
    written = _tagged("written_other.txt")
    hindi = [text for language, text in written if language in {"hi-Latn", "ur-Latn"}]
    words = [word for text in hindi for word in text.split()]
    every = list(programs.values())
    while True:
        kind = rng.random()
        if kind < 0.6:
            line = _piece(rng, rng.choice(rng.choice(every)))
            yield line if rng.random() < 0.6 else without_marks(line)
        elif kind < 0.75:
            yield _piece(rng, rng.choice(written)[1])
        elif kind < 0.9:
            yield _piece(rng, rng.choice(hindi), 2)
        else:
            yield _salad(rng, words)
