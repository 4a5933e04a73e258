from __future__ import annotations

import json
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ecomdata.annotating.adjudicating import adjudicate
from ecomdata.annotating.clusters import clusters_of_texts
from ecomdata.annotating.pool import Pool, PoolItem
from ecomdata.annotating.project import Project
from ecomdata.annotating.records import Item, Suggestion
from ecomdata.annotating.reporting import report_on
from ecomdata.annotating.rounds import Round, suggest_embedded
from ecomdata.annotating.settings import Settings
from ecomdata.annotating.suggesting.base import Suggester
from ecomdata.annotating.suggesting.embedded import Embedded
from ecomdata.annotating.task import Task
from ecomdata.annotating.taskfile import read_task
from ecomdata.annotating.training import train_classifier
from ecomdata.errors import UsageError
from tests.annotating.projects import NEGATIVE, POSITIVE, answer, make_project, people, suggest, task

GOOD = ("very good", "love it", "khub bhalo", "great quality", "happy with it")
THINGS = ("shirt", "phone", "bag", "shoes", "lamp")
BAD = ("broken", "never again", "baje product", "poor quality", "not happy")


def _texts(count: int, seed: int = 0) -> list[str]:
    """Reviews whose words give their view away; even ones are good."""
    rng = random.Random(seed)  # noqa: S311 - made-up texts
    views = [GOOD if number % 2 == 0 else BAD for number in range(count)]
    return [f"{rng.choice(view)} {rng.choice(THINGS)} {rng.choice(view)}" for view in views]


def _view(text: str) -> dict[str, list[str]]:
    return POSITIVE if any(text.startswith(word) for word in GOOD) else NEGATIVE


def _label(project: Project, person: int, count: int) -> None:
    """Answer as the text has it."""
    for _ in range(count):
        given = project.next_item(person)
        assert given is not None
        answer(project, person, _view(given.content["text"]))


def _items(texts: list[str], **content: object) -> list[Item]:
    return [
        Item(item_id=number, row_id=number, content={"text": text, **content})
        for number, text in enumerate(texts, 1)
    ]


def test_it_learns_from_the_labels_so_far(tmp_path: Path) -> None:
    """Each round suggests for the items that wait, tells how good it was, and is appended."""
    with make_project(tmp_path / "p", _texts(200), blind_share=0.0) as project:
        (ana,) = people(project)
        _label(project, ana, 40)
        first = suggest_embedded(project, limit=50)
        assert (first.number, first.labels, first.suggested) == (1, 40, 50)
        assert first.right is not None
        assert first.right > 0.8
        given = project.next_item(ana)
        assert given is not None
        assert given.suggestion is not None
        assert given.suggestion.answer == _view(given.content["text"])
        _label(project, ana, 10)
        second = suggest_embedded(project)
        assert (second.number, second.labels, second.suggested) == (2, 50, 150)
        told = project.suggestions()
        assert Counter(told["round"].to_list()) == {1: 50, 2: 150}
        assert told["confidence"].is_between(0, 1).all()
        rounds = project.events().filter(kind="round")["payload"].to_list()
        assert [json.loads(one)["labels"] for one in rounds] == [40, 50]
        assert project.counts().round == 2


def test_the_same_labels_and_seed_give_the_same_suggestions() -> None:
    """To the last digit of the confidence."""
    items = _items(_texts(120))
    labelled = [(item, _view(item.content["text"])) for item in items[:60]]
    one, other = (
        list(Embedded(read_task("sentiment"), labelled).suggest(items, round_number=1)) for _ in range(2)
    )
    assert one == other


def test_it_needs_labels(tmp_path: Path) -> None:
    """Twenty, and not all the same; it says how many there are."""
    with make_project(tmp_path / "p", _texts(100)) as project:
        (ana,) = people(project)
        _label(project, ana, 7)
        with pytest.raises(UsageError, match="needs 20 labelled items, and there are 7"):
            suggest_embedded(project)
        assert project.events().filter(kind="round").is_empty()
    with make_project(tmp_path / "q", _texts(100)) as project:
        (ana,) = people(project)
        for _ in range(20):
            answer(project, ana)
        with pytest.raises(UsageError, match="all 20 labels are the same"):
            suggest_embedded(project)


def _cases() -> list[tuple[Task, object]]:
    """A task of each kind, and what is right of a text."""
    score = task(kind="score", labels=None, score={"low": 1, "high": 5})
    several = task(multiple=True)
    spans = task(kind="spans")

    def marked(text: str) -> dict[str, object]:
        thing = next(thing for thing in THINGS if f" {thing} " in text)
        start = text.index(thing)
        label = "positive" if thing == "shirt" else "negative"
        return {"spans": [{"field": "text", "start": start, "end": start + len(thing), "label": label}]}

    return [
        (task(), _view),
        (score, lambda text: {"score": 5 if _view(text) == POSITIVE else 1}),
        (several, lambda text: _view(text) if "shirt" not in text else {"labels": ["positive", "negative"]}),
        (spans, marked),
    ]


@pytest.mark.parametrize(("of", "right"), _cases(), ids=["labels", "score", "multiple", "spans"])
def test_every_kind_of_task_gets_answers_that_fit_it(of: Task, right: object) -> None:
    """Most of them right on planted data, whatever the items hold; one for each item, with a confidence."""
    from ecomdata.annotating.answers import validate

    items = _items(_texts(160))
    labelled = [(item, right(item.content["text"])) for item in items[:100]]
    suggester: Suggester = Embedded(of, labelled)
    odd = [
        Item(item_id=900 + n, row_id=0, content={"text": text})
        for n, text in enumerate(("", " ", None, "\x00", "好"))
    ]
    found = list(suggester.suggest([*items[100:], *odd], round_number=3))
    assert [one.item_id for one in found] == [item.item_id for item in (*items[100:], *odd)]
    for one, item in zip(found, (*items[100:], *odd), strict=True):
        assert (one.outcome, one.round, one.source) == ("ok", 3, "embedded")
        assert validate(of, item.content, one.answer).as_dict() == one.answer
        assert one.confidence is not None
        assert 0 <= one.confidence <= 1
    told = zip(found, items[100:], strict=False)
    hits = [one.answer == right(item.content["text"]) for one, item in told]
    assert np.mean(hits) > 0.85


def test_a_score_is_the_median() -> None:
    """Where 1 and 5 are equally likely and 3 a little, it says 3: the least far off on average."""
    score = task(kind="score", labels=None, score={"low": 1, "high": 5})
    items = _items(["same words"] * 100)
    values = [1] * 45 + [3] * 10 + [5] * 45
    labelled = [(item, {"score": value}) for item, value in zip(items, values, strict=True)]
    (one,) = Embedded(score, labelled).suggest(items[:1], round_number=1)
    assert one.answer == {"score": 3}


def test_uncertainty_puts_the_least_certain_first(tmp_path: Path) -> None:
    """The next items are those with the lowest confidence of the latest round."""
    with make_project(tmp_path / "p", _texts(150), strategy="uncertainty") as project:
        (ana,) = people(project)
        _label(project, ana, 30)
        done = suggest_embedded(project, limit=20)
        assert (done.suggested, done.first) == (20, 20)
        told = project.suggestions().sort("confidence", "item_id")
        given = [answer(project, ana) for _ in range(5)]
        assert given == told["item_id"].to_list()[:5]


def test_disagreement_puts_disputed_items_first(tmp_path: Path) -> None:
    """Those on which the embedded model and another suggester differ."""
    with make_project(tmp_path / "p", _texts(120), strategy="disagreement") as project:
        (ana,) = people(project)
        _label(project, ana, 40)
        waiting = project.waiting()
        wrong = set(waiting[-4:])
        texts = {
            row: json.loads(text)["text"]
            for row, text in project.items().select("item_id", "content").iter_rows()
        }
        opposite = {"positive": NEGATIVE, "negative": POSITIVE}
        project.add_suggestions(
            Suggestion(
                item_id=item,
                source="endpoint",
                model="big",
                round=1,
                answer=opposite[_view(texts[item])["labels"][0]] if item in wrong else _view(texts[item]),
                confidence=None,
            )
            for item in waiting[-12:]
        )
        done = suggest_embedded(project, limit=10)
        assert done.first == 4
        assert {answer(project, ana) for _ in range(4)} == wrong


def test_what_was_learnt_from_is_not_suggested_for(tmp_path: Path) -> None:
    """Else it would be judged by labels that it only repeats; also not where an endpoint suggested."""
    with make_project(tmp_path / "p", _texts(60), strategy="disagreement") as project:
        (ana,) = people(project)
        suggest(project, source="endpoint", model="big")
        _label(project, ana, 30)
        suggest_embedded(project, limit=5)
        told = project.suggestions().filter(source="embedded")["item_id"].to_list()
        assert len(told) == 30
        assert not {*told} & {*project.answers()["item_id"]}


def test_stratified_takes_clusters_in_turns(tmp_path: Path) -> None:
    """A cluster of five among a hundred is done after five turns."""
    with _clustered(tmp_path / "p", [5, 95], strategy="stratified") as project:
        (ana,) = people(project)
        items = [answer(project, ana) for _ in range(10)]
        assert sum(item <= 5 for item in items) == 5
        assert json.loads(project.meta["clusters"]) == ["c0", "c1"]


def _clustered(folder: Path, sizes: list[int], **settings: object) -> Project:
    """Items in clusters of these sizes; positive ones are only in the last."""
    rows = [(f"c{c}", n) for c, size in enumerate(sizes) for n in range(size)]
    items = (
        PoolItem(
            row,
            {"text": f"{'rare find' if name == f'c{len(sizes) - 1}' and n % 2 else 'plain'} {name} {n}"},
            None,
            name,
        )
        for row, (name, n) in enumerate(rows)
    )
    return Project.create(folder, task=task(), pool=Pool(items=items), settings=Settings(**settings))


def test_the_bandit_goes_round_by_round(tmp_path: Path) -> None:
    """A batch of one cluster comes first; its labels are the reward; the state is an event of each round."""
    options = {"strategy": "bandit", "positive": ("positive",), "batch": 10}
    with _clustered(tmp_path / "p", [60, 60, 60], **options) as project:
        (ana,) = people(project)

        def label(count: int) -> list[int]:
            done: list[int] = []
            for _ in range(count):
                given = project.next_item(ana)
                assert given is not None
                done.append(answer(project, ana, POSITIVE if "rare" in given.content["text"] else NEGATIVE))
            return done

        label(24)
        steps: list[Round] = []
        for _ in range(6):
            steps.append(suggest_embedded(project, limit=5))
            batch = steps[-1].strategy["items"]
            assert label(10) == batch
            assert len({project.item(item).cluster for item in batch}) == 1
        again = [json.loads(one)["strategy"] for one in project.events().filter(kind="round")["payload"]]
        assert again == [step.strategy for step in steps]
        assert steps[0].strategy["reward"] is None
        for before, step in pairwise(steps):
            reward = step.strategy["reward"]
            assert (reward["arm"], reward["labelled"]) == (before.strategy["arm"], 10)
            assert reward["won"] == (reward["positive"] > 0 and reward["after"] > reward["before"])
            old, new = before.strategy["bandit"], step.strategy["bandit"]
            gained = "wins" if reward["won"] else "losses"
            assert sum(new[gained]) == pytest.approx(0.99 * (sum(old[gained]) + 1))
        suggest_embedded(project)
        with pytest.raises(UsageError, match="nothing of the last batch is labelled yet"):
            suggest_embedded(project)


def test_known_answers_get_suggestions_too(tmp_path: Path) -> None:
    """Else whoever is asked could tell them from the others."""
    gold = {0: json.dumps(POSITIVE), 1: json.dumps(NEGATIVE)}
    with make_project(tmp_path / "p", _texts(80), gold=gold, gold_share=0.0) as project:
        (ana,) = people(project)
        _label(project, ana, 25)
        adjudicate(project, 1, POSITIVE)  # which makes it no label to learn from
        assert suggest_embedded(project, limit=3).labels == 25
        assert set(project.suggestions()["item_id"]) >= {1, 2}
        assert project.suggestions().height == 5


def test_any_whole_number_is_a_seed(tmp_path: Path) -> None:
    """Also one that NumPy and scikit-learn would not take: a project's is fixed when it is made."""
    seed = -5_000_000_000
    with make_project(tmp_path / "p", _texts(60), seed=seed) as project:
        (ana,) = people(project)
        _label(project, ana, 30)
        assert suggest_embedded(project, limit=5).suggested == 5
    assert train_classifier(tmp_path / "p", folds=2, seed=seed).labelled == 30
    assert report_on(tmp_path / "p", seed=seed).measured.counts["answers"] == 30
    assert len(clusters_of_texts(_texts(10), 2, seed=seed)) == 10


def test_clusters_of_texts() -> None:
    """Texts about different things fall apart; the same under the same seed."""
    texts = [
        f"{word} number {n % 3}" for n in range(60) for word in ("red shoes", "kitchen lamp", "phone cable")
    ]
    found = clusters_of_texts(texts, 3)
    assert found == clusters_of_texts(texts, 3)
    assert len({(label, text.split()[0]) for label, text in zip(found, texts, strict=True)}) == 3
    with pytest.raises(UsageError, match="2 texts are not divided into 3"):
        clusters_of_texts(["a", "b"], 3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"strategy": "bandit"}, "looks for positive labels"),
        ({"strategy": "uniform", "positive": ("positive",)}, "looks for positive labels"),
        ({"strategy": "bandit", "positive": ("best",)}, "has no answer 'best'"),
        ({"strategy": "bandit", "positive": ("positive",)}, "goes by clusters, and there are 0"),
        ({"strategy": "stratified"}, "goes by clusters, and there are 0"),
    ],
)
def test_strategies_that_lack_something(settings: dict[str, object], said: str, tmp_path: Path) -> None:
    """It is said before anything is made."""
    with pytest.raises(UsageError, match=said):
        make_project(tmp_path / "p", **settings)
    assert not list(tmp_path.iterdir())
