"""Projects in which simulated people have answered, with a pull, a speed-up and errors that are known."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecomdata.annotating.adjudicating import adjudicate, disagreements
from ecomdata.annotating.pool import Pool, PoolItem
from ecomdata.annotating.project import Project
from ecomdata.annotating.records import Suggestion, to_json
from ecomdata.annotating.settings import Settings
from ecomdata.annotating.taskfile import read_task

WORDS = {
    "positive": ("lovely", "great", "perfect", "works well"),
    "negative": ("broken", "awful", "refund", "too small"),
    "mixed": ("good but late", "nice yet thin", "fine but pricey", "pretty, scratches"),
    "neutral": ("blue", "arrived", "is it new", "second one"),
}
BRANDS = ("Aarong", "Walton", "Vinamilk", "Biti's")


def of_labels(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A review and its sentiment."""
    label = rng.choice(list(WORDS))
    return {"text": f"{rng.choice(WORDS[label])}, {rng.choice(WORDS[label])} {rng.randint(1, 99)}"}, {
        "labels": [label]
    }


def of_scores(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A review that is as long as it is helpful."""
    score = rng.randint(1, 5)
    return {"text": f"{'fits well ' * score}{rng.randint(1, 999)}", "rating": rng.randint(1, 5)}, {
        "score": score
    }


def of_spans(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A title with a brand; an emoji before it makes code points and UTF-16 differ."""
    brand = rng.choice(BRANDS)
    title = f"👟 {brand} shoes, size {rng.randint(30, 45)}"
    start = title.index(brand)
    spans = [
        {"field": "title", "start": start, "end": start + len(brand), "label": "brand"},
        {"field": "title", "start": len(title) - 2, "end": len(title), "label": "size"},
    ]
    return {"title": title}, {"spans": spans}


MAKERS = {"sentiment": of_labels, "helpfulness": of_scores, "attributes": of_spans}


def other(answer: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    """An answer that is wrong: another label, the next score, without the last span."""
    if "labels" in answer:
        return {"labels": [rng.choice([label for label in WORDS if label not in answer["labels"]])]}
    if "score" in answer:
        return {"score": answer["score"] + (1 if answer["score"] < 5 else -1)}
    return {"spans": answer["spans"][:-1]}


def simulate(  # noqa: PLR0913 - what is planted
    folder: Path,
    task: str = "sentiment",
    *,
    items: int = 60,
    people: int = 3,
    overlap: int = 2,
    blind_share: float = 0.3,
    pull: float = 0.5,
    speed: float = 0.5,
    right: float = 0.9,
    gold: int = 0,
    decide: bool = True,
    seed: int = 1,
    dataset: tuple[str, str, str] = ("", "", ""),
) -> Project:
    """A project that is answered to the end; close it.

    Args:
        folder: A new folder.
        task: A shipped task.
        items: How many items.
        people: How many people, the second half as slow again as the first.
        overlap: How many answer each.
        blind_share: The share of items whose suggestion is hidden.
        pull: How often people who see a suggestion take it without thinking.
        speed: How many times as long people take with a suggestion.
        right: How often people, and the model, are right.
        gold: So many first items have a known answer.
        decide: Whether disagreements are adjudicated.
        seed: Of all draws.
        dataset: Its name, its release, its table.
    """
    rng = random.Random(seed)  # noqa: S311 - simulates
    made = [MAKERS[task](rng) for _ in range(items)]
    pool = Pool(
        items=(
            PoolItem(row + 1, content, to_json(answer) if row < gold else None)
            for row, (content, answer) in enumerate(made)
        ),
        dataset=dataset[0],
        release=dataset[1],
        table=dataset[2],
    )
    settings = Settings(overlap=overlap, blind_share=blind_share)
    project = Project.create(folder, task=read_task(task), pool=pool, settings=settings, seed=seed)
    truth = {number + 1: answer for number, (_, answer) in enumerate(made)}
    project.add_suggestions(
        Suggestion(
            item_id=item,
            source="endpoint",
            model="toy-1",
            round=1,
            answer=answer if rng.random() < right else other(answer, rng),
            confidence=round(rng.uniform(0.5, 1), 3),
            cost=0.0004,
            tokens_in=90,
            tokens_out=4,
            milliseconds=310.0,
        )
        for item, answer in truth.items()
    )
    for number in range(people):
        project.add_annotator(f"person {number + 1}")
    _answer_all(project, truth, rng, pull=pull, speed=speed, right=right)
    for open_item in disagreements(project) if decide else ():
        adjudicate(project, open_item.item_id, truth[open_item.item_id], annotator_id=1)
    return project


def _answer_all(
    project: Project,
    truth: Mapping[int, Mapping[str, Any]],
    rng: random.Random,
    *,
    pull: float,
    speed: float,
    right: float,
) -> None:
    waiting = [person.annotator_id for person in project.annotators()]
    while waiting:
        person = rng.choice(waiting)
        given = project.next_item(person)
        if given is None:
            waiting.remove(person)
            continue
        seen = given.suggestion.answer if given.suggestion is not None else None
        answer = truth[given.item_id] if rng.random() < right else other(truth[given.item_id], rng)
        if seen is not None and rng.random() < pull:
            answer = seen
        seconds = rng.lognormvariate(2.5, 0.3) * (1 + person % 2) * (speed if seen is not None else 1)
        project.record_answer(
            given.assignment_id,
            answer,
            active_ms=round(1000 * seconds),
            wall_ms=round(1200 * seconds),
            accepted=None if seen is None else answer == seen,
        )
