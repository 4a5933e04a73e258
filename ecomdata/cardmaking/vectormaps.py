"""Pictures of vectors: where they lie, how near each other, in how many directions they spread."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from ecomdata.cardmaking.drawing import Axis, Head, Line, columns, dots, lines, percent
from ecomdata.cardmaking.lettering import label
from ecomdata.cardmaking.subject import Picture, Subject

if TYPE_CHECKING:
    from ecomdata.vectorstats.figures import EmbeddingStatistics, FlatMap

_LEAST: Final = 10
_MOST_LABELS: Final = 5


def flat_map(subject: Subject) -> Picture | None:
    """Some vectors on their first two principal components, coloured by label."""
    found = subject.vectors
    if found is None or len(found.map.points) < _LEAST:
        return None
    flat = found.map
    groups, rest = _by_label(flat)
    by = f"colours by {label(flat.column)}" if len(groups) > 1 else ""
    head = _head(subject, found, "Map of the vectors", f"{len(flat.points):,} rows", by)
    names = [
        f"{place} principal component, {percent(part)} of the variance"
        for place, part in zip(("first", "second"), flat.shares, strict=True)
    ]
    png = dots(head, groups, *names, rest=rest)
    said = ", ".join(f"{label(name)} {len(points):,}" for name, points in groups.items())
    alt = (
        f"{head.title}: {len(flat.points):,} rows on the first two principal components, which have"
        f" {percent(flat.shares[0])} and {percent(flat.shares[1])} of the variance."
        + (f" By {label(flat.column)}: {said}." if by else "")
    )
    return Picture(_name(found, "map"), head.title, alt, png)


def nearest(subject: Subject) -> Picture | None:
    """How near each row's nearest other one is."""
    found = subject.vectors
    if found is None or found.nearest.rows < _LEAST:
        return None
    near = found.nearest
    drawn = "" if near.rows >= found.counts.directed else f"{near.rows:,} rows, drawn at random"
    head = _head(subject, found, "Nearest neighbours", f"median cosine {near.quantiles['0.5']:.3f}", drawn)
    png = columns(
        head,
        near.edges,
        [count / near.rows for count in near.counts],
        Axis(title="cosine of the nearest other vector", whole=False),
        Axis(title="share of the rows", share=True),
    )
    duplicates = ", ".join(f"{percent(one.share)} at {one.threshold:g}" for one in near.near_duplicates)
    alt = (
        f"{head.title}: histogram of the cosine of {near.rows:,} rows and the other one nearest to each;"
        f" quartiles {near.quantiles['0.25']:.3f}, {near.quantiles['0.5']:.3f}, {near.quantiles['0.75']:.3f}."
        f" Rows with another at least so near: {duplicates}."
    )
    return Picture(_name(found, "nearest"), head.title, alt, png)


def spectrum(subject: Subject) -> Picture | None:
    """How much of the variance so many directions have."""
    found = subject.vectors
    if found is None or found.spectrum.effective_rank is None or found.dim < 2:
        return None
    values = found.spectrum.eigenvalues
    total = sum(values)
    line = Line(
        name="variance", x=range(len(values) + 1), y=[0.0, *(value / total for value in accumulate(values))]
    )
    rank = f"effective rank {found.spectrum.effective_rank:,.1f} of {found.dim:,}"
    head = _head(subject, found, "Directions of the vectors", rank)
    x = Axis(title="principal directions, from the one with most variance")
    png = lines(head, [line], x, Axis(title="share of the variance", share=True))
    dims = ", ".join(
        f"{percent(float(share))} in {count:,}" for share, count in found.spectrum.dimensions.items() if count
    )
    alt = f"{head.title}: share of the variance by number of principal directions: {dims}; {rank}."
    return Picture(_name(found, "spectrum"), head.title, alt, png)


def _name(found: EmbeddingStatistics, what: str) -> str:
    return f"{found.name}-{what}".replace("_", "-")


def _head(subject: Subject, found: EmbeddingStatistics, title: str, *notes: str) -> Head:
    """Title and notes, and the set that they are of below."""
    made = f" of {found.column} by {found.encoder.split(' ')[0]}" if found.column else ""
    kind = ", synthetic sample" if subject.sample else ""
    rows = f"{found.counts.finite:,} vectors"
    source = f"{label(subject.dataset.title, 60)}, table {found.table}: {rows}{made}{kind}"
    return Head(title=f"{title}: {found.name}", note="; ".join(filter(None, notes)), source=source)


def _by_label(flat: FlatMap) -> tuple[dict[str, list[tuple[float, float]]], int]:
    """The points of the most frequent labels, then of others and of none, and how many those two are."""
    points: dict[str | None, list[tuple[float, float]]] = {}
    for place, one in zip(flat.points, flat.labels or [""] * len(flat.points), strict=True):
        points.setdefault(one, []).append(place)
    order = sorted((name for name in points if name is not None), key=lambda name: (-len(points[name]), name))
    groups = {name or "(blank)": points[name] for name in order[:_MOST_LABELS]}
    others = [place for name in order[_MOST_LABELS:] for place in points[name]]
    rest = {name: more for name, more in (("others", others), ("none given", points.get(None, []))) if more}
    for name, more in rest.items():
        groups[name] = [*groups.pop(name, []), *more]  # a label may be called so itself
    return groups, len(rest)
