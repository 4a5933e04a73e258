"""The statistics of a set of vectors, beside NumPy, SciPy and scikit-learn in float64."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from scipy import stats as scipy_stats
from sklearn.cluster import KMeans
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

import ecomdata as ed
from ecomdata.errors import UsageError
from ecomdata.vectors.twosets import frechet
from ecomdata.vectorstats.describing import stats
from tests.vectorstats.gallery import Gallery

Rows = list[list[float] | None]


def mixture(rows: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Float32 vectors around four corners, and which corner each is of."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 4, rows)
    vectors = (rng.normal(size=(rows, 6)) + 3 * np.eye(6)[corners]).astype(np.float32)
    return vectors, [f"corner {corner}" for corner in corners]


@pytest.fixture
def dirty() -> tuple[Rows, np.ndarray]:
    """Rows of which some have no vector, NaN, infinity or zeros, and the finite ones in float64."""
    vectors, _ = mixture(150)
    rows: Rows = vectors.tolist()
    rows[3] = None
    rows[5] = [math.nan, *rows[6][1:]]
    rows[60] = [math.inf] * 6
    rows[61] = [0.0] * 6
    finite = np.array([row for place, row in enumerate(rows) if place not in {3, 5, 60}], np.float64)
    return rows, finite


def test_rows_that_have_no_part_are_counted_and_left_out(
    gallery: Gallery, dirty: tuple[Rows, np.ndarray]
) -> None:
    """Nulls, NaN, infinity and zeros are counted, said, and change no figure of the others."""
    rows, finite = dirty
    gallery.load(rows)
    found = stats("gallery", table="looks")
    counts = found.counts
    assert (counts.rows, counts.nulls, counts.non_finite, counts.zero) == (150, 1, 2, 1)
    assert (counts.finite, counts.directed) == (147, 146)
    assert [note.split(": ")[1] for note in found.notes[:3]] == ["1", "2", "1"]
    clean = stats_of(gallery, finite)
    assert (found.lengths, found.spectrum) == (clean.lengths, clean.spectrum)
    assert found.nearest == clean.nearest
    assert found.intrinsic == clean.intrinsic
    assert found.map.points == clean.map.points
    # The map still says which rows its points are: the fourth has no vector, the sixth NaN.
    assert found.map.rows[:5] == (1, 2, 3, 5, 7)
    assert found.map.rows[-1] == 150


def stats_of(gallery: Gallery, vectors: np.ndarray | Rows, **options: object):  # noqa: ANN201
    """The statistics of vectors alone."""
    gallery.load(vectors)
    return stats("gallery", table="looks", **options)


def test_figures_of_all_rows_are_those_of_numpy_and_scipy(
    gallery: Gallery, dirty: tuple[Rows, np.ndarray]
) -> None:
    """Lengths, mean, anisotropy and spectrum, computed another way in float64."""
    rows, finite = dirty
    found = stats_of(gallery, rows)
    norms = np.linalg.norm(finite, axis=1)
    assert found.lengths.mean == pytest.approx(norms.mean())
    assert found.lengths.deviation == pytest.approx(norms.std())
    assert (found.lengths.least, found.lengths.greatest) == pytest.approx((0, norms.max()))
    assert found.centre.vector == pytest.approx(finite.mean(axis=0))
    assert found.centre.share == pytest.approx((finite.mean(axis=0) ** 2).sum() / (norms**2).mean())
    pairs = cosine_similarity(finite[norms > 0])[np.triu_indices(146, 1)]
    assert found.centre.anisotropy == pytest.approx(pairs.mean())
    values = np.linalg.svd(finite - finite.mean(axis=0), compute_uv=False) ** 2 / 146
    assert found.spectrum.eigenvalues == pytest.approx(values)
    assert found.spectrum.effective_rank == pytest.approx(math.exp(scipy_stats.entropy(values)))


def test_figures_of_neighbours_are_those_of_scikit_learn(gallery: Gallery) -> None:
    """Cosines of the nearest, near-duplicates, agreement and TwoNN, from scikit-learn's neighbours."""
    vectors, labels = mixture(200, seed=1)
    vectors[7], vectors[8] = vectors[9], vectors[9] * 1.01
    gallery.load(vectors, labels=labels)
    found = stats("gallery", table="looks", label="items.category_path", neighbours=5)
    wide = vectors.astype(np.float64)
    distances, ids = NearestNeighbors(n_neighbors=5, metric="cosine").fit(wide).kneighbors()
    cosines = 1 - distances[:, 0]
    assert found.nearest.mean == pytest.approx(cosines.mean(), abs=1e-6)
    assert found.nearest.quantiles["0.5"] == pytest.approx(np.median(cosines), abs=1e-6)
    at = {one.threshold: one.rows for one in found.nearest.near_duplicates}
    assert at[0.999] == (cosines >= 0.999 - 1e-6).sum() == 3
    (agreement,) = (one.agreement for one in found.labels)
    same = np.array(labels)[ids] == np.array(labels)[:, None]
    assert agreement.share == pytest.approx(same.mean())
    counts = np.unique(labels, return_counts=True)[1]
    assert agreement.chance == pytest.approx((counts * (counts - 1)).sum() / (200 * 199))
    first, second = NearestNeighbors(n_neighbors=2, algorithm="kd_tree").fit(wide).kneighbors()[0].T
    ratios = np.log(second[first > 0] / first[first > 0])
    assert found.intrinsic.likelihood == pytest.approx((len(ratios) - 1) / ratios.sum(), rel=1e-4)
    assert found.intrinsic.left_out == 2


@pytest.mark.parametrize("sample", [60, "all"])
def test_of_unit_vectors_the_nearest_by_cosine_are_those_by_distance(
    gallery: Gallery, sample: int | Literal["all"]
) -> None:
    """TwoNN takes them from the search before; with too few of them it looks by distance, for the same."""
    vectors = mixture(300, seed=6)[0].astype(np.float64)
    vectors[7] = vectors[9]
    vectors[20:40] = vectors[20] + np.random.default_rng(7).normal(size=(20, vectors.shape[1])) * 1e-3
    units = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    gallery.load(units)
    found = stats("gallery", table="looks", neighbours=10, sample=sample).intrinsic
    searched = stats("gallery", table="looks", neighbours=2, sample=sample).intrinsic
    assert (found.ratios, found.left_out) == (searched.ratios, searched.left_out)
    assert found.dimension == pytest.approx(searched.dimension, rel=1e-4)
    assert found.likelihood == pytest.approx(searched.likelihood, rel=1e-4)
    if sample == "all":
        wide = units.astype(np.float64)
        first, second = NearestNeighbors(n_neighbors=2, algorithm="kd_tree").fit(wide).kneighbors()[0].T
        ratios = np.log(second[first > 0] / first[first > 0])
        assert found.likelihood == pytest.approx((len(ratios) - 1) / ratios.sum(), rel=1e-6)
        assert found.left_out == 2


def test_all_rows_have_no_intervals_and_a_sample_has(gallery: Gallery) -> None:
    """A sample says of how many, comes near the figures of all, and the same seed draws it again."""
    vectors, labels = mixture(600, seed=2)
    gallery.load(vectors, labels=labels)
    whole = stats("gallery", table="looks", label="items.category_path", sample="all")
    part = stats("gallery", table="looks", label="items.category_path", sample=150, seed=4)
    assert part.notes == (
        "figures of neighbours: of 150 of 600 rows, drawn with seed 4; neighbours are sought among all",
    )
    assert (whole.sample, part.sample, part.nearest.rows) == (600, 150, 150)
    for one, other in zip(whole.nearest.near_duplicates, part.nearest.near_duplicates, strict=True):
        assert one.interval is None
        assert other.interval is not None
        assert other.interval[0] <= other.share <= other.interval[1]
        assert other.share == pytest.approx(one.share, abs=0.1)
    assert whole.labels[0].agreement.interval is None
    low, high = part.labels[0].agreement.interval
    assert low - 0.02 <= whole.labels[0].agreement.share <= high + 0.02
    again = stats("gallery", table="looks", label="items.category_path", sample=150, seed=4)
    assert {**again.as_dict(), "seconds": 0} == {**part.as_dict(), "seconds": 0}


def test_a_sample_has_the_neighbours_that_all_rows_have(gallery: Gallery) -> None:
    """Neighbours are sought among all rows, not among those that are drawn."""
    rng = np.random.default_rng(3)
    one = rng.normal(size=(100, 5)).astype(np.float32)
    found = stats_of(gallery, np.repeat(one, 2, axis=0), sample=40)
    assert found.nearest.near_duplicates[-1].share == 1.0
    assert found.intrinsic.left_out == 40
    assert "the same as another are 40" in found.intrinsic.reason


def test_clusters_are_as_good_as_those_of_scikit_learn(gallery: Gallery) -> None:
    """Sizes of well-separated clusters are exact; and all rows are in one, though few were fitted to."""
    rng = np.random.default_rng(4)
    of = np.repeat(np.arange(4), [500, 300, 150, 50])
    vectors = (rng.normal(size=(1000, 5)) * 0.1 + 20 * np.eye(5)[of]).astype(np.float32)
    found = stats_of(gallery, rng.permutation(vectors), clusters=4, sample=10).clusters
    reference = np.bincount(KMeans(4, n_init=5, random_state=0).fit(vectors).labels_)
    assert found.sizes == tuple(sorted(reference, reverse=True)) == (500, 300, 150, 50)
    assert found.balance.entropy == pytest.approx(scipy_stats.entropy(found.sizes) / math.log(4))
    far = np.where(of == 0, 1.0, -1.0)[:, None] + 0.1 * rng.normal(size=(1000, 5)) + 1e4
    few = stats_of(gallery, rng.permutation(far), clusters=2, sample=10).clusters
    assert (few.fitted, few.sizes) == (512, (500, 500))


DEGENERATE = {
    "all equal": np.full((30, 4), 0.1),
    "rank one": np.outer(np.linspace(1, 2, 30), [1.0, 2.0, 0.5, 1.0]),
    "all zero": np.zeros((30, 4)),
    "two rows": np.eye(4)[:2],
    "one row": np.ones((1, 4)),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_vectors_have_figures_or_reasons(gallery: Gallery, name: str) -> None:
    """Never NaN, never a guess: what is None has a reason, and the JSON is strict."""
    found = stats_of(gallery, DEGENERATE[name])
    json.dumps(found.as_dict(), allow_nan=False)
    assert "of 0 of" not in found.notes[-1]
    for figure, reason in (
        (found.centre.anisotropy, found.centre.reason),
        (found.spectrum.effective_rank, found.spectrum.reason),
        (found.intrinsic.dimension, found.intrinsic.reason),
        (found.nearest.mean, found.nearest.reason),
        (found.clusters.balance.entropy, found.clusters.balance.reason),
    ):
        assert (figure is None) == bool(reason), (name, figure, reason)


def test_what_is_known_of_degenerate_vectors(gallery: Gallery) -> None:
    """Equal rows: anisotropy 1, no spectrum. Rank one: effective rank 1. Zeros: no direction."""
    equal = stats_of(gallery, DEGENERATE["all equal"])
    assert equal.centre.anisotropy == pytest.approx(1)
    assert equal.centre.share == pytest.approx(1)
    assert "all vectors are equal" in equal.spectrum.reason
    assert equal.nearest.near_duplicates[-1].share == 1.0
    line = stats_of(gallery, DEGENERATE["rank one"])
    assert line.spectrum.effective_rank == pytest.approx(1, abs=1e-3)
    assert line.spectrum.dimensions == {"0.9": 1, "0.99": 1}
    zero = stats_of(gallery, DEGENERATE["all zero"])
    assert (zero.counts.zero, zero.counts.directed, zero.nearest.rows) == (30, 0, 0)
    assert zero.centre.length == 0.0


@pytest.mark.parametrize("rows", [[], [[math.nan] * 3] * 4, [None, None]])
def test_without_a_finite_vector_all_is_none(gallery: Gallery, rows: Rows) -> None:
    """No rows, no finite values, no vectors at all: reasons everywhere, and no error."""
    found = stats_of(gallery, rows, label="split")
    assert found.counts.rows == len(rows)
    assert found.counts.finite == 0
    assert found.lengths.mean is None
    assert found.centre.reason
    assert found.map.reason
    assert found.labels[0].agreement.share is None
    assert found.nearest.reason


def test_more_clusters_than_rows_are_not_made(gallery: Gallery) -> None:
    """The reason says how many vectors there are; the other figures are there."""
    found = stats_of(gallery, mixture(20)[0], clusters=30)
    assert found.clusters.sizes == ()
    assert found.clusters.reason == "too few vectors for 30 clusters: 20"
    assert found.spectrum.effective_rank is not None


def test_fewer_rows_than_neighbours_are_all_looked_at(gallery: Gallery) -> None:
    """Of four rows each has three others, and the result says so."""
    found = stats_of(gallery, mixture(4)[0], neighbours=10, label="split")
    assert found.neighbours == 3


def test_few_rows_of_many_numbers_are_noted(gallery: Gallery) -> None:
    """The spectrum of fewer rows than numbers cannot be full, and the notes say so."""
    found = stats_of(gallery, np.random.default_rng(0).normal(size=(5, 9)))
    assert "5 vectors span at most 4 dimensions" in found.notes


def test_normalised_vectors_are_known_as_such(gallery: Gallery) -> None:
    """All lengths are 1 within a thousandth."""
    vectors = mixture(30)[0].astype(np.float64)
    assert stats_of(gallery, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).lengths.unit
    assert not stats_of(gallery, vectors).lengths.unit


def test_splits_are_compared(gallery: Gallery) -> None:
    """Every two splits: Fréchet from NumPy's moments, MMD that tells them apart; rows without one are out."""
    vectors, _ = mixture(120, seed=5)
    vectors[:40] += 2
    splits: list[str | None] = ["test"] * 40 + ["train"] * 78 + [None] * 2
    gallery.load(vectors, splits=splits)
    found = stats("gallery", table="looks", split_column="split")
    (one,) = found.comparisons
    assert (one.one, one.other, one.rows, one.others) == ("split=train", "split=test", 78, 40)
    train, test = vectors[40:118].astype(np.float64), vectors[:40].astype(np.float64)
    expected = frechet(
        train.mean(axis=0), np.cov(train, rowvar=False), test.mean(axis=0), np.cov(test, rowvar=False)
    )
    assert one.frechet == pytest.approx(expected)
    assert one.mmd.p_value == 0.001
    assert (one.mmd.rows, one.mmd.others) == (78, 40)


def test_sets_are_compared(gallery: Gallery) -> None:
    """Another table of vectors, by name; two samples of one distribution are not told apart."""
    vectors, _ = mixture(160, seed=6)
    gallery.load(vectors[:80], others=vectors[80:])
    (one,) = stats("gallery", table="looks", against="gallery.others").comparisons
    assert (one.one, one.other) == ("gallery.looks", "gallery.others")
    assert one.mmd.p_value is not None
    assert one.mmd.p_value > 0.05
    assert one.note == ""


def test_a_split_of_one_row_has_no_distance(gallery: Gallery) -> None:
    """None with a reason, for both distances."""
    gallery.load(mixture(20)[0], splits=["a"] * 19 + ["b"])
    (one,) = stats("gallery", table="looks", split_column="split").comparisons
    assert (one.frechet, one.mmd.squared) == (None, None)
    assert "19 and 1" in one.reason


def test_a_set_that_embed_made_has_the_labels_of_its_table(gallery: Gallery) -> None:
    """Category and rating come by the number of the row; rows without a text have no vector and no part."""
    words = ("red silk shirt", "blue cotton shirt", "steel water bottle", "glass water jug")
    titles: list[str | None] = [f"{words[place % 4]} no {place}" for place in range(80)]
    titles[10] = None
    labels: list[str | None] = ["clothes" if place % 4 < 2 else "kitchen" for place in range(80)]
    ratings: list[float | None] = [float(place % 3) if place % 5 else None for place in range(80)]
    release = gallery.load(np.eye(3), titles=titles, labels=labels, ratings=ratings)
    one = ed.embed("gallery", table="items", column="title", encoder="lsa")
    found = stats("gallery", table=one.name, neighbours=4)
    assert (found.counts.rows, found.counts.nulls, found.table, found.column) == (80, 1, "items", "title")
    assert [label.column for label in found.labels] == ["category_path", "rating"]
    assert [label.labelled for label in found.labels] == [79, 79 - 15]
    items = release["items"].lazy().collect()
    rows = one.lazy().collect().drop_nulls("vector")
    vectors = rows["vector"].to_numpy().astype(np.float64)
    ids = NearestNeighbors(n_neighbors=4, metric="cosine", algorithm="brute").fit(vectors).kneighbors()[1]
    category = items["category_path"].list.first().gather(rows["row_id"] - 1).to_numpy()
    same = (category[ids] == category[:, None]).mean()
    assert found.labels[0].agreement.share == pytest.approx(same, abs=0.02)
    assert same > 0.9
    assert found.map.column == "category_path"


def test_a_home_s_name_is_no_pattern(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polars takes paths for patterns: where a home had such a name, labels were looked for in no file."""
    monkeypatch.setenv("ECOMDATA_HOME", str(tmp_path / "home [1]"))
    gallery.load(mixture(20)[0], labels=["a", "b"] * 10)
    found = stats("gallery", table="looks", label="items.category_path", neighbours=4)
    assert [label.labelled for label in found.labels] == [20]


def test_a_row_of_several_labels_has_none(gallery: Gallery) -> None:
    """Where another table tells of an item again, and otherwise; the notes say so. An empty path is none."""
    vectors, labels = mixture(40)
    again: list[str | None] = [*labels, *labels]
    again[40:43], again[45] = ["10"] * 3, None
    gallery.load(
        vectors, others=np.tile(vectors, (2, 1)), other_splits=again, labels=[*labels[:38], "", None]
    )
    found = stats("gallery", table="looks", label=["others.split", "items.category_path"])
    assert [(one.labelled, one.several, one.values) for one in found.labels] == [(37, 3, 4), (38, 0, 4)]
    assert found.notes[0] == "vectors with several labels others.split, which count as without one: 3"
    (one, *_) = stats("gallery", table="looks", split_column="others.split").comparisons
    assert one.note == "without 3 vectors that have several values"


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"table": "lookz"}, "no embeddings 'lookz'", "looks"),
        ({}, "2 sets of embeddings", "looks, others"),
        ({"table": "looks", "label": "colour"}, "no labels 'colour'", "split"),
        ({"table": "looks", "label": "items.colour"}, "no column 'colour'", "category_path"),
        ({"table": "looks", "label": "things.colour"}, "no table 'things'", "items"),
        ({"table": "looks", "split_column": "item_id"}, "more than 6 values", "few values"),
        ({"table": "looks", "split_column": "dim"}, "does not split anything", "two values"),
        ({"table": "looks", "against": "galery.looks"}, "galery", "gallery"),
        ({"table": "looks", "sample": "some"}, "'some'", "all"),
        ({"table": "looks", "clusters": 1}, "clusters cannot be 1", "2"),
        ({"table": "looks", "memory": "much"}, "'much'", "512MB"),
        ({"table": "looks", "report": "nowhere/x.html"}, "nowhere is no folder", "make it"),
        ({"table": "looks", "report": "."}, "is a folder", "name a file"),
        ({"table": "looks", "neighbours": 2.5}, "no whole number", "int"),
    ],
)
def test_wrong_options_are_told(gallery: Gallery, options: dict[str, str], message: str, hint: str) -> None:
    """Each says what is wrong and what there is."""
    vectors = mixture(12)[0]
    gallery.load(vectors, others=vectors)
    with pytest.raises(UsageError) as caught:
        stats("gallery", **options)
    assert message in str(caught.value)
    assert hint in caught.value.hint
