"""The numbers of a card: a validation, and the files' columns as ``datasets`` reads them.

They follow from the release alone, and finding them reads all of it, so they are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, Final

from ecomdata.cardmaking.keeping import kept_or_made
from ecomdata.declare import Dataset
from ecomdata.errors import DataError, EcomdataError
from ecomdata.plainjson import revived
from ecomdata.progress import Reporter
from ecomdata.registry import content_file
from ecomdata.release import Release
from ecomdata.shards import sha256_file
from ecomdata.validating import Validation, validate_release
from ecomdata.validating.results import TableProfile

_FORMAT: Final = 3
"""Counts up when what is kept means something else."""

_MOST_BARS: Final = 24
"""So many different whole numbers, or fewer, have a bar each, whatever the lots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """A table's columns in the words of ``datasets``' YAML, and their bytes before compression."""

    columns: tuple[Mapping[str, Any], ...]
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What was measured: figures, rules and columns, and the features of each table that has files."""

    validation: Validation
    features: Mapping[str, Features]


def numbers_of(release: Release, dataset: Dataset, *, memory: str, reporter: Reporter) -> Numbers:
    """Measure a release, or take what was measured of it before.

    Raises:
        DataError: files of the release cannot be read.
    """
    figures = content_file(dataset.name, "validation", ".toml")
    depends: list[object] = [
        *(_FORMAT, version("datasets"), hashlib.sha256(figures.read_bytes()).hexdigest() if figures else ""),
        [[table.name, table.key] for table in dataset.tables],
    ]

    def measured() -> dict[str, Any]:
        return asdict(_measured(release, memory, reporter))

    return kept_or_made(
        release, "numbers", depends, measured, reporter, read=_read, memory=memory, whole=_whole
    )


def _whole(found: dict[str, Any]) -> bool:
    """Whether nothing was left out for want of memory; with more, it might not be."""
    validation = found["validation"]
    ran = all(one["status"] != "not run" for one in (*validation["figures"], *validation["rules"]))
    return ran and all(
        any(column["distinct"] is not None for column in profile["columns"])
        for profile in validation["profiles"]
        if profile["rows"]
    )


def _measured(release: Release, memory: str, reporter: Reporter) -> Numbers:
    try:
        found = validate_release(release, distributions=True, memory=memory, reporter=reporter)
    except EcomdataError as error:
        # A damaged file looks to DuckDB like a query that is wrong.
        if damage := _damage(release):
            raise DataError(
                damage, hint="the store is damaged: load the dataset again with --force"
            ) from error
        raise
    # The rows that break a rule stay at home.
    rules = tuple(replace(rule, rows=()) for rule in found.rules)
    profiles = tuple(_steady(profile) for profile in found.profiles)
    validation = replace(found, rules=rules, profiles=profiles, seconds=0.0)
    features = {name: _features(release, name) for name, table in release.items() if table.paths}
    return Numbers(validation=validation, features=features)


def _damage(release: Release) -> str:
    """The first file that is not what the manifest says, with both hashes."""
    for table in release.manifest.tables.values():
        for file in table.files:
            path = release.folder / file.path
            if (digest := sha256_file(path)) != file.sha256:
                return f"{path} has the sha256 {digest}, its manifest says {file.sha256}"
    return ""


def _steady(profile: TableProfile) -> TableProfile:
    """The profile with a bar for each value, or none: where wider bars begin is drawn by lot."""
    columns = [
        column
        if len(column.bars) <= _MOST_BARS and all(bar.low == bar.high for bar in column.bars)
        else replace(column, bars=())
        for column in profile.columns
    ]
    return replace(profile, columns=tuple(columns))


def _features(release: Release, name: str) -> Features:
    import datasets
    import pyarrow.parquet as pq
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    paths = release[name].paths
    # What datasets infers when it reads the files, and writes when it pushes them.
    inferred = datasets.Features.from_arrow_schema(pq.ParquetFile(paths[0]).schema_arrow)
    data = DatasetCardData()
    DatasetInfosDict({name: datasets.DatasetInfo(features=inferred)}).to_dataset_card_data(data)
    columns: list[dict[str, Any]] = data["dataset_info"]["features"]
    size = 0
    for path in paths:
        footer = pq.ParquetFile(path).metadata
        size += sum(footer.row_group(group).total_byte_size for group in range(footer.num_row_groups))
    return Features(columns=tuple(columns), num_bytes=size)


def _read(kept: object) -> Numbers:
    """The numbers from JSON, without the rows that break a rule."""
    found: Numbers = revived(Numbers, kept)
    rules = tuple(replace(rule, rows=()) for rule in found.validation.rules)
    return replace(found, validation=replace(found.validation, rules=rules))
