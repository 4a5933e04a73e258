"""What reaches the terminal."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ecomdata.console import plain, plain_json
from ecomdata.overview import overview
from ecomdata.terminal import human_bytes, print_overview


@pytest.mark.parametrize(
    ("hostile", "name"),
    [
        ("\x1b[2J", "clears the screen"),
        ("\x9b31m", "8-bit escape"),
        ("\x07\x08\x7f", "bell, backspace, delete"),
        ("a\rb", "overwrites the line"),
        ("\u202egpj.exe", "turns the writing direction"),
        ("\u2066x", "isolates"),
        ("\x00", "ends a string"),
        ("\u200b\u2060\ufeff\u00ad", "takes no room"),
        ("\u061c\u200e\u200f", "marks a direction"),
        ("\U000e0041", "spells in the dark"),
        ("\udc9b", "half a character, of a file's name that is no UTF-8"),
        ("\x1b]52;c;YQ==\x07", "writes the clipboard"),
        ("\x1b]8;;https://example.org\x1b\\", "makes a link"),
    ],
    ids=lambda value: value if value.isascii() and value.isprintable() else "",
)
def test_control_characters_are_replaced(hostile: str, name: str) -> None:
    """One for one, so that it shows that something was there."""
    shown = plain(hostile)
    assert shown != hostile, name
    assert len(shown) == len(hostile)
    assert all(character.isprintable() for character in shown)


@pytest.mark.parametrize(
    "text", ["জামা ৳ 500", "a\tb\nc", "日本語", "é", "🛒", "[bold]x[/]", "ক্\u200cষ", "👩\u200d🔬", "❤\ufe0f"]
)
def test_text_of_any_script_stays(text: str) -> None:
    """Line breaks and tabs too."""
    assert plain(text) == text


def test_json_says_the_same_in_plain_characters() -> None:
    """Also of what is not valid Unicode."""
    value = {"a\udc80": ["\x7f\x9b\u202e\U000e0041", "é\n"]}
    text = plain_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == value
    assert plain(text) == text
    assert "é" in text


def test_sizes_are_decimal() -> None:
    """As disks and networks count."""
    assert [human_bytes(n) for n in (0, 999, 1500, 21_600_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1.5 kB",
        "21.6 GB",
    ]


def test_names_are_whole_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    """They are what one types or copies next."""
    monkeypatch.setattr("ecomdata.console._PIPED", 80)
    print_overview(overview(home=home))
    shown = capsys.readouterr().out
    assert "lead-lag/gharchive " in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_reader_that_goes_away_is_for_the_command_line(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Which takes it for no failure; rich would end the process with code 1."""

    class Closed(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        print_overview(overview(home=home))
