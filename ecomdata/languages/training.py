"""Training the model that is shipped: ``ecomdata languages train``."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from ecomdata.errors import EcomdataError, UsageError
from ecomdata.languages.arrowtext import texts_of_series
from ecomdata.languages.classifier import PREFIX
from ecomdata.languages.corpus import lines
from ecomdata.languages.detecting import latin_words
from ecomdata.pathnames import file_to_write

LINES: Final = 24_000
"""Lines of each label that the shipped model is trained on."""
BUCKETS: Final = 100_000
"""Its rows for subwords."""
FEWEST_BUCKETS: Final = 256
"""fastText quantises no smaller matrix."""
_ZEROED: Final = {"MALLOC_PERTURB_": "255"}
"""glibc fills what it gives out with the complement, zero; see :mod:`ecomdata.languages.fitting`."""


@dataclass(frozen=True, slots=True)
class Training:
    """What was trained: where the model is, its size in bytes, and on how many lines."""

    path: Path
    size: int
    sha256: str
    lines: int


def train_languages(
    out: Path | str, *, seed: int = 0, of_each: int = LINES, buckets: int = BUCKETS
) -> Training:
    """Train the model again, on the texts that come with the package, and write it to ``out``.

    On one machine the same seed gives the same bytes.

    Args:
        out: The file to write, .ftz.
        seed: For drawing the lines and for the training.
        of_each: Lines of each label.
        buckets: Rows for subwords, at least 256; each takes about nine bytes of the file.

    Raises:
        UsageError: fastText or the folder of ``out`` is not there, or there are too few buckets.
        EcomdataError: the training failed.
    """
    from ecomdata.shards import sha256_file

    out = file_to_write(out)
    if importlib.util.find_spec("fasttext") is None:
        raise UsageError(
            "training needs fastText, which is not installed",
            hint="pip install fasttext-numpy2 (Linux on x86-64, Python before 3.14)",
        )
    if buckets < FEWEST_BUCKETS:
        raise UsageError(f"{buckets:,} buckets are too few", hint=f"at least {FEWEST_BUCKETS}")
    drawn = lines(seed, of_each=of_each)
    _fit(_in_fasttext_form(drawn), out, seed, buckets)
    return Training(out, out.stat().st_size, sha256_file(out), len(drawn))


def _fit(corpus: bytes, out: Path, seed: int, buckets: int) -> None:
    """Train in a process of its own, and put the model in its place when it is whole."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".training-") as folder:
        text, model = Path(folder) / "corpus.txt", Path(folder) / "model.ftz"
        text.write_bytes(corpus)
        done = subprocess.run(  # noqa: S603 - this interpreter, and paths made here
            [
                sys.executable,
                "-m",
                "ecomdata.languages.fitting",
                str(text),
                str(model),
                str(seed),
                str(buckets),
            ],
            env={**os.environ, **_ZEROED, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not model.is_file():
            raise EcomdataError(
                f"fastText did not train: {done.stderr.strip()[-500:]}", hint="another --seed may do"
            )
        model.replace(out)


def _in_fasttext_form(drawn: list[tuple[str, str]]) -> bytes:
    """A line for each text that has words: its label, and the words as the model will read them."""
    _, words = latin_words(texts_of_series(pl.Series([text for _, text in drawn], dtype=pl.String)))
    data = words.data.tobytes()
    edges = np.asarray(words.edges).tolist()
    labelled = (
        f"{PREFIX}{label} ".encode() + data[begin:end] + b"\n"
        for (label, _), begin, end in zip(drawn, edges, edges[1:], strict=False)
        if end > begin
    )
    return b"".join(labelled)
