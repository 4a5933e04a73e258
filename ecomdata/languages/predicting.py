"""What fastText predicts, over UTF-8 in Arrow's buffers: words and subwords hashed in compiled loops."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata import compiled as compiling
from ecomdata.compiled import compiled, inlined

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Places = NDArray[np.int32]
Floats = NDArray[np.float32]

DATA: Final = "Array(uint8, 1, 'C', readonly=True)"
EDGES: Final = "Array(int64, 1, 'C', readonly=True)"
PLACES: Final = "Array(int32, 1, 'C', readonly=True)"
FLOATS: Final = "Array(float32, 2, 'C', readonly=True)"
FIRST: Final = 2166136261
PRIME: Final = 16777619
OPENS, CLOSES = 60, 62
"""``<`` and ``>``, which fastText puts around a word."""
_END_CODE, _END_SIZE = 3617362777, 4
"""The hash and the bytes of ``</s>``."""


@inlined
def hashed(state: int, byte: int) -> int:
    """FNV-1a with one byte more, in 32 bits; fastText takes the byte as signed, and so its high bits too."""
    wide = byte | 0xFFFFFF00 if byte >= 0x80 else byte
    return ((state ^ wide) * PRIME) & 0xFFFFFFFF


@inlined
def _space(byte: int) -> bool:
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@inlined
def _found(
    data: Bytes, begin: int, stop: int, code: int, slots: Places, names: Bytes, name_edges: Ints
) -> int:
    """The number of a word in the dictionary, or -1."""
    mask = len(slots) - 1
    slot = code & mask
    while slots[slot] >= 0:
        word = slots[slot]
        start, size = name_edges[word], name_edges[word + 1] - name_edges[word]
        if size == stop - begin:
            same = 0
            while same < size and names[start + same] == data[begin + same]:
                same += 1
            if same == size:
                return int(word)
        slot = slot + 1 & mask
    return -1


@inlined
def _added(rows: Floats, row: int, hidden: Floats, text: int) -> int:
    for column in range(rows.shape[1]):
        hidden[text, column] += rows[row, column]
    return 1


@inlined
def _byte(data: Bytes, begin: int, stop: int, at: int) -> int:
    """A byte of a word between ``<`` and ``>``."""
    if at == 0:
        return OPENS
    return int(data[begin + at - 1]) if at <= stop - begin else CLOSES


@inlined
def _subwords(
    data: Bytes,
    begin: int,
    stop: int,
    sizes: tuple[int, int, int, int],
    pruned: Places,
    rows: Floats,
    hidden: Floats,
    text: int,
) -> int:
    """Add the rows of a word's subwords, and return how many there were."""
    shortest, longest, bucket, nwords = sizes
    length = stop - begin + 2
    count = 0
    for first in range(length):
        if _byte(data, begin, stop, first) & 0xC0 == 0x80:
            continue
        code, at, size = FIRST, first, 0
        while at < length and size < longest:
            code = hashed(code, _byte(data, begin, stop, at))
            at += 1
            while at < length and _byte(data, begin, stop, at) & 0xC0 == 0x80:
                code = hashed(code, _byte(data, begin, stop, at))
                at += 1
            size += 1
            if size < shortest or (size == 1 and (first == 0 or at == length)):
                continue
            row = code % bucket
            if len(pruned):
                row = pruned[row]
            if row >= 0:
                count += _added(rows, nwords + row, hidden, text)
    return count


@inlined
def _labelled(data: Bytes, begin: int, stop: int, prefix: Bytes) -> bool:
    """Whether a word begins like a label; fastText passes over those."""
    same = 0
    while same < len(prefix) and same < stop - begin and data[begin + same] == prefix[same]:
        same += 1
    return same == len(prefix)


@compiled(
    f"void({DATA}, {EDGES}, {DATA}, {DATA}, {EDGES}, {PLACES}, {PLACES}, {FLOATS}, "
    "UniTuple(int64, 4), int64, float32[:, ::1])",
    compiling,
)
def embed(  # noqa: C901, PLR0913, PLR0917 - what a model is
    data: Bytes,
    edges: Ints,
    prefix: Bytes,
    names: Bytes,
    name_edges: Ints,
    slots: Places,
    pruned: Places,
    rows: Floats,
    sizes: tuple[int, int, int, int],
    end: int,
    hidden: Floats,
) -> None:
    """The mean of the rows of each text's words, their subwords and the mark of its end.

    Args:
        data: The bytes of all texts.
        edges: Where each begins and the last ends, n + 1.
        prefix: What labels begin with.
        names: The words of the dictionary.
        name_edges: Where each begins and the last ends.
        slots: The words by their hash, -1 where there is none; a power of two.
        pruned: See :class:`ecomdata.languages.fasttextfile.ModelFile`.
        rows: A row for each word, then for each bucket.
        sizes: Shortest and longest subword, number of buckets, number of words.
        end: The number of the word that stands for the end of a line, or -1.
        hidden: Takes the means: n rows of zeros, as wide as ``rows``.
    """
    for text in range(len(edges) - 1):
        at, stop = edges[text], edges[text + 1]
        count = 0
        while at < stop:
            while at < stop and _space(int(data[at])):
                at += 1
            begin = at
            code = FIRST
            while at < stop and not _space(int(data[at])):
                code = hashed(code, int(data[at]))
                at += 1
            if at == begin:
                continue
            if code == _END_CODE and at - begin == _END_SIZE:
                break  # the library reads no further than </s>, its mark for the end of a line
            word = _found(data, begin, at, code, slots, names, name_edges)
            if word >= 0:
                count += _added(rows, word, hidden, text)
            elif _labelled(data, begin, at, prefix):
                continue
            count += _subwords(data, begin, at, sizes, pruned, rows, hidden, text)
        if end >= 0:
            count += _added(rows, end, hidden, text)
        if count:
            for column in range(hidden.shape[1]):
                hidden[text, column] /= count


@compiled(f"void({FLOATS}, {FLOATS}, float32[:, ::1])", compiling)
def multiply(hidden: Floats, output: Floats, scores: Floats) -> None:
    """Scores of each text for each row of the output matrix, added in one order whatever is asked at once."""
    for text in range(hidden.shape[0]):
        for row in range(output.shape[0]):
            total = np.float32(0)
            for column in range(output.shape[1]):
                total += hidden[text, column] * output[row, column]
            scores[text, row] = total


@compiled(f"void({DATA}, {EDGES}, int32[::1])", compiling)
def place(names: Bytes, name_edges: Ints, slots: Places) -> None:
    """Put the words of a dictionary into the slots of their hashes; there must be more slots than words."""
    mask = len(slots) - 1
    for word in range(len(name_edges) - 1):
        code = FIRST
        for at in range(name_edges[word], name_edges[word + 1]):
            code = hashed(code, int(names[at]))
        slot = code & mask
        while slots[slot] >= 0:
            slot = slot + 1 & mask
        slots[slot] = word


@compiled(f"void({FLOATS}, {PLACES}, {PLACES}, float32[:, ::1])", compiling)
def climb(scores: Floats, left: Places, right: Places, logs: Floats) -> None:
    """The logarithm of the probability of each leaf of the tree of labels.

    Args:
        scores: Of each text for each inner node.
        left: The node on the left of each inner node; leaves are numbered first, the root last.
        right: The node on its right.
        logs: Takes the logarithms, a column for each node, leaves first.
    """
    inner = len(left)
    for text in range(scores.shape[0]):
        logs[text, 2 * inner] = 0
        for node in range(inner - 1, -1, -1):
            share = 1 / (1 + np.exp(-np.float64(scores[text, node])))
            above = logs[text, inner + 1 + node]
            logs[text, left[node]] = above + np.log(1 - share + 1e-5)
            logs[text, right[node]] = above + np.log(share + 1e-5)
