"""Marking pieces of a text in a real Chromium, by keyboard and by mouse."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.annotating.serving.desk import Desk, Sit
from tests.annotating.serving.site import ATTRIBUTES

BANGLA = "দারুণ শাড়ি"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ARABIC = "هاتف سامسونج"


def test_marking_by_keyboard(sit: Sit) -> None:
    """Arrows select whole letters, digits mark them, Backspace takes marks off; offsets are code points."""
    text = f"{FAMILY} {BANGLA} e\u0301x"
    desk = sit(ATTRIBUTES, [{"text": text}])
    desk.press("t", "Shift+ArrowRight", "1")
    end = text.index("x")
    desk.press("End", "ArrowLeft", "Shift+ArrowLeft", "2")
    start = text.index(BANGLA)
    desk.press("Home", "ArrowRight", "ArrowRight")
    desk.press("Shift+Control+ArrowRight", "1", "Backspace", "Home", "ArrowRight", "ArrowRight")
    desk.press("Shift+Control+ArrowRight", "Shift+Control+ArrowRight", "2", "Enter")
    desk.shows("Nothing is left")
    assert desk.answers() == [
        {
            "spans": [
                {"field": "text", "start": 0, "end": len(FAMILY), "label": "brand"},
                {"field": "text", "start": start, "end": start + len(BANGLA), "label": "size"},
                {"field": "text", "start": end - 2, "end": end, "label": "size"},
            ]
        }
    ]


def _place(desk: Desk, word: str) -> tuple[float, float, float]:
    """Where a word of the text is on the screen: its left, its middle in height, and its width."""
    rect = desk.page.evaluate(
        """(word) => {
          const range = document.createRange();
          const walk = document.createTreeWalker(document.querySelector('.words'), NodeFilter.SHOW_TEXT);
          while (walk.nextNode() && !walk.currentNode.data.includes(word));
          const at = walk.currentNode.data.indexOf(word);
          range.setStart(walk.currentNode, at);
          range.setEnd(walk.currentNode, at + word.length);
          return range.getBoundingClientRect().toJSON();
        }""",
        word,
    )
    return rect["x"], rect["y"] + rect["height"] / 2, rect["width"]


def test_marking_by_mouse(sit: Sit) -> None:
    """A double click selects a word to mark; with a label taken up each selection is marked at once."""
    text = f"Line one\r\n\u202eAcme\x07 42 {ARABIC}"
    desk = sit(ATTRIBUTES, [{"text": text}])
    left, middle, width = _place(desk, "Acme")
    desk.page.mouse.dblclick(left + width / 2, middle)
    desk.page.locator(".brush", has_text="brand").click()
    expect(desk.page.locator("#marks")).to_contain_text("Acme")
    desk.page.locator(".brush", has_text="size").click()
    left, middle, width = _place(desk, "42")
    desk.page.mouse.move(left + 1, middle)
    desk.page.mouse.down()
    desk.page.mouse.move(left + width - 1, middle, steps=4)
    desk.page.mouse.up()
    expect(desk.page.locator("#marks li")).to_have_count(2)
    desk.press("Enter")
    desk.shows("Nothing is left")
    assert [(one["label"], text[one["start"] : one["end"]]) for one in desk.answers()[0]["spans"]] == [
        ("brand", "Acme"),
        ("size", "42"),
    ]


def test_suggested_marks_are_there_to_be_mended(sit: Sit) -> None:
    """Suggested marks stand in the text; taking one off is an answer of the person's own."""
    suggestion = {
        "spans": [
            {"field": "text", "start": 0, "end": 4, "label": "brand"},
            {"field": "text", "start": 5, "end": 7, "label": "size"},
        ]
    }
    desk = sit(ATTRIBUTES, [{"text": "Acme 42"}], suggested={1: suggestion})
    expect(desk.page.locator("mark")).to_have_count(2)
    desk.page.get_by_label("Take off size: 42").click()
    desk.page.locator("#item").click()
    desk.press("Enter")
    desk.shows("Nothing is left")
    assert desk.payload()["accepted"] is False
    assert desk.answers() == [{"spans": suggestion["spans"][:1]}]


def test_long_names_of_labels_fit_a_telephone(sit: Sit) -> None:
    """A name that is longer than the screen is wide goes on in the next line."""
    labels = [
        {"key": "k" * 64},
        {"key": "b", "name": "What it is made of, as far as the seller says so at all"},
    ]
    desk = sit({**ATTRIBUTES, "labels": labels}, [{"text": "cotton"}], width=320)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 320
