"""The page in a real Chromium: keys, the clock, lost replies, and what programs that read it aloud find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.annotating.serving.desk import AUDIT, Desk, Sit
from tests.annotating.serving.site import (
    ATTRIBUTES,
    LANGUAGES,
    PAIR,
    SENTIMENT,
    STARS,
    make_project,
    served,
)

ARABIC = "هاتف سامسونج"


def test_the_whole_way_by_keyboard(sit: Sit) -> None:
    """Answer, comment, undo, skip with a reason and come to the end, without a mouse."""
    desk = sit(SENTIMENT, [{"text": "Good."}, {"text": "Bad."}, {"text": "Well."}])
    desk.shows("Good.")
    assert "/in/" not in desk.page.url
    desk.press("Enter")
    expect(desk.page.locator("#trouble")).to_have_text("Choose an answer first.")
    desk.press("2", "1", "c")
    desk.page.keyboard.type("as 2 u s")
    desk.press("Escape", "Enter")
    desk.shows("Bad.")
    expect(desk.page.locator("#said")).to_contain_text("Saved.")
    assert desk.payload() | {"active_ms": 0, "wall_ms": 0} == {
        "answer": {"labels": ["good"]},
        "active_ms": 0,
        "wall_ms": 0,
        "accepted": None,
        "comment": "as 2 u s",
    }
    desk.press("u")
    desk.shows("Good.")
    expect(desk.page.locator("textarea")).to_have_value("as 2 u s")
    desk.press("n", "Enter")
    desk.shows("Bad.")
    desk.press("s", "5")
    desk.page.keyboard.type("half a sentence")
    desk.press("Enter")
    desk.shows("Well.")
    assert desk.payload("skip")["reason"] == "other: half a sentence"
    desk.press("ArrowDown", "ArrowDown", "Enter")
    desk.shows("Nothing is left for you")
    assert desk.answers() == [{"labels": ["none"]}, {"labels": ["bad"]}]
    desk.press("u")
    desk.shows("Well.")


def test_several_labels(sit: Sit) -> None:
    """Digits switch labels on and off; arrows and the space bar do too."""
    desk = sit(LANGUAGES, [{"text": "Both."}])
    desk.press("1", "2", "n", "1", "ArrowDown", "Space", "Enter")
    desk.shows("Nothing is left")
    assert desk.answers() == [{"labels": ["none"]}]


def test_a_suggestion_is_taken_changed_or_left(sit: Sit) -> None:
    """Enter alone takes what is suggested; A fills it in; any other choice overrides it."""
    items = [{"text": f"text {number}"} for number in (1, 2, 3)]
    desk = sit(STARS, items, suggested={number: {"score": 4} for number in (1, 2, 3)})
    expect(desk.page.locator("#suggestion")).to_contain_text("75% sure")
    expect(desk.page.locator("#save")).to_contain_text("Accept")
    desk.press("Enter")
    desk.shows("text 2")
    desk.press("a", "ArrowRight")
    expect(desk.page.locator("#save")).to_contain_text("Save")
    desk.press("Enter")
    desk.shows("text 3")
    desk.press("2", "Enter")
    desk.shows("Nothing is left")
    answers = desk.site.project.answers()
    assert desk.answers() == [{"score": 4}, {"score": 5}, {"score": 2}]
    assert answers["accepted"].to_list() == [True, False, False]


@pytest.mark.parametrize("width", [1280, 360, 320])
def test_a_pair_stands_side_by_side_and_fits_a_telephone(sit: Sit, width: int) -> None:
    """Two texts stand beside each other where there is room, and nothing is wider than the screen."""
    desk = sit(
        PAIR,
        [{"one": "word " * 30 + "x" * 200, "two": ARABIC * 20}],
        width=width,
        suggested={1: {"score": 2}},
    )
    one, two = (desk.page.locator(".field").nth(number).bounding_box() for number in (0, 1))
    assert one
    assert two
    assert (one["y"] == two["y"]) is (width == 1280)
    for keys in ("s", "c", "g"):
        desk.press("Escape", keys)
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
    direction = "(node) => getComputedStyle(node).direction"
    assert [one.evaluate(direction) for one in desk.page.locator(".words").all()] == ["ltr", "rtl"]
    desk.press("Escape", "2", "Enter")
    desk.shows("Nothing is left")
    assert desk.answers() == [{"score": 2}]


def test_guidelines_with_long_lines_fit_a_telephone(sit: Sit) -> None:
    """Code keeps its lines, and is scrolled by itself; the page is no wider for it."""
    words = (
        "Such as:\n\n    " + "a line of code " * 20 + "\n\n| a | b |\n|---|---|\n| " + "x" * 300 + " | y |\n"
    )
    desk = sit({**PAIR, "guidelines": words}, [{"one": "a", "two": "b"}], width=360)
    desk.press("g")
    expect(desk.page.locator("#guidelines pre")).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_idle_and_hidden_time_is_left_out(sit: Sit) -> None:
    """The clock stands still after half a minute without input, and while another tab is before the page."""
    desk = sit(STARS, [{"text": "one"}, {"text": "two"}], clock=True)
    clock = desk.page.clock
    clock.run_for(10_000)
    desk.press("Shift")
    clock.run_for(300_000)
    desk.press("Shift")
    hide = """(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange')); }"""
    desk.page.evaluate(hide, True)
    clock.run_for(20_000)
    desk.page.evaluate(hide, False)
    clock.run_for(5_000)
    sent: list[str] = []
    desk.page.on("request", lambda request: sent.append(request.post_data or ""))
    desk.press("3", "Enter")
    desk.shows("two")
    active = int(
        next(part for part in sent[0].split("&") if part.startswith("active=")).removeprefix("active=")
    )
    assert 45_000 <= active < 46_500
    payload = desk.payload()
    assert payload["active_ms"] == payload["wall_ms"]


def test_a_lost_reply_is_asked_for_again(sit: Sit) -> None:
    """When the server's reply is lost the page says so, sends again, and the answer counts once."""
    desk = sit(STARS, [{"text": "one"}, {"text": "two"}, {"text": "three"}])
    lost: list[str] = []

    def lose(route: Any) -> None:
        if route.request.method == "POST" and len(lost) < 2:
            lost.append(route.request.post_data)
            if len(lost) == 2:
                route.fetch()
            route.abort()
        else:
            route.continue_()

    desk.page.route("**/*", lose)
    desk.press("3", "Enter")
    expect(desk.page.locator("#trouble")).to_contain_text("Not saved yet")
    desk.shows("two")
    expect(desk.page.locator("#trouble")).to_have_text("")
    assert len(desk.site.events("answer")) == 1
    desk.page.route(
        "**/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    desk.press("5", "Enter")
    expect(desk.page.locator("#trouble")).to_contain_text("Not saved yet")
    desk.page.unroute_all()
    desk.page.reload()
    desk.shows("three")
    assert desk.answers() == [{"score": 3}, {"score": 5}]
    desk.said[:] = [words for words in desk.said if "net::ERR_FAILED" not in words]


def test_images_that_do_not_load_leave_a_word(sit: Sit) -> None:
    """A missing image is said, and the item can be answered; without leave nothing is asked for at all."""
    task = {**STARS, "images": "at"}
    content = {"text": "one", "at": ["https://img.example.com/a.jpg", "http://img.example.com/b.jpg"]}
    quiet = sit(task, [content])
    expect(quiet.page.locator(".absent").first).to_contain_text("on img.example.com, not loaded")
    desk = sit(task, [content], images=["img.example.com"])
    expect(desk.page.locator(".absent").first).to_contain_text("did not load")
    desk.press("1", "Enter")
    desk.shows("Nothing is left")
    desk.said[:] = [words for words in desk.said if "ERR_" not in words]
    desk.requests[:] = [one for one in desk.requests if one != "https://img.example.com/a.jpg"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_programs_that_read_aloud_find_their_way(sit: Sit, scheme: Any) -> None:
    """Everything has a name and a role, the contrast is enough, and focus moves in the order of the page."""
    spans = {"spans": [{"field": "text", "start": 0, "end": 4, "label": "brand"}]}
    desks = [
        sit({**ATTRIBUTES, "guidelines": "Mark *all*."}, [{"text": "Acme 42"}], suggested={1: spans}),
        sit(STARS, [{"text": "one", "rating": 2}], suggested={1: {"score": 4}}),
    ]
    for desk in desks:
        desk.page.emulate_media(color_scheme=scheme)
        desk.press("c", "Escape", "s", "Escape")
        for keys in ((), ("?",)):
            desk.press(*keys)
            assert desk.page.evaluate(AUDIT) == []
        desk.press("Escape")
        assert desk.page.evaluate("document.activeElement.id") == "item"
        tops: list[float] = []
        for _ in range(6):
            desk.press("Tab")
            focus = "document.activeElement.getBoundingClientRect().top + scrollY"
            tops.append(desk.page.evaluate(focus))
        assert tops == sorted(tops)


def test_keys_of_one_letter_can_be_switched_off(sit: Sit) -> None:
    """People who speak to their machine can switch the short keys off; it stays so.

    While they are on they go by their place where a keyboard writes another script.
    """
    desk = sit(STARS, [{"text": "one"}])
    bengali = {"key": "৩", "code": "Digit3", "bubbles": True}
    desk.page.evaluate("it => document.body.dispatchEvent(new KeyboardEvent('keydown', it))", bengali)
    expect(desk.page.locator(".options :checked")).to_have_value("3")
    desk.page.reload()
    desk.press("?")
    desk.page.locator("#single").uncheck()
    desk.press("Escape", "3")
    expect(desk.page.locator(".options :checked")).to_have_count(0)
    desk.page.reload()
    desk.press("3", "u")
    expect(desk.page.locator(".options :checked")).to_have_count(0)
    expect(desk.page.locator("#single")).not_to_be_checked()


def test_an_adjudicator_decides_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    """Digits choose among what people marked, which then stands in the text; O leads to another answer."""
    make_project(tmp_path / "p", ATTRIBUTES, [{"text": "Acme 42"}], overlap=2)
    brand, size = (
        {"field": "text", "start": 0, "end": 4, "label": "brand"},
        {"field": "text", "start": 5, "end": 7, "label": "size"},
    )
    with served(tmp_path / "p") as site, browser.new_context() as context:
        for name, span in (("Ann", brand), ("Bo", size)):
            assert site.visitor(name).act(spans=json.dumps([span])).status_code == 200
        desk = Desk(site, context.new_page())
        desk.page.on("console", lambda message: desk.said.append(message.text))
        desk.page.goto(f"{site.url}in/{site.project.add_annotator('Judge', adjudicator=True)}")
        desk.page.goto(f"{site.url}adjudicate")
        desk.page.wait_for_selector("html.scripted #answer")
        desk.press("Enter")
        expect(desk.page.locator("#trouble")).to_have_text("Choose an answer first.")
        assert desk.page.evaluate(AUDIT) == []
        desk.press("1")
        expect(desk.page.locator("mark")).to_have_text(["Acme"])
        desk.press("o", "End", "Shift+Control+ArrowLeft", "2", "Enter")
        desk.shows("Nothing waits for a decision")
        assert desk.payload("adjudicate")["answer"] == {"spans": [brand, size]}
        desk.press("u")
        desk.shows("Acme 42")
        desk.press("2", "Enter")
        desk.shows("Nothing waits for a decision")
        assert desk.payload("adjudicate")["answer"] == {"spans": [size]}
        assert desk.said == []
