"""What is declared and written of a dataset: ``{dataset} NAME PART`` puts it on a page of the site."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ecomdata.cardmaking.prose import read_prose
from ecomdata.declare import Dataset, Table, View
from ecomdata.overview import type_name
from ecomdata.registry import datasets, loader

PASSING_ON = {True: "yes", False: "no", None: "not known, so no"}
ACCESS = {
    "open": "open",
    "gated": "for people who accept conditions on the Hub",
    "login": "for people who log in",
    "agreement": "for people who sign an agreement",
}


def cell(text: str) -> str:
    """A text inside a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def linked(text: str) -> str:
    """A plain text as Markdown: its marks are letters, its addresses are links, its options are code."""
    parts = re.split(r"(https://[^\s,;']*[^\s,;'.])", text)
    parts[::2] = [re.sub(r"([\\<>*_`\[\]])", r"\\\1", part) for part in parts[::2]]
    parts[::2] = [re.sub(r"--[a-z]+", r"`\g<0>`", part) for part in parts[::2]]
    parts[1::2] = [f"<{part}>" for part in parts[1::2]]
    return "".join(parts)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(one) for one in line) + " |" for line in lines)


def facts(dataset: Dataset) -> Iterator[str]:
    """What is true of the whole dataset, and its terms."""
    licence = dataset.licence
    note = f". {licence.note}" if licence.note else ""
    rows = [
        ("in full", f"[{dataset.title}]({dataset.homepage})"),
        ("terms", f"[{licence.title}]({licence.url}){note}"),
        ("may be passed on", PASSING_ON[licence.redistribution]),
        ("access", ACCESS[dataset.access]),
        ("languages", ", ".join(f"`{tag}`" for tag in dataset.languages) or "none"),
    ]
    yield grid(("dataset", f"`{dataset.name}`"), rows)


def ways(dataset: Dataset) -> Iterator[str]:
    """How to get the raw files."""
    for source in dataset.sources:
        if source.url:
            size = f", {source.size / 1e9:,.1f} GB" if source.size else ""
            yield f"- Downloaded by `ecomdata load {dataset.name}` from `{source.url}`{size}."
        if source.instructions:
            yield f"- {linked(source.instructions)}"


def table_parts(dataset: Dataset, table: Table) -> Iterator[str]:
    """A table: what a row is, and its columns."""
    kind = f", one of the canonical tables of {table.kind}" if table.kind else ""
    key = f", known by {', '.join(f'`{name}`' for name in table.key)}" if table.key else ""
    yield f"**`{dataset.schema_name}.{table.name}`**: {table.grain}{kind}{key}. {table.description}"
    rows = [
        (
            f"`{name}`",
            type_name(column.dtype),
            "yes" if column.nullable else "",
            table.described[name] + (f" ({table.units[name]})" if name in table.units else ""),
        )
        for name, column in table.schema.columns().items()
    ]
    yield grid(("column", "type", "null", "what it holds"), rows)


def tables(dataset: Dataset) -> Iterator[str]:
    """All tables and views."""
    for table in dataset.tables:
        yield from table_parts(dataset, table)
    if dataset.views:
        rows = [(f"`{view.name}{_called(view)}`", view.description) for view in dataset.views]
        yield grid(("view", "what it gives"), rows)


def _called(view: View) -> str:
    return f"({', '.join(view.parameters)})" if view.parameters else ""


def limits(dataset: Dataset) -> Iterator[str]:
    """What its card says one must know."""
    prose = read_prose(dataset)
    for name in ("Limitations", "Biases", "Personal data"):
        if name in prose.sections:
            yield f"**{name}**"
            yield prose.sections[name].strip()


def citation(dataset: Dataset) -> Iterator[str]:
    """The BibTeX that is declared."""
    yield f"```bibtex\n{dataset.citation.strip()}\n```"


PARTS: Mapping[str, Callable[[Dataset], Iterator[str]]] = {
    "facts": facts,
    "ways": ways,
    "tables": tables,
    "limits": limits,
    "citation": citation,
}


class DatasetDirective(SphinxDirective):
    """``{dataset} NAME PART``: one of :data:`PARTS`."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """The part, read as Markdown of the page that it stands on."""
        name, part = self.arguments
        return self.parse_text_to_nodes("\n\n".join(PARTS[part](loader(name))))


class RegistryDirective(SphinxDirective):
    """``{registry}``: every dataset with its page."""

    def run(self) -> list[nodes.Node]:
        """A table."""
        rows = [
            (f"[{one.name}]({one.name}.md)", one.summary, one.licence.title, ACCESS[one.access])
            for one in datasets().values()
        ]
        return self.parse_text_to_nodes(grid(("dataset", "what it holds", "terms", "access"), rows))


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("dataset", DatasetDirective)
    app.add_directive("registry", RegistryDirective)
    return {"parallel_read_safe": True}
