"""The checks that every release gets, with nothing declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from ecomdata.declare import Dataset
from ecomdata.errors import DataError
from ecomdata.manifest import Manifest, TableRecord
from ecomdata.store import missing_files
from ecomdata.validating.declared import Rule, Severity
from ecomdata.validating.results import RuleResult, Status


def release_checks(folder: Path, manifest: Manifest) -> tuple[RuleResult, ...]:
    """Files there with their size, every row accounted for, none rejected."""
    problems = missing_files(folder, manifest)
    files = sum(len(record.files) + len(record.quarantine) for record in manifest.tables.values())
    off = [] if problems else [row for row in _balances(folder, manifest) if row]
    reasons = [
        {"table": name, "reason": reason, "rows": f"{count:,}"}
        for name, record in manifest.tables.items()
        for reason, count in record.reasons.items()
    ]
    read = sum(record.read for record in manifest.tables.values())
    accounted = "rows read = rows written + rejected + dropped, and the files hold the rows written"
    return (
        _result("every file is there, with its size", "error", [{"file": p} for p in problems], files),
        _result(accounted, "error", off, read),
        _result("no row was rejected", "warning", reasons, read, breaking=manifest.rejected),
    )


def _result(
    name: str,
    severity: Severity,
    rows: Sequence[Mapping[str, str]],
    checked: int,
    *,
    breaking: int | None = None,
) -> RuleResult:
    count = len(rows) if breaking is None else breaking
    broken: Status = "failed" if severity == "error" else "warning"
    return RuleResult(
        table="",
        name=name,
        status=broken if count else "passed",
        breaking=count,
        checked=checked,
        rows=tuple(rows),
        severity=severity,
        source="",
        sql="",
    )


def _balances(folder: Path, manifest: Manifest) -> Iterator[dict[str, str]]:
    """The tables whose counts do not add up."""
    for name, record in manifest.tables.items():
        held = sum(_rows(folder / file.path) for file in record.files)
        dropped = sum(record.dropped.values())
        if record.read != record.written + record.rejected + dropped or held != record.written:
            yield _counts(name, record, dropped, held)


def _counts(name: str, record: TableRecord, dropped: int, held: int) -> dict[str, str]:
    numbers = {
        "read": record.read,
        "written": record.written,
        "rejected": record.rejected,
        "dropped": dropped,
        "in the files": held,
    }
    return {"table": name, **{what: f"{number:,}" for what, number in numbers.items()}}


def _rows(path: Path) -> int:
    import pyarrow as pa

    try:
        return pq.ParquetFile(path).metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} cannot be read as Parquet: {error}",
            hint="make it again: ecomdata load --force, from the source it was loaded from",
        ) from error


def key_rules(dataset: Dataset, manifest: Manifest, declared: Sequence[Rule]) -> tuple[Rule, ...]:
    """A rule for every declared key, unless the dataset's file says itself how grave a duplicate is."""
    said = {(rule.table, frozenset(rule.unique)) for rule in declared}
    return tuple(
        Rule(
            dataset=dataset.name,
            table=table.name,
            name=f"no two rows have the same {', '.join(table.key)}",
            severity="warning",
            source="",
            unique=table.key,
        )
        for table in dataset.tables
        if table.key and table.name in manifest.tables and (table.name, frozenset(table.key)) not in said
    )
