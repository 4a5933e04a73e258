"""The embedded classifier: TF-IDF of words and of pieces of words, and logistic regression.

It is trained anew each time, on one thread of floating-point work in a fixed order, so that the same labels
and the same seed give the same suggestions. Nothing is kept but its suggestions, and nothing needs a network.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ecomdata.annotating.draws import library_seed
from ecomdata.annotating.measuring.estimates import Floats
from ecomdata.errors import UsageError

_MOST_FEATURES: Final = 50_000
_BLOCK: Final = 5_000
_WORD: Final = r"(?u)\S+"
"""A word, marks and emoji included."""
_STRENGTH: Final = 100.0
"""The inverse of the regularisation; chosen among 1, 10 and 100 (decision 21)."""


def require_learning() -> None:
    """See that scikit-learn is there.

    Raises:
        UsageError: it is not.
    """
    if importlib.util.find_spec("sklearn") is None:
        raise UsageError(
            "the embedded suggester needs scikit-learn, which is not installed",
            hint="pip install 'ecomdata[annotate]'",
        )


class TextClassifier:
    """A classifier of texts into classes 0 to n - 1.

    Args:
        texts: Texts to learn from.
        classes: (texts,) the class of each; at least two of them differ.
        seed: Of the solver.
    """

    def __init__(self, texts: Sequence[str], classes: Sequence[int], *, seed: int = 0) -> None:
        require_learning()
        from sklearn.pipeline import FeatureUnion

        self._features: Any = FeatureUnion(list(zip(("words", "pieces"), vectorizers(), strict=True)))
        self._model: Any = regression(seed)
        # A text of nothing but spaces has no words; a mark stands for it, as when texts are told later.
        self._model.fit(self._features.fit_transform([marked(text) for text in texts]), list(classes))
        self.classes: list[int] = [int(one) for one in self._model.classes_]

    def probabilities(self, texts: Sequence[str]) -> Iterator[Floats]:
        """For each text (classes,) the probability of each of :attr:`classes`."""
        for start in range(0, len(texts), _BLOCK):
            block = [marked(text) for text in texts[start : start + _BLOCK]]
            yield from self._model.predict_proba(self._features.transform(block))


def vectorizers(vocabularies: Sequence[list[str] | None] = (None, None)) -> tuple[Any, Any]:
    """What counts the words, and the pieces of words, of a text; with the vocabularies of those before."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words, pieces = vocabularies
    most = [_MOST_FEATURES if known is None else None for known in vocabularies]
    return (
        TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, max_features=most[0], token_pattern=_WORD, vocabulary=words
        ),
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, max_features=most[1], vocabulary=pieces
        ),
    )


def regression(seed: int) -> Any:  # noqa: ANN401 - it carries no types
    """What learns which of them speak for which class."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_STRENGTH, max_iter=500, random_state=library_seed(seed))


def marked(text: str) -> str:
    """The text, or a mark in place of one that has no words."""
    return text if text.strip() else "\N{EMPTY SET}"
