"""What the page answers over HTTP: who is let in, what is stored, and what is turned away."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.annotating.serving.site import ATTRIBUTES, STARS, Site, Visitor, make_project, served


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    """A small project, served."""
    make_project(tmp_path / "project", suggested={1: {"labels": ["good"]}})
    with served(tmp_path / "project") as site:
        yield site


def test_a_link_signs_in_and_greets(site: Site) -> None:
    """A personal link sets a cookie that scripts cannot read and other sites cannot use, and says hello."""
    response = site.visitor().enter(site.project.add_annotator("Amina <b>"))
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "Amina &lt;b&gt;" in response.text
    assert "Judge the <strong>product</strong>" in response.text


@pytest.mark.parametrize("token", ["x", "a.b", "%00", "é", "x" * 5000])
def test_an_unknown_link_opens_nothing(site: Site, token: str) -> None:
    """Nobody comes in with a token that was never given."""
    response = site.visitor().enter(token)
    assert response.status_code == 401
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("cookie", ["", "nonsense", "a.b", ".", "x" * 3000])
def test_without_a_session_nothing_is_shown(site: Site, cookie: str) -> None:
    """Whoever is not signed in sees no item, and stores nothing."""
    visitor = site.visitor()
    visitor.client.cookies.set("ecomdata_test", cookie)
    for response in (visitor.client.get("/"), visitor.post({"do": "answer"})):
        assert response.status_code == 401
        assert "Good." not in response.text


def test_a_renewed_link_shuts_out_the_old_one(site: Site) -> None:
    """Once a person has a new token, browsers with the old one are signed out."""
    visitor = site.visitor("Amina")
    site.project.renew_token("Amina")
    assert visitor.client.get("/").status_code == 401


def test_signing_out_takes_the_cookie_back(site: Site) -> None:
    """After signing out the browser is a stranger again."""
    visitor = site.visitor("Amina")
    assert visitor.client.post("/out", data={"form": visitor.hidden("form")}).status_code == 200
    assert visitor.client.get("/").status_code == 401


def test_an_answer_is_stored_and_the_next_item_comes(site: Site) -> None:
    """The answer, the times and the comment are in the project before the next item is shown."""
    visitor = site.visitor("Amina")
    assert "Good." in visitor.html
    response = visitor.act(label="bad", active="0", comment=" I am\r\nsure ")
    assert response.status_code == 200
    assert "Bad." in visitor.html
    (event,) = site.events("answer")
    payload = json.loads(event["payload"])
    assert payload["answer"] == {"labels": ["bad"]}
    assert payload["comment"] == "I am\nsure"
    assert payload["accepted"] is False
    assert payload["active_ms"] == 0 <= payload["wall_ms"]


def test_taking_the_suggestion_is_marked(site: Site) -> None:
    """Both ways to agree with a suggestion, taking it and choosing the same, count as accepted."""
    visitor = site.visitor("Amina")
    assert "75% sure" in visitor.html
    visitor.act(do="accept")
    visitor.act(do="undo")
    visitor.act(label="good")
    assert [json.loads(event["payload"])["accepted"] for event in site.events("answer")] == [True, True]


def test_active_time_is_bounded_by_the_time_that_passed(site: Site) -> None:
    """A page that claims more time than has passed is believed up to that."""
    visitor = site.visitor("Amina")
    visitor.act(label="good", active="99999999")
    payload = json.loads(site.events("answer")[0]["payload"])
    assert 0 <= payload["active_ms"] == payload["wall_ms"] < 60_000


def test_a_form_that_is_sent_twice_counts_once(site: Site) -> None:
    """When the reply is lost, the page sends the same again: it is stored once, and the next item comes."""
    visitor = site.visitor("Amina")
    fields = visitor.fields(label="good")
    first, second = (visitor.post(fields, **{"X-Ecomdata-Part": "1"}) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert "Bad." in second.text
    assert len(site.events("answer")) == 1
    visitor.html = second.text
    undo = visitor.fields(do="undo")
    for _ in range(2):
        visitor.post(undo)
    assert len(site.events("undo")) == 1


def test_undo_brings_the_answer_back_to_change_it(site: Site) -> None:
    """After an undo the item stands there with what was chosen, said and the time it took."""
    visitor = site.visitor("Amina")
    visitor.act(label="bad", comment="hm <i>")
    visitor.act(do="undo")
    assert "Good." in visitor.html
    assert re.search(r'value="bad"[^>]* checked', visitor.html)
    assert "hm &lt;i&gt;" in visitor.html
    visitor.act(label="good")
    assert site.project.answers()["answer"].to_list() == ['{"labels":["good"]}']


def test_a_skip_needs_a_reason(site: Site) -> None:
    """Without a reason nothing is skipped; with one it is stored in the person's words."""
    visitor = site.visitor("Amina")
    assert visitor.act(do="skip").status_code == 422
    assert visitor.act(do="skip", reason="because").status_code == 422
    visitor.act(do="skip", reason="other", own_reason=" half a sentence ")
    assert json.loads(site.events("skip")[0]["payload"])["reason"] == "other: half a sentence"
    assert "Bad." in visitor.html


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"label": "nice"},
        {"label": ["good", "bad"]},
        {"label": "good", "key": "x"},
        {"label": "good", "assignment": "-1"},
        {"label": "good", "active": "1e3"},
        {"label": "good", "comment": "x" * 2001},
        {"label": "good", "do": "rule"},
    ],
)
def test_what_is_no_answer_is_not_stored(site: Site, more: dict[str, str]) -> None:
    """A form without a choice, or with what the page never writes, is refused with a word."""
    visitor = site.visitor("Amina")
    response = visitor.act(**more)
    assert response.status_code == 422
    assert response.text
    assert not site.events("answer")


def test_nobody_answers_for_another(site: Site) -> None:
    """The assignment of another person is refused, and so is the form of another browser."""
    one, two = site.visitor("Amina"), site.visitor("Bo")
    assert two.act(label="good", assignment=one.hidden("assignment")).status_code == 409
    assert two.act(label="good", form=one.hidden("form")).status_code == 403
    assert two.act(label="good", form="é").status_code == 403
    assert not site.events("answer")


def test_an_answered_item_is_not_answered_again(site: Site) -> None:
    """A second tab with the same item is told so."""
    visitor = site.visitor("Amina")
    stale = visitor.fields(label="bad")
    visitor.act(label="good")
    response = visitor.post({**stale, "key": secrets.token_hex(8)}, **{"X-Ecomdata-Part": "1"})
    assert response.status_code == 409
    assert "answered already" in response.text


def test_plain_forms_work_too(site: Site) -> None:
    """Without the script a form leads to the next item by a redirect."""
    visitor = site.visitor("Amina")
    response = visitor.post(visitor.fields(label="good"))
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert "Bad." in visitor.look()


def test_at_the_end_there_is_thanks_and_undo(site: Site) -> None:
    """When nothing is left the page says so, and the last answer can still be taken back."""
    visitor = site.visitor("Amina")
    for _ in range(3):
        visitor.act(label="good")
    assert "Nothing is left for you" in visitor.html
    visitor.act(do="undo")
    assert "Well." in visitor.html


def test_two_people_at_once_get_different_items(tmp_path: Path) -> None:
    """People who work at the same time share the pool: each item is answered once, none is lost."""
    folder = tmp_path / "many"
    make_project(folder, contents=[{"text": f"item {number}"} for number in range(60)])
    with served(folder) as many:
        visitors = [many.visitor(f"person {number}") for number in range(4)]

        def work(visitor: Visitor) -> int:
            done = 0
            while "Nothing is left" not in visitor.html:
                assert visitor.act(label="good").status_code == 200
                done += 1
            return done

        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(work, visitors))
        items = [event["item_id"] for event in many.events("answer")]
    assert sum(done) == 60
    assert sorted(items) == list(range(1, 61))


def test_nobody_sees_what_others_answered(site: Site) -> None:
    """Two people with the same item each see the item alone."""
    folder = site.folder.with_name("overlap")
    make_project(folder, overlap=2, contents=[{"text": "Only this."}])
    with served(folder) as shared:
        one = shared.visitor("Amina")
        one.act(label="bad", comment="secret remark")
        two = shared.visitor("Bo")
        assert "Only this." in two.html
        assert "secret remark" not in two.html
        assert "checked" not in two.html


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (STARS, {"score": 4}),
        (ATTRIBUTES, {"spans": [{"field": "text", "start": 0, "end": 4, "label": "brand"}]}),
    ],
)
def test_the_blind_arm_is_blind(tmp_path: Path, task: dict[str, object], answer: dict[str, object]) -> None:
    """In the blind arm nothing of the suggestion is in the source of the page: as if there were none."""
    pages: list[str] = []
    for suggested in ({1: answer}, {}):
        folder = tmp_path / f"p{len(pages)}"
        make_project(folder, task, [{"text": "Acme, 42", "rating": 3}], suggested=suggested, blind_share=1.0)
        with served(folder) as site:
            html = site.visitor("Amina").html
            assert site.project.assignments()["arm"].to_list() == ["blind" if suggested else "none"]
        for once in ("form", "key"):
            html = re.sub(rf'(name="{once}" value=")[^"]*', r"\1", html)
        pages.append(html)
    assert pages[0] == pages[1]
    assert "tiny" not in pages[0]


def test_spans_are_stored_in_code_points(tmp_path: Path) -> None:
    """Marks are checked against the text, and a mark outside it is refused."""
    make_project(tmp_path / "p", ATTRIBUTES, [{"text": "👍🏽 Acme"}])
    with served(tmp_path / "p") as site:
        visitor = site.visitor("Amina")
        for spans in ("x", "[1]", "{}", "[" * 5000, '[{"field":"text","start":3,"end":8,"label":"brand"}]'):
            assert visitor.act(spans=spans).status_code == 422
        good = [{"field": "text", "start": 3, "end": 7, "label": "brand"}]
        assert visitor.act(spans=json.dumps(good)).status_code == 200
        assert json.loads(site.project.answers()["answer"][0]) == {"spans": good}
