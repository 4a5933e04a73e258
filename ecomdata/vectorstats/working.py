"""The figures of a set of vectors on their way: which are made, in which order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import polars as pl

from ecomdata.errors import UsageError
from ecomdata.progress import Reporter
from ecomdata.vectors.agreement import neighbour_agreement
from ecomdata.vectors.blocks import Ints, Vectors
from ecomdata.vectors.computing import computer
from ecomdata.vectors.directions import anisotropy_of
from ecomdata.vectors.mapping import plane_of
from ecomdata.vectors.moments import Moments, moments
from ecomdata.vectors.nearness import Nearness, nearness_of
from ecomdata.vectors.spectrum import Spectrum, spectrum_of
from ecomdata.vectorstats.comparing import Side, compared, splits_of
from ecomdata.vectorstats.figures import (
    Centre,
    Comparison,
    Counts,
    EmbeddingStatistics,
    FlatMap,
    LabelAgreement,
    Lengths,
)
from ecomdata.vectorstats.how import How
from ecomdata.vectorstats.labels import LEVEL, LabelColumn, Labels, found_column, labels_of, usual_columns
from ecomdata.vectorstats.reading import Usable, drawn, gathered
from ecomdata.vectorstats.searching import Nearest, Searcher

if TYPE_CHECKING:
    from ecomdata.embeddings.sets import EmbeddingSet
    from ecomdata.release import Release

_Made = TypeVar("_Made")
_POINTS: Final = 2000
"""Vectors on the map."""
_UNIT: Final = 1e-3
"""How far a length may be from one to be called that."""
_ROUNDED: Final = 1e-6
"""How far it is where vectors were divided by their lengths in single precision."""


class Work:
    """The figures of one set on their way.

    Args:
        one: The set.
        release: The release that it is of.
        how: How to look at it.
        reporter: Hears of progress.
    """

    def __init__(self, one: EmbeddingSet, release: Release, how: How, reporter: Reporter) -> None:
        self._set = one
        self._release = release
        self._how = how
        self._reporter = reporter
        self._device = computer(how.device, how.jobs)
        self._searcher = Searcher(how, self._device, reporter)
        self._vectors = one.vectors()
        self._seconds: dict[str, float] = {}

    def found(
        self, labels: Sequence[str], split: str | None, other: EmbeddingSet | None
    ) -> EmbeddingStatistics:
        """All figures.

        Args:
            labels: Columns of labels; none: the usual ones.
            split: A column of splits.
            other: A set to compare with.

        Raises:
            UsageError: there is no such column, or the sets cannot be compared.
        """
        columns = [found_column(self._set, self._release, name) for name in labels]
        columns = columns or usual_columns(self._set, self._release)
        splitting = None if split is None else found_column(self._set, self._release, split)
        if other is not None:
            _check_comparable(self._set, other)
        total = self._timed("moments", lambda: self._moments(self._vectors))
        directed = Usable(self._vectors, total.finite - total.zero, directed=True)
        nearest = self._timed(
            "neighbours", lambda: self._searcher.nearest(directed, self._how.neighbours, "cosine")
        )
        wanted = [*columns, *([splitting] if splitting and splitting not in columns else [])]
        memory, spill = self._how.catalog_memory, self._release.home / "statistics"
        with labels_of(self._set, wanted, memory=memory, spill=spill) as kept:
            agreements = self._timed(
                "labels", lambda: tuple(self._agreement(kept, one, directed, nearest) for one in columns)
            )
            comparisons = self._timed("comparison", lambda: self._comparisons(total, kept, splitting, other))
            flat = self._timed("map", lambda: self._map(total, kept, columns))
        return self._together(total, nearest, agreements, comparisons, flat)

    def _together(
        self,
        total: Moments,
        nearest: Nearest,
        agreements: tuple[LabelAgreement, ...],
        comparisons: tuple[Comparison, ...],
        flat: FlatMap,
    ) -> EmbeddingStatistics:
        """The rest of the figures, and all of them as one."""
        one, finite = self._set, self._finite(total)
        spectrum = self._timed("spectrum", lambda: _spectrum(total))
        by_cosine = nearest if _of_length_one(total, _ROUNDED) else None
        intrinsic = self._timed("intrinsic dimension", lambda: self._searcher.intrinsic(finite, by_cosine))
        clusters = self._timed("clusters", lambda: self._searcher.clusters(finite))
        return EmbeddingStatistics(
            dataset=one.dataset,
            release=one.release,
            name=one.name,
            table=one.table,
            column=one.column,
            encoder=_maker(one),
            dim=self._vectors.dim,
            counts=Counts(
                rows=one.rows, nulls=one.rows - total.rows, non_finite=total.non_finite, zero=total.zero
            ),
            lengths=_lengths(total),
            centre=_centre(total),
            spectrum=spectrum,
            intrinsic=intrinsic,
            nearest=_nearness(total, nearest),
            clusters=clusters,
            labels=agreements,
            comparisons=comparisons,
            map=flat,
            neighbours=nearest.ids.shape[1],
            sample=len(nearest.rows),
            seed=self._how.seed,
            device=self._device.name,
            seconds=self._seconds,
        )

    def _timed(self, what: str, make: Callable[[], _Made]) -> _Made:
        started = time.monotonic()
        made = make()
        self._seconds[what] = round(time.monotonic() - started, 3)
        return made

    def _moments(self, vectors: Vectors) -> Moments:
        return moments(vectors, device=self._device, reporter=self._reporter)

    def _finite(self, total: Moments) -> Usable:
        return Usable(self._vectors, total.finite, directed=False)

    def _agreement(
        self, labels: Labels, column: LabelColumn, directed: Usable, nearest: Nearest
    ) -> LabelAgreement:
        """How often the neighbours that were found have a row's label."""
        rows, values, chance = labels.counts(column, self._how.catalog_memory)
        wanted, inverse = np.unique(np.concatenate([nearest.rows, nearest.ids.ravel()]), return_inverse=True)
        codes = _codes(labels.at(column, directed.places(wanted)))[inverse]
        own, others = codes[: len(nearest.rows)], codes[len(nearest.rows) :].reshape(nearest.ids.shape)
        sampled = len(own) < directed.rows
        return LabelAgreement(
            column=column.name,
            values=values,
            labelled=rows,
            agreement=neighbour_agreement(own, others, chance=chance, sampled=sampled),
            several=labels.several(column),
        )

    def _comparisons(
        self, total: Moments, labels: Labels, splitting: LabelColumn | None, other: EmbeddingSet | None
    ) -> tuple[Comparison, ...]:
        found: tuple[Comparison, ...] = ()
        if splitting is not None:
            sides = splits_of(self._vectors, labels, splitting, self._moments)
            several = labels.several(splitting)
            note = f"without {several:,} vectors that have several values" if several else ""
            found += compared(sides, seed=self._how.seed, note=note)
        if other is not None:
            vectors = other.vectors()
            theirs = Side(f"{other.dataset}.{other.name}", vectors, self._moments(vectors))
            ours = Side(f"{self._set.dataset}.{self._set.name}", self._vectors, total)
            found += compared([ours, theirs], seed=self._how.seed, note=_unlike(self._set, other))
        return found

    def _map(self, total: Moments, labels: Labels, columns: Sequence[LabelColumn]) -> FlatMap:
        if total.finite < 2:
            return FlatMap(reason=f"too few vectors for a map: {total.finite}")
        finite = self._finite(total)
        plane = plane_of(total.mean, total.covariance)
        chosen = drawn(finite.rows, _POINTS, self._how.seed)
        points = plane.places(gathered(finite, chosen))
        places = finite.places(chosen)
        rows = self._vectors.file_rows(places) if total.rows < self._set.rows else places
        return FlatMap(
            points=tuple((float(x), float(y)) for x, y in points.round(6).tolist()),
            rows=tuple((rows + 1).tolist()),
            column=columns[0].name if columns else "",
            labels=tuple(_first_levels(labels.at(columns[0], places)).to_list()) if columns else (),
            shares=plane.shares,
        )


def _check_comparable(one: EmbeddingSet, other: EmbeddingSet) -> None:
    if other.dim != one.dim:
        raise UsageError(
            f"{one.name} has vectors of {one.dim:,} numbers, {other.name} of {other.dim:,}",
            hint="compare sets of one encoder",
        )


def _codes(labels: pl.Series) -> Ints:
    """Labels by number; -1 where there is none."""
    return labels.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1


def _first_levels(labels: pl.Series) -> pl.Series:
    """Paths of categories by the first of their levels: a map has few colours."""
    return labels.str.split(LEVEL).list.first()


def _mean_square(total: Moments) -> float:
    return total.norms.mean**2 + total.norms.variance


def _spectrum(total: Moments) -> Spectrum:
    return spectrum_of(total.covariance, rows=total.finite, length=_mean_square(total))


def _nearness(total: Moments, nearest: Nearest) -> Nearness:
    first = nearest.similarity[:, 0] if nearest.similarity.size else np.empty(0)
    return nearness_of(first, sampled=len(first) < total.finite - total.zero)


def _of_length_one(total: Moments, tolerance: float) -> bool:
    norms = total.norms
    return abs(norms.least - 1) <= tolerance and abs(norms.greatest - 1) <= tolerance


def _lengths(total: Moments) -> Lengths:
    if not total.finite:
        return Lengths()
    norms = total.norms
    return Lengths(
        least=norms.least,
        mean=norms.mean,
        deviation=norms.variance**0.5,
        greatest=norms.greatest,
        unit=_of_length_one(total, _UNIT),
    )


def _centre(total: Moments) -> Centre:
    if not total.finite:
        return Centre(reason="no vector is finite")
    directed = total.finite - total.zero
    length, square = float(np.linalg.norm(total.mean)), _mean_square(total)
    anisotropy = anisotropy_of(total.direction, directed)
    return Centre(
        vector=tuple(total.mean.tolist()),
        length=length,
        share=min(length**2 / square, 1.0) if square else None,
        anisotropy=anisotropy,
        reason="" if anisotropy is not None else f"too few vectors with a direction for a pair: {directed}",
    )


def _maker(one: EmbeddingSet) -> str:
    """The encoder with its revision; empty where upstream does not say."""
    return f"{one.encoder} {one.revision[:12]}".strip() if one.encoder else ""


def _unlike(one: EmbeddingSet, other: EmbeddingSet) -> str:
    """What to say of sets that are of different encoders."""
    mine, theirs = _maker(one) or "one unknown", _maker(other) or "one unknown"
    return "" if mine == theirs else f"made by different encoders, {mine} and {theirs}"
