"""A new release without some rows of a table. The old release stays; nothing is deleted."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

import numpy as np
import polars as pl

from ecomdata import __version__
from ecomdata.declare import Dataset
from ecomdata.errors import UsageError
from ecomdata.manifest import Manifest, TableRecord
from ecomdata.options import Options
from ecomdata.progress import Reporter
from ecomdata.registry import loader
from ecomdata.release import Release, TableData
from ecomdata.shards import write_shards
from ecomdata.store import Store, writing
from ecomdata.tables import TableWriter, sha256_json
from ecomdata.texts.gramhashes import Ints

_FRAME: Final = 1 << 17


def release_without(
    release: Release,
    table: str,
    removed: Ints,
    *,
    rule: str,
    options: Mapping[str, object],
    store: Store,
    memory: str,
    reporter: Reporter,
) -> Release:
    """Write a release without some rows, make it the visible one, and return it.

    Tables that are derived from the table are derived again; all other files are shared with the release
    before. The manifest counts the rows under ``rule``, and holds the options under ``dedup``.

    Args:
        release: The visible release.
        table: Its table.
        removed: The numbers of the rows, from 0, sorted.
        rule: Why they go.
        options: How they were found.
        store: Where the release is.
        memory: What derived tables may hold before they spill to disk.
        reporter: Hears of progress.

    Raises:
        UsageError: another release has become visible, or a table derived from this one cannot be made again.
    """
    started = time.monotonic()
    manifest = release.manifest
    dataset = loader(manifest.dataset)
    again = _derived_from(table, dataset, manifest)
    with ExitStack() as stack:
        stack.enter_context(store.lock(manifest.dataset, reporter.say))
        if store.current(manifest.dataset) != release.folder:
            raise UsageError(
                f"{manifest.dataset} was loaded anew meanwhile", hint="run the same command again"
            )
        store.remove_leftovers(manifest.dataset)
        staging = store.new_folder(manifest.dataset)
        stack.callback(shutil.rmtree, staging, ignore_errors=True)
        records = {
            name: _filtered(release, name, dataset, removed, rule, staging, reporter)
            if name == table
            else _shared(record, release.folder, staging)
            for name, record in manifest.tables.items()
            if name not in again
        }
        writer = TableWriter(manifest.dataset, staging, Options(memory=memory), reporter)
        writer.records.update(records)
        for declared in dataset.tables:
            if declared.name in again:
                writer.derive(declared)
        shutil.rmtree(staging / ".spill", ignore_errors=True)
        tables = {name: writer.records[name] for name in manifest.tables}
        made = _manifest(manifest, tables, options, removed, time.monotonic() - started)
        return Release(store.publish(staging, made))


def _derived_from(table: str, dataset: Dataset, manifest: Manifest) -> frozenset[str]:
    """The tables whose queries name this one, or one that is made from it."""
    found = {table}
    for other in dataset.tables:
        words = set(re.findall(r"\w+", other.derive))
        if other.name in manifest.tables and found & words:
            found.add(other.name)
    again = frozenset(found - {table})
    if again and dataset.derived_from:
        raise UsageError(
            f"{', '.join(sorted(again))} are made from {table} and {dataset.derived_from} together",
            hint=f"apply it to {dataset.derived_from}, and load {dataset.name} again",
        )
    return again


def _filtered(
    release: Release,
    name: str,
    dataset: Dataset,
    removed: Ints,
    rule: str,
    staging: Path,
    reporter: Reporter,
) -> TableRecord:
    """The table without the rows."""
    started = time.monotonic()
    table = release[name]
    record = _shared(replace(table.record, files=()), release.folder, staging)
    # In the schema's order: a manifest has the columns by their names.
    columns = dataset.table(name).schema.columns().items()
    schema = pl.Schema({column: known.dtype for column, known in columns if column in table.record.columns})
    reporter.start(f"writing {table.name}", 0)
    files = write_shards(_kept(table, schema, removed, reporter), schema, staging / table.name)
    reporter.finish()
    return replace(
        record,
        written=table.record.written - len(removed),
        dropped={**record.dropped, rule: record.dropped.get(rule, 0) + len(removed)},
        files=files,
        seconds=round(time.monotonic() - started, 3),
    )


def _kept(table: TableData, schema: pl.Schema, removed: Ints, reporter: Reporter) -> Iterator[pl.DataFrame]:
    first = 0
    for path, file in zip(table.paths, table.record.files, strict=True):
        whole = pl.scan_parquet(path, glob=False).select(
            pl.col(name).cast(dtype) for name, dtype in schema.items()
        )
        for at in range(0, file.rows, _FRAME):
            frame = whole.slice(at, _FRAME).collect()
            stays = np.ones(frame.height, np.bool_)
            begin, end = np.searchsorted(removed, [first, first + frame.height])
            stays[removed[begin:end] - first] = False
            first += frame.height
            reporter.advance(rows=frame.height)
            yield frame.filter(pl.Series(stays))


def _shared(record: TableRecord, before: Path, staging: Path) -> TableRecord:
    """The files of a table that stays as it is, under their names: links where the disk knows them."""
    for file in (*record.files, *record.quarantine):
        target = staging / file.path
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(before / file.path, target)
            except OSError:
                shutil.copyfile(before / file.path, target)
    return record


def _manifest(
    manifest: Manifest,
    tables: Mapping[str, TableRecord],
    options: Mapping[str, object],
    removed: Ints,
    seconds: float,
) -> Manifest:
    before = cast("list[object]", manifest.options.get("dedup", []))
    applied = [*before, dict(options)]
    identity = {
        "release": manifest.release,
        "tool": __version__,
        "dedup": applied,
        "removed": sha256_json(removed.tolist()),
    }
    return replace(
        manifest,
        release=sha256_json(identity)[:12],
        tool_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        options={**manifest.options, "dedup": applied},
        tables=tables,
        seconds=round(seconds, 3),
    )
