"""Fits a model in a process of its own: ``python -m ecomdata.languages.fitting CORPUS OUT SEED``.

With one thread, fastText gives random values to a tenth of its matrix and leaves the rest as the memory
was. Fresh memory is zero; memory that this process used before holds anything, and the training then fails
(«Encountered NaN») or gives other bytes. So whoever starts this also sets MALLOC_MMAP_THRESHOLD_.
"""

from __future__ import annotations

import sys


def fit(corpus: str, out: str, seed: int) -> None:
    """Train on a file of lines in fastText's form, quantise, and write the model."""
    import fasttext

    model = fasttext.train_supervised(
        corpus,
        dim=16,
        minn=1,
        maxn=5,
        minCount=1_000_000,  # subwords alone: as right, and half the size
        wordNgrams=1,
        bucket=100_000,
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
    fit(sys.argv[1], sys.argv[2], int(sys.argv[3]))
