"""Masked copies: tables with a word in place of each finding, written as the store writes its own."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

import polars as pl

from ecomdata.manifest import WrittenFile, sync_folder, write_durably
from ecomdata.personaldata.columns import TextColumn, text_columns
from ecomdata.personaldata.findings import Findings
from ecomdata.personaldata.looking import Kind, Look
from ecomdata.personaldata.scanning import readable
from ecomdata.progress import Reporter
from ecomdata.release import Release
from ecomdata.shards import sha256_file, write_shards
from ecomdata.store import writing
from ecomdata.tables import sha256_json

Masks = Mapping[str, Mapping[str, frozenset[Kind]]]
"""Table -> column -> kinds that are masked in it."""
_ABOUT: Final = "masked.json"
_PREFIX: Final = "masked_"
_WRITING: Final = ".masking-"


@dataclass(frozen=True, slots=True)
class MaskedCopy:
    """The masked tables: the folder they are in, and their files; paths are as in a release."""

    folder: Path
    files: Mapping[str, tuple[WrittenFile, ...]]


def masked_copy(
    release: Release, findings: Findings, masks: Masks, root: Path, fingerprint: str, reporter: Reporter
) -> MaskedCopy:
    """The masked tables of a release, written now unless they are there and whole.

    Call it only while nobody else writes below ``root``. Copies of other releases, or with other masks, go.

    Args:
        release: What is loaded.
        findings: What was found in it.
        masks: What to mask; tables without masks are not copied.
        root: The folder that holds the copies of this dataset.
        fingerprint: Of the release's content and the scanner.
        reporter: Hears of progress.
    """
    spec = {
        table: {name: sorted(kinds) for name, kinds in columns.items()} for table, columns in masks.items()
    }
    folder = root / f"{_PREFIX}{sha256_json({'of': fingerprint, 'masks': spec})[:16]}"
    for stale in (*root.glob(f"{_PREFIX}*"), *root.glob(f"{_WRITING}*")):
        if stale != folder:
            shutil.rmtree(stale, ignore_errors=True)
    if (files := _whole(folder)) is None:
        files = _write(release, findings, masks, folder, reporter)
    return MaskedCopy(folder, files)


def _whole(folder: Path) -> Mapping[str, tuple[WrittenFile, ...]] | None:
    """The files of a copy that is there, or None where any is not as it was written."""
    try:
        value = cast("dict[str, Any]", json.loads((folder / _ABOUT).read_text("utf-8")))
        files = {table: tuple(WrittenFile(**item) for item in items) for table, items in value.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    whole = all(
        (folder / file.path).is_file()
        and (folder / file.path).stat().st_size == file.size
        and sha256_file(folder / file.path) == file.sha256
        for items in files.values()
        for file in items
    )
    return files if whole else None


def _write(
    release: Release, findings: Findings, masks: Masks, folder: Path, reporter: Reporter
) -> Mapping[str, tuple[WrittenFile, ...]]:
    """Write the copies aside, and rename them when all is on disk."""
    aside = folder.with_name(f"{_WRITING}{uuid.uuid4().hex[:8]}")
    try:
        with writing(aside):
            aside.mkdir(parents=True)
            files = {
                table: _write_table(release, findings, table, masks[table], aside, reporter)
                for table in masks
            }
            about = {table: [asdict(file) for file in items] for table, items in files.items()}
            write_durably(aside / _ABOUT, json.dumps(about, indent=1, sort_keys=True))
            shutil.rmtree(folder, ignore_errors=True)
            aside.rename(folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return files


def _write_table(
    release: Release,
    findings: Findings,
    table: str,
    masks: Mapping[str, frozenset[Kind]],
    folder: Path,
    reporter: Reporter,
) -> tuple[WrittenFile, ...]:
    reporter.start(f"masking {table}", sum(file.size for file in release[table].record.files))
    ids = frozenset(findings.scanned[table].ids)
    with readable(release):
        schema = pl.scan_parquet(list(release[table].paths)).collect_schema()
        looks = {
            column: Look(findings.regions, masks[column.name])
            for column in text_columns(schema)
            if column.name in masks
        }
        frames = _frames(release, table, looks, ids, reporter)
        files = write_shards(frames, schema, folder / table, below=folder)
    reporter.finish()
    return files


def _frames(
    release: Release, table: str, looks: Mapping[TextColumn, Look], ids: frozenset[str], reporter: Reporter
) -> Iterator[pl.DataFrame]:
    """The table's rows in their order, masked."""
    for path, file in zip(release[table].paths, release[table].record.files, strict=True):
        for frame in pl.scan_parquet(path).collect_batches(maintain_order=True, engine="streaming"):
            changed = frame
            for column, look in looks.items():
                series = _masked(frame, column, look, ids=column.name in ids)
                changed = changed.with_columns(series)
            yield changed
            reporter.advance(rows=frame.height)
        reporter.advance(size=file.size)


def _masked(frame: pl.DataFrame, column: TextColumn, look: Look, *, ids: bool) -> pl.Series:
    """A column with its findings masked; rows without any keep their bytes."""
    series = frame[column.name]
    flagged = frame.select(column.worth_a_look(look)).to_series()
    if not flagged.any():
        return series
    values = [
        column.changed(value, lambda text, name: look.masked(text, name, ids=ids)[0])
        for value in series.filter(flagged).to_list()
    ]
    rows = pl.concat([(~flagged).arg_true(), flagged.arg_true()])
    both = pl.concat([series.filter(~flagged), pl.Series(column.name, values, dtype=series.dtype)])
    return both.gather(rows.arg_sort())
