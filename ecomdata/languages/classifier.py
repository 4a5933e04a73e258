"""A fastText classifier that reads Arrow's buffers, in numpy and compiled loops, without the library."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.errors import UsageError
from ecomdata.languages.fasttextfile import TREE, ModelFile, read_model_file
from ecomdata.languages.predicting import Floats, climb, embed, multiply, place
from ecomdata.pathnames import expanded

if TYPE_CHECKING:
    import os

PREFIX: Final = "__label__"
_END: Final = b"</s>"


class Classifier:
    """A supervised model, ready to be asked.

    Attributes:
        labels: What it tells apart, without fastText's prefix.
    """

    def __init__(self, model: ModelFile) -> None:
        self.labels = tuple(label.removeprefix(PREFIX) for label in model.labels)
        self._sizes = (model.shortest, model.longest, max(model.bucket, 1), len(model.words))
        self._pruned = model.pruned
        self._prefix = np.frombuffer(PREFIX.encode(), dtype=np.uint8)
        self._names = np.frombuffer(b"".join(model.words), dtype=np.uint8)
        self._edges = np.cumsum([0, *map(len, model.words)], dtype=np.int64)
        self._slots = np.full(1 << (2 * len(model.words) + 1).bit_length(), -1, dtype=np.int32)
        place(self._names, self._edges, self._slots)
        self._end = model.words.index(_END) if _END in model.words else -1
        self._tree = _tree(model.label_counts) if model.loss == TREE else None
        self._rows, self._output = model.rows, model.output
        # With few labels, each row is multiplied with the output matrix beforehand: there is less to add.
        self._folded = self._tree is None and len(self.labels) < model.dimensions
        if self._folded:
            self._rows = np.zeros((len(model.rows), len(self.labels)), dtype=np.float32)
            multiply(model.rows, model.output, self._rows)

    def probabilities(self, data: NDArray[np.uint8], edges: NDArray[np.int64]) -> Floats:
        """How likely each label is for each text; n rows, a column for each label.

        Args:
            data: The bytes of all texts, UTF-8.
            edges: Where each begins and the last ends, n + 1.
        """
        hidden = np.zeros((len(edges) - 1, self._rows.shape[1]), dtype=np.float32)
        embed(
            data, edges, self._prefix, self._names, self._edges, self._slots,
            self._pruned, self._rows, self._sizes, self._end, hidden,
        )  # fmt: skip
        if self._folded:
            return _softmax(hidden)
        scores = np.empty((len(hidden), len(self._output)), dtype=np.float32)
        multiply(hidden, self._output, scores)
        return _softmax(scores) if self._tree is None else self._leaves(scores, *self._tree)

    def _leaves(self, scores: Floats, left: NDArray[np.int32], right: NDArray[np.int32]) -> Floats:
        logs = np.empty((len(scores), 2 * len(self.labels) - 1), dtype=np.float32)
        climb(scores, left, right, logs)
        return np.exp(logs[:, : len(self.labels)])


@cache
def shipped() -> Classifier:
    """The model that comes with the package: en, vi, bn-Latn and other, for words in Latin letters."""
    with as_file(files("ecomdata.languages") / "model.ftz") as path:
        return Classifier(read_model_file(path))


def from_file(path: str | os.PathLike[str]) -> Classifier:
    """A model in a file of the user's, such as lid.176.ftz, checked before it is used.

    Raises:
        UsageError: there is no such file.
        DataError: it is no model that can be used.
    """
    file = expanded(Path(path))
    if not file.is_file():
        raise UsageError(f"{file} is no file", hint="a fastText model is needed, such as lid.176.ftz")
    return Classifier(read_model_file(file))


def _softmax(scores: Floats) -> Floats:
    powers: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def _tree(counts: tuple[int, ...]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The Huffman tree that fastText builds from how often each label stood in the training data.

    Returns:
        The nodes on the left and on the right of each inner node; leaves are numbered first.
    """
    leaves = len(counts)
    weights = [*counts, *[10**15] * (leaves - 1)]
    leaf, inner = leaves - 1, leaves
    children: list[tuple[int, int]] = []
    for node in range(leaves, 2 * leaves - 1):
        pair: list[int] = []
        for _ in range(2):
            if leaf >= 0 and weights[leaf] < weights[inner]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(inner)
                inner += 1
        weights[node] = weights[pair[0]] + weights[pair[1]]
        children.append((pair[0], pair[1]))
    both = np.array(children, dtype=np.int32).reshape(-1, 2)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])
