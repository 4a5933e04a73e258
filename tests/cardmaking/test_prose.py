from __future__ import annotations

from dataclasses import replace

import pytest

import ecomdata as ed
from ecomdata.cardmaking import read_prose
from ecomdata.cardmaking.prose import Prose, parse_prose
from tests.validating.shops import Shop, shop

__all__ = ["shop"]

FRONT = """---
tasks: [recommendation]
task_categories: [other]
collection: the log of a shop
covers: {start: 2024-01-01, end: 2024-02-29, country: BD}
personal_data: pseudonymous
synthetic_data: true
---
"""
BODY = """
# Clicks

What users did.

In two months.

## Limitations

- Few.

## Uses

Research.
"""
MEMBERS = """---
members:
  taobao/ccp: {tasks: [one]}
  taobao/tmall: {tasks: [two]}
---

# Taobao

Of all.

## taobao/ccp

Of the one.

### Biases

Its own.

## taobao/tmall

Of the other.

### Biases

The other's.
"""


def parsed(text: str, name: str = "merrec") -> Prose:
    """A text as it is read for a dataset."""
    return parse_prose(text, ed.loader(name))


def test_front_matter_and_sections() -> None:
    """Facts have their types, dates are text, and sections are found under their headings."""
    prose = parsed(FRONT + BODY)
    assert prose == Prose(
        summary="What users did.\n\nIn two months.",
        sections={"Limitations": "- Few.", "Uses": "Research."},
        tasks=("recommendation",),
        task_categories=("other",),
        collection="the log of a shop",
        covers={"start": "2024-01-01", "end": "2024-02-29", "country": "BD"},
        personal_data="pseudonymous",
        synthetic_data=True,
    )


def test_windows_line_ends_change_nothing() -> None:
    """A file that an editor saved with CRLF says the same."""
    assert parsed((FRONT + BODY).replace("\n", "\r\n")) == parsed(FRONT + BODY)


def test_nothing_but_a_title_is_the_declared_summary() -> None:
    """Where nobody wrote what it is, the loader's own sentence stands."""
    prose = parsed("# MerRec\n")
    assert prose == Prose(summary=ed.loader("merrec").summary)


def test_members_have_their_own_part() -> None:
    """What stands before the first is said of all; another's heading ends one's own."""
    one, other = parsed(MEMBERS, "taobao/ccp"), parsed(MEMBERS, "taobao/tmall")
    assert (one.summary, one.sections, one.tasks) == (
        "Of all.\n\nOf the one.",
        {"Biases": "Its own."},
        ("one",),
    )
    assert (other.summary, other.sections, other.tasks) == (
        "Of all.\n\nOf the other.",
        {"Biases": "The other's."},
        ("two",),
    )


def test_sections_of_all_and_of_one() -> None:
    """A section that stands before the members is every member's, and comes before its own."""
    prose = parsed(
        MEMBERS.replace("Of all.", "Of all.\n\n## Biases\n\nShared.\n\n## Uses\n\nMany."), "taobao/ccp"
    )
    assert prose.sections == {"Biases": "Shared.\n\nIts own.", "Uses": "Many."}
    assert prose.summary == "Of all.\n\nOf the one."


def test_a_member_without_a_part_has_what_is_said_of_all() -> None:
    """No other member's words are put into its mouth."""
    prose = parsed(MEMBERS, "taobao/forge")
    assert (prose.summary, prose.sections, prose.tasks) == ("Of all.", {}, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\ntasks: [a\n---\n", "not YAML"),
        ("---\n- a\n---\n", "not a mapping"),
        ("---\ntask: [a]\n---\n", "'task' is not a field of the front matter; 'tasks' was meant"),
        ("---\non: 2024-01-01\n---\n", "'True' is not a field of the front matter"),
        ("---\ncovers: {2024: all of it}\n---\n", "'2024' is not a field of covers"),
        ("---\ntasks: a\n---\n", "tasks is a list of texts"),
        ("---\ntask_categories: [1]\n---\n", "task_categories is a list of texts"),
        ("---\ncollection: [a]\n---\n", "collection is a text"),
        ("---\npersonal_data: maybe\n---\n", "personal_data is one of none, pseudonymous"),
        ("---\nsynthetic_data: 1\n---\n", "synthetic_data is true or false"),
        ("---\ncovers: 2024\n---\n", "covers is a mapping"),
        ("---\ncovers: {until: 2024}\n---\n", "'until' is not a field of covers"),
        ("---\nmembers: {}\ntasks: [a]\n---\n", "members has nothing else"),
        ("---\nmembers: [merrec]\n---\n", "members is a mapping by name"),
        ("---\nmembers: {merrec: 1}\n---\n", "merrec is not a mapping"),
        ("---\nsynthetic_data: !!python/object/apply:os.system [ls]\n---\n", "not YAML"),
        ("## Limitation\n\nx\n", "'Limitation' is not a section; 'Limitations' was meant"),
        ("## Biases\n\nx\n\n## Biases\n\ny\n", "two sections have one heading"),
        ("## a/b\n\nx\n\n## a/b\n\ny\n", "two parts have the name of one dataset"),
    ],
)
def test_what_is_not_of_the_form(text: str, words: str) -> None:
    """A misspelt field or heading is an error that says what was meant, not a text that is never read."""
    with pytest.raises(ValueError, match=words.replace("(", "\\(")):
        parsed(text)


def test_the_error_names_the_file(shop: Shop) -> None:
    """Who wrote the file is told where it is, and where the form is shown."""
    (shop.loaders / "shop.md").write_text("## Bias\n", encoding="utf-8")
    with pytest.raises(ed.EcomdataError, match=r"shop\.md: 'Bias' is not a section") as caught:
        read_prose(ed.loader("shop/clicks"))
    assert "add-a-dataset" in caught.value.hint


def test_a_dataset_without_a_file(shop: Shop) -> None:
    """It has its declared summary."""
    assert shop.loaders
    assert read_prose(ed.loader("shop/clicks")) == Prose(summary="Clicks of a shop.")


def test_a_declared_summary_is_no_markup(shop: Shop) -> None:
    """It is text, whatever a loader says of its dataset; only a card's file is Markdown."""
    assert shop.loaders
    dataset = replace(ed.loader("shop/clicks"), summary="<script>x</script> [a](javascript:x)\n\n# b \x1b[2J")
    summary = read_prose(dataset).summary
    assert summary.isprintable()
    assert "<" not in summary
    assert "\\[a\\]" in summary or "\\[a]" in summary
