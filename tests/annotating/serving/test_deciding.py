"""The page of an adjudicator."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.annotating.serving.site import SENTIMENT, Site, Visitor, make_project, served


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    """Two items on which three people disagree, and one on which they agree."""
    texts = ("Good but late.", "Well.", "Fine.")
    make_project(tmp_path / "project", SENTIMENT, [{"text": text} for text in texts], overlap=3)
    with served(tmp_path / "project") as site:
        for name, labels in (("Ann", ["bad", "none"]), ("Bo", ["bad", "good"]), ("Cy", ["good", "bad"])):
            person = site.visitor(name)
            for label in (*labels, "good"):
                assert person.act(label=label, comment=f"{name} says").status_code == 200
        yield site


def judge(site: Site) -> Visitor:
    """An adjudicator at the page."""
    visitor = site.visitor()
    visitor.enter(site.project.add_annotator("Judge", adjudicator=True))
    visitor.html = visitor.client.get("/adjudicate").text
    return visitor


def decide(visitor: Visitor, label: str) -> int:
    """Decide on the item that is shown; the status."""
    response = visitor.client.post(
        "/adjudicate", data=visitor.fields(label=label), headers={"X-Ecomdata-Part": "1"}
    )
    if response.status_code == 200:
        visitor.html = response.text
    return response.status_code


def test_disagreements_come_one_after_the_other_without_names(site: Site) -> None:
    """The most disputed item comes first, with all its answers and nobody's name; decisions are events."""
    visitor = judge(site)
    assert "Well." in visitor.html
    assert visitor.html.count("1 person") == 3
    assert not {name for name in ("Ann", "Bo", "Cy") if name in visitor.html}
    assert decide(visitor, "none") == 200
    assert "Good but late." in visitor.html
    assert "2 people" in visitor.html
    assert decide(visitor, "bad") == 200
    assert "Nothing waits for a decision" in visitor.html
    decided = [json.loads(event["payload"])["answer"] for event in site.events("adjudicate")]
    assert decided == [{"labels": ["none"]}, {"labels": ["bad"]}]


def test_a_decision_can_wait_and_be_changed(site: Site) -> None:
    """An item is left for later, which lasts, and the last decision comes back to be changed."""
    visitor = judge(site)
    later = visitor.client.get(f"/adjudicate?after={visitor.hidden('assignment')}").text
    assert "Good but late." in later
    assert "Good but late." in visitor.client.get("/adjudicate").text
    decide(visitor, "none")
    visitor.html = visitor.client.get("/adjudicate?again=1").text
    assert "Well." in visitor.html
    decide(visitor, "bad")
    assert [event["item_id"] for event in site.events("adjudicate")] == [2, 2]


def test_only_adjudicators_decide(site: Site) -> None:
    """Others do not see the page, and cannot decide; a decision that is no answer is refused."""
    person = site.visitor("Di")
    assert "Adjudicate" not in person.html
    assert person.client.get("/adjudicate").status_code == 403
    assert person.client.post("/adjudicate", data=person.fields(label="bad")).status_code == 403
    visitor = judge(site)
    assert "Adjudicate" in visitor.look()
    visitor.html = visitor.client.get("/adjudicate?after=x").text
    assert decide(visitor, "nice") == 422
    assert visitor.client.post("/adjudicate", data=visitor.fields()).status_code == 422
    assert (
        visitor.client.post("/adjudicate", data=visitor.fields(label="bad", assignment=99)).status_code == 409
    )
    assert not site.events("adjudicate")
