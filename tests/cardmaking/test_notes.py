from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.cardmaking import kept_notes
from ecomdata.cardmaking.notes import BEGIN, END, marked
from ecomdata.errors import DataError, EcomdataError, UsageError

OURS = "---\ntags:\n- e-commerce\n- ecomdata\n---\n\n# Clicks\n"


def test_what_stands_between_the_markers_is_kept() -> None:
    """Line for line, with what looks like Markdown, HTML or YAML in it."""
    notes = "## Mine\n\n- a | b\n\n---\n\n<b>bold</b> `x`"
    assert kept_notes(f"{OURS}\n{marked(notes)}\n\nmore\n", "README.md") == notes
    assert kept_notes(f"{OURS}\n{marked('')}\n", "README.md") == ""


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_no_text_is_lost(notes: str) -> None:
    """Any text comes back but for empty lines around it, or is an error where it could not."""
    notes = notes.strip("\n")
    try:
        assert kept_notes(f"{OURS}{marked(notes)}\nafter\n", "README.md") == notes
    except EcomdataError:
        assert "notes" in notes


def test_line_ends_of_an_editor_on_windows() -> None:
    """The Hub's editor may save CRLF."""
    notes = "one\n\ntwo"
    text = f"{OURS}{marked(notes)}\n".replace("\n", "\r\n")
    assert kept_notes(text, "README.md") == notes


def test_nothing_there_has_no_notes() -> None:
    """Nor has an empty file."""
    assert kept_notes("", "README.md") == kept_notes("\n", "README.md") == ""


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}\nmine\n",
        f"mine\n{END}\n",
        f"{END}\nmine\n{BEGIN}\n",
        f"{BEGIN}\nmine\n{BEGIN}\n{END}\n",
        f"{marked('mine')}\n{marked('mine too')}\n",
        f"{BEGIN}\nmine\n<!-- notes: ned -->\n",
        f"<!-- Notes: begin -->\nmine\n{END}\n",
        f"<!-- notes begin\nmine\n{END}\n",
        f"!-- notes: begin -->\nmine\n{END}\n",
        "mine\n",
    ],
    ids=repr,
)
def test_damaged_markers_are_an_error(text: str) -> None:
    """One that is missing, misspelt, doubled or in the wrong place: the text is not thrown away."""
    with pytest.raises(DataError, match="markers of what people added") as caught:
        kept_notes(OURS + text, "README.md", replaceable=True)
    assert BEGIN in caught.value.hint


def test_a_readme_of_somebody_else() -> None:
    """It is not written over, unless that was asked for."""
    with pytest.raises(UsageError, match=r"README\.md is there, and ecomdata did not make it"):
        kept_notes("# My project\n", "README.md")
    assert kept_notes("# My project\n", "README.md", replaceable=True) == ""
