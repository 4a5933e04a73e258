"""Clusters of a pool: those that a column says, or those that its texts make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ecomdata.annotating.draws import library_seed
from ecomdata.annotating.suggesting.classifier import require_learning
from ecomdata.errors import UsageError

MOST: Final = 1_000
"""Clusters, at most."""
_SAMPLE: Final = 50_000
"""Texts from which the words are learnt."""
_BLOCK: Final = 10_000
_WORD: Final = r"(?u)\S+"
_DIMENSIONS: Final = 64


def clusters_of_texts(texts: Sequence[str], count: int, *, seed: int = 0) -> list[int]:
    """Divide texts into clusters 0 to ``count - 1`` by k-means over latent semantic analysis.

    TF-IDF of words, a truncated singular value decomposition (Deerwester et al., "Indexing by latent semantic
    analysis", 1990), and k-means over its 64 dimensions at unit length. The same under the same seed.

    Raises:
        UsageError: there are fewer texts than clusters, or scikit-learn is not installed.
    """
    if not 2 <= count <= MOST or count > len(texts):
        raise UsageError(
            f"{len(texts):,} texts are not divided into {count} clusters",
            hint=f"give 2 to {MOST:,}, and no more than there are items",
        )
    require_learning()
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer

    sample = texts[:: -(-len(texts) // _SAMPLE)]
    words: Any = TfidfVectorizer(token_pattern=_WORD, sublinear_tf=True, max_features=20_000)
    counted = words.fit_transform([f"{text} ." for text in sample])
    dimensions = max(1, min(_DIMENSIONS, min(counted.shape) - 1))
    space: Any = Pipeline(
        [("svd", TruncatedSVD(dimensions, random_state=library_seed(seed))), ("unit", Normalizer(copy=False))]
    )
    kmeans: Any = MiniBatchKMeans(count, random_state=library_seed(seed))
    kmeans.fit(space.fit_transform(counted))
    found: list[int] = []
    for start in range(0, len(texts), _BLOCK):
        block = [f"{text} ." for text in texts[start : start + _BLOCK]]
        found += kmeans.predict(space.transform(words.transform(block))).tolist()
    return found
