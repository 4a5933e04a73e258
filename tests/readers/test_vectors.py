"""Base64 float vectors."""

from __future__ import annotations

import base64

import numpy as np
import polars as pl

from ecomdata.readers.vectors import base64_texts, float32_vectors


def _decoded(texts: list[str | None], dim: int) -> pl.Series:
    return pl.DataFrame({"t": texts}, schema={"t": pl.String}).select(float32_vectors(pl.col("t"), dim))["t"]


def test_little_endian_float32_comes_back_bit_for_bit() -> None:
    """The bytes are little-endian float32, whatever wrote them."""
    values = np.array([[1.5, -0.0, 3e38], [np.pi, 1e-45, 0.1]], dtype="<f4")
    texts: list[str | None] = [base64.b64encode(row.tobytes()).decode() for row in values]
    decoded = _decoded(texts, 3)
    assert decoded.dtype == pl.Array(pl.Float32, 3)
    assert decoded.to_numpy().tobytes() == values.tobytes()


def test_text_of_another_length_is_null() -> None:
    """A vector that is one value short, one too long or empty never becomes a vector."""
    short, long = (base64.b64encode(bytes(4 * n)).decode() for n in (2, 4))
    assert _decoded([short, long, "", None], 3).is_null().all()


def test_text_that_is_no_base64_is_null() -> None:
    """A header line in the middle, or text with a stray character, never becomes a vector."""
    good = base64.b64encode(bytes(12)).decode()
    assert _decoded(["feature", good[:-1] + "!", good], 3).is_null().to_list() == [True, True, False]


def test_writing_and_reading_are_inverse() -> None:
    """What the sample generator writes, the reader reads."""
    values = np.random.default_rng(0).standard_normal((7, 512), dtype=np.float32)
    texts = base64_texts(values)
    assert texts.str.len_bytes().to_list() == [2732] * 7
    assert np.array_equal(_decoded(texts.to_list(), 512).to_numpy(), values)
