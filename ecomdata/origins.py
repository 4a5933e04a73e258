"""What a derived dataset is made from: a release of another dataset, in the store."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecomdata.declare import Dataset
from ecomdata.derive import Origin
from ecomdata.errors import DataError, UsageError
from ecomdata.manifest import Manifest, read_manifest
from ecomdata.options import Options
from ecomdata.rawfile import RawFile
from ecomdata.sources import NothingFoundError, Plan
from ecomdata.sqltext import schema_name
from ecomdata.store import Store, missing_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """The release that a derived dataset is made from.

    Attributes:
        plan: Its files as raw files.
        origin: Its tables, for the queries.
        manifest: What it says of itself.
    """

    plan: Plan
    origin: Origin
    manifest: Manifest


def require_plain(dataset: Dataset, options: Options) -> None:
    """Refuse options that speak of raw files, for a dataset that has none.

    Raises:
        UsageError: one is given.
    """
    given = {
        "--source": options.source,
        "--only": options.only,
        "--limit": options.limit,
        "--alias": options.aliases,
    }
    for option, value in given.items():
        if value:
            raise UsageError(
                f"{dataset.name} is made from {dataset.derived_from} in the store; {option} does not apply",
                hint=f"give it to: ecomdata load {dataset.derived_from}",
            )


def find_input(dataset: Dataset, store: Store) -> Input:
    """The release in the store that a derived dataset is made from.

    Raises:
        NothingFoundError: nothing is loaded there.
        DataError: files of it are missing.
    """
    name = dataset.derived_from
    folder = store.current(name)
    if folder is None:
        raise NothingFoundError(
            f"{dataset.name} is made from {name}, which is not loaded in {store.home}",
            hint=f"run: ecomdata load {name}; or try it with --sample",
        )
    manifest = read_manifest(folder, name)
    if problems := missing_files(folder, manifest):
        raise DataError(
            f"the release of {name} is not whole: {problems[0]}", hint=f"run: ecomdata load {name} --force"
        )
    files = tuple(
        replace(RawFile.on_disk(folder / file.path, f"{name}/{file.path}"), sha256=file.sha256)
        for record in manifest.tables.values()
        for file in record.files
    )
    plan = Plan(
        dataset=dataset.name,
        origin=f"{name} in the store",
        folder=folder,
        files=files,
        size=sum(file.size for file in files),
        revision=manifest.release,
    )
    return Input(
        plan=plan,
        origin=Origin(schema=schema_name(name), folder=folder, records=manifest.tables),
        manifest=manifest,
    )
