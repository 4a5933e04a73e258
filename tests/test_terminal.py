"""What reaches the terminal."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.console import plain, plain_json
from ecomdata.overview import overview
from ecomdata.progress import Bars
from ecomdata.terminal import human_bytes, print_overview, print_release


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


@pytest.mark.parametrize(
    ("width", "missing"), [(120, set[str]()), (80, {"title"}), (60, {"title", "licence", "access"})]
)
def test_the_list_leaves_out_what_has_no_room(
    width: int,
    missing: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    home: Path,
) -> None:
    """A title that stands a few letters a line is not read; what is loaded, its rows and size are whole."""
    ed.load("vimrhp", sample=True, home=home)
    monkeypatch.setattr("ecomdata.console._PIPED", width)
    print_overview(overview(home=home))
    lines = capsys.readouterr().out.splitlines()
    columns = ["name", "title", "licence", "access", "loaded", "rows", "size"]
    assert lines[1].split() == [name for name in columns if name not in missing]
    [row] = [line for line in lines if line.split()[:1] == ["vimrhp"]]
    [size] = [human_bytes(one["bytes"]) for one in overview(home=home) if one["name"] == "vimrhp"]
    assert row.split()[-4:] == ["sample", "10,006", *size.split()]
    names = [line.split()[0] for line in lines[3:] if line.strip() and not line.startswith("  ")]
    assert names == list(ed.datasets())


def test_a_number_that_is_cut_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    """It would be another number: 10,006 rows were shown as 10,0."""
    release = ed.load("vimrhp", sample=True, home=home)
    capsys.readouterr()
    monkeypatch.setattr("ecomdata.console._PIPED", 45)
    print_release(release)
    [row] = [line for line in capsys.readouterr().err.splitlines() if line.lstrip().startswith("rev")]
    whole = {"10,000", "0"}
    numbers = row.split()[1:]
    assert len(numbers) == 6
    assert all(number in whole or number.endswith("…") for number in numbers[:4]), row


def test_a_long_line_is_left_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path or an address that is broken by us cannot be copied."""
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setenv("COLUMNS", "40")
    address = "https://example.org/" + "a" * 60
    with Bars() as bars:
        bars.say(f"terms: {address}")
    assert f"terms: {address}\n" in said.getvalue()


def test_a_step_without_bytes_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """``0/? bytes 0 rows`` looked as if nothing went on; sizes and rows that are known are there."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    for size, rows, shown in ((0, 0, False), (2000, 5, True)):
        monkeypatch.setattr(sys, "stderr", drawn := Terminal())
        with Bars() as bars:
            bars.start("step", size)
            bars.advance(size=size // 2, rows=rows)
        assert "step" in drawn.getvalue()
        assert ("bytes" in drawn.getvalue() or "kB" in drawn.getvalue()) is shown
        assert ("rows" in drawn.getvalue()) is shown


def test_a_reader_that_goes_away_is_for_the_command_line(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Which takes it for no failure; rich would end the process with code 1."""

    class Closed(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        print_overview(overview(home=home))
