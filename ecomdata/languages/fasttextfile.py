"""Reading fastText model files, with every length checked before it is believed.

The layout is that of fastText 0.9 (version 12 of its files): a header, the dictionary, the input matrix and
the output matrix, each plain or product-quantised. The library's own loader trusts what it reads.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.errors import DataError

MAGIC: Final = 793712314
VERSION: Final = 12
SUPERVISED: Final = 3
TREE, SOFTMAX = 1, 3
"""The losses that are known here: hierarchical softmax and softmax."""
CENTROIDS: Final = 256
_MOST_DIMENSIONS: Final = 4096
_MOST_ROWS: Final = 1 << 24
_MOST_VALUES: Final = 1 << 27
"""Of a matrix, unpacked: 512 MiB of float32; lid.176 has 32 million."""
_MOST_COUNTED: Final = 10**15
"""fastText takes this for endless where it builds the tree of labels."""
_LONGEST_WORD: Final = 1 << 16
_LONGEST_SUBWORD: Final = 1 << 10

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """What is in a file.

    Attributes:
        words: The dictionary's words, UTF-8.
        labels: Its labels as they stand there, with their prefix.
        label_counts: How often each stood in the training data.
        pruned: Of a pruned dictionary, the row behind the words for each bucket, -1 for those that are gone;
            else empty. int32, one for each bucket.
        rows: The input matrix, unpacked: a row for each word, then for each bucket.
        output: The output matrix, unpacked: a row for each label, or for each node of the tree.
    """

    dimensions: int
    loss: int
    bucket: int
    shortest: int
    longest: int
    words: tuple[bytes, ...]
    labels: tuple[str, ...]
    label_counts: tuple[int, ...]
    pruned: NDArray[np.int32]
    rows: Floats
    output: Floats


class _Bytes:
    """Takes values off the bytes of a file, never past its end."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data
        self._at = 0

    def bad(self, what: str) -> DataError:
        return DataError(
            f"{self._path} is no fastText model that can be used: {what}",
            hint="expected is a supervised model of fastText 0.9, .bin or .ftz, such as lid.176.ftz",
        )

    def take(self, size: int, what: str) -> memoryview:
        if size < 0 or size > len(self._data) - self._at:
            raise self.bad(f"{what} would take {size:,} bytes, and {len(self._data) - self._at:,} are left")
        self._at += size
        return memoryview(self._data)[self._at - size : self._at]

    def integers(self, layout: str, what: str) -> tuple[int, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout), what))

    def flag(self, what: str) -> bool:
        (value,) = self.integers("B", what)
        if value > 1:
            raise self.bad(f"{what} is {value}, not 0 or 1")
        return bool(value)

    def within(self, value: int, least: int, most: int, what: str) -> int:
        if not least <= value <= most:
            raise self.bad(f"{what} is {value:,}, not from {least:,} to {most:,}")
        return value

    def text(self, what: str) -> bytes:
        end = self._data.find(b"\0", self._at, self._at + _LONGEST_WORD)
        if end < 0:
            raise self.bad(f"{what} does not end")
        found = self._data[self._at : end]
        self._at = end + 1
        return found

    def floats(self, count: int, what: str) -> Floats:
        values = np.frombuffer(self.take(count * 4, what), dtype="<f4").astype(np.float32)
        if not np.isfinite(values).all():
            raise self.bad(f"{what} holds values that are no numbers")
        return values

    def end(self) -> None:
        if self._at != len(self._data):
            raise self.bad(f"{len(self._data) - self._at:,} bytes follow its end")


def read_model_file(path: Path) -> ModelFile:
    """Read a supervised model, and unpack its matrices.

    Raises:
        DataError: it is none, or damaged, or asks for what is not done here (word n-grams, other losses).
    """
    data = _Bytes(path, path.read_bytes())
    if data.integers("ii", "its header") != (MAGIC, VERSION):
        raise data.bad(f"it does not begin with fastText's mark and version {VERSION}")
    dimensions, _, _, _, _, ngrams, loss, kind, bucket, shortest, longest, _ = data.integers(
        "12i", "its header"
    )
    data.take(8, "its header")
    data.within(dimensions, 1, _MOST_DIMENSIONS, "its number of dimensions")
    if kind != SUPERVISED:
        raise data.bad("it was not trained with labels")
    if loss not in {TREE, SOFTMAX} or ngrams != 1:
        raise data.bad("only softmax and hierarchical softmax without word n-grams are read here")
    data.within(bucket, 0, _MOST_ROWS, "its number of buckets")
    data.within(longest, 0, _LONGEST_SUBWORD, "its longest subword")
    data.within(shortest, 0, max(longest, 0), "its shortest subword")
    if longest and not bucket:
        raise data.bad("it has subwords and no buckets")
    words, labels, counts, pruned, kept = _dictionary(data, bucket)
    packed = data.flag("the mark of the input matrix")
    total = len(words) + (kept if len(pruned) else bucket)
    rows = _matrix(data, packed, total, dimensions, "the input matrix")
    packed_output = data.flag("the mark of the output matrix") and packed
    output = _matrix(data, packed_output, len(labels), dimensions, "the output matrix")
    data.end()
    return ModelFile(
        dimensions=dimensions,
        loss=loss,
        bucket=bucket,
        shortest=shortest,
        longest=longest,
        words=words,
        labels=labels,
        label_counts=counts,
        pruned=pruned,
        rows=rows,
        output=output,
    )


def _dictionary(
    data: _Bytes, bucket: int
) -> tuple[tuple[bytes, ...], tuple[str, ...], tuple[int, ...], NDArray[np.int32], int]:
    """Words, labels, their counts, which row each bucket has, and how many rows that is."""
    size, nwords, nlabels, _, pruned = data.integers("iiiqq", "its dictionary")
    data.within(nwords, 0, _MOST_ROWS, "its number of words")
    data.within(nlabels, 1, _MOST_ROWS, "its number of labels")
    data.within(size, nwords + nlabels, nwords + nlabels, "the size of its dictionary")
    data.within(pruned, -1, bucket, "its number of pruned buckets")
    words: list[bytes] = []
    labels: list[str] = []
    counts: list[int] = []
    for number in range(size):
        text = data.text("a word of its dictionary")
        count, kind = data.integers("qb", "its dictionary")
        if kind != int(number >= nwords):
            raise data.bad("its labels do not stand behind its words")
        if kind:
            labels.append(text.decode("utf-8", "replace"))
            counts.append(count)
        else:
            words.append(text)
    if min(counts) < 0 or sum(counts) >= _MOST_COUNTED:
        raise data.bad("its labels were not seen as often as it says")
    if pruned < 0:
        return tuple(words), tuple(labels), tuple(counts), np.empty(0, np.int32), 0
    pairs = np.frombuffer(data.take(pruned * 8, "its pruned buckets"), dtype="<i4").reshape(-1, 2)
    rows = np.full(max(bucket, 1), -1, dtype=np.int32)
    if pruned and not (pairs.min() >= 0 and pairs[:, 0].max() < bucket and pairs[:, 1].max() < pruned):
        raise data.bad("a pruned bucket lies outside its matrix")
    rows[pairs[:, 0]] = pairs[:, 1]
    return tuple(words), tuple(labels), tuple(counts), rows, pruned


def _matrix(data: _Bytes, packed: bool, rows: int, dimensions: int, what: str) -> Floats:  # noqa: FBT001 - read so
    if rows * dimensions > _MOST_VALUES:
        raise data.bad(f"{what} would have {rows:,} rows")
    if not packed:
        if data.integers("qq", what) != (rows, dimensions):
            raise data.bad(f"{what} is not of {rows:,} rows and {dimensions:,} columns")
        return data.floats(rows * dimensions, what).reshape(rows, dimensions)
    normed = data.flag(what)
    m, n, size = data.integers("qqi", what)
    if (m, n) != (rows, dimensions):
        raise data.bad(f"{what} is not of {rows:,} rows and {dimensions:,} columns")
    data.within(size, 0, rows * dimensions, f"the size of {what}")
    codes = np.frombuffer(data.take(size, what), dtype=np.uint8)
    matrix = _unpacked(data, codes, rows, dimensions, what)
    if not normed:
        return matrix
    norms = np.frombuffer(data.take(rows, what), dtype=np.uint8)
    return matrix * _unpacked(data, norms, rows, 1, what)


def _unpacked(data: _Bytes, codes: NDArray[np.uint8], rows: int, dimensions: int, what: str) -> Floats:
    """A product-quantised matrix: each code stands for a part of a row, by its centroid."""
    width, parts, part, last = data.integers("4i", what)
    sound = (
        width == dimensions
        and 0 < part <= width
        and parts == math.ceil(width / part)
        and last == width - (parts - 1) * part
        and len(codes) == rows * parts
    )
    if not sound:
        raise data.bad(f"{what} is quantised in a way that does not add up")
    flat = data.floats(width * CENTROIDS, what)
    cells = codes.reshape(rows, parts)
    matrix = np.empty((rows, width), dtype=np.float32)
    for number in range(parts):
        begin = number * part
        size = last if number == parts - 1 else part
        table = flat[begin * CENTROIDS : begin * CENTROIDS + CENTROIDS * size].reshape(CENTROIDS, size)
        matrix[:, begin : begin + size] = table[cells[:, number]]
    return matrix
