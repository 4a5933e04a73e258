"""``croissant.json``: a release described for machines, in Croissant 1.1 (https://mlcommons.org/croissant/1.1).

Built as plain JSON-LD, so that equal releases give equal bytes whatever version of mlcroissant is there;
:mod:`ecomdata.cardmaking.croissantcheck` has mlcroissant read it (docs/decisions/0011-croissant.md).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from packaging.version import InvalidVersion, Version

from ecomdata.cardmaking.bibtex import authors, year
from ecomdata.cardmaking.hubyaml import SAMPLE_LICENCE, card_title
from ecomdata.cardmaking.prose import Prose
from ecomdata.cardmaking.recordsets import Node, record_set
from ecomdata.cardmaking.responsible import provenance, responsible_facts
from ecomdata.declare import Dataset, Table
from ecomdata.errors import DataError
from ecomdata.labelled import LabelSet
from ecomdata.published import Published, PublishedTable

CROISSANT: Final = "croissant.json"
CONFORMS_TO: Final = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
PARQUET: Final = "application/x-parquet"
"""What mlcroissant knows Parquet by."""
REPOSITORY: Final = "hub-repository"
"""The ``@id`` of the repository on the Hub; no table can have this name."""
_HUB: Final = "https://huggingface.co/datasets"
_PREFIXES: Final = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
}
_TERMS: Final = (
    "annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileObject "
    "fileProperty fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path readLines "
    "recordSet references regex repeated replace samplingRate sdVersion separator source subField transform "
    "unArchive"
)
CONTEXT: Final[Mapping[str, Any]] = {**_PREFIXES, **{term: f"cr:{term}" for term in _TERMS.split()}}
"""The context of Croissant 1.1 as its reference implementation has it, with PROV beside it."""


def croissant(
    dataset: Dataset,
    published: Published,
    prose: Prose,
    *,
    repo: str,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    labels: Sequence[LabelSet] = (),
    repeating: Collection[str] = (),
) -> bytes:
    """The content of ``croissant.json``; equal releases give equal bytes.

    Each table is a RecordSet that reads a FileSet; each data file is a FileObject with its size and sha256.
    On the Hub the FileSets lie in the repository, as in the Hub's own Croissant files, and addresses are
    absolute; ``mlcroissant.Dataset(path, mapping={"hub-repository": folder})`` reads a copy of it. Without
    a repository all addresses are relative to the folder that ``croissant.json`` lies in.

    Args:
        dataset: What is declared of it.
        published: What was loaded. Without data (``card_only``) the RecordSets still have their types, and
            read the files that ``ecomdata load`` would make.
        prose: What is written of it.
        repo: ``OWNER/NAME`` on the Hub, or empty.
        columns: Table -> column -> what it means, in sentences.
        labels: The label sets beside the release.
        repeating: Tables in which rows share a key, of which none is declared then.

    Raises:
        DataError: the release has other tables or columns than this version declares.
    """
    tables = _declared(dataset, published)
    sections = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        **_core(dataset, published, prose, repo),
        **responsible_facts(dataset, published, prose, labels),
        **provenance(dataset, published),
        "distribution": _distribution(tables, published, repo),
        "recordSet": [
            record_set(
                table,
                rows=record.written,
                file_set=_file_set(table.name),
                descriptions=(columns or {}).get(table.name, {}),
                key=() if table.name in repeating else table.key,
            )
            for table, record in tables
        ],
    }
    # ASCII, and no "<": it may be copied into a web page as it is.
    text = json.dumps(sections, indent=1, allow_nan=False).replace("<", "\\u003c")
    return text.encode() + b"\n"


def _declared(dataset: Dataset, published: Published) -> list[tuple[Table, PublishedTable]]:
    """The published tables in the order of their declaration, with which they must agree."""
    found = [
        (table, published.tables[table.name]) for table in dataset.tables if table.name in published.tables
    ]
    for table, record in found:
        types = {name: str(column.dtype) for name, column in table.schema.columns().items()}
        if types != dict(record.columns):
            other = sorted(n for n in {*types, *record.columns} if types.get(n) != record.columns.get(n))
            raise DataError(
                f"{dataset.name} {table.name}: release {published.release} has not the columns that this "
                f"ecomdata declares: {', '.join(other)}",
                hint=f"load it again: ecomdata load {dataset.name} --force",
            )
    if unknown := sorted({*published.tables} - {table.name for table, _ in found}):
        raise DataError(
            f"{dataset.name} has no tables {', '.join(unknown)}, which release {published.release} has",
            hint=f"load it again: ecomdata load {dataset.name} --force",
        )
    return found


def _core(dataset: Dataset, published: Published, prose: Prose, repo: str) -> Node:
    core: Node = {
        "name": card_title(dataset, published),
        "description": _description(dataset, published, prose),
        "conformsTo": list(CONFORMS_TO),
        "url": f"{_HUB}/{quote(repo)}" if repo else dataset.homepage,
        "license": f"https://spdx.org/licenses/{SAMPLE_LICENCE}" if published.sample else dataset.licence.url,
        "conditionsOfAccess": _conditions(dataset, published),
        "creator": _creators(dataset, published),
        "citeAs": dataset.citation.strip(),
        "version": _version(published),
        "keywords": list(
            dict.fromkeys(["e-commerce", dataset.family, *prose.tasks, *prose.task_categories, "ecomdata"])
        ),
        "isLiveDataset": False,
    }
    if when := year(dataset.citation):
        core["datePublished"] = when
    if dataset.languages:
        core["inLanguage"] = list(dataset.languages)
    return core


def _description(dataset: Dataset, published: Published, prose: Prose) -> str:
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", prose.summary)]
    if published.sample:
        note = "A synthetic sample: rows made by ecomdata in the form of the real files, none of them real."
        parts = [f"{note} What follows, the citation and the date are those of the real dataset.", *parts]
    if published.card_only:
        parts.insert(0, f"No data are published here; `ecomdata load {dataset.name}` makes these tables.")
    return "\n\n".join(parts)


def _conditions(dataset: Dataset, published: Published) -> str:
    if published.sample:
        return f"{published.rights} The real data have terms of their own: {dataset.licence.url}"
    return " ".join(f"{dataset.licence.title}. {dataset.licence.note} {published.rights}".split())


def _creators(dataset: Dataset, published: Published) -> list[Node]:
    if published.sample:
        return [{"@type": "sc:Organization", "name": "The ecomdata developers"}]
    return [
        {"@type": "sc:Organization" if author.corporate else "sc:Person", "name": author.name}
        for author in authors(dataset.citation)
    ]


def _version(published: Published) -> str:
    """The version of ecomdata, whose rules the data follow, with the release as semver's build."""
    try:
        release = Version(published.tool_version).release
    except InvalidVersion:
        release = ()
    major, minor, patch = (*release, 0, 0, 0)[:3]
    return f"{major}.{minor}.{patch}+{re.sub('[^0-9A-Za-z-]', '-', published.release)}"


def _file_set(table: str) -> str:
    return f"{table}-files"


def _distribution(tables: list[tuple[Table, PublishedTable]], published: Published, repo: str) -> list[Node]:
    """The repository, where there is one; then each table's FileSet and the files in it."""
    inside = bool(repo) and not published.card_only
    unpublished = ", which are not published; ecomdata load writes them" if published.card_only else ""
    nodes: list[Node] = [_repository(published, repo)] if inside else []
    for table, record in tables:
        said = f"The files of the table {table.name}{unpublished}."
        file_set: Node = {
            "@type": "cr:FileSet",
            "@id": _file_set(table.name),
            "name": _file_set(table.name),
            "description": said,
            "encodingFormat": PARQUET,
            "includes": f"{table.name}/*.parquet",
        }
        nodes.append(file_set | ({"containedIn": {"@id": REPOSITORY}} if inside else {}))
        nodes += [
            {
                "@type": "cr:FileObject",
                "@id": file.path,
                "name": file.path,
                "description": f"{file.rows:,} rows of the table {table.name}.",
                "contentSize": f"{file.size} B",
                "contentUrl": f"{_HUB}/{quote(repo)}/resolve/main/{quote(file.path)}" if repo else file.path,
                "encodingFormat": PARQUET,
                "sha256": file.sha256,
            }
            for file in record.files
        ]
    return nodes


def _repository(published: Published, repo: str) -> Node:
    """The repository as a FileObject; mlcroissant wants a hash of each, though a repository has none."""
    return {
        "@type": "cr:FileObject",
        "@id": REPOSITORY,
        "name": REPOSITORY,
        "description": "The repository on the Hub. Its sha256 is of what sha256sum prints for its files.",
        "contentUrl": f"{_HUB}/{quote(repo)}",
        "encodingFormat": "git+https",
        "sha256": tree_sha256({file.path: file.sha256 for file in published.files}),
    }


def tree_sha256(files: Mapping[str, str]) -> str:
    """One hash for many files: of the lines that ``sha256sum`` prints for them, in the order of their paths.

    Args:
        files: Path -> sha256.
    """
    lines = "".join(f"{files[path]}  {path}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()
