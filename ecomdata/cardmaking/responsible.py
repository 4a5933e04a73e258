"""Responsible-AI facts and provenance in Croissant's words, ``rai:`` and ``prov:``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from ecomdata.cardmaking.prose import PersonalData, Prose
from ecomdata.declare import Dataset
from ecomdata.labelled import LabelSet
from ecomdata.published import Published

_MANY: Final = {
    "rai:dataLimitations": "Limitations",
    "rai:dataBiases": "Biases",
    "rai:personalSensitiveInformation": "Personal data",
    "rai:dataUseCases": "Uses",
}
_PERSONAL: Final[dict[PersonalData, str]] = {
    "none": "None.",
    "pseudonymous": "Pseudonymous ids of people.",
    "possible": "Possible: names, or what people wrote or show.",
    "unknown": "Not known.",
}
_NOT_REAL: Final = (
    "The rows are synthetic, made by ecomdata in the form of the real files; "
    "nothing about the real data follows from them. What is said here beside this is said of the real data."
)
_HUB: Final = re.compile(r"hf://datasets/([\w.-]+/[\w.-]+)@([^/\s]+)(?:/.*)?")
_BLOCK: Final = re.compile(r"\n\s*\n|\n(?=\s*[-*] )")


def responsible_facts(
    dataset: Dataset, published: Published, prose: Prose, labels: Sequence[LabelSet] = ()
) -> dict[str, Any]:
    """The ``rai:`` properties, those that are known.

    What a section says becomes one text per paragraph or point of a list. What is said of annotation is of
    the label sets beside the release.
    """
    facts: dict[str, Any] = {}
    for name, section in _MANY.items():
        facts[name] = _texts(prose.sections.get(section, ""))
    facts["rai:personalSensitiveInformation"].insert(0, _PERSONAL[prose.personal_data])
    facts["rai:dataUseCases"] += [f"Task: {task}." for task in prose.tasks]
    if published.sample:
        for name in _MANY:
            facts[name].insert(0, _NOT_REAL)
    facts["rai:dataSocialImpact"] = " ".join(_texts(prose.sections.get("Social impact", "")))
    facts["rai:hasSyntheticData"] = published.sample or prose.synthetic_data
    facts["rai:dataCollection"] = _collection(published, prose)
    start, end = prose.covers.get("start"), prose.covers.get("end")
    if start and end and not published.sample:
        facts["rai:dataCollectionTimeframe"] = f"{start}/{end}"
    facts["rai:dataPreprocessingProtocol"] = [
        f"Table {table.name}: {_counts(published, table.name)}"
        for table in dataset.tables
        if table.name in published.tables
    ]
    facts |= annotation_facts(labels)
    return {name: value for name, value in facts.items() if value or isinstance(value, bool)}


def annotation_facts(labels: Sequence[LabelSet]) -> dict[str, Any]:
    """How the labels beside a release came about, in the RAI vocabulary's words for labelling.

    See https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html.
    """
    if not labels:
        return {}
    return {
        "rai:annotationsPerItem": "; ".join(f"{one.task}: {one.spread}" for one in labels),
        "rai:dataAnnotationProtocol": [_protocol(one) for one in labels],
        "rai:dataAnnotationPlatform": sorted({f"ecomdata {one.tool_version} annotate" for one in labels}),
        "rai:dataAnnotationAnalysis": [f"{one.task}: {text}" for one in labels for text in one.analysis],
        "rai:machineAnnotationTools": sorted({tool for one in labels for tool in one.tools}),
    }


def _protocol(one: LabelSet) -> str:
    shown = (
        f" Suggestions of {', '.join(one.tools)} were shown, "
        f"and hidden in a random {one.blind_share:.0%} of cases."
        if one.tools
        else " No suggestions were shown."
    )
    rests = ", ".join(f"{count:,} {source}" for source, count in one.sources.items())
    return (
        f"{one.task} ({one.kind}: {', '.join(one.values)}): {one.annotators} people were asked "
        f"«{one.question}» and gave {one.answers:,} answers.{shown} Labels of {one.items:,} items: {rests}."
    )


def provenance(dataset: Dataset, published: Published) -> dict[str, Any]:
    """The ``prov:`` properties: what the rows come from, and what made them."""
    tool = f"ecomdata {published.tool_version}"
    command = f"ecomdata load {dataset.name}{' --sample' if published.sample else ''}"
    return {
        "prov:wasDerivedFrom": [
            {"@type": "prov:Entity", "@id": address, "prov:label": label}
            for address, label in _sources(dataset, published).items()
        ],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": f"{command}: typed, checked against a schema, and written as Parquet",
            "prov:wasAssociatedWith": {"@type": "prov:SoftwareAgent", "prov:label": tool},
        },
    }


def _sources(dataset: Dataset, published: Published) -> dict[str, str]:
    """Address -> what is there. A sample takes nothing but its form from upstream."""
    if published.sample:
        return {_address(dataset.homepage): f"the form of its files, none of its rows: {dataset.title}"}
    found: dict[str, str] = {}
    if published.origin:
        revision = f", revision {published.revision}" if published.revision else ""
        found[_address(published.origin)] = f"the raw files{revision}"
    elif dataset.derived_from:
        label = f"{dataset.derived_from}, release {published.revision} made by ecomdata"
        return {_address(dataset.homepage): label}
    found.setdefault(_address(dataset.homepage), f"{dataset.title}; ecomdata.json has the raw files' hashes")
    return found


def _address(url: str) -> str:
    """As an address that browsers know, and one that JSON-LD takes for an ``@id``."""
    if hub := _HUB.fullmatch(url):
        url = f"https://huggingface.co/datasets/{hub[1]}/tree/{hub[2]}"
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~")


def _collection(published: Published, prose: Prose) -> str:
    if published.sample:
        real = f" The real data: {prose.collection}." if prose.collection else ""
        return f"Generated by ecomdata's seeded sampler.{real}"
    return prose.collection


def _counts(published: Published, name: str) -> str:
    table = published.tables[name]
    return (
        f"of {table.read:,} rows read, {table.rejected:,} did not fit the schema and were rejected, "
        f"{sum(table.dropped.values()):,} were left out by a declared rule, {table.written:,} were written."
    )


def _texts(section: str) -> list[str]:
    """The paragraphs and points of a section, each on one line."""
    parts = (" ".join(re.sub(r"^\s*[-*] ", "", part).split()) for part in _BLOCK.split(section))
    return [part for part in parts if part]
