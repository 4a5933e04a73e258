"""Texts as their bytes: out of Arrow's buffers, and tidied."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.texts.given import HINT
from ecomdata.texts.gramhashes import Bytes, Ints

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    Column: TypeAlias = pl.Series | pa.Array[Any] | pa.ChunkedArray[Any]
    """Texts, or bytes that are taken for UTF-8."""

TIDYINGS: Final = ("case", "nfc", "digits", "space")
"""What texts may be rid of before they are compared, in the order in which it is done."""

_BLOCK_BYTES: Final = 2 << 20
_BLOCK_TEXTS: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts one after the other: text i has the bytes from ``edges[i]`` to ``edges[i + 1]`` of ``data``."""

    data: Bytes
    edges: Ints

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def sizes(self) -> Ints:
        """Bytes of each text."""
        return np.diff(self.edges)


def blocks(column: Any) -> Iterator[pa.Array[Any]]:  # noqa: ANN401 - whoever calls may be wrong
    """The texts of a :data:`Column`, or of several, in Arrow arrays of a few megabytes.

    A text is never cut: an array of a longer one is larger.

    Raises:
        UsageError: there are no texts in it.
    """
    import pyarrow as pa

    if isinstance(column, pa.Array):
        yield from _cut(column)
    elif isinstance(column, str | bytes) or not isinstance(column, Iterable):
        raise UsageError(
            f"{type(column).__name__} holds no texts",
            hint=HINT,
        )
    else:
        source = cast("Any", column)
        made = source.to_arrow() if hasattr(source, "to_arrow") else source
        parts: Iterable[Any] = [made] if isinstance(made, pa.Array) else getattr(made, "chunks", made)
        for part in parts:
            yield from blocks(part)


def _cut(whole: pa.Array[Any]) -> Iterator[pa.Array[Any]]:
    array = _plain(whole)
    edges = _edges(array)
    first = 0
    while first < len(array):
        last = int(edges.searchsorted(int(edges[first]) + _BLOCK_BYTES, side="right")) - 1
        last = min(max(last, first + 1), first + _BLOCK_TEXTS, len(array))
        yield array.slice(first, last - first)
        first = last


def _plain(array: Any) -> pa.Array[Any]:  # noqa: ANN401 - the stubs know no views
    """The same texts as offsets and bytes, without nulls."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

    if str(array.type).startswith("dictionary"):
        array = array.dictionary_decode()
    kind = str(array.type)
    views = {"null": pa.large_string(), "string_view": pa.large_string(), "binary_view": pa.large_binary()}
    if kind in views:
        array = array.cast(views[kind])
    elif kind not in {"string", "large_string", "binary", "large_binary"}:
        raise UsageError(f"a column of {kind} holds no texts", hint="name a column of strings")
    if array.null_count:
        # A scalar, or an array, that pyarrow itself makes of Python's or NumPy's values has it import pandas.
        empty = cast("Any", pl.Series([b"" if "binary" in kind else ""])).to_arrow()[0]
        array = pc.fill_null(array, empty.cast(array.type))
    return cast("pa.Array[Any]", array)


def _edges(array: pa.Array[Any]) -> Ints:
    large = str(array.type).startswith("large")
    buffer = array.buffers()[1]
    if not len(array) or buffer is None:
        return np.zeros(len(array) + 1, np.int64)
    width = np.dtype(np.int64 if large else np.int32)
    found = np.frombuffer(memoryview(buffer), width, len(array) + 1, array.offset * width.itemsize)
    return found.astype(np.int64)


def plain_texts(array: pa.Array[Any]) -> Texts:
    """The buffers of an array that :func:`blocks` gave."""
    edges = _edges(array)
    buffer = array.buffers()[2]
    if buffer is None:
        return Texts(_read_only(np.zeros(0, np.uint8)), edges)
    size = int(edges[-1] - edges[0])
    data = np.frombuffer(memoryview(buffer), np.uint8, size, int(edges[0]))
    return Texts(_read_only(data), edges - edges[0])


def _read_only(data: Bytes) -> Bytes:
    data.flags.writeable = False
    return data


def tidy_texts(array: pa.Array[Any], tidyings: frozenset[str]) -> Texts:
    """The texts of an array as they are compared; see :data:`TIDYINGS`.

    ASCII, Bengali, Han and emoji are tidied in compiled loops; polars knows the rest of Unicode. Bytes
    that are no UTF-8 stay as they are, but for the letters and the white space of ASCII among them.
    """
    from ecomdata.texts import textkernels

    texts = plain_texts(array)
    if not tidyings:
        return texts
    flags = np.zeros(len(texts), np.uint8)
    others = Texts(_read_only(np.zeros(0, np.uint8)), np.zeros(1, np.int64))
    if tidyings - {"space"} and textkernels.unusual(texts.data, texts.edges, "digits" in tidyings, flags):
        others = _tidied_by_polars(array, flags, tidyings)
    out = np.empty(2 * (len(texts.data) + len(others.data)), np.uint8)
    edges = np.empty(len(texts) + 1, np.int64)
    fold, squeeze, compose = (name in tidyings for name in ("case", "space", "nfc"))
    size = textkernels.tidy(
        texts.data, texts.edges, flags, others.data, others.edges, fold, squeeze, compose, out, edges
    )
    return Texts(_read_only(out[:size].copy()), edges)


def _tidied_by_polars(array: pa.Array[Any], flags: Bytes, tidyings: frozenset[str]) -> Texts:
    """The marked texts, tidied but for white space; marks of those that are no UTF-8 are taken away."""
    import polars as pl
    import pyarrow as pa

    chosen: Any = array.filter(cast("Any", pl.Series(flags.view(np.bool_))).to_arrow())
    if "binary" in str(chosen.type):
        valid = [_is_text(value) for value in chosen.to_pylist()]
        chosen = chosen.filter(pl.Series(valid, dtype=pl.Boolean).to_arrow())
        flags[flags.nonzero()[0][~np.array(valid, np.bool_)]] = 0
        chosen = chosen.cast(pa.large_string())
    series = pl.Series(chosen, dtype=pl.String)
    # Small letters first: H with a line below is one character only when it is small.
    if "case" in tidyings:
        series = series.str.to_lowercase()
    if "nfc" in tidyings:
        series = series.str.normalize("NFC")
    if "digits" in tidyings:
        series = pl.select(pl.lit(series).str.replace_many(_digits())).to_series()
    return plain_texts(_plain(series.rechunk().to_arrow()))


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


@cache
def _digits() -> dict[str, str]:
    """Decimal digits of all scripts as those of ASCII."""
    characters = map(chr, range(128, sys.maxunicode + 1))
    return {c: str(unicodedata.decimal(c)) for c in characters if unicodedata.category(c) == "Nd"}
