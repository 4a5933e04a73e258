"""The first, the ninth and the last row of every table of every sample, value by value.

They tell what a change of a loader, a reader or a sampler does to data, where other tests ask for rules.
The rows are made by the datasets' own samplers; none is upstream's. After a change that is meant:

    python -m pytest -q tests/test_golden.py --renew-golden [-k NAME]

and read what git says has changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import pkgutil
from datetime import date, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
import ecomdata.loaders
from ecomdata.registry import datasets

GOLDEN = Path(__file__).parent / "golden"
RENEW = "python -m pytest -q tests/test_golden.py --renew-golden -k"
STEMS = {module.name for module in pkgutil.iter_modules(ecomdata.loaders.__path__)}
NAMES = [name for name, dataset in datasets().items() if dataset.family.replace("-", "_") in STEMS]
"""The datasets of this repository; one that a package or a folder brings has its tests there."""


_LONG = 100


def _plain(value: Any) -> Any:
    """A value as JSON that tells it from every other of its column; floats have all their digits."""
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | pl.Series():
            items = [_plain(inner) for inner in value]
            return items if len(items) <= _LONG else _shortened(items)
        case bytes():
            return value.hex()
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _shortened(items: list[Any]) -> dict[str, Any]:
    """A long list by its ends, and a hash of all of it."""
    digest = hashlib.sha256(json.dumps(items).encode()).hexdigest()
    return {"items": len(items), "first": items[:8], "last": items[-8:], "sha256": digest}


def _text(value: Any, depth: int = 0) -> str:
    """JSON with a line for each column of each row."""
    if depth == 3 or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    indent = "\n" + " " * depth
    inner = [f"{indent} {json.dumps(key)}: {_text(one, depth + 1)}" for key, one in value.items()]
    return "{" + ",".join(inner) + indent + "}"


def _golden(frame: pl.DataFrame) -> dict[str, Any]:
    """How many rows a table has, and three of them."""
    places = {"first": 0, "ninth": 8, "last": frame.height - 1}
    rows = {word: _plain(frame.row(at, named=True)) for word, at in places.items() if 0 <= at < frame.height}
    return {"rows": frame.height, **rows}


def _path(name: str) -> Path:
    return GOLDEN / f"{name}.json"


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_gives_its_golden_rows(name: str, renew_golden: bool) -> None:
    """Every value of three rows of each table is what it was when somebody last looked at it."""
    release = ed.load(name, sample=True)
    found = {table: _golden(release[table].lazy().collect()) for table in release.manifest.tables}
    path = _path(name)
    if renew_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(found) + "\n", encoding="utf-8")
    assert path.is_file(), f"write {name}'s golden rows with `{RENEW} {name}`, look at them, and commit them"
    golden = json.loads(path.read_text(encoding="utf-8"))
    assert found.keys() == golden.keys(), f"tables came or went; if that is meant: `{RENEW} {name}`"
    for table in golden:
        # As text, where 1, 1.0 and true are three things.
        was, now = (_text(tables[table], 1).splitlines() for tables in (golden, found))
        assert now == was, f"{name}.{table} has changed; if that is meant: `{RENEW} {name}`"


def test_no_golden_rows_without_a_dataset() -> None:
    """A file whose dataset is gone, or spelt otherwise, would never be read."""
    stale = set(GOLDEN.rglob("*.json")) - {_path(name) for name in NAMES}
    assert not stale, f"remove {sorted(str(path.relative_to(GOLDEN)) for path in stale)} from tests/golden/"
