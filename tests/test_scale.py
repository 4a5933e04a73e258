"""docs/scale.md: its model is the one that the committed results give."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "docs" / "scaledocs.py"


@pytest.fixture(scope="module")
def scaledocs() -> Any:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("scaledocs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_model_is_current(scaledocs: Any) -> None:
    """``make docs`` after new measurements."""
    assert scaledocs.page() == scaledocs.PAGE.read_text(encoding="utf-8"), "run python docs/scaledocs.py"


def _entry(name: str, wall: float, cpu: float) -> dict[str, Any]:
    seconds = {"wall_seconds": {"median": wall}, "cpu_seconds": {"median": cpu}}
    return {"name": name, "bytes_written": 2_000_000, **seconds}


def test_hours_are_those_of_the_workers_or_of_the_driver(scaledocs: Any) -> None:
    """A million rows take 8 s of work and 2 s of the driver's, whose two cores bound it at 1 s."""
    report = {
        "counts": {"merrec": {"rows": 1_000_000}},
        "measurements": [
            _entry("merrec/local", 6.0, 9.0),
            _entry("merrec/ray-running", 8.0, 5.0),
            _entry("small/local", 1.0, 1.0),
            _entry("small/ray-running", 3.0, 3.0),
        ],
    }
    measured = scaledocs.Measurements(report)
    assert scaledocs.hours(measured, "merrec", 3_600_000_000, 4) == pytest.approx(2.0)
    assert scaledocs.hours(measured, "merrec", 3_600_000_000, 64) == pytest.approx(1.0)
