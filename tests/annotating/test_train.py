"""The final classifier: what it learns, how it is scored, and what it leaves behind."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.annotating.classifier import FinalClassifier
from ecomdata.annotating.dictionary import FinalDictionary
from ecomdata.annotating.learning import learner_of
from ecomdata.annotating.measuring.accuracy import Accuracy
from ecomdata.annotating.measuring.judgements import Scale
from ecomdata.annotating.suggesting.classifier import TextClassifier
from ecomdata.annotating.taskfile import read_task
from ecomdata.annotating.training import cross_validated, train_classifier
from ecomdata.errors import DataError, UsageError
from tests.annotating.judged import SENTIMENT
from tests.annotating.simulated import simulate
from tests.conftest import RunCli

TEXTS = ["good fit", "bad fit", "good", "bad seam", "so so", "ঠিক আছে", "very good", "really bad", "so"]
VALUES = [
    "positive", "negative", "positive", "negative", "neutral", "positive", "positive", "negative", "neutral",
]  # fmt: skip
MIX = Scale(kind="labels", values=("bn", "en", "vi"), multiple=True)


def held_out_of(
    task: str, column: str, texts: list[str], values: list[str], folds: int = 4
) -> tuple[int, Accuracy, Accuracy]:
    """What cross-validation finds of a shipped task, in which these texts have these labels."""
    read = read_task(task)
    return cross_validated(learner_of(read), [{column: text} for text in texts], values, read, folds=folds)


def brand(*words: str) -> tuple[list[str], list[str]]:
    """Titles that begin with these words, and the spans that mark those as brands."""
    titles = [f"{word} shoes {number}" for number, word in enumerate(words)]
    return titles, [json.dumps([["title", 0, len(word), "brand"]] if word else []) for word in words]


@pytest.mark.parametrize("labels", [2, 3])
def test_it_is_the_embedded_suggesters_classifier(labels: int) -> None:
    """Probabilities are those of the same pipeline of scikit-learn, with two labels and with three."""
    chosen = [place for place, value in enumerate(VALUES) if labels == 3 or value != "neutral"]
    texts, values = [TEXTS[place] for place in chosen], [VALUES[place] for place in chosen]
    same = TextClassifier(texts, [SENTIMENT.values.index(value) for value in values])
    new = ["good seam", "bad", "ঠিক", " "]
    expected = dict(zip(same.classes, np.array(list(same.probabilities(new))).T, strict=True))
    found = FinalClassifier.fit(texts, values, SENTIMENT).probabilities(new)
    for place in range(3):
        assert found[:, place] == pytest.approx(expected.get(place, np.zeros(4)), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_what_is_saved_is_what_is_loaded(new: list[str]) -> None:
    """Any text gets the same answer from the file as from the model that wrote it."""
    import tempfile

    model = FinalClassifier.fit(TEXTS, VALUES, SENTIMENT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        model.save(path)
        again = FinalClassifier.load(path)
    assert list(again.predict(new)) == list(model.predict(new))
    assert again.scale == model.scale


def test_several_labels_are_told_one_by_one() -> None:
    """A label that all have, or none, is told so; the least sure label is the confidence."""
    texts = ["khub bhalo", "ভালো", "very nice", "ভালো nice", "nice ভালো"] * 3
    values = ["en", "bn+en", "en", "bn+en", "bn+en"] * 3
    model = FinalClassifier.fit(texts, values, MIX)
    (told, sure), (other, _) = model.predict(["ভালো nice", "khub bhalo"])
    assert (told, other) == ("bn+en", "en")
    assert 0.5 <= sure <= 1
    assert model.probabilities(["x"])[0, 2] < 0.01


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    """Bytes, arrays of other shapes, and a pickle, which is never opened."""
    path = tmp_path / "model.npz"
    for content in (b"", b"PK\x03\x04junk", pickle.dumps([1])):
        path.write_bytes(content)
        with pytest.raises(DataError, match="is no classifier"):
            FinalClassifier.load(path)
    FinalClassifier.fit(TEXTS, VALUES, SENTIMENT).save(path)
    with np.load(path) as arrays:
        parts = dict(arrays)
    for change in ({"idf": parts["idf"][1:]}, {"about": np.array([{"a": 1}], dtype=object)}):
        written = io.BytesIO()
        np.savez(written, **{**parts, **change})
        path.write_bytes(written.getvalue())
        with pytest.raises(DataError, match="is no classifier"):
            FinalClassifier.load(path)


def test_it_learns_and_labels_the_pool(tmp_path: Path, run_cli: RunCli) -> None:
    """Held-out scores beat the most frequent label; every item gets a label and a confidence."""
    with simulate(tmp_path / "project", items=120, right=0.95) as made:
        printed = run_cli("annotate", "train", made.folder).stdout
        found = json.loads(run_cli("annotate", "train", made.folder, "--json").stdout)
        items = made.items()
    assert "most frequent label" in printed
    assert found["held_out"]["exact"]["value"] > 0.8
    assert found["baseline"]["exact"]["value"] < 0.5
    assert {one["label"] for one in found["held_out"]["classes"]} == {
        "positive",
        "negative",
        "mixed",
        "neutral",
    }
    folder = Path(found["folder"])
    assert folder == tmp_path / "project" / "trained"
    assert sorted(path.name for path in folder.iterdir()) == ["model.npz", "pool.parquet", "scores.json"]
    assert json.loads((folder / "scores.json").read_text(encoding="utf-8")) == found
    pool = pl.read_parquet(folder / "pool.parquet")
    assert pool["item_id"].to_list() == items["item_id"].to_list()
    assert pool["confidence"].is_between(0.25, 1).all()
    assert pool["people"].null_count() == 120 - found["labelled"]
    told = [value for value, _ in FinalClassifier.load(folder / "model.npz").predict(["broken, awful 7"])]
    assert told == ["negative"]


def test_the_same_project_trains_the_same(tmp_path: Path) -> None:
    """Scores and the labelled pool do not change from run to run; scores are numbers, too."""
    with simulate(tmp_path / "project", "helpfulness", items=60) as made:
        one = train_classifier(made.folder, output=tmp_path / "one")
        two = train_classifier(made.folder, output=tmp_path / "two")
    assert one.held_out == two.held_out
    assert (tmp_path / "one" / "pool.parquet").read_bytes() == (
        tmp_path / "two" / "pool.parquet"
    ).read_bytes()
    assert pl.read_parquet(tmp_path / "one" / "pool.parquet")["label"].dtype == pl.Int64


def test_what_was_learnt_is_not_tried() -> None:
    """Texts that say nothing and stand there many times: copies are never on both sides."""
    texts = [f"{word} {word}" for word in ("aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh")] * 6
    values = ["positive", "negative"] * 24
    _, held_out, _ = held_out_of("sentiment", "text", texts, values)
    assert (held_out.exact.value or 0) < 0.7


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("attributes", {"items": 8}, "8 items have a label"),
        ("sentiment", {"people": 0}, "0 items have a label"),
    ],
)
def test_what_cannot_be_trained_is_told(
    task: str, options: dict[str, int], said: str, tmp_path: Path
) -> None:
    """A project with few labels, and one without."""
    with simulate(tmp_path / "project", task, **options) as made:
        with pytest.raises(UsageError, match=said):
            train_classifier(made.folder)
        assert not (made.folder / "trained").exists()


def test_a_part_that_has_seen_one_label_says_it() -> None:
    """Parts are not quite even where many texts are the same: with one of a kind nothing else was learnt."""
    texts = [f"w{number}" for number in (0, 0, 3, 2, 3, 0, 2, 1, 0, 3)]
    values = ["negative" if place in {2, 4, 5, 9} else "positive" for place in range(10)]
    parts, held_out, baseline = held_out_of("sentiment", "text", texts, values, folds=3)
    assert parts == 2
    assert held_out.exact.n == baseline.exact.n == 10


def test_one_label_is_too_few() -> None:
    """There is nothing to tell apart."""
    with pytest.raises(UsageError, match="two kinds"):
        FinalClassifier.fit(["a b", "b c"], ["positive"] * 2, SENTIMENT)
    with pytest.raises(UsageError, match="two labels with two different texts"):
        held_out_of("sentiment", "text", ["a b"] * 5 + ["c"], ["positive"] * 5 + ["neutral"])


def test_spans_are_learnt_and_the_pool_is_marked(tmp_path: Path, run_cli: RunCli) -> None:
    """Planted brands and sizes are found in held-out items; all are marked, and the model is JSON."""
    with simulate(tmp_path / "project", "attributes", items=80, right=0.95) as made:
        printed = run_cli("annotate", "train", made.folder).stdout
        found = json.loads(run_cli("annotate", "train", made.folder, "--json").stdout)
        contents = [json.loads(content) for content in made.items()["content"]]
    assert "marking nothing" in printed
    assert "recall 0.000, F1 0.000" in printed
    assert found["held_out"]["spans"]["f1"] > 0.9
    assert found["baseline"]["spans"] | {"n": 0} == {
        "precision": None, "recall": 0.0, "f1": 0.0, "n": 0, "given": 0,
    }  # fmt: skip
    recalls = {one["label"]: one["recall"] for one in found["held_out"]["classes"]}
    assert recalls["brand"] > 0.9
    assert recalls["color"] is None
    folder = Path(found["folder"])
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "pool.parquet", "scores.json"]
    assert json.loads((folder / "scores.json").read_text(encoding="utf-8")) == found
    pool = pl.read_parquet(folder / "pool.parquet")
    assert pool.height == 80
    assert pool["label"].dtype == pool["people"].dtype
    for content, spans in zip(contents, pool["label"], strict=True):
        pieces = {one["label"]: content["title"][one["start"] : one["end"]] for one in spans}
        assert pieces["brand"] == content["title"].split(" shoes")[0].removeprefix("👟 ")
    told = [spans for spans, _ in FinalDictionary.load(folder / "model.json").predict(contents)]
    assert [json.loads(spans) for spans in told] == [
        [list(one.values()) for one in spans] for spans in pool["label"]
    ]


def test_the_same_spans_give_the_same_bytes(tmp_path: Path) -> None:
    """The dictionary, the scores and the marked pool do not change from run to run."""
    with simulate(tmp_path / "project", "attributes", items=40) as made:
        one = train_classifier(made.folder, output=tmp_path / "one", seed=3)
        two = train_classifier(made.folder, output=tmp_path / "two", seed=3)
    assert (one.held_out, one.baseline) == (two.held_out, two.baseline)
    for name in ("model.json", "pool.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_form_of_one_item_is_not_found_when_that_is_held_out() -> None:
    """Brands that no other title has get no recall, also where their titles stand there many times."""
    titles, values = brand("Aarong", "Walton", "Vinamilk", "Biti's", "Canifa", "Apex")
    for times in (1, 4):
        _, held_out, _ = held_out_of("attributes", "title", titles * times, values * times)
        assert held_out.spans is not None
        assert (held_out.spans.recall, held_out.spans.f1, held_out.spans.given) == (0, 0, 0)
        assert held_out.exact.value == 0


def test_spans_are_scored_exactly() -> None:
    """A brand of two titles is found in each of them with nothing else; one alone is missed."""
    titles, values = brand("Aarong", "Aarong", "Walton", "")
    parts, held_out, baseline = held_out_of("attributes", "title", titles, values, folds=5)
    assert parts == 3
    assert held_out.spans is not None
    assert held_out.spans.precision == 1
    assert held_out.spans.recall == pytest.approx(2 / 3)
    assert held_out.spans.f1 == pytest.approx(0.8)
    assert held_out.exact.value == pytest.approx(3 / 4)
    assert baseline.exact.value == pytest.approx(1 / 4)


def test_nothing_marked_is_nothing_to_learn() -> None:
    """No span at all, or spans in one title alone."""
    for words, count in ((("", "", ""), 0), (("Aarong", "", ""), 1)):
        titles, values = brand(*words)
        with pytest.raises(UsageError, match=f"two different texts with spans .* there are {count}"):
            held_out_of("attributes", "title", titles, values)
    with pytest.raises(UsageError, match="no span is marked in 1 items"):
        learner_of(read_task("attributes")).fit([{"title": "shoes"}], ["[]"])


def test_a_file_that_is_no_dictionary_is_refused(tmp_path: Path) -> None:
    """What is no JSON, what is other JSON, and numbers and labels that do not fit."""
    path = tmp_path / "model.json"
    titles, values = brand("Aarong")
    contents = [{"title": title} for title in titles]
    model = FinalDictionary.fit(contents, values, read_task("attributes"))
    model.save(path)
    assert list(FinalDictionary.load(path).predict(contents)) == list(model.predict(contents))
    good = json.loads(path.read_text(encoding="utf-8"))
    changes: list[dict[str, object]] = [
        {"format": 2},
        {"forms": {"a": {"seen": -1, "marked": {"brand": 1}}}},
        {"forms": {"a": {"seen": 1, "marked": {"brand": "1"}}}},
        {"forms": {"a": {"seen": 1, "marked": {"smell": 1}}}},
        {"forms": {"a": {"seen": 1, "marked": {}}}},
        {"forms": {"a": {"seen": 0, "marked": {"brand": 0}}}},
        {"forms": [1]},
    ]
    for content in ("", "[]", "[" * 100_000, *(json.dumps(good | change) for change in changes)):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="is no dictionary"):
            FinalDictionary.load(path)
