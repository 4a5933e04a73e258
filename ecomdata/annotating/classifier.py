"""The final classifier: the embedded suggester's, kept as plain arrays.

Nothing is pickled, and reading one runs no code of its file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ecomdata.annotating.measuring.estimates import Floats
from ecomdata.annotating.measuring.judgements import NOTHING, Scale, parts_of
from ecomdata.annotating.suggesting.classifier import marked, regression, require_learning, vectorizers
from ecomdata.errors import DataError, UsageError
from ecomdata.plainjson import parsed
from ecomdata.readers.npy import whole_array
from ecomdata.readers.zips import DAMAGED, opened_zip

_BATCH: Final = 5_000
_FORMAT: Final = 1
_TRAIN: Final = "train one: ecomdata annotate train"
_SURE: Final = 10.0
"""The log-odds of a label that all texts have, or none."""


class FinalClassifier:
    """A trained classifier; see :mod:`ecomdata.annotating.suggesting.classifier` for what it looks at.

    Attributes:
        scale: What it can answer: one label, several labels, or a score. Spans are those of
            :class:`ecomdata.annotating.dictionary.FinalDictionary`.
    """

    def __init__(
        self, scale: Scale, vectors: Sequence[Any], coefficients: Floats, intercepts: Floats
    ) -> None:
        self.scale = scale
        self._vectors = vectors
        self._coefficients = coefficients
        self._intercepts = intercepts

    @classmethod
    def fit(
        cls, texts: Sequence[str], values: Sequence[str], scale: Scale, *, seed: int = 0
    ) -> FinalClassifier:
        """Train on texts and their labels in the form of judgements; the same give the same.

        Raises:
            UsageError: there are fewer than two different labels, or scikit-learn is not installed.
        """
        require_learning()
        if len(set(values)) < 2:
            raise UsageError(
                "a classifier needs labels of two kinds at least", hint="label more items, or adjudicate"
            )
        vectors = vectorizers()
        read = [marked(text) for text in texts]
        for one in vectors:
            one.fit(read)
        coefficients, intercepts = _fitted(_matrix(vectors, read), values, scale, seed)
        return cls(scale, vectors, coefficients, intercepts)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """How likely each value of the scale is for each text, n x V; of several labels each on its own."""
        rows = [self._of_batch(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        return np.concatenate(rows) if rows else np.empty((0, len(self.scale.values)))

    def _of_batch(self, texts: Sequence[str]) -> Floats:
        matrix = _matrix(self._vectors, [marked(text) for text in texts])
        odds = np.asarray(matrix @ self._coefficients.T) + self._intercepts
        if self.scale.multiple:
            return 1 / (1 + np.exp(-odds))
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def predict(self, texts: Sequence[str]) -> Iterator[tuple[str, float]]:
        """The likeliest value of each text, in the form of judgements, and how likely it is.

        A score is the median of the probabilities. Of several labels it is how likely the least sure of them
        is as it is told.
        """
        values = np.array(self.scale.values)
        for row in self.probabilities(texts):
            if self.scale.multiple:
                given = row >= 0.5
                chosen = "+".join(sorted(values[given].tolist())) or NOTHING
                yield chosen, float(np.where(given, row, 1 - row).min())
            else:
                score = self.scale.kind == "score"
                best = int(np.searchsorted(row.cumsum(), 0.5)) if score else int(row.argmax())
                best = min(best, len(row) - 1)
                yield str(values[best]), float(row[best])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as an .npz file of plain arrays."""
        about = {
            "format": _FORMAT,
            "kind": self.scale.kind,
            "values": self.scale.values,
            "multiple": self.scale.multiple,
            "vocabularies": [one.get_feature_names_out().tolist() for one in self._vectors],
        }
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file,
                about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
                idf=np.concatenate([one.idf_ for one in self._vectors]),
                coefficients=self._coefficients,
                intercepts=self._intercepts,
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FinalClassifier:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            with opened_zip(Path(path), str(path), hint=_TRAIN) as archive:
                about: dict[str, Any] = parsed(whole_array(archive, "about", str(path)).tobytes())
                idf, coefficients, intercepts = (
                    np.asarray(whole_array(archive, name, str(path)), dtype=np.float64)
                    for name in ("idf", "coefficients", "intercepts")
                )
            scale = Scale(kind=about["kind"], values=tuple(about["values"]), multiple=about["multiple"])
            words = [[str(word) for word in vocabulary] for vocabulary in about["vocabularies"]]
            sizes = [len(vocabulary) for vocabulary in words]
            vectors = vectorizers(words)
            for one, part in zip(vectors, np.split(idf, np.cumsum(sizes)[:-1]), strict=True):
                one.idf_ = part
        except (
            DataError,
            OSError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            RuntimeError,
            *DAMAGED,
        ) as error:
            raise DataError(f"{path} is no classifier of ecomdata's: {error}", hint=_TRAIN) from error
        shapes = idf.shape, coefficients.shape, intercepts.shape
        if shapes != ((sum(sizes),), (len(scale.values), sum(sizes)), (len(scale.values),)):
            raise DataError(f"{path} is no classifier of ecomdata's: its arrays do not fit", hint=_TRAIN)
        return cls(scale, vectors, coefficients, intercepts)


def _matrix(vectors: Sequence[Any], texts: Sequence[str]) -> Any:  # noqa: ANN401 - SciPy's
    from scipy import sparse

    return sparse.hstack([one.transform(texts) for one in vectors], format="csr")


def _fitted(matrix: Any, values: Sequence[str], scale: Scale, seed: int) -> tuple[Floats, Floats]:  # noqa: ANN401 - SciPy's
    """Coefficients (V x pieces) and intercepts (V) of a logistic regression; values never given get none."""
    size = len(scale.values)
    coefficients, intercepts = np.zeros((size, matrix.shape[1])), np.full(size, -np.inf)
    if scale.multiple:
        for place, label in enumerate(scale.values):
            given = np.array([label in parts_of(value, scale) for value in values])
            if given.all() or not given.any():
                intercepts[place] = _SURE if given.any() else -_SURE
            else:
                model = regression(seed).fit(matrix, given)
                coefficients[place], intercepts[place] = model.coef_[0], model.intercept_[0]
        return coefficients, intercepts
    model = regression(seed).fit(matrix, np.array(values))
    places = [scale.values.index(str(label)) for label in model.classes_]
    if len(places) == 2:
        # Two classes have one row, the second's; shared between both it is the same softmax.
        coefficients[places] = [-model.coef_[0] / 2, model.coef_[0] / 2]
        intercepts[places] = [-model.intercept_[0] / 2, model.intercept_[0] / 2]
    else:
        coefficients[places], intercepts[places] = model.coef_, model.intercept_
    return coefficients, intercepts
