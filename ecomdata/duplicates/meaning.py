"""The vectors of the texts that are compared: sets of embeddings that are there, or are made now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ecomdata.duplicates.sources import Against, Corpus, TextColumn
from ecomdata.embeddings.embedding import set_of
from ecomdata.embeddings.encoders import Device, Encoder
from ecomdata.embeddings.sets import EmbeddingSet, embedding_set
from ecomdata.errors import UsageError
from ecomdata.progress import Reporter
from ecomdata.store import Store
from ecomdata.texts.gramhashes import Ints
from ecomdata.vectors.blocks import ChosenVectors, JoinedVectors, ParquetVectors, Vectors

LSA = "lsa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Which vectors to compare.

    Attributes:
        encoder: What makes them, as :func:`ecomdata.embed` has it; vectors that it made before are used.
        which: The name of a set that is there, in the place of an encoder.
        store: Where the sets are.
        device: Where a model computes.
        reporter: Hears of progress.
    """

    encoder: str | Encoder
    which: str | None
    store: Store
    device: Device
    reporter: Reporter

    def of(self, corpus: Corpus) -> tuple[Vectors, dict[str, object]]:
        """One vector for each text in the order of the corpus, zeros for none; and what they are, as options.

        With another table, both have vectors of one encoder: what ``lsa`` learnt from this table's texts is
        used for the other's.

        Raises:
            UsageError: a set is not there, or is of other texts; or an encoder cannot be used.
        """
        ours = self._checked(corpus.column, self._ours(corpus.column))
        said: dict[str, object] = {
            "embeddings": ours.name,
            "encoder": ours.encoder,
            "revision": ours.revision,
        }
        vectors = ParquetVectors(ours.paths, ours.vector_column, nulls="zero")
        if isinstance(corpus, Against):
            other = corpus.others[0]
            theirs = self._checked(other, self._theirs(other, ours))
            others = ParquetVectors(theirs.paths, theirs.vector_column, nulls="zero")
            return JoinedVectors(others, vectors), said
        if corpus.sides:
            return JoinedVectors(*(_chosen(vectors, rows) for rows in corpus.by_side())), said
        return vectors, said

    def _ours(self, column: TextColumn) -> EmbeddingSet:
        dataset = column.table.dataset
        if self.which is not None:
            return embedding_set(dataset, self.which, home=self.store.home)
        return self._made(column, self.encoder)

    def _theirs(self, column: TextColumn, ours: EmbeddingSet) -> EmbeddingSet:
        if ours.encoder == LSA:
            return self._made(column, f"{LSA}:{ours.paths[0].parent}")
        found = self._made(column, self.encoder if self.which is None else ours.encoder)
        if found.revision != ours.revision:
            raise UsageError(
                f"{found.name} and {ours.name} are not of one encoder ({found.revision[:8]} and "
                f"{ours.revision[:8]})",
                hint="make both with one encoder, of one revision",
            )
        return found

    def _made(self, column: TextColumn, encoder: str | Encoder) -> EmbeddingSet:
        return set_of(
            column.table,
            column.column,
            encoder,
            device=self.device,
            home=self.store.home,
            reporter=self.reporter,
        )

    def _checked(self, column: TextColumn, found: EmbeddingSet) -> EmbeddingSet:
        rows = column.table.record.written
        if (found.table, found.column) != (column.table.name, column.column):
            raise UsageError(
                f"{found.name} has the vectors of {found.table}.{found.column or 'its own'}, "
                f"not of {column.name}",
                hint="leave --embeddings away to make them",
            )
        if found.rows != rows:
            raise UsageError(
                f"{found.name} has {found.rows:,} rows and {column.name} has {rows:,}",
                hint="leave --embeddings away to make one of all rows",
            )
        return found


def _chosen(vectors: Vectors, rows: Ints) -> ChosenVectors:
    marks = np.zeros(vectors.rows, np.bool_)
    marks[rows] = True
    return ChosenVectors(vectors, marks)


def lengths_of_texts(column: TextColumn) -> pl.Series:
    """The bytes of each text, in the order of the rows."""
    texts = column.table.scan().select(pl.col(column.column).cast(pl.Binary))
    return texts.select(pl.all().bin.size().fill_null(0).cast(pl.Int64)).collect().to_series()
