"""Where in a block of delimited text the lines stand that cannot be parsed: a guess that only cuts it.

The block is cut there, so a line that was passed over, or one that is good, costs time and nothing else: what
is good is parsed again by the fast way, which vouches for it, and all else line by line.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecomdata.readers.exact import Layout

_MOST: Final = 64
"""Lines of a block; where there are more, cutting around each costs more than it saves."""

_Lines = NDArray[np.int64]


def cut_around(data: bytes, layout: Layout, dtypes: Mapping[str, pl.DataType]) -> list[bytes]:
    """The block, its bad lines apart from the lines between them; in one piece where none is found.

    Args:
        data: Whole lines without quoted fields; the last one may lack its line break.
        layout: How they are laid out, with a fixed number of fields.
        dtypes: The type of each column.
    """
    array = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(array == ord("\n"))
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    bad = np.union1d(_uneven(array, ends, layout), _returns(array, ends))
    if not len(bad):
        bad = _untyped(data, len(ends), layout, dtypes)
    if len(bad) > _MOST:
        return [data]
    starts = np.concatenate(([0], ends + 1))
    edges = np.unique(np.concatenate(([0], starts[bad], starts[bad + 1], [len(data)])).clip(max=len(data)))
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def _uneven(array: NDArray[np.uint8], ends: _Lines, layout: Layout) -> _Lines:
    """Lines with too few delimiters or too many."""
    delimiters = np.flatnonzero(array == ord(layout.delimiter))
    counts = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    return np.flatnonzero(counts != len(layout.names) - 1)


def _returns(array: NDArray[np.uint8], ends: _Lines) -> _Lines:
    """Lines with a carriage return before their end."""
    returns = np.flatnonzero(array == ord("\r"))
    followed = array[np.minimum(returns + 1, len(array) - 1)]
    return np.unique(np.searchsorted(ends, returns[followed != ord("\n")]))


def _untyped(data: bytes, lines: int, layout: Layout, dtypes: Mapping[str, pl.DataType]) -> _Lines:
    """Lines with something that is not of its column's type, or nothing in a column that is rarely empty."""
    frame = layout.by_polars(data, {name: _plain(dtype) for name, dtype in dtypes.items()}, lenient=True)
    if frame is None or frame.height != lines:  # where it passed over a line, those behind would be others
        return np.empty(0, np.int64)
    typed = [series.cast(dtypes[series.name], strict=False) for series in frame]
    few = [series.is_null().arg_true() for series in typed if 0 < series.null_count() <= _MOST]
    return np.unique(pl.concat(few).to_numpy()).astype(np.int64) if few else np.empty(0, np.int64)


def _plain(dtype: pl.DataType) -> pl.DataType:
    """What to read as: polars reads no block with an unknown category, though told to pass over errors."""
    return pl.String() if isinstance(dtype, pl.Enum) else dtype
