"""What holds for the validation of every dataset there is; a new one is tested by its existence."""

from __future__ import annotations

from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.manifest import read_manifest
from ecomdata.registry import datasets
from ecomdata.store import Store
from ecomdata.validating import declared_of
from ecomdata.validating.asking import asking

DATASETS = datasets()
dataset_of = pytest.mark.parametrize("name", DATASETS)


@dataset_of
def test_a_sample_breaks_no_rule_of_severity_error(name: str) -> None:
    """Hazards of a sample give warnings; every rule was run, and no figure compared."""
    ed.load(name, sample=True)
    found = ed.validate(name, distributions=True)
    broken = [(rule.label, rule.rows) for rule in found.rules if rule.status == "failed"]
    assert not broken, f"{name}: mend the rule, its severity, or the sample"
    assert {rule.status for rule in found.rules} <= {"passed", "warning"}
    assert {figure.status for figure in found.figures} <= {"not applicable"}
    assert [profile.table for profile in found.profiles] == [table.name for table in DATASETS[name].tables]
    for profile in found.profiles:
        for column in profile.columns:
            assert not column.bars or sum(bar.rows for bar in column.bars) <= profile.rows - column.nulls


@dataset_of
def test_every_figure_can_be_measured(name: str, home: Path) -> None:
    """A figure's query runs over the sample and gives one number, though it says nothing about upstream."""
    ed.load(name, sample=True)
    folder = Store(home).current(name)
    assert folder
    with asking(folder, read_manifest(folder), memory="400MB", spill=home) as asker:
        for group in declared_of(name).published:
            for figure in group.figures:
                assert asker.number(figure.name, figure.sql) is not None, f"{name}: {figure.name}"
