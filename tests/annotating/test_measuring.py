"""Time, money, edits, pull, accuracy and rubber-stamping."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import f1_score

from ecomdata.annotating.measuring.accuracy import accuracy, gold_accuracy
from ecomdata.annotating.measuring.choices import choices
from ecomdata.annotating.measuring.costs import costs
from ecomdata.annotating.measuring.estimates import proportion
from ecomdata.annotating.measuring.judgements import Scale, value_of, values_of
from ecomdata.annotating.measuring.measured import Log, measure
from ecomdata.annotating.measuring.pulls import pull_toward_model
from ecomdata.annotating.measuring.stamping import rubber_stamping
from ecomdata.annotating.measuring.times import times
from ecomdata.annotating.resolving import resolve, to_adjudicate
from tests.annotating.judged import SENTIMENT, STARS, judged

SUGGESTIONS = {
    "item_id": pl.Int64, "source": pl.String, "model": pl.String,
    "outcome": pl.String, "cost": pl.Float64, "value": pl.String,
}  # fmt: skip


def in_arms(shown: float, blind: float, *, people: int = 2, each: int = 60) -> pl.DataFrame:
    """Times that scatter around a median in each arm; the second person takes three times as long."""
    rng = np.random.default_rng(5)
    return judged(
        {
            "item_id": item,
            "annotator": f"p{person}",
            "arm": arm,
            "seconds": seconds * (1 + 2 * person) * float(rng.lognormal(0, 0.2)),
        }
        for person in range(people)
        for arm, seconds in (("shown", shown), ("blind", blind))
        for item in range(each)
    )


def test_medians_are_those_of_the_arms_and_people() -> None:
    """They are plain medians, each with its interval and its number of answers."""
    frame = in_arms(10, 20)
    found = times(frame)
    for arm in ("shown", "blind"):
        one = found.medians[arm]
        assert one.value == pytest.approx(frame.filter(arm=arm)["seconds"].median())
        assert one.n == 120
        assert one.low is not None
        assert one.high is not None
        assert one.low < (one.value or 0) < one.high
    assert found.medians["none"].reason == "no answers"
    assert found.people["p1"]["blind"].value == pytest.approx(
        frame.filter(annotator="p1", arm="blind")["seconds"].median()
    )


def test_a_speed_up_is_found_and_none_is_not_claimed() -> None:
    """Half the time is 0.5; the same time has an interval around 1."""
    half, same = times(in_arms(10, 20)).ratio, times(in_arms(15, 15)).ratio
    assert half.value == pytest.approx(0.5, abs=0.06)
    assert (half.high or 1) < 0.6
    assert (half.n, half.against) == (120, 120)
    assert (same.low or 2) < 1 < (same.high or 0)


def test_who_worked_how_much_in_which_arm_does_not_matter() -> None:
    """A slow person who answered most blind items does not make suggestions look fast."""
    frame = in_arms(15, 15)
    lopsided = frame.filter(
        ~((pl.col("annotator") == "p0") & (pl.col("arm") == "blind") & (pl.col("item_id") > 10))
    )
    found = times(lopsided)
    assert (found.difference.value or 0) < -5
    assert found.ratio.value == pytest.approx(1, abs=0.1)


def test_times_that_are_not_known_are_left_out() -> None:
    """Null seconds count nowhere; answers of zero seconds give no quotient and no warning."""
    rows = [{"item_id": 1, "arm": "shown", "seconds": None}, {"item_id": 2, "arm": "shown", "seconds": 4.0}]
    found = times(judged(rows))
    assert found.medians["shown"].n == 1
    assert found.medians["shown"].reason == "too few answers for an interval"
    assert found.ratio.reason == "nothing to compare with"
    zero = [{"item_id": i, "arm": arm, "seconds": 0.0} for i in range(3) for arm in ("shown", "blind")]
    assert times(judged(zero)).ratio.value is None


def timed(**seconds: list[float]) -> pl.DataFrame:
    """Times of people in arms: ``ann_shown=[...]``."""
    return judged(
        {"item_id": item, "annotator": name.split("_")[0], "arm": name.split("_")[1], "seconds": one}
        for name, times in seconds.items()
        for item, one in enumerate(times)
    )


def test_zero_seconds_make_no_quotient() -> None:
    """Who has a median of zero is left out; a median of zero makes no quotient, nor one now and then."""
    zero = timed(ann_shown=[0.0, 0.0, 0.0, 5.0], ann_blind=[6.0], bea_shown=[2.0], bea_blind=[3.0, 3.0])
    found = times(zero).ratio
    assert (found.value, found.n, found.against) == (pytest.approx(2 / 3), 1, 2)
    found = times(timed(ann_shown=[1.0] * 3, ann_blind=[0.0] * 6 + [2.0] * 3)).ratio
    assert (found.value, found.reason) == (None, "it would be a quotient by zero")
    found = times(timed(ann_shown=[1.0] * 3, ann_blind=[0.0] * 4 + [2.0] * 6)).ratio
    assert (found.value, found.low, found.reason) == (0.5, None, "resamples have no such figure")
    found = times(timed(ann_shown=[1.0] * 9, ann_blind=[0.0] * 4 + [2.0] * 16)).ratio
    assert (found.low, found.high) == (0.5, 0.5)


def test_costs_are_means_and_the_saving_pays_for_the_model() -> None:
    """At 36 an hour a second costs a cent; the model costs two cents for each of its items.

    Where only two of the ten got an answer, the other eight calls are paid for by them.
    """
    rows = [
        {"item_id": i, "arm": arm, "seconds": seconds}
        for i in range(10)
        for arm, seconds in (("shown", 10.0), ("blind", 30.0))
    ]
    suggested = pl.DataFrame(
        [{"item_id": i % 10, "cost": 0.01, "outcome": "ok"} for i in range(20)],
        schema={"item_id": pl.Int64, "cost": pl.Float64, "outcome": pl.String},
    )
    found = costs(judged(rows), suggested, hourly=36)
    assert found.people["shown"].value == pytest.approx(0.10)
    assert found.model == pytest.approx(0.20)
    assert found.model_item.value == pytest.approx(0.02)
    assert found.saving.value == pytest.approx(0.30 - 0.10 - 0.02)
    assert found.share.value == pytest.approx(0.18 / 0.30)
    failed = suggested.with_columns(
        outcome=pl.when(pl.col("item_id") < 2).then(pl.lit("ok")).otherwise(pl.lit("unparsed"))
    )
    assert costs(judged(rows), failed, hourly=None).model_item.value == pytest.approx(0.10)
    untold = costs(judged(rows), suggested, hourly=None)
    assert untold.saving.reason == "what an hour costs was not told"
    assert untold.model == pytest.approx(0.20)


def test_edits_of_scores_have_a_direction() -> None:
    """Of five shown: two kept, two lowered by one, one raised by two."""
    given = [("3", "3"), ("4", "4"), ("4", "3"), ("5", "4"), ("2", "4")]
    rows = [{"item_id": i, "arm": "shown", "suggested": s, "value": v} for i, (s, v) in enumerate(given)]
    rows.append({"item_id": 9, "arm": "blind", "suggested": "1", "value": "5"})
    found = choices(judged(rows), STARS)
    assert (found.kept.value, found.up.value, found.down.value) == (0.4, 0.2, 0.4)
    assert found.shift.value == pytest.approx(0)
    assert {"suggested": "2", "chosen": "4", "n": 1} in found.changes
    assert sum(one["n"] for one in found.changes) == 5
    assert choices(judged(rows), SENTIMENT).shift.reason == "answers are no scores"


def test_edits_of_spans_are_kept_removed_and_added() -> None:
    """A span with another end is one removed and one added."""
    scale = Scale(kind="spans", values=("brand", "size"))
    before = value_of({"spans": [span(0, 4, "brand"), span(6, 8, "size")]}, scale)
    after = value_of({"spans": [span(6, 9, "size"), span(0, 4, "brand")]}, scale)
    found = choices(judged([{"arm": "shown", "suggested": before, "value": after}]), scale)
    assert found.parts == {
        "brand": {"kept": 1, "removed": 0, "added": 0},
        "size": {"kept": 0, "removed": 1, "added": 1},
    }
    assert found.kept.value == 0


def span(start: int, end: int, label: str) -> dict[str, object]:
    """A span of the title."""
    return {"field": "title", "start": start, "end": end, "label": label}


def test_equal_answers_have_one_form() -> None:
    """Order does not matter; no label is a value too; null stays null."""
    mix = Scale(kind="labels", values=("bn", "en"), multiple=True)
    texts = ['{"labels": ["en", "bn"]}', '{"labels":["bn","en"]}', '{"labels": []}', None]
    assert values_of(pl.Series(texts, dtype=pl.String), mix).to_list() == ["bn+en", "bn+en", "(none)", None]
    assert value_of({"score": 4}, STARS) == "4"


def pulled(pull: float, each: int = 300) -> pl.DataFrame:
    """People say what the model says in 60 % of blind items, and more often by ``pull`` where they see it."""
    rng = np.random.default_rng(3)
    rows: list[dict[str, object]] = []
    for arm, share in (("shown", 0.6 + pull), ("blind", 0.6)):
        for item in range(each):
            value = "positive" if rng.random() < share else "negative"
            rows.append({"item_id": item, "arm": arm, "suggested": "positive", "value": value})
    return judged(rows)


def test_a_pull_toward_the_model_is_found() -> None:
    """The difference in agreement is the pull that was planted, and its interval excludes zero."""
    found = pull_toward_model(pulled(0.25), SENTIMENT)
    assert found.pull.value == pytest.approx(0.25, abs=0.08)
    assert (found.pull.low or 0) > 0
    assert found.pull.value == pytest.approx((found.shown.value or 0) - (found.blind.value or 0))
    # Everything is positive or negative, so the distributions differ by as much.
    assert found.variation.value == pytest.approx(found.pull.value)
    assert (found.p or 1) < 0.01


def test_where_there_is_no_pull_none_is_claimed() -> None:
    """The interval holds zero, and the distance between arms is what chance makes it."""
    found = pull_toward_model(pulled(0.0), SENTIMENT)
    assert (found.pull.low or 1) < 0 < (found.pull.high or -1)
    assert (found.p or 0) > 0.05
    assert found.by_chance is not None
    assert 0 < found.by_chance < 0.1


def test_scores_are_pulled_by_their_distance() -> None:
    """People who are two off where they do not see the model's score and one off where they do."""
    rows = [
        {"item_id": i, "arm": arm, "suggested": "3", "value": value}
        for i in range(20)
        for arm, value in (("shown", "4"), ("blind", "5"))
    ]
    found = pull_toward_model(judged(rows), STARS)
    assert found.distance.value == pytest.approx(-1)
    assert found.labels["blind"]["5"] == 20


def test_without_a_blind_arm_nothing_is_said_of_pull() -> None:
    """No comparison, and why."""
    found = pull_toward_model(
        judged([{"arm": "shown", "suggested": "positive", "value": "neutral"}]), SENTIMENT
    )
    assert found.pull.reason == "nothing to compare with"
    assert found.variation.reason == "an arm has no answers"
    assert found.p is None


def stamped(seconds: list[float], *, blind: int = 10, kept: bool = True) -> pl.DataFrame:
    """A person with a blind pace of 30 s, and then answers to shown suggestions one after the other."""
    rows: list[dict[str, object]] = [
        {"item_id": i, "arm": "blind", "seconds": 30.0, "at": f"2026-01-01T00:00:{i:02}"}
        for i in range(blind)
    ]
    rows += [
        {
            "item_id": 100 + i,
            "arm": "shown",
            "seconds": one,
            "suggested": "neutral",
            "value": "neutral" if kept else "positive",
            "at": f"2026-01-02T00:{i:02}:00",
        }
        for i, one in enumerate(seconds)
    ]
    return judged(rows)


def test_streaks_of_fast_accepts_are_found() -> None:
    """Below a third of the own pace (10 s), five in a row; a slow answer ends a streak."""
    found = rubber_stamping(stamped([2] * 6 + [25] + [3] * 4))["ann"]
    assert (found.pace, found.limit) == (30, pytest.approx(10))
    assert (found.fast, found.streaks, found.longest, found.in_streaks) == (10, 1, 6, 6)


def test_who_changes_suggestions_fast_does_not_stamp() -> None:
    """Fast edits are no accepts; and without an own pace nothing is said."""
    assert rubber_stamping(stamped([2] * 9, kept=False))["ann"].fast == 0
    assert "tell a pace" in rubber_stamping(stamped([2] * 9, blind=4))["ann"].reason
    assert rubber_stamping(stamped([]))["ann"].reason == "was shown no suggestion"


def test_accuracy_is_by_class() -> None:
    """Precision, recall and F1 are scikit-learn's; a class that nobody has has no recall."""
    labels = ["positive"] * 6 + ["negative"] * 4
    given = ["positive"] * 5 + ["negative"] * 3 + ["positive"] * 2
    found = accuracy(pl.DataFrame({"label": labels, "given": given}), SENTIMENT)
    by_label = {one.label: one for one in found.classes}
    assert found.exact.value == pytest.approx(0.7)
    assert by_label["positive"].precision == pytest.approx(5 / 7)
    assert by_label["positive"].recall == pytest.approx(5 / 6)
    assert by_label["negative"].f1 == pytest.approx(f1_score(labels, given, pos_label="negative"))
    assert (by_label["neutral"].recall, by_label["neutral"].precision, by_label["neutral"].n) == (
        None,
        None,
        0,
    )
    assert accuracy(pl.DataFrame({"label": [], "given": []}), SENTIMENT).exact.reason == "no answers"


@pytest.mark.parametrize("given", ["a" * 100, "a" * 88 + "b" * 7 + "a" * 5, "b" * 100])
def test_a_class_that_is_never_given_is_not_passed_over(given: str) -> None:
    """Its F1 is 0, so always saying the most frequent label gets no better mean than a model."""
    labels = ["a"] * 90 + ["b"] * 10
    found = accuracy(
        pl.DataFrame({"label": labels, "given": list(given)}), Scale(kind="labels", values=("a", "b", "c"))
    )
    assert found.macro_f1 == pytest.approx(f1_score(labels, list(given), average="macro"))
    assert found.classes[2].f1 is None


def test_spans_are_right_where_they_are_exact() -> None:
    """One of two suggested spans stands in the label, which has three."""
    scale = Scale(kind="spans", values=("brand", "size"))
    label = value_of({"spans": [span(0, 4, "brand"), span(6, 8, "size"), span(9, 10, "size")]}, scale)
    given = value_of({"spans": [span(0, 4, "brand"), span(6, 9, "size")]}, scale)
    brand, size = accuracy(pl.DataFrame({"label": [label], "given": [given]}), scale).classes
    assert (brand.precision, brand.recall) == (1, 1)
    assert (size.precision, size.recall, size.n, size.given) == (0, 0, 2, 1)


def test_a_label_that_is_the_only_one_has_its_own_scores() -> None:
    """Where there is one label, the scores are of those that have it, not of those that have none."""
    several = Scale(kind="labels", values=("good",), multiple=True)
    labels, given = ["good", "good", "(none)", "good"], ["good", "(none)", "(none)", "(none)"]
    (good,) = accuracy(pl.DataFrame({"label": labels, "given": given}), several).classes
    assert (good.precision, good.recall, good.f1, good.n, good.given) == (1, 1 / 3, 1 / 2, 3, 1)
    spans = Scale(kind="spans", values=("brand",))
    right, told = '[["title", 0, 4, "brand"]]', '[["title", 0, 4, "brand"], ["title", 5, 9, "brand"]]'
    found = accuracy(pl.DataFrame({"label": [right, right], "given": [told, "[]"]}), spans)
    (brand,) = found.classes
    assert found.spans is not None
    assert (brand.precision, brand.recall) == (found.spans.precision, found.spans.recall) == (1 / 2, 1 / 2)


def test_gold_is_by_person() -> None:
    """Of three gold items one person has two right; another was not asked any."""
    rows = [{"item_id": i, "value": value} for i, value in enumerate(["neutral", "neutral", "positive"])]
    rows.append({"item_id": 9, "annotator": "bea", "value": "neutral"})
    found = gold_accuracy(judged(rows), {0: "neutral", 1: "neutral", 2: "neutral"})
    assert found["ann"].value == pytest.approx(2 / 3)
    assert found["ann"].n == 3
    assert found["bea"].value is None


def test_a_share_has_wilsons_interval() -> None:
    """Altman's example (Statistics with Confidence, 2000): 81 of 263 is 0.308, from 0.255 to 0.366."""
    found = proportion(81, 263)
    assert (found.value, found.low, found.high) == (
        pytest.approx(0.308, abs=5e-4),
        pytest.approx(0.255, abs=5e-4),
        pytest.approx(0.366, abs=5e-4),
    )


def test_labels_rest_on_what_people_said() -> None:
    """An adjudicator decides; else all agree, most do, one was asked, or nothing is decided."""
    said = {1: "aab", 2: "aa", 3: "ab", 4: "a", 5: "ab", 6: "abc"}
    rows = [
        {"item_id": item, "annotator": str(place), "value": letter}
        for item, letters in said.items()
        for place, letter in enumerate(letters)
    ]
    found = {one.item_id: one for one in resolve(judged(rows), {5: "b"})}
    assert {item: (one.value, one.source) for item, one in found.items()} == {
        1: ("a", "majority"),
        2: ("a", "consensus"),
        3: (None, "disputed"),
        4: ("a", "single"),
        5: ("b", "adjudicated"),
        6: (None, "disputed"),
    }
    assert found[1].agreement == pytest.approx(1 / 3)
    assert found[4].agreement is None
    assert [one.item_id for one in to_adjudicate(found.values())] == [3, 6, 1]


def test_a_model_is_judged_by_those_who_did_not_see_it() -> None:
    """People who copy a wrong suggestion make it right among all labels, and not among independent ones."""
    rows = [
        {"item_id": i, "annotator": name, "arm": arm, "suggested": "positive", "value": value}
        for i in range(20)
        for arm, value in (("shown", "positive") if i < 10 else ("blind", "negative"),)
        for name in ("a", "b")
    ]
    suggestions = pl.DataFrame(
        [
            {"item_id": i, "source": "embedded", "model": "tfidf", "outcome": "ok", "value": value}
            for value in ("neutral", "positive")
            for i in range(20)
        ],
        schema=SUGGESTIONS,
    )
    found = measure(Log(scale=SENTIMENT, judgements=judged(rows), suggestions=suggestions, items=30))
    by_label = found.suggesters["embedded tfidf"]
    assert by_label["resolved"].exact.value == pytest.approx(0.5)
    assert (by_label["independent"].exact.value, by_label["independent"].exact.n) == (0, 10)
    assert found.counts["labels_by_source"]["consensus"] == 20


def test_nothing_at_all_can_be_measured() -> None:
    """An empty log gives every figure with its reason, as JSON, and no warning."""
    empty = Log(scale=STARS, judgements=judged([]), suggestions=pl.DataFrame(schema=SUGGESTIONS))
    found = json.loads(json.dumps(measure(empty, hourly_cost=10).as_dict(), allow_nan=False))
    assert found["times"]["ratio_of_medians"] == {
        "value": None, "low": None, "high": None, "n": 0, "against": 0, "reason": "no answers",
    }  # fmt: skip
    assert found["counts"]["answers"] == 0
