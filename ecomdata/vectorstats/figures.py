"""What ``stats`` tells of a set of vectors. Plain values, cheap to import: the card reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ecomdata.vectors.agreement import Agreement
from ecomdata.vectors.balance import Balance
from ecomdata.vectors.intrinsic import IntrinsicDimension
from ecomdata.vectors.nearness import Nearness
from ecomdata.vectors.spectrum import Spectrum
from ecomdata.vectors.twosets import Mmd


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The rows of a set, and those that have no part in the figures.

    Attributes:
        rows: All of them.
        nulls: Rows without a vector.
        non_finite: Vectors with a value that is NaN or infinite: they are in no figure.
        zero: Vectors whose values are all 0: they have no direction, and are in no figure of cosines.
    """

    rows: int
    nulls: int
    non_finite: int
    zero: int

    @property
    def finite(self) -> int:
        """Vectors whose values are all finite."""
        return self.rows - self.nulls - self.non_finite

    @property
    def directed(self) -> int:
        """Vectors that have a direction: finite, and not zero."""
        return self.finite - self.zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """The Euclidean lengths (norms) of all finite vectors, in their own unit; None where there are none.

    Attributes:
        least: The least.
        mean: Their mean.
        deviation: Their standard deviation (division by n).
        greatest: The greatest.
        unit: Whether all are 1, give or take a thousandth: the vectors are normalised.
    """

    least: float | None = None
    mean: float | None = None
    deviation: float | None = None
    greatest: float | None = None
    unit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Where the vectors lie as a whole.

    Attributes:
        vector: The mean of all finite vectors, in their own unit.
        length: The Euclidean length of the mean vector, in the vectors' unit.
        share: The squared length of the mean vector as a share of the mean squared length of the vectors,
            from 0 to 1: 1 where all are equal, 0 where they lie around the origin.
        anisotropy: The mean cosine of two different vectors, over all pairs; -1 to 1, see
            :func:`ecomdata.vectors.directions.anisotropy_of`.
        reason: Why figures are None; empty where they are there.
    """

    vector: tuple[float, ...] = ()
    length: float | None = None
    share: float | None = None
    anisotropy: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """How many vectors are in each cluster that k-means finds (Lloyd 1982, from k-means++).

    Attributes:
        sizes: Rows of each, the largest first; all finite vectors, each with the nearest centre.
        balance: How even they are.
        fitted: Vectors, drawn from all, that the centres were fitted to.
        reason: Why there are none; empty where there are.
    """

    sizes: tuple[int, ...] = ()
    balance: Balance
    fitted: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAgreement:
    """Whether neighbours have the same label.

    Attributes:
        column: The column of labels, with its table where it is another one.
        values: Different labels.
        labelled: Vectors whose row has a label.
        agreement: How often neighbours have the same, and how often any two rows have.
        several: Vectors to whose key another table gives several labels; they count as without one.
    """

    column: str
    values: int
    labelled: int
    agreement: Agreement
    several: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sets of vectors, or two splits of one.

    Attributes:
        one: The one.
        other: The other.
        rows: Finite vectors of the one.
        others: Those of the other.
        frechet: The squared Fréchet distance from the moments of all of them, in the squared unit of the
            vectors; see :func:`ecomdata.vectors.twosets.frechet`.
        mmd: The maximum mean discrepancy of samples of them.
        note: What to keep in mind: other encoders, or fewer rows than dimensions.
        reason: Why the Fréchet distance is None; empty where it is there.
    """

    one: str
    other: str
    rows: int
    others: int
    frechet: float | None
    mmd: Mmd
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatMap:
    """Some of the vectors on their first two principal components.

    Attributes:
        points: Where each lies, from the mean, in the vectors' unit.
        rows: The number of each one's row in the table of vectors, from 1.
        column: The column of labels; empty where there is none.
        labels: The label of each, of a path of categories its first level; empty where there is no column.
        shares: How much of the variance lies along each axis, from 0 to 1.
        reason: Why there is none; empty where there is one.
    """

    points: tuple[tuple[float, float], ...] = ()
    rows: tuple[int, ...] = ()
    column: str = ""
    labels: tuple[str | None, ...] = ()
    shares: tuple[float, float] = (0.0, 0.0)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingStatistics:
    """What :func:`ecomdata.stats` found of a set of vectors.

    Attributes:
        dataset: Its name.
        release: The release that the vectors are of.
        name: The set: a table of vectors, or what ``ecomdata embed`` made.
        table: The table whose rows they stand for.
        column: The column they were made from; empty where upstream brings them.
        encoder: What made them.
        dim: Numbers in each.
        counts: Rows, and what has no part in the figures.
        lengths: Of all finite vectors.
        centre: Of all finite vectors.
        spectrum: Of all finite vectors.
        intrinsic: Of a sample, with its neighbours among all finite vectors.
        nearest: Of a sample, with its neighbours among all vectors that have a direction.
        clusters: Of all finite vectors.
        labels: Of the same sample as ``nearest``.
        comparisons: With another set, or of splits.
        map: Of a sample.
        neighbours: Neighbours looked at for labels; nearest by cosine.
        sample: Rows drawn for figures of neighbours.
        seed: Of all that is drawn.
        device: What it was computed on.
        seconds: How long it took, and each part of it.
    """

    dataset: str
    release: str
    name: str
    table: str
    column: str
    encoder: str
    dim: int
    counts: Counts
    lengths: Lengths
    centre: Centre
    spectrum: Spectrum
    intrinsic: IntrinsicDimension
    nearest: Nearness
    clusters: Clusters
    labels: tuple[LabelAgreement, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    map: FlatMap
    neighbours: int
    sample: int
    seed: int
    device: str
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def notes(self) -> tuple[str, ...]:
        """What one must know to read the figures, in sentences: what was left out, and what was drawn."""
        counts = self.counts
        left = [
            f"{what}: {count:,}"
            for count, what in (
                (counts.nulls, "rows without a vector"),
                (counts.non_finite, "vectors with a value that is NaN or infinite, in no figure"),
                (counts.zero, "zero vectors, without a direction and so in no figure of cosines"),
            )
            if count
        ]
        left += [
            f"vectors with several labels {one.column}, which count as without one: {one.several:,}"
            for one in self.labels
            if one.several
        ]
        if 0 < counts.finite <= self.dim:
            left.append(f"{counts.finite:,} vectors span at most {counts.finite - 1:,} dimensions")
        whole = self.sample >= counts.directed
        drawn = f"{self.sample:,} of {counts.directed:,} rows, drawn with seed {self.seed}"
        about = "figures of neighbours: of all rows"
        if not self.sample:
            about = "figures of neighbours: none, for no vector has another"
        elif not whole:
            about = f"figures of neighbours: of {drawn}; neighbours are sought among all"
        return (*left, about)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)
