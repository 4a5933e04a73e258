"""Agreement among people."""

from __future__ import annotations

import json
import tracemalloc

import krippendorff
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from ecomdata.annotating.measuring.agreement import agreement
from ecomdata.annotating.measuring.coefficients import Level, alpha, alphas, kappa, kappas
from ecomdata.annotating.measuring.judgements import Scale
from ecomdata.annotating.measuring.units import units_of
from tests.annotating.judged import SENTIMENT, STARS, coded, confused, judged

NO = None
KRIPPENDORFF = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, NO, NO, NO),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NO, 3),
    (NO, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NO),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NO),
)
"""Four observers, twelve units, with missing data: Krippendorff, Computing Krippendorff's Alpha-Reliability
(2011), section C; its results are 0.743 nominal, 0.815 ordinal and 0.849 interval."""
SPANS = Scale(kind="spans", values=("brand", "size"))


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_what_krippendorff_publishes(level: Level, published: float) -> None:
    """The twelfth unit has one value and is left out, as there."""
    found = agreement(coded(KRIPPENDORFF), STARS).alpha[level]
    assert found.value == pytest.approx(published, abs=5e-4)
    assert found.n == 11
    assert found.low is not None
    assert found.high is not None
    assert found.low < published < found.high


def test_alpha_of_two_observers_is_what_krippendorff_publishes() -> None:
    """Section A of the same paper: ten units in two categories, alpha 0.095; section B: nominal, 0.692."""
    two = ((0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0))
    yes_no = Scale(kind="labels", values=("0", "1"))
    assert agreement(coded(two), yes_no).alpha["nominal"].value == pytest.approx(0.095, abs=5e-4)
    many = (list("aabbdcccedda"), list("babbbccceddd"))
    letters = Scale(kind="labels", values=tuple("abcde"))
    assert agreement(coded(many), letters).alpha["nominal"].value == pytest.approx(0.692, abs=5e-4)


def test_kappa_is_what_cohen_publishes() -> None:
    """Cohen 1968 (Psychological Bulletin 70), the proportions of table 1 with 200 cases: 0.492."""
    counts = ((88, 14, 18), (10, 40, 10), (2, 6, 12))
    (pair,) = agreement(confused(counts, SENTIMENT.values), SENTIMENT).pairs
    assert pair.kappa.value == pytest.approx(0.492, abs=5e-4)
    assert pair.kappa.n == 200
    assert pair.weighted is None


def test_kappa_of_ordered_categories_is_what_is_published() -> None:
    """R's vcd prints 0.1293 and, with weights by distance, 0.2374 for SexualFun (Hout and others 1987)."""
    counts = ((7, 7, 2, 3), (2, 8, 3, 7), (1, 5, 4, 9), (2, 8, 9, 14))
    fun = Scale(kind="score", values=("1", "2", "3", "4"))
    units = units_of(confused(counts, fun.values), fun)
    assert kappa(units, 0, 1).value == pytest.approx(0.1293, abs=5e-5)
    assert kappa(units, 0, 1, weights="linear").value == pytest.approx(0.2374, abs=5e-5)


@pytest.mark.parametrize(
    ("second", "published"),
    [([8, 8, 6, 6, 7, 6, 1, 4, 8], 0.758620689655172), ([3, 5, 6, 6, 7, 6, 1, 4, 8], 0.438095238095238)],
)
def test_quadratic_kappa_is_what_is_published(second: list[int], published: float) -> None:
    """The two examples of Maple's EssayTools:-QuadraticWeightedKappa."""
    ten = Scale(kind="score", values=tuple(map(str, range(1, 11))))
    (pair,) = agreement(coded(([9, 7, 8, 7, 6, 8, 3, 5, 10], second)), ten).pairs
    assert pair.weighted is not None
    assert pair.weighted.value == pytest.approx(published)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["nominal", "ordinal", "interval"]))
def test_what_is_resampled_is_the_libraries_alpha(data: st.DataObject, level: Level) -> None:
    """The formula that resamples are worked out by agrees with krippendorff on any counts."""
    values = data.draw(st.integers(2, 5))
    rows = st.lists(st.integers(0, 3), min_size=values, max_size=values)
    counts = np.array(data.draw(st.lists(rows, min_size=2, max_size=12)))
    counts = counts[counts.sum(axis=1) > 1]
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return
    pairs = counts[:, :, None] * counts[:, None] - np.eye(values) * counts[:, None]
    coincidences = (pairs / (counts.sum(axis=1) - 1)[:, None, None]).sum(axis=0)
    scale = np.arange(values, dtype=np.float64)
    expected = krippendorff.alpha(value_counts=counts, value_domain=scale, level_of_measurement=level)
    assert alphas(coincidences[None], scale, level)[0] == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_what_is_resampled_is_the_libraries_kappa(answers: list[tuple[int, int]]) -> None:
    """The formula that resamples are worked out by agrees with scikit-learn on any answers."""
    one, other = np.array(answers).T
    if len({*one.tolist(), *other.tolist()}) < 2:
        return
    confusion = np.zeros((1, 4, 4))
    np.add.at(confusion[0], (one, other), 1)
    for weights in (None, "linear", "quadratic"):
        expected = cohen_kappa_score(one, other, labels=range(4), weights=weights)
        assert kappas(confusion, np.arange(4.0), weights)[0] == pytest.approx(expected, abs=1e-9)


def _of_many_labels(labels: int, items: int) -> tuple[pl.DataFrame, Scale, list[list[int]]]:
    """Two people who mostly agree on items that may have very many labels."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, labels, items)
    codes = [np.where(rng.random(items) < 0.3, rng.integers(0, labels, items), truth) for _ in range(2)]
    scale = Scale(kind="labels", values=tuple(f"label_{code:03}" for code in range(labels)))
    return (
        coded([[scale.values[code] for code in row] for row in codes]),
        scale,
        [row.tolist() for row in codes],
    )


def test_alpha_of_many_labels_is_the_librarys() -> None:
    """Where the library would take much memory the figure is worked out here, and is the same."""
    judgements, scale, codes = _of_many_labels(60, 1500)
    expected = krippendorff.alpha(reliability_data=codes, level_of_measurement="nominal")
    found = alpha(units_of(judgements, scale), "nominal")
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.low is not None
    assert found.low < expected < (found.high or 0)


def test_memory_does_not_grow_with_items_times_the_square_of_the_labels() -> None:
    """Two hundred labels and two thousand items would be 640 MB a matrix for each."""
    judgements, scale, _ = _of_many_labels(200, 2000)
    units = units_of(judgements, scale)
    tracemalloc.start()
    try:
        assert alpha(units, "nominal").value == pytest.approx(kappa(units, 0, 1).value or 0, abs=0.01)
        assert tracemalloc.get_traced_memory()[1] < 400e6
    finally:
        tracemalloc.stop()


def test_an_interval_gets_narrower_with_more_items() -> None:
    """Resampling is by item, and the same seed gives the same interval."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 400)
    noisy = [np.where(rng.random(400) < 0.2, rng.integers(0, 3, 400), truth) for _ in range(2)]
    named = [[SENTIMENT.values[code] for code in row] for row in noisy]
    few, many = (agreement(coded([row[:n] for row in named]), SENTIMENT) for n in (40, 400))
    widths = [(found.alpha["nominal"].high or 0) - (found.alpha["nominal"].low or 0) for found in (few, many)]
    assert 0 < widths[1] < widths[0] / 2
    assert agreement(coded(named), SENTIMENT, seed=0).as_dict() == many.as_dict()


def test_arms_and_people_are_measured_apart() -> None:
    """Two who agree where they see suggestions and not where they do not; a third who answers at random."""
    rows: list[dict[str, object]] = []
    for item in range(40):
        arm = "shown" if item % 2 else "blind"
        first = SENTIMENT.values[item // 2 % 3]
        second = first if arm == "shown" else SENTIMENT.values[item // 6 % 3]
        rows += [
            {"item_id": item, "annotator": name, "arm": arm, "value": value}
            for name, value in (("a", first), ("b", second))
        ]
    rows += [{"item_id": item, "annotator": "c", "arm": "shown", "value": "neutral"} for item in (1, 3)]
    found = agreement(judged(rows), SENTIMENT)
    shown, blind = found.by_arm["shown"]["nominal"], found.by_arm["blind"]["nominal"]
    assert (shown.n, blind.n) == (20, 20)
    assert (shown.value or 0) > 0.8
    assert (blind.value or 0) < 0.3
    assert found.by_arm["none"]["nominal"].reason == "no item has two answers"
    assert found.by_annotator["c"]["nominal"].n == 2
    assert [(pair.one, pair.other, pair.kappa.n) for pair in found.pairs] == [
        ("a", "b", 40),
        ("a", "c", 2),
        ("b", "c", 2),
    ]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ((("positive", "neutral", "negative"),), "no item has two answers"),
        ((("positive",), ("positive",)), "all answers are the same"),
        ((("neutral",) * 9, ("neutral",) * 9), "all answers are the same"),
        (((None, "neutral"), ("neutral", None)), "no item has two answers"),
        ((), "no item has two answers"),
    ],
)
def test_what_does_not_exist_says_why(table: tuple[tuple[str | None, ...], ...], reason: str) -> None:
    """One annotator, one item, one value, nothing in common, nothing: null with a reason, no warning."""
    found = agreement(coded(table), SENTIMENT).alpha["nominal"]
    assert found.value is None
    assert found.low is None
    assert reason in found.reason
    assert found.as_dict()["reason"] == found.reason


def test_one_item_has_no_interval() -> None:
    """One item on which two disagree has an alpha (of 0), and no interval."""
    found = agreement(coded((("positive",), ("negative",))), SENTIMENT)
    assert found.alpha["nominal"].value == pytest.approx(0)
    assert found.alpha["nominal"].low is None
    assert found.alpha["nominal"].reason == "too few items for an interval"
    assert found.pairs[0].kappa.reason == "too few items for an interval"


def test_several_labels_are_judged_one_by_one() -> None:
    """Each label of an item is given or not: two of three agree on the first item, all on the second."""
    mix = Scale(kind="labels", values=("bn", "en", "vi"), multiple=True)
    found = agreement(coded((("bn+en", "vi"), ("bn", "vi"))), mix)
    assert found.unit == "label of an item"
    counts = [[0, 2], [1, 1], [2, 0], [2, 0], [2, 0], [0, 2]]
    expected = krippendorff.alpha(value_counts=counts, value_domain=[0, 1], level_of_measurement="nominal")
    assert found.alpha["nominal"].value == pytest.approx(expected)
    assert found.alpha["nominal"].n == 2


def spans(*marked: tuple[int, int, str]) -> str:
    """An answer that marks pieces of the title."""
    return json.dumps([["title", *one] for one in marked])


def test_spans_agree_by_code_point() -> None:
    """Alpha is that of the labels of all code points, written out one by one; F1 is of exact spans."""
    answers = ((spans((0, 4, "brand"), (12, 14, "size")),), (spans((0, 5, "brand"), (12, 14, "size")),))
    found = agreement(coded(answers), SPANS, lengths={0: {"title": 20}})
    letters = [list("bbbb-") + list("-" * 7) + list("ss") + list("-" * 6)]
    letters.append(list("bbbbb") + letters[0][5:])
    codes = [["-bs".index(letter) for letter in row] for row in letters]
    expected = krippendorff.alpha(codes, level_of_measurement="nominal")
    assert found.unit == "code point"
    assert found.alpha["nominal"].value == pytest.approx(expected)
    assert found.pairs[0].kappa.value == pytest.approx(cohen_kappa_score(*codes))
    assert found.span_f1 is not None
    assert found.span_f1.value == pytest.approx(2 * 1 / (2 + 2))


def test_few_items_with_spans_have_an_interval() -> None:
    """Now and then a resample has no span at all: it is left out, without a warning."""
    ends = (4, 4, 4, 8, 8)
    marked = [spans((0, 4, "brand")) for _ in ends], [spans((0, end, "brand")) for end in ends]
    found = agreement(coded([row + [spans()] * 45 for row in marked]), SPANS).span_f1
    assert found is not None
    assert found.value == pytest.approx(0.6)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low < 0.6 < found.high <= 1


def test_overlapping_spans_are_a_label_of_their_own() -> None:
    """Where one person puts two labels, the other has to as well to agree."""
    both = spans((0, 4, "brand"), (2, 6, "size"))
    found = agreement(coded(((both, both), (both, spans((0, 4, "brand"))))), SPANS, lengths={0: {}, 1: {}})
    assert found.alpha["nominal"].value is not None
    assert found.alpha["nominal"].value < 1
    same = agreement(coded(((both,), (both,))), SPANS, lengths={0: {"title": 8}})
    assert same.alpha["nominal"].value == pytest.approx(1)


def test_nobody_marked_anything() -> None:
    """All agree that there is nothing: no alpha and no F1, and both say why."""
    found = agreement(coded(((spans(), spans()), (spans(), spans()))), SPANS, lengths={0: {"title": 9}})
    assert found.alpha["nominal"].reason.startswith("all answers are the same")
    assert found.span_f1 is not None
    assert found.span_f1.reason == "nobody marked a span"


def test_weights_are_as_many_units() -> None:
    """A unit with weight three counts as three units."""
    answers = coded(((spans((0, 3, "brand")), spans((0, 3, "size"))), (spans((0, 3, "brand")),) * 2))
    weighted = alpha(units_of(answers, SPANS, {0: {"title": 6}, 1: {"title": 6}}), "nominal")
    counts = [[2, 0, 0]] * 3 + [[0, 2, 0]] * 3 + [[2, 0, 0]] * 3 + [[0, 1, 1]] * 3
    expected = krippendorff.alpha(value_counts=counts, value_domain=[0, 1, 2], level_of_measurement="nominal")
    assert weighted.value == pytest.approx(expected)


def test_an_answer_is_counted_once_whatever_the_order() -> None:
    """The rows of a frame may stand in any order."""
    frame = coded(KRIPPENDORFF)
    turned = frame.select(pl.all().reverse())
    assert agreement(frame, STARS).as_dict() == agreement(turned, STARS).as_dict()
