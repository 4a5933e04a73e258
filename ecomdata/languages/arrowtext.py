"""Texts as Arrow has them: one run of bytes, and where each text begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from ecomdata.errors import UsageError
from ecomdata.texts.given import HINT


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts side by side, without a copy where Arrow has them so.

    Attributes:
        data: Their bytes, UTF-8.
        edges: Where each begins and the last ends, n + 1; int64.
        missing: Which are null; those hold no bytes that count.
    """

    data: NDArray[np.uint8]
    edges: NDArray[np.int64]
    missing: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.missing)


def texts_of(array: pa.Array[pa.Scalar[pa.DataType]]) -> Texts:
    """The texts in an array of strings of any width: string, large_string or string_view, sliced or not.

    Raises:
        UsageError: it holds something else.
    """
    if pa.types.is_null(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    if pa.types.is_large_string(array.type):
        width = 8
    elif pa.types.is_string(array.type):
        width = 4
    else:
        raise UsageError(f"texts are strings, not {array.type}", hint="cast them to strings first")
    _, offsets, values = array.buffers()
    rows = len(array)
    missing = pl.Series(array.is_null()).to_numpy()  # pyarrow's own to_numpy imports pandas
    if not rows or offsets is None:
        return Texts(np.empty(0, np.uint8), np.zeros(rows + 1, np.int64), missing)
    kind = f"<i{width}"
    edges = np.frombuffer(cast("bytes", offsets), dtype=kind, count=rows + 1, offset=array.offset * width)
    data = np.frombuffer(cast("bytes", values or b""), dtype=np.uint8)
    first, last = int(edges[0]), int(edges[-1])
    return Texts(data[first:last], edges.astype(np.int64) - first, missing)


def as_series(texts: object) -> pl.Series:
    """A series of what an Arrow array holds; a series as it is.

    Raises:
        UsageError: it is something else.
    """
    if isinstance(texts, pl.Series):
        return texts
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        return pl.Series(texts)
    raise UsageError(f"{type(texts).__name__} holds no texts", hint=HINT)


def as_strings(series: pl.Series) -> pl.Series:
    """A series of strings, made of one that holds strings, categories or nothing.

    Raises:
        UsageError: it holds something else.
    """
    if isinstance(series.dtype, pl.String | pl.Null | pl.Categorical | pl.Enum):
        return series.cast(pl.String)
    raise UsageError(
        f"texts are strings, and {series.name or 'these'} are {series.dtype}", hint="cast them to String"
    )


def texts_of_series(series: pl.Series) -> Texts:
    """The texts in a polars series of strings."""
    return texts_of(series.to_arrow())
