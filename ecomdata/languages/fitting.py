"""Fits a model in a process of its own: ``python -m ecomdata.languages.fitting CORPUS OUT SEED BUCKETS``.

With one thread, fastText gives random values to a tenth of its matrix and leaves the rest as the memory
was. Memory that was used before holds anything, and the training then fails («Encountered NaN») or gives
other bytes. So whoever starts this has glibc hand out zeros (MALLOC_PERTURB_).
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def fit(corpus: str, out: str, *, seed: int, buckets: int) -> None:
    """Train on a file of lines in fastText's form, quantise, and write the model."""
    fasttext: Any = importlib.import_module("fasttext")  # it carries no types

    model = fasttext.train_supervised(
        corpus,
        dim=16,
        minn=1,
        maxn=5,
        minCount=1_000_000,  # subwords alone: as right, and half the size
        wordNgrams=1,
        bucket=buckets,
        epoch=5,
        lr=0.4,
        loss="softmax",
        thread=1,
        seed=seed,
        verbose=0,
    )
    model.quantize(input=corpus, dsub=2, qnorm=True, retrain=False, verbose=0)
    model.save_model(out)


if __name__ == "__main__":
    fit(sys.argv[1], sys.argv[2], seed=int(sys.argv[3]), buckets=int(sys.argv[4]))
