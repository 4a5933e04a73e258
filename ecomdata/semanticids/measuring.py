"""The figures of a release's semantic ids."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ecomdata.durable import write_durably
from ecomdata.errors import UsageError
from ecomdata.pathnames import expanded, file_to_write
from ecomdata.progress import Reporter, Silent
from ecomdata.registry import loader
from ecomdata.release import open_release
from ecomdata.semanticids.asking import Answers, answers
from ecomdata.semanticids.codebooks import (
    Codebook,
    chosen,
    codebooks_of,
    items_of_several_ids,
    shape_of,
    spreads,
)
from ecomdata.semanticids.ranking import HitRates, hit_rates
from ecomdata.semanticids.spreads import Spread
from ecomdata.store import writing

if TYPE_CHECKING:
    import os

    from ecomdata.semanticids.galleries import Gallery
    from ecomdata.semanticids.hitrate import EmbeddingHitRate

CAP: Final = 5
"""Items that may share an id once collisions are resolved (SID_generation/ID_collision.sql)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelUse:
    """How the codes of a level are used.

    Attributes:
        level: From 1, coarse to fine.
        size: Codes that there are; 0 where the schema does not say.
        used: Codes that some item has.
        share: Of ``size``, or None.
        perplexity: How many codes there would be if all were used alike; see :attr:`Spread.perplexity`.
        gini: How unevenly items are spread over the used codes; see :attr:`Spread.gini`.
    """

    level: int
    size: int
    used: int
    share: float | None
    perplexity: float | None
    gini: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collisions:
    """Items that share an id.

    Attributes:
        cap: How many may share one, 5 by the authors.
        mean: Items of a used id.
        most: Items of the fullest id.
        alone: Share of the items that have their id for themselves.
        ids_above: Ids with more than ``cap`` items.
        share_above: Their share of the used ids.
        items_above: Share of the items that have such an id.
        to_move: Items that are too many, ``sum_i max(0, x_i - cap)``: those that resolving would move.
        distribution: Items of an id -> ids with so many, ascending.
    """

    cap: int
    mean: float | None
    most: int
    alone: float | None
    ids_above: int
    share_above: float | None
    items_above: float | None
    to_move: int
    distribution: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookStats:
    """The figures of one codebook.

    Attributes:
        codebook: Its name.
        tables: The tables that hold its ids.
        rows: Rows of those.
        missing: Rows without any code.
        incomplete: Rows that lack the code of some level. Neither these nor those count below.
        repeated: Rows whose item stands in another row too, but for one of them: where the codes of all items
            and those of a tenth of them are loaded. An id counts an item once.
        items: Items that count, once for each id that they have.
        of_several_ids: Items with two different ids or more; 0 unless upstream's files disagree.
        used: Different ids that they have.
        gini: The authors' coefficient; see :attr:`Spread.gini`.
        perplexity: Of whole ids; see :attr:`Spread.perplexity`.
        levels: The levels, coarse to fine.
        collisions: Items that share an id.
    """

    codebook: str
    tables: tuple[str, ...]
    rows: int
    missing: int
    incomplete: int
    repeated: int
    items: int
    of_several_ids: int
    used: int
    gini: float | None
    perplexity: float | None
    levels: tuple[LevelUse, ...]
    collisions: Collisions


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticIdStats:
    """What was measured of the semantic ids of a release.

    Attributes:
        dataset: Its name.
        release: The release.
        codebooks: The figures of each codebook; they are never mixed.
        hit_rates: HR@K of a file of predictions, where one was given.
        embedding_hit_rate: Of a file of sessions, where one was given.
    """

    dataset: str
    release: str
    codebooks: tuple[CodebookStats, ...]
    hit_rates: HitRates | None = None
    embedding_hit_rate: EmbeddingHitRate | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def semantic_id_stats(  # noqa: PLR0913 - one keyword an option
    name: str,
    *,
    codebook: str | None = None,
    counts: str | os.PathLike[str] | None = None,
    predictions: str | os.PathLike[str] | None = None,
    queries: str | os.PathLike[str] | None = None,
    gallery: str | os.PathLike[str] | None = None,
    memory: str = "1GB",
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> SemanticIdStats:
    """Measure the semantic ids of a loaded dataset, in bounded memory.

    Args:
        name: A loaded dataset with semantic ids, such as ``taobao/forge``.
        codebook: The one to measure; default: each that is loaded, one after the other.
        counts: Write here how many ids have how many items, in the authors' form; takes one codebook.
        predictions: What a model generated, as JSON lines, for HR@K (:class:`HitRates`); takes one codebook.
        queries: Sessions, for the embedding hit rate (:class:`EmbeddingHitRate`); goes with ``gallery``.
        gallery: Items and their vectors: an .npz file with ``ids`` and ``embeds``, or a set of vectors.
        memory: What DuckDB may hold before it spills to disk, such as ``2GB``.
        home: Where the store is.
        reporter: Hears of progress.

    Raises:
        UsageError: the dataset is not loaded or has no semantic ids, one codebook must be chosen, or the
            folder of ``counts`` is not there.
        DataError: the files in the store cannot be read, a line of ``predictions`` is malformed, or its
            ids are of another codebook.
    """
    loader(name)  # a release of a dataset that is not declared is refused
    release = open_release(name, home=home)
    reporter = reporter or Silent()
    written = None if counts is None else file_to_write(counts)
    near = _near(name, queries, gallery, memory, home, reporter)
    with answers(release, memory) as ask:
        codebooks = codebooks_of(release, ask)
        one = chosen(codebooks, codebook, _needs_one(counts=counts, predictions=predictions))
        ranked = None
        if one and predictions is not None:
            others = [other for other in codebooks.values() if other is not one]
            ranked = hit_rates(expanded(Path(predictions)), one, others, release, ask, reporter)
        measured: list[tuple[CodebookStats, Spread]] = []
        for book in [one] if one else codebooks.values():
            reporter.start(f"codebook {book.name}", 0)
            measured.append(_measured(book, ask))
            reporter.finish()
    if written is not None:
        with writing(written):
            write_durably(written, measured[0][1].as_lines())
    return SemanticIdStats(
        dataset=name,
        release=release.folder.name,
        codebooks=tuple(stats for stats, _ in measured),
        hit_rates=ranked,
        embedding_hit_rate=near,
    )


def _near(
    name: str,
    queries: str | os.PathLike[str] | None,
    gallery: str | os.PathLike[str] | None,
    memory: str,
    home: str | os.PathLike[str] | None,
    reporter: Reporter,
) -> EmbeddingHitRate | None:
    if queries is None or gallery is None:
        if queries is not None or gallery is not None:
            raise UsageError("--queries and --gallery go together", hint="give both, or neither")
        return None
    from ecomdata.semanticids.hitrate import embedding_hit_rate

    with _gallery(name, gallery, home) as items:
        return embedding_hit_rate(expanded(Path(queries)), items, memory=memory, reporter=reporter)


@contextmanager
def _gallery(
    name: str, gallery: str | os.PathLike[str], home: str | os.PathLike[str] | None
) -> Generator[Gallery]:
    from ecomdata.embeddings.sets import embedding_set
    from ecomdata.semanticids.galleries import npz_gallery, set_gallery

    file = expanded(Path(gallery))
    if file.suffix == ".npz":
        if not file.is_file():
            raise UsageError(f"{file} is no file", hint="check its name")
        with npz_gallery(file) as found:
            yield found
    else:
        yield set_gallery(embedding_set(name, str(gallery), home=home))


def _needs_one(**given: object) -> str:
    """The options that are about one codebook, as the subject of a sentence."""
    names = [f"--{name}" for name, value in given.items() if value is not None]
    return f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'}" if names else ""


def _measured(codebook: Codebook, ask: Answers) -> tuple[CodebookStats, Spread]:
    shape = shape_of(codebook, ask)
    whole, levels = spreads(codebook, shape, ask)
    stats = CodebookStats(
        codebook=codebook.name,
        tables=codebook.tables,
        rows=shape.rows,
        missing=shape.missing,
        incomplete=shape.incomplete,
        repeated=shape.repeated,
        items=whole.items,
        of_several_ids=items_of_several_ids(codebook, shape, ask),
        used=whole.used,
        gini=whole.gini,
        perplexity=whole.perplexity,
        levels=_levels(codebook, levels),
        collisions=_collisions(whole),
    )
    return stats, whole


def _levels(codebook: Codebook, found: Sequence[Spread]) -> tuple[LevelUse, ...]:
    return tuple(
        LevelUse(
            level=level,
            size=codebook.size,
            used=spread.used,
            share=_share(spread.used, codebook.size),
            perplexity=spread.perplexity,
            gini=spread.gini,
        )
        for level, spread in enumerate(found, start=1)
    )


def _collisions(spread: Spread) -> Collisions:
    """Count the items that share an id, and those that are too many."""
    above = spread.above(CAP)
    return Collisions(
        cap=CAP,
        mean=_share(spread.items, spread.used),
        most=spread.most,
        alone=_share(spread.counts.get(1, 0), spread.items),
        ids_above=above.used,
        share_above=_share(above.used, spread.used),
        items_above=_share(above.items, spread.items),
        to_move=above.items - CAP * above.used,
        distribution=dict(spread.counts),
    )


def _share(part: int, of: int) -> float | None:
    return part / of if of else None
