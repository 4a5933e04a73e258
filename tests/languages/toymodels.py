"""Small models of the fasttext library's own making, and what it says itself."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = "bhalo valo product nice ami hàng đẹp tốt 好 খুব a e o thanks shop é ñandú übel naïve"
VOCABULARY = WORDS.split()
LINES = [
    *("", "   ", "\t\x0b", "</s>", "valo </s> nice", "__label__1 nice", "__label__", "x" * 300, "é è ü"),
    *("খুব ভালো", "好好好", "😀😀", "a\tb\x0bc", "\x00nice", "İstanbul ẞ", "a" * 70_000 + " nice"),
    *("nice" * 500, "<nice>", "\u00a0 nbsp"),
]
"""Odd ones. The library reads a line, so none holds a line break."""


def lines(count: int, seed: int = 0) -> list[str]:
    """Odd lines, and drawn ones of known, unknown and broken words."""
    rng = random.Random(seed)  # noqa: S311 - draws words
    letters = "abeiou hnklđệখকি好é'-1"
    drawn = [
        " ".join(
            rng.choice(VOCABULARY)
            if rng.random() < 0.6
            else "".join(rng.choices(letters, k=rng.randint(1, 9)))
            for _ in range(rng.randint(1, 12))
        )
        for _ in range(count)
    ]
    return LINES + drawn


def train(folder: Path, loss: str, *, quantised: bool, **options: object) -> Path:
    """A model of five labels, made in a process of its own whose memory is zero."""
    pytest.importorskip("fasttext", reason="fastText has no wheel for this platform")
    rng = random.Random(1)  # noqa: S311 - draws words
    corpus = folder / "corpus.txt"
    corpus.write_text(
        "".join(
            f"__label__{label} {' '.join(rng.choices(VOCABULARY[label * 3 :], k=5))}\n"
            for label in (0, 1, 1, 2, 2, 2, 3, 4)
            for _ in range(40)
        )
    )
    out = folder / f"{loss}-{quantised}.model"
    settings = {
        "dim": 8,
        "minn": 2,
        "maxn": 4,
        "bucket": 3000,
        "epoch": 5,
        "lr": 0.2,
        "minCount": 1,
        **options,
    }
    code = (
        f"import fasttext; model = fasttext.train_supervised({str(corpus)!r}, loss={loss!r}, thread=1,"
        f" verbose=0, **{settings!r})\n"
        + (f"model.quantize({str(corpus)!r}, cutoff=400, qnorm=True, dsub=3)\n" if quantised else "")
        + f"model.save_model({str(out)!r})"
    )
    env = {**os.environ, "MALLOC_PERTURB_": "255"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, timeout=60)
    return out
