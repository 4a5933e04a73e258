"""From what the user names, or what the dataset declares, to a plan."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ecomdata.declare import Dataset, Source
from ecomdata.errors import AccessError, EcomdataError, UsageError
from ecomdata.sources.local import plan_local
from ecomdata.sources.matching import Selection
from ecomdata.sources.plan import OnBytes, Plan, by_hand, ignore_bytes, shown


def make_plan(
    dataset: Dataset,
    *,
    source: str | None,
    home: Path,
    only: str | None = None,
    tables: Collection[str] | None = None,
    on_bytes: OnBytes = ignore_bytes,
) -> Plan:
    """Find a dataset's raw files; nothing is downloaded but listings.

    Args:
        dataset: The dataset.
        source: A folder, a file, an archive (zip, tar, tar.gz, tgz, gz), an ``hf://datasets/OWNER/NAME`` or
            an ``http(s)://`` address; None for the sources that the dataset declares, in their order.
        home: Where downloads go.
        only: A glob on the end of the upstream path, such as ``20230501/*``; a folder's name means all in it.
        tables: The tables wanted; None for all.
        on_bytes: Told of bytes as they are downloaded; a negative number takes some back.

    Raises:
        UsageError: there is nothing at ``source``, nothing of this dataset, or a page of the Hub about it.
        AccessError: the files need a login, an agreement or a token; the message says how to get them.
        DataError: an archive there is damaged or not to be trusted.
        EcomdataError: the network failed.
    """
    selection = Selection.of(dataset, only=only, tables=tables)
    if source is None:
        return _declared(dataset, selection, home, on_bytes)
    scheme, parted, rest = source.partition("://")
    if parted:
        source = f"{scheme.lower()}://{rest}"
    if source.startswith("hf://"):
        from ecomdata.sources.hub import plan_hub

        return plan_hub(dataset, source, selection, home, on_bytes=on_bytes)
    if source.startswith(("https://", "http://")):
        from ecomdata.sources.web import plan_http

        if "/datasets/" in source:
            from ecomdata.sources.hub_calls import refuse_page

            refuse_page(source)
        return plan_http(dataset, source, selection, home, sha256=_known_hashes(dataset), on_bytes=on_bytes)
    if "://" in source:
        raise UsageError(
            f"cannot read from {shown(source)}",
            hint="give a folder, a file, hf://datasets/OWNER/NAME or https://...",
        )
    return plan_local(dataset, source, selection, home)


def _declared(dataset: Dataset, selection: Selection, home: Path, on_bytes: OnBytes) -> Plan:
    sources = [source for source in dataset.sources if source.url]
    if dataset.access in {"login", "agreement"} or not sources:
        raise by_hand(dataset)
    failures: list[EcomdataError] = []
    for source in sources:
        try:
            plan = _one(dataset, source, selection, home, on_bytes)
        except EcomdataError as error:
            failures.append(error)
        else:
            tried = tuple(f"a better source could not be used: {error}" for error in failures)
            return replace(plan, notes=tried + plan.notes)
    raise _combined(dataset, failures)


def _one(dataset: Dataset, source: Source, selection: Selection, home: Path, on_bytes: OnBytes) -> Plan:
    if source.url.startswith("hf://"):
        from ecomdata.sources.hub import plan_hub

        gated = dataset.access == "gated"
        return plan_hub(
            dataset, source.url, selection, home, files=source.files, gated=gated, on_bytes=on_bytes
        )
    from ecomdata.sources.web import plan_http

    return plan_http(dataset, source.url, selection, home, sha256=source.sha256, on_bytes=on_bytes)


def _combined(dataset: Dataset, failures: list[EcomdataError]) -> EcomdataError:
    if len(failures) == 1:
        return failures[0]
    lines = [f"{dataset.name}: none of its {len(failures)} sources can be used", *map(str, failures)]
    kind = AccessError if all(isinstance(error, AccessError) for error in failures) else EcomdataError
    return kind("\n".join(lines), hint=failures[0].hint)


def _known_hashes(dataset: Dataset) -> dict[str, str]:
    return {name: digest for source in dataset.sources for name, digest in source.sha256.items()}
