"""What every encoder must do: one suite, for encoders of this package and of a user's own.

A test module that has a fixture ``encoder`` imports the tests it wants from here.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ecomdata.embeddings.encoders import Encoder, encoded

TOLERANCE = 2e-5
"""The most that a value of a vector of length 1 may differ by, whatever texts it is encoded with."""
TEXTS = (
    "Nike Air Max 90, size 42, black",
    "Wireless mouse 2.4 GHz",
    "প্রোডাক্টটি খুব ভালো",
    "product ta onek valo, delivery o fast",
    "Giày đẹp, giao hàng nhanh",
    "蓝牙耳机 无线 降噪",
    "ワイヤレスイヤホン",
    "наушники беспроводные",
    "سماعات لاسلكية",
    "👍🏽👍🏽 🔥",
    "!!!",
    "x",
    "\u200b\ufeff",
    "a\x00b\x1b[31m",
    "very long " * 300,
)


def test_it_declares_what_it_is(encoder: Encoder) -> None:
    """A name, a hash, and a length."""
    assert encoder.name
    assert len(encoder.revision) == 64
    assert encoder.dim > 0


def test_each_text_has_its_vector_in_order(encoder: Encoder) -> None:
    """In any language, emoji and control characters among them; finite, and the same for the same text."""
    found = encoder.encode(pl.Series([*TEXTS, *reversed(TEXTS)]))
    assert found.shape == (2 * len(TEXTS), encoder.dim)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert np.isfinite(found).all()
    assert np.allclose(found[: len(TEXTS)], found[len(TEXTS) :][::-1], atol=TOLERANCE)


def test_a_vector_does_not_hang_on_what_is_beside_it(encoder: Encoder) -> None:
    """One text alone, in a batch of two, and among all; the same bits where the encoder declares it."""
    whole = encoder.encode(pl.Series(TEXTS))
    alone = np.concatenate([encoder.encode(pl.Series([text])) for text in TEXTS])
    pairs = np.concatenate([encoder.encode(pl.Series(TEXTS[at : at + 2])) for at in range(0, len(TEXTS), 2)])
    for other in (alone, pairs):
        assert np.abs(whole - other).max() <= (0 if encoder.deterministic else TOLERANCE)


def test_it_says_the_same_again(encoder: Encoder) -> None:
    """The same texts give the same vectors."""
    again = [encoder.encode(pl.Series(TEXTS)) for _ in range(2)]
    assert np.abs(again[0] - again[1]).max() <= (0 if encoder.deterministic else TOLERANCE)


def test_vectors_have_the_length_that_is_declared(encoder: Encoder) -> None:
    """1 where they are normalised, or 0 where nothing of the text is known."""
    lengths = np.linalg.norm(encoder.encode(pl.Series(TEXTS)).astype(np.float64), axis=1)
    if encoder.normalised:
        assert np.allclose(lengths[lengths > 0], 1, atol=1e-5)
        assert (lengths > 0).sum() >= len(TEXTS) - 3
    else:
        assert not np.allclose(lengths, 1, atol=1e-3)


def test_no_texts_have_no_vectors(encoder: Encoder) -> None:
    """No rows, of the declared length."""
    assert encoder.encode(pl.Series([], dtype=pl.String)).shape == (0, encoder.dim)


def test_null_and_blank_texts_have_none(encoder: Encoder) -> None:
    """Null, empty, and white space of any kind; the others stay at their places."""
    texts = pl.Series(["red shoes", None, "", " \t\n", "\u3000\u00a0", "red shoes"], dtype=pl.String)
    vectors, nulls = encoded(encoder, texts)
    assert vectors.dtype == pl.Array(pl.Float32, encoder.dim)
    assert vectors.is_null().to_list() == [False, True, True, True, True, False]
    assert nulls == 4
    assert np.allclose(vectors[0].to_numpy(), vectors[5].to_numpy(), atol=TOLERANCE)


def test_only_blank_texts_have_none(encoder: Encoder) -> None:
    """And none at all is fine too."""
    vectors, nulls = encoded(encoder, pl.Series([None, " "], dtype=pl.String))
    assert (vectors.null_count(), nulls) == (2, 2)
    assert encoded(encoder, pl.Series([], dtype=pl.String))[1] == 0


def test_a_text_of_four_megabytes_is_a_text(encoder: Encoder) -> None:
    """Spaced words, and one word without an end."""
    texts = pl.Series(["red shoes " * 400_000, "r" * 4_000_000])
    assert np.isfinite(encoder.encode(texts)).all()


def test_near_texts_are_nearer_than_others(encoder: Encoder) -> None:
    """What the vectors are for."""
    texts = ["Nike running shoes, black, size 42", "Nike running shoe black", "USB cable 2 m"]
    one, other, far = encoder.encode(pl.Series(texts))
    near = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    assert near > float(one @ far / max(np.linalg.norm(one) * np.linalg.norm(far), 1e-9)) + 0.1


__all__ = [name for name in dir() if name.startswith("test_")]
assert pytest
