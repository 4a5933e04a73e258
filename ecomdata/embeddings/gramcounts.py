"""The compiled loops of ``lsa``: counting hashed n-grams of characters, weighing them, sparse products.

A sparse matrix is three arrays: row i has ``values[edges[i] : edges[i + 1]]`` in ``columns`` at the same
places, and zeros elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ecomdata.compiled import compiled
from ecomdata.texts import gramhashes
from ecomdata.texts.gramhashes import BASIS, DATA, PRIME, Bytes, Ints, mixed

Columns = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@compiled(
    f"int64({DATA}, int64[::1], int64, int64, int32[::1], int32[::1], float32[::1], int64[::1])", gramhashes
)
def count_grams(
    data: Bytes,
    edges: Ints,
    shortest: int,
    longest: int,
    seen: Columns,
    columns: Columns,
    counts: Floats,
    out_edges: Ints,
) -> int:
    """Count the n-grams of characters of each text, with a space before and after it, by their hash.

    ``seen`` has a zero for each column there may be, a power of two, and has them again at the end; the
    number of values that were written is returned. Columns of a row stand in the order in which they occur.
    """
    mask = np.uint64(len(seen) - 1)
    total = 0
    out_edges[0] = 0
    for text in range(len(edges) - 1):
        start, stop, first = edges[text], edges[text + 1], total
        at = start - 1
        while at < stop:
            found = BASIS
            end = at
            for size in range(1, longest + 1):
                if end > stop:
                    break
                inside = start <= end < stop
                found = (found ^ np.uint64(data[end] if inside else 32)) * PRIME
                end += 1
                while inside and end < stop and data[end] & 0xC0 == 0x80:
                    found = (found ^ np.uint64(data[end])) * PRIME
                    end += 1
                if size >= shortest:
                    column = np.int64(mixed(found) & mask)
                    if seen[column] == 0:
                        columns[total] = column
                        total += 1
                    seen[column] += 1
            at += 1
            while start < at < stop and data[at] & 0xC0 == 0x80:
                at += 1
        for place in range(first, total):
            counts[place] = seen[columns[place]]
            seen[columns[place]] = 0
        out_edges[text + 1] = total
    return total


@compiled("int64(int32[::1], int64[::1], float32[::1], float32[::1])")
def weigh(columns: Columns, edges: Ints, inverse: Floats, values: Floats) -> int:
    """Counts, in place, as 1 + ln(count) times the column's inverse frequency, each row of length 1."""
    for row in range(len(edges) - 1):
        total = 0.0
        for place in range(edges[row], edges[row + 1]):
            weight = (1.0 + math.log(values[place])) * inverse[columns[place]]
            values[place] = weight
            total += weight * weight
        scale = 1.0 / math.sqrt(total) if total > 0.0 else 0.0
        for place in range(edges[row], edges[row + 1]):
            values[place] *= scale
    return len(edges) - 1


@compiled(
    "int64(int32[::1], int64[::1], float32[::1], Array(float32, 2, 'C', readonly=True), int64, int64, "
    "float32[:, ::1])"
)
def multiply(
    columns: Columns, edges: Ints, values: Floats, right: Floats, first: int, last: int, out: Floats
) -> int:
    """Write rows ``first`` to ``last`` of the product of a sparse matrix with a dense one into ``out``.

    A row is summed up in the order of its values, so that it is the same whoever computes the others.
    """
    width = right.shape[1]
    for row in range(first, last):
        out[row, :] = 0.0
        for place in range(edges[row], edges[row + 1]):
            column, value = columns[place], values[place]
            for at in range(width):
                out[row, at] += value * right[column, at]
    return last - first
