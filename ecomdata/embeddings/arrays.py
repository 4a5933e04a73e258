"""Between polars and arrays of vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from ecomdata.embeddings.encoders import Encoder, Floats
from ecomdata.errors import DataError

Marks = npt.NDArray[np.bool_]


def has_text(texts: pl.Series) -> Marks:
    """Which texts are neither null nor blank: white space alone, as Unicode has it, says nothing."""
    return (texts.str.strip_chars().str.len_bytes() > 0).fill_null(value=False).to_numpy()


def as_lists(vectors: Floats, present: Marks, encoder: Encoder) -> pl.Series:
    """Vectors as a series of fixed-size lists; null where ``present`` is false.

    Raises:
        DataError: they are not as many, or not as long, as they should be, or not finite.
    """
    wanted = int(np.count_nonzero(present)), encoder.dim
    known = isinstance(vectors, np.ndarray)  # an encoder may be anybody's
    if not known or vectors.shape != wanted or vectors.dtype != np.float32:
        given = f"{vectors.dtype} of {vectors.shape}" if known else type(vectors).__name__
        raise DataError(
            f"the encoder {encoder.name} gave {given}, not float32 of {wanted}",
            hint="an encoder gives a NumPy array with a row of its declared length for each text",
        )
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise DataError(
            f"the encoder {encoder.name} gave a vector that is not finite, for text {row + 1:,} of a batch",
            hint="a model in half precision may overflow: use --device cpu, or another model",
        )
    series = pl.Series("vector", vectors, dtype=pl.Array(pl.Float32, encoder.dim))
    if present.all():
        return series
    places = np.cumsum(present) - 1
    indices = pl.Series(np.where(present, places, 0), dtype=pl.UInt32)
    if not wanted[0]:
        return pl.Series("vector", [None] * len(present), dtype=series.dtype)
    marks = pl.Series(present)
    return series.gather(indices).to_frame().select(pl.when(marks).then(pl.col("vector")))["vector"]
