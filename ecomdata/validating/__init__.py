"""Does a loaded release hold what upstream says? Published figures, rules, and how columns are filled."""

from __future__ import annotations

from ecomdata.validating.declared import Declared, read_declared
from ecomdata.validating.report import write_report
from ecomdata.validating.results import FigureResult, RuleResult, Validation
from ecomdata.validating.running import declared_of, require_sound, to_validate, validate, validate_release

__all__ = [
    "Declared",
    "FigureResult",
    "RuleResult",
    "Validation",
    "declared_of",
    "read_declared",
    "require_sound",
    "to_validate",
    "validate",
    "validate_release",
    "write_report",
]
