"""Vectors of float32 written as base64 text, as some upstreams put them into CSV cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl


def float32_vectors(column: pl.Expr, dim: int) -> pl.Expr:
    """Base64 of raw little-endian float32 bytes as a fixed-size list.

    Args:
        column: Text such as ``AACAPwAAAEA=`` (the vector 1.0, 2.0).
        dim: Values in a vector.

    Returns:
        An expression of type ``Array(Float32, dim)``; null where the text is not base64 or does not
        hold exactly ``dim`` values.
    """
    return column.str.decode("base64", strict=False).bin.reinterpret(
        dtype=pl.Array(pl.Float32, dim), endianness="little"
    )


def base64_texts(vectors: npt.NDArray[np.float32]) -> pl.Series:
    """The inverse of :func:`float32_vectors`: one text per row of an (n, dim) array."""
    rows, dim = vectors.shape
    data = np.ascontiguousarray(vectors, dtype="<f4").tobytes()
    width = 4 * dim
    raw = pl.Series([data[width * row : width * (row + 1)] for row in range(rows)], dtype=pl.Binary)
    return raw.bin.encode("base64")
