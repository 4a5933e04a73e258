"""A small card: the terms, where the data come from, and how to read them. Its numbers are the manifest's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from huggingface_hub import DatasetCardData

from ecomdata.declare import Dataset
from ecomdata.manifest import TableRecord
from ecomdata.published import Published
from ecomdata.publishing.content import CARD, Facts
from ecomdata.publishing.guard import NO_DATA
from ecomdata.release import Release

SAMPLE_LICENCE: Final = "MIT"
"""Of the rows that ecomdata makes up itself: that of its code."""
_ON_THE_HUB: Final = re.compile(
    r"apache-2\.0|mit|cc0-1\.0|cc-by-(2\.[05]|[34]\.0)|cc-by-sa-[34]\.0|cc-by-nc(-sa)?-[234]\.0|cc-by-nd-4\.0"
    r"|cc-by-nc-nd-[34]\.0|cdla-sharing-1\.0|cdla-permissive-[12]\.0|odc-by|odbl|pddl|unlicense"
)
"""The ids for data that the Hub knows; others go as ``other`` with their name and address."""
_SIZES: Final = ((1_000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M"), (10_000_000, "10M"))
_LARGER: Final = ((100_000_000, "100M"), (10**9, "1B"), (10**10, "10B"), (10**11, "100B"), (10**12, "1T"))


def small_card(release: Release, dataset: Dataset, facts: Facts) -> Mapping[str, bytes]:
    """``README.md`` with the Hub's YAML: terms, languages, size, and one config per table."""
    published = facts.published
    title = f"{dataset.title}, a synthetic sample" if published.sample else dataset.title
    names = [table.name for table in dataset.tables if table.name in published.tables]
    text = "\n\n".join(
        [
            *_warnings(dataset, published),
            f"# {_plain(title)}",
            _plain(dataset.summary),
            *_tables(names, release, dataset),
            *([] if published.card_only else [_usage(facts.repo, names[0])]),
            "## Where it comes from",
            _origin(dataset, published),
            "## Terms",
            _terms(dataset, published),
            "## Citation",
            f"```bibtex\n{dataset.citation.strip().replace('```', '')}\n```",
        ]
    )
    front = str(_front(dataset, published, title, names)).strip()
    return {CARD: f"---\n{front}\n---\n\n{text}\n".encode()}


def _front(dataset: Dataset, published: Published, title: str, names: list[str]) -> DatasetCardData:
    primary = list(dict.fromkeys(tag.split("-")[0] for tag in dataset.languages))
    more: dict[str, Any] = {}
    if primary != list(dataset.languages):
        more["language_bcp47"] = list(dataset.languages)
    if not published.card_only:
        more["configs"] = [
            {
                "config_name": name,
                "data_files": [{"split": "train", "path": f"{name}/*.parquet"}],
                **({"default": True} if name == names[0] else {}),
            }
            for name in names
        ]
    rows = sum(table.written for table in published.tables.values())
    tags = ["e-commerce", "ecomdata", *(["synthetic"] if published.sample else [])]
    more |= {**licence_fields(dataset, published), "language": primary or None, "tags": tags}
    sizes = [size_category(0 if published.card_only else rows)]
    return DatasetCardData(pretty_name=title, size_categories=sizes, **more)


def licence_fields(dataset: Dataset, published: Published) -> dict[str, str]:
    """The terms as the Hub's YAML has them."""
    licence = dataset.licence
    if published.sample:
        return {"license": SAMPLE_LICENCE.lower()}
    if _ON_THE_HUB.fullmatch(licence.id.lower()):
        return {"license": licence.id.lower()}
    return {"license": "other", "license_name": _plain(licence.title), "license_link": licence.url}


def size_category(rows: int) -> str:
    """The Hub's word for so many rows: ``10K<n<100K``."""
    below = ""
    for limit, name in (*_SIZES, *_LARGER):
        if rows < limit:
            return f"{below}<n<{name}" if below else f"n<{name}"
        below = name
    return f"n>{below}"


def _warnings(dataset: Dataset, published: Published) -> list[str]:
    if published.sample:
        note = (
            f"> **Synthetic sample.** {published.rights} "
            f"The real {_plain(dataset.title)} is at <{dataset.homepage}>."
        )
        return [note]
    return [f"> **No data.** {NO_DATA}"] if published.card_only else []


def _tables(names: list[str], release: Release, dataset: Dataset) -> list[str]:
    parts = ["## Tables"]
    for name in names:
        table, record = dataset.table(name), release.manifest.tables[name]
        lines = [
            f"### {name}",
            "",
            f"{_plain(table.description)} One row is {_plain(table.grain)}. {_counts(record)}",
            "",
            "| column | type | unit |",
            "|---|---|---|",
            *(
                f"| {column} | {_cell(str(definition.dtype))} | {_cell(table.units.get(column, ''))} |"
                for column, definition in table.schema.columns().items()
            ),
        ]
        parts.append("\n".join(lines))
    return parts


def _counts(record: TableRecord) -> str:
    return (
        f"{record.written:,} rows; of {record.read:,} that were read, {record.rejected:,} were rejected and "
        f"{sum(record.dropped.values()):,} dropped by a declared rule."
    )


def _usage(repo: str, name: str) -> str:
    return (
        "## Reading it\n\n"
        "```python\n"
        "import datasets\n\n"
        f'datasets.load_dataset("{repo}", "{name}", split="train")\n'
        "```\n\n"
        "```python\n"
        "import polars as pl\n\n"
        f'pl.scan_parquet("hf://datasets/{repo}/{name}/*.parquet")\n'
        "```\n\n"
        f"`ecomdata verify hf://datasets/{repo}` compares every file with `ecomdata.json`."
    )


def _origin(dataset: Dataset, published: Published) -> str:
    origin = f" Raw files: {published.origin}" if published.origin and not published.sample else ""
    revision = f" at revision {published.revision}" if origin and published.revision else ""
    source = f"{origin}{revision}." if origin else ""
    return (
        f"<{dataset.homepage}>.{source} Typed and checked by ecomdata {published.tool_version} as release "
        f"`{published.release}`; `ecomdata.json` has the hash of every raw file and of every data file. "
        "Rejected rows are not published."
    )


def _terms(dataset: Dataset, published: Published) -> str:
    licence = dataset.licence
    if published.sample:
        return (
            f"{published.rights} They may be used under the {SAMPLE_LICENCE} licence. "
            f"The real data have terms of their own: {_plain(licence.title)}, <{licence.url}>."
        )
    note = f" {_plain(licence.note)}" if licence.note else ""
    return f"{_plain(licence.title)}, <{licence.url}>.{note} {published.rights}"


def _plain(text: str) -> str:
    """Text on one line that Markdown and HTML leave alone."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[")


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")
