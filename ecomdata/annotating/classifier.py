"""A classifier of texts that learns in a second: TF-IDF of pieces of words, and logistic regression.

It is scikit-learn's, and kept as plain arrays: nothing is pickled, and reading one runs no code of its file.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false
# (since scikit-learn and SciPy carry no types)
from __future__ import annotations

import importlib
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.annotating.measuring.judgements import NOTHING, Scale, parts_of
from ecomdata.errors import DataError, EcomdataError, UsageError

Floats = NDArray[np.float64]

_NGRAMS: Final = (2, 4)
"""Characters of the pieces of words: they hold in any script, with typing errors, and in Banglish."""
_MOST_PIECES: Final = 50_000
_STRENGTH: Final = 10.0
"""Inverse of the regularisation: with few labels and many pieces the default learns too little."""
_BATCH: Final = 5_000
_FORMAT: Final = 1
_TRAIN: Final = "train one: ecomdata annotate train"
_SURE: Final = 10.0
"""The log-odds of a label that all texts have, or none."""


class TextClassifier:
    """A trained classifier.

    Attributes:
        scale: What it can answer: one label, several labels, or a score; no spans.
    """

    def __init__(
        self, scale: Scale, pieces: Sequence[str], weights: Floats, coefficients: Floats, intercepts: Floats
    ) -> None:
        self.scale = scale
        self._pieces = list(pieces)
        self._idf = weights
        self._coefficients = coefficients
        self._intercepts = intercepts
        self._vectors: Any = _vectorizer(self._pieces)
        self._vectors.idf_ = weights

    @classmethod
    def fit(cls, texts: Sequence[str], values: Sequence[str], scale: Scale) -> TextClassifier:
        """Train on texts and their labels in the form of judgements; the same give the same.

        Raises:
            UsageError: the task is one of spans, there are fewer than two different labels, or no text has a
                letter.
            EcomdataError: scikit-learn is not installed.
        """
        require_trainable(scale)
        if len(set(values)) < 2:
            raise UsageError(
                "a classifier needs labels of two kinds at least", hint="label more items, or adjudicate"
            )
        vectors = _vectorizer(None)
        try:
            matrix = vectors.fit_transform(texts)
        except ValueError as error:
            raise UsageError(
                f"nothing can be learnt from these texts: {error}", hint="are the fields shown texts?"
            ) from error
        coefficients, intercepts = _fitted(matrix, values, scale)
        pieces = [str(piece) for piece in vectors.get_feature_names_out()]
        return cls(scale, pieces, np.asarray(vectors.idf_), coefficients, intercepts)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """How likely each value of the scale is for each text, n x V; of several labels each on its own."""
        rows = [self._of_batch(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        return np.concatenate(rows) if rows else np.empty((0, len(self.scale.values)))

    def _of_batch(self, texts: Sequence[str]) -> Floats:
        odds = np.asarray(self._vectors.transform(texts) @ self._coefficients.T) + self._intercepts
        if self.scale.multiple:
            found: Floats = 1 / (1 + np.exp(-odds))
            return found
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def predict(self, texts: Sequence[str]) -> Iterator[tuple[str, float]]:
        """The likeliest value of each text, in the form of judgements, and how likely it is.

        Of several labels it is how likely the least sure of them is as it is told.
        """
        values = np.array(self.scale.values)
        for row in self.probabilities(texts):
            if self.scale.multiple:
                given = row >= 0.5
                chosen = "+".join(sorted(values[given].tolist())) or NOTHING
                yield chosen, float(np.where(given, row, 1 - row).min())
            else:
                best = int(row.argmax())
                yield str(values[best]), float(row[best])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as an .npz file of plain arrays."""
        about = {
            "format": _FORMAT,
            "kind": self.scale.kind,
            "values": self.scale.values,
            "multiple": self.scale.multiple,
            "pieces": self._pieces,
        }
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file,
                about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
                idf=self._idf,
                coefficients=self._coefficients,
                intercepts=self._intercepts,
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TextClassifier:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                about: dict[str, Any] = json.loads(arrays["about"].tobytes())
                idf, coefficients, intercepts = (
                    np.asarray(arrays[name], dtype=np.float64)
                    for name in ("idf", "coefficients", "intercepts")
                )
            scale = Scale(kind=about["kind"], values=tuple(about["values"]), multiple=about["multiple"])
            pieces = [str(piece) for piece in about["pieces"]]
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is no classifier of ecomdata's: {error}", hint=_TRAIN) from error
        shapes = idf.shape, coefficients.shape, intercepts.shape
        sizes = len(pieces), len(scale.values)
        if shapes != ((sizes[0],), (sizes[1], sizes[0]), (sizes[1],)):
            raise DataError(f"{path} is no classifier of ecomdata's: its arrays do not fit", hint=_TRAIN)
        return cls(scale, pieces, idf, coefficients, intercepts)


def require_trainable(scale: Scale) -> None:
    """See that a classifier can learn a task.

    Raises:
        UsageError: it is one of spans.
        EcomdataError: scikit-learn is not installed.
    """
    if scale.kind == "spans":
        raise UsageError(
            "spans need a tagger, which is not trained here",
            hint="ecomdata annotate export, and train one on the spans in the table",
        )
    try:
        importlib.import_module("sklearn")
    except ImportError as error:
        raise EcomdataError(
            "training takes scikit-learn, which is not installed", hint="pip install 'ecomdata[annotate]'"
        ) from error


def _vectorizer(pieces: list[str] | None) -> Any:  # noqa: ANN401 - it carries no types
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=_NGRAMS,
        sublinear_tf=True,
        max_features=_MOST_PIECES if pieces is None else None,
        vocabulary=pieces,
        dtype=np.float64,
    )


def _fitted(matrix: Any, values: Sequence[str], scale: Scale) -> tuple[Floats, Floats]:  # noqa: ANN401 - SciPy's
    """Coefficients (V x pieces) and intercepts (V) of a logistic regression; values never given get none."""
    size = len(scale.values)
    coefficients, intercepts = np.zeros((size, matrix.shape[1])), np.full(size, -np.inf)
    if scale.multiple:
        for place, label in enumerate(scale.values):
            given = np.array([label in parts_of(value, scale) for value in values])
            if given.all() or not given.any():
                intercepts[place] = _SURE if given.any() else -_SURE
            else:
                model = _regression().fit(matrix, given)
                coefficients[place], intercepts[place] = model.coef_[0], model.intercept_[0]
        return coefficients, intercepts
    model = _regression().fit(matrix, np.array(values))
    places = [scale.values.index(str(label)) for label in model.classes_]
    if len(places) == 2:
        # Two classes have one row, the second's; shared between both it is the same softmax.
        coefficients[places], intercepts[places] = (
            [-model.coef_[0] / 2, model.coef_[0] / 2],
            [
                -model.intercept_[0] / 2,
                model.intercept_[0] / 2,
            ],
        )
    else:
        coefficients[places], intercepts[places] = model.coef_, model.intercept_
    return coefficients, intercepts


def _regression() -> Any:  # noqa: ANN401 - it carries no types
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_STRENGTH, max_iter=1000)
