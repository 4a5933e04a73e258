"""The embedding hit rate: how often what came next is near, by its vector, to what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError
from ecomdata.progress import Reporter
from ecomdata.semanticids.galleries import Gallery
from ecomdata.semanticids.queries import Query, read_queries
from ecomdata.vectors.blocks import ArrayVectors, Vectors
from ecomdata.vectors.neighbours import nearest
from ecomdata.vectorstats.reading import gathered

NEAREST: Final = 30
"""Items that each item of a session stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingHitRate:
    """How often the target is among the 30 nearest of an item of its session.

    Attributes:
        queries: The file of sessions.
        gallery: The items and vectors.
        items: Items of the gallery.
        sessions: Sessions of the file.
        positive: Those with label 1.
        counted: Those of them of which an item is in the gallery.
        hits: Those of them whose target is near.
        rate: ``hits / counted * 100``, as upstream computes it with exact search; None where none counts.
        target_missing: Counted sessions whose target is not in the gallery, and so cannot be near.
        rate_in_gallery: The same without those, as upstream computes it with HNSW.
        unknown: Different items of sessions with label 1 that are not in the gallery; they are passed over.
    """

    queries: str
    gallery: str
    items: int
    sessions: int
    positive: int
    counted: int
    hits: int
    rate: float | None
    target_missing: int
    rate_in_gallery: float | None
    unknown: int


def embedding_hit_rate(path: Path, gallery: Gallery, *, memory: str, reporter: Reporter) -> EmbeddingHitRate:
    """The authors' procedure, by exact search (``cal2`` of SID_generation/infer_SID.py before 23ee192).

    Vectors are brought to length 1. Each item of a session with label 1 stands for the 30 items with the
    greatest inner product, itself left out; the session is a hit if the target is one of them. Items that are
    not in the gallery are passed over, and so is a session of nothing else.

    Args:
        path: The sessions.
        gallery: The items among which is searched; decoded semantic ids, or the vectors themselves.
        memory: What may be held, such as ``1GB``; the vectors of the sessions' items come on top.
        reporter: Hears of progress.

    Raises:
        UsageError: the file is not there.
        DataError: a line is malformed, no session has label 1, or a vector is not finite.
    """
    queries = read_queries(path, gallery.spelt)
    positive = [query for query in queries if query.label == 1.0]
    if not positive:
        raise DataError(f"{path} has no session with label 1 among {len(queries):,}")
    place = {item: at for at, item in enumerate(gallery.ids)}
    wanted = {item for query in positive for item in query.items}
    asked = np.array(sorted(place[item] for item in wanted if item in place), np.int64)
    near = _near(gallery.vectors, asked, memory, reporter)
    counted = [query for query in positive if any(item in place for item in query.items)]
    hits = sum(_is_hit(query, place, near) for query in counted)
    missing = sum(query.target not in place for query in counted)
    return EmbeddingHitRate(
        queries=str(path),
        gallery=gallery.name,
        items=len(gallery.ids),
        sessions=len(queries),
        positive=len(positive),
        counted=len(counted),
        hits=hits,
        rate=_percent(hits, len(counted)),
        target_missing=missing,
        rate_in_gallery=_percent(hits, len(counted) - missing),
        unknown=sum(item not in place for item in wanted),
    )


def _near(
    vectors: Vectors, asked: npt.NDArray[np.int64], memory: str, reporter: Reporter
) -> dict[int, frozenset[int]]:
    """For each of some rows the rows nearest to it, itself left out."""
    if not len(asked):
        return {}
    # One more than needed, for a row finds itself.
    most = min(NEAREST + 1, vectors.rows)
    queries = ArrayVectors(gathered(vectors, asked))
    found = nearest(queries, vectors, most, metric="cosine", memory=memory, reporter=reporter)
    return {
        row: frozenset([other for other in ids if other != row][:NEAREST])
        for row, ids in zip(asked.tolist(), found.ids.tolist(), strict=True)
    }


def _is_hit(query: Query, place: dict[str, int], near: dict[int, frozenset[int]]) -> bool:
    target = place.get(query.target)
    return target is not None and any(target in near[place[item]] for item in query.items if item in place)


def _percent(hits: int, of: int) -> float | None:
    return hits / of * 100 if of else None
