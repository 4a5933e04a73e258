"""The figures as rows of a table, each with its unit, what it is of, what it means and where it is from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ecomdata.vectors.intervals import Interval
from ecomdata.vectorstats.figures import Comparison, EmbeddingStatistics, LabelAgreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure.

    Attributes:
        group: The figures it belongs to.
        figure: Its name.
        value: Its value with its unit, or why there is none.
        interval: 95 % of it, where it is of a sample.
        of: The rows it is of.
        meaning: Its definition in a sentence.
        source: Where its formula is from.
        there: Whether there is a value.
    """

    group: str
    figure: str
    value: str
    interval: str = ""
    of: str = ""
    meaning: str = ""
    source: str = ""
    there: bool = True


def rows_of(found: EmbeddingStatistics) -> list[Row]:
    """All figures of a set of vectors, in the order in which they are read."""
    return [
        *_lengths(found),
        *_centre(found),
        *_spectrum(found),
        *_intrinsic(found),
        *_nearest(found),
        *_clusters(found),
        *(row for one in found.labels for row in _label(found, one)),
        *(row for one in found.comparisons for row in _comparison(one)),
    ]


def number(value: float | None) -> str:
    """Four digits of a number, or all of a whole one."""
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def share(value: float) -> str:
    """A share in percent."""
    return f"{value:.2%}".replace("%", " %")


def _between(interval: Interval | None, *, percent: bool = False) -> str:
    if interval is None:
        return ""
    shown = share if percent else number
    return f"{shown(interval[0])} to {shown(interval[1])}"


def _row(
    names: tuple[str, str],
    value: float | None,
    text: str,
    reason: str,
    of: str,
    meaning: str,
    source: str = "",
    interval: str = "",
) -> Row:
    """A row; where there is no value, the reason stands in its place."""
    there = value is not None
    return Row(
        group=names[0],
        figure=names[1],
        value=text if there else f"none: {reason}",
        interval=interval if there else "",
        of=of,
        meaning=meaning,
        source=source,
        there=there,
    )


def _finite(found: EmbeddingStatistics) -> str:
    return f"{found.counts.finite:,} rows"


def _directed(found: EmbeddingStatistics) -> str:
    return f"{found.counts.directed:,} rows"


def _sampled(rows: int, of: int) -> str:
    return f"{rows:,} rows" if rows >= of else f"{rows:,} of {of:,} rows"


def _lengths(found: EmbeddingStatistics) -> Iterator[Row]:
    one = found.lengths
    text = (
        f"{number(one.mean)} ± {number(one.deviation)}, from {number(one.least)} to {number(one.greatest)}"
        + (" (normalised)" if one.unit else "")
    )
    yield _row(
        ("lengths", "norm"),
        one.mean,
        text,
        "no vector is finite",
        _finite(found),
        "Euclidean length: mean ± standard deviation, least and greatest; in the vectors' unit",
    )


def _centre(found: EmbeddingStatistics) -> Iterator[Row]:
    one = found.centre
    yield _row(
        ("centre", "norm of the mean vector"),
        one.length,
        number(one.length) + ("" if one.share is None else f" ({share(one.share)} of the mean squared norm)"),
        one.reason,
        _finite(found),
        "Euclidean length of the mean of all vectors, in their unit; and its square beside the mean square",
    )
    yield _row(
        ("centre", "anisotropy"),
        one.anisotropy,
        number(one.anisotropy),
        one.reason,
        _directed(found),
        "mean cosine of two different vectors, over all pairs, from the mean of the unit vectors; -1 to 1, "
        "0 where they point everywhere",
        "Ethayarajh, EMNLP 2019",
    )


def _spectrum(found: EmbeddingStatistics) -> Iterator[Row]:
    one = found.spectrum
    yield _row(
        ("spectrum", "effective rank"),
        one.effective_rank,
        f"{number(one.effective_rank)} of {found.dim:,} dimensions",
        one.reason,
        _finite(found),
        "exp of the entropy of the covariance's eigenvalues as shares of their sum",
        "Roy & Vetterli, EUSIPCO 2007",
    )
    for part, dims in one.dimensions.items():
        yield _row(
            ("spectrum", f"dimensions for {float(part):.0%} of the variance".replace("%", " %")),
            dims,
            f"{number(dims)} of {found.dim:,} dimensions",
            one.reason,
            _finite(found),
            "the least number of principal directions that together have so much of the variance",
            "Pearson 1901",
        )
    yield _row(
        ("spectrum", "total variance"),
        one.total,
        number(one.total),
        one.reason,
        _finite(found),
        "sum of the variances of all numbers (division by n - 1), in the vectors' unit squared",
    )


def _intrinsic(found: EmbeddingStatistics) -> Iterator[Row]:
    one = found.intrinsic
    drawn = _sampled(one.ratios, found.counts.finite)
    same = f"; {one.left_out:,} the same as another, left out" if one.left_out else ""
    yield _row(
        ("intrinsic dimension", "TwoNN"),
        one.dimension,
        f"{number(one.dimension)} dimensions",
        one.reason,
        drawn + same,
        "slope of -ln(1 - F) over ln mu, mu the ratio of the distances to the second and first neighbour, "
        "fitted through the origin to the smallest 90 %",
        "Facco et al., Scientific Reports 2017",
    )
    yield _row(
        ("intrinsic dimension", "TwoNN by likelihood"),
        one.likelihood,
        f"{number(one.likelihood)} dimensions",
        one.reason,
        drawn + same,
        "(n - 1) / sum of ln mu",
        "Denti et al., Scientific Reports 2022",
        _between(one.interval),
    )


def _nearest(found: EmbeddingStatistics) -> Iterator[Row]:
    one = found.nearest
    of = _sampled(one.rows, found.counts.directed)
    quartiles = [number(one.quantiles.get(q)) for q in ("0.25", "0.5", "0.75")]
    yield _row(
        ("neighbours", "cosine of the nearest"),
        one.mean,
        f"median {quartiles[1]}, middle half {quartiles[0]} to {quartiles[2]}",
        one.reason,
        of,
        "cosine of a vector and the other one that is nearest to it; -1 to 1",
    )
    meaning = "share of vectors that have another one at least so near; interval by Wilson"
    for place, near in enumerate(one.near_duplicates):
        yield _row(
            ("neighbours", f"near-duplicates, cosine {near.threshold:g} or more"),
            near.share,
            f"{share(near.share)} ({near.rows:,})",
            "",
            of,
            "" if place else meaning,
            "" if place else "Wilson, JASA 1927",
            _between(near.interval, percent=True),
        )


def _clusters(found: EmbeddingStatistics) -> Iterator[Row]:
    one = found.clusters
    k = len(one.sizes)
    between = f" of {one.sizes[-1]:,} to {one.sizes[0]:,}" if one.sizes else ""
    fitted = f", centres from {one.fitted:,}" if one.fitted < found.counts.finite else ""
    for figure, value, meaning, source in (
        (
            "balance of clusters",
            one.balance.entropy,
            "entropy of the clusters' shares over ln k: 1 where all are of one size",
            "Pielou 1966",
        ),
        (
            "Gini coefficient of clusters",
            one.balance.gini,
            "half the mean difference of two sizes over the mean size: 0 where all are of one size",
            "Gini 1912",
        ),
    ):
        yield _row(
            ("clusters", figure),
            value,
            f"{number(value)}; {k:,} clusters{between}",
            one.balance.reason,
            _finite(found) + fitted,
            meaning + " (k-means)",
            source,
        )


def _label(found: EmbeddingStatistics, one: LabelAgreement) -> Iterator[Row]:
    agreement = one.agreement
    text = "" if agreement.share is None else share(agreement.share)
    if agreement.chance is not None:
        text += f"; by chance {share(agreement.chance)}"
    if agreement.above_chance is not None:
        text += f"; above chance {number(agreement.above_chance)}"
    yield _row(
        ("labels", f"neighbours of the same {one.column}"),
        agreement.share,
        text,
        agreement.reason,
        _sampled(agreement.rows, found.counts.directed) + f", {one.values:,} values",
        f"of those of the {agreement.neighbours} nearest by cosine that have a label, the share with the "
        "same; chance: that of two rows drawn at random; above chance: (share - chance) / (1 - chance)",
        "Simpson 1949, Cohen 1960",
        _between(agreement.interval, percent=True),
    )


def _comparison(one: Comparison) -> Iterator[Row]:
    pair = f"{one.one} and {one.other}"
    note = f"; {one.note}" if one.note else ""
    yield _row(
        (pair, "squared Fréchet distance"),
        one.frechet,
        number(one.frechet) + note,
        one.reason,
        f"{one.rows:,} and {one.others:,} rows",
        "of the normal distributions with these means and covariances, in the vectors' unit squared",
        "Dowson & Landau 1982; Heusel et al. 2017",
    )
    found = one.mmd
    of = f"{found.rows:,} and {found.others:,} rows drawn"
    yield _row(
        (pair, "MMD squared"),
        found.squared,
        f"{number(found.squared)}, p = {number(found.p_value)} ({found.permutations:,} permutations)",
        found.reason,
        of,
        f"maximum mean discrepancy, unbiased, Gaussian kernel of width {number(found.bandwidth)} (the median "
        "distance); p: how often a random division is as far apart",
        "Gretton et al., JMLR 2012",
    )


def groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each group, in order."""
    for name, members in groupby(rows, key=lambda row: row.group):
        yield name, list(members)
