"""Who made the data, and when, as a citation says it."""

from __future__ import annotations

import pytest

import ecomdata as ed
from ecomdata.cardmaking.bibtex import Author, authors, year


@pytest.mark.parametrize(
    ("entry", "names", "when"),
    [
        (
            "@misc{a, author = {Fu, Kairui and Li, Chao and others}, year={2025}}",
            ["Kairui Fu", "Chao Li"],
            "2025",
        ),
        ('@misc{a, year = 2018, author = "Ada {L}ovelace and\n  Bob"}', ["Ada Lovelace", "Bob"], "2018"),
        ("@misc{a, title={The author = {x} of {1999}}, year={in press}}", [], ""),
    ],
)
def test_authors_and_year_of_a_citation(entry: str, names: list[str], when: str) -> None:
    """Names first names first, whatever the delimiters; nobody and no year where the entry has none."""
    assert [author.name for author in authors(entry)] == names
    assert year(entry) == when


def test_a_corporate_author_is_no_person() -> None:
    """Two pairs of braces say so, as BibTeX has it."""
    assert authors("@misc{a, author = {{Tian and chi}}}") == (Author("Tian and chi", corporate=True),)


@pytest.mark.parametrize("name", list(ed.datasets()))
def test_every_citation_names_somebody_and_a_year(name: str) -> None:
    """Croissant wants both; an author who is no person has two pairs of braces."""
    citation = ed.loader(name).citation
    assert authors(citation), f"{name}: citation has no author"
    assert year(citation), f"{name}: citation has no year of four digits"
    assert not [one for one in authors(citation) if {*"{},"} & {*one.name}]
