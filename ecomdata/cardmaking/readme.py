"""The card's text: what people wrote of a dataset, and what was measured of a release, in one template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from ecomdata.cardmaking.escaping import Markdown, address, block, code, plain
from ecomdata.cardmaking.hubyaml import SAMPLE_LICENCE, card_title, default_of, front_matter, in_order
from ecomdata.cardmaking.notes import marked
from ecomdata.cardmaking.numbers import Numbers
from ecomdata.cardmaking.origin import load_command, origin_words
from ecomdata.cardmaking.people import KNOWN, people_words
from ecomdata.cardmaking.pictures import Picture
from ecomdata.cardmaking.prose import SECTIONS, Prose
from ecomdata.cardmaking.tables import Shown, shown_table
from ecomdata.declare import Dataset
from ecomdata.labelled import LabelSet
from ecomdata.manifest import Manifest
from ecomdata.published import Published
from ecomdata.validating import FigureResult
from ecomdata.validating.results import number_text

_RAW_SHOWN: Final = 20
_COVERS: Final = {"start": "From", "end": "Until"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a card is made of.

    Attributes:
        dataset: Its declaration.
        manifest: The release's.
        published: What stands in ``ecomdata.json`` beside the card.
        prose: What people wrote of the dataset.
        numbers: What was measured.
        pictures: What was drawn.
        repo: ``OWNER/NAME``, where it is published; empty for a card that stays here.
        notes: What people added to the card before.
        labels: The label sets beside the release.
    """

    dataset: Dataset
    manifest: Manifest
    published: Published
    prose: Prose
    numbers: Numbers
    pictures: Sequence[Picture]
    repo: str
    notes: str
    labels: Sequence[LabelSet] = ()


def readme(parts: Parts) -> str:
    """The whole README.md; equal parts give equal text."""
    import jinja2

    environment = jinja2.Environment(  # noqa: S701 - it is Markdown: `finalize` escapes every value
        finalize=_escaped, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Any] = {
        "number": number_text,
        "code": code,
        "address": address,
        "block": block,
        "markdown": Markdown,
        "source": _source,
    }
    environment.filters.update(filters)
    source = files("ecomdata.cardmaking").joinpath("readme.md.j2").read_text("utf-8")
    return environment.from_string(source, {**_values(parts)}).render().strip() + "\n"


def _escaped(value: object) -> object:
    """Any text that is not Markdown already is declared text, or worse."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markdown) else value


def _source(text: str) -> Markdown:
    """Where a figure stands: an address, or words."""
    return address(text) if text.startswith("https://") else plain(text)


def _values(parts: Parts) -> dict[str, object]:
    """What the template shows."""
    dataset, published = parts.dataset, parts.published
    names = in_order(dataset, published)
    validation = parts.numbers.validation
    found = published.personal_data.found if published.personal_data else ()
    private = {(one.table, one.column) for one in found}
    tables = [shown_table(name, dataset, parts.manifest, validation, private) for name in names]
    asked = [figure for figure in validation.figures if figure.status != "not applicable"]
    return {
        "front": front_matter(dataset, published, parts.prose, parts.numbers.features),
        "title": card_title(dataset, published),
        "dataset": dataset,
        "published": published,
        "prose": parts.prose,
        "repo": parts.repo,
        "notes": marked(parts.notes),
        "first": default_of(names, published),
        "glance": _glance(parts, tables),
        "tables": tables,
        "verdict": _verdict(validation.counts),
        "figures": asked,
        "figures_left": _figures_left(validation.figures),
        "rules": validation.rules,
        "left_out": [one for table in tables for one in table.left_out],
        "origin": origin_words(dataset, published),
        "command": load_command(dataset, parts.manifest),
        "raw": published.raw[:_RAW_SHOWN],
        "raw_more": max(0, len(published.raw) - _RAW_SHOWN),
        "pictures": parts.pictures,
        "labels": parts.labels,
        "sections": _sections(parts.prose, published),
        "terms": _terms(dataset, published, parts.prose),
    }


def _glance(parts: Parts, tables: list[Shown]) -> list[tuple[str, str]]:
    """Facts of a line each; those that are not known are left out."""
    prose = parts.prose
    rows = ", ".join(f"{table.name} {table.record.written:,}" for table in tables)
    covers = {_COVERS.get(name, name.capitalize()): str(value) for name, value in prose.covers.items()}
    found = {
        "Loaded": parts.numbers.validation.loaded,
        "Rows": rows,
        "Bytes": f"{parts.manifest.size:,}",
        "Languages": ", ".join(parts.dataset.languages),
        "Tasks": ", ".join(prose.tasks),
        "Collection": prose.collection,
        **covers,
        "People": KNOWN[prose.personal_data],
        "Made up": "Upstream's own data are synthetic." if prose.synthetic_data else "",
        "Homepage": address(parts.dataset.homepage),
    }
    return [(name, value) for name, value in found.items() if value]


def _verdict(counts: Mapping[str, int]) -> str:
    words = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"What upstream publishes about the data, and rules that every row keeps: {words}."


def _figures_left(figures: tuple[FigureResult, ...]) -> str:
    """Why published figures were not compared, once for each reason."""
    reasons = dict.fromkeys(one.reason for one in figures if one.status == "not applicable")
    count = sum(one.status == "not applicable" for one in figures)
    return f"{count} published figures are not compared: {'; '.join(reasons)}." if count else ""


def _sections(prose: Prose, published: Published) -> list[tuple[str, str]]:
    """The prose under its headings; the one on personal data is never left out."""
    found = {heading: text for heading, text in prose.sections.items() if heading != "Licence"}
    found["Personal data"] = people_words(prose, published.personal_data)
    return [(heading, found[heading]) for heading in SECTIONS if heading in found]


def _terms(dataset: Dataset, published: Published, prose: Prose) -> Markdown:
    licence = dataset.licence
    title = f"{plain(licence.title)}, {address(licence.url)}"
    if published.sample:
        words = (
            f"{plain(published.rights)} They may be used under the {SAMPLE_LICENCE} licence. "
            f"The real data have terms of their own: {title}."
        )
    else:
        words = " ".join(
            [f"{title}.", *([plain(licence.note)] if licence.note else []), plain(published.rights)]
        )
    return Markdown(
        "\n\n".join([words, *([prose.sections["Licence"]] if "Licence" in prose.sections else [])])
    )
