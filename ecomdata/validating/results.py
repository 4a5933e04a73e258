"""What a validation found: figures, rules, and how the columns are filled. Plain, frozen values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

from ecomdata.validating.declared import Mark, Severity, Standing

_TINY: Final = 0.0001

Status = Literal["passed", "warning", "failed", "not applicable", "not run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureResult:
    """A published figure beside what was measured.

    Attributes:
        name: What it counts.
        status: ``passed``, ``warning`` or ``failed`` (missed, by severity), ``not applicable``, ``not run``.
        published: What is published.
        measured: What the data say; None where it was not measured or there is no such number.
        difference: ``abs(measured - published) / abs(published)``; ``abs(measured)`` for zero.
        tolerance: How large the difference may be.
        severity: Whether missing it fails the data.
        mark: How far the source goes.
        standing: Whether it has been reproduced.
        source: Where it is published.
        sql: Its definition.
        reason: Why it is not applicable, or was not run.
        note: What else is to be known.
    """

    name: str
    status: Status
    published: float
    measured: float | None
    difference: float | None
    tolerance: float
    severity: Severity
    mark: Mark
    standing: Standing
    source: str
    sql: str
    reason: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """Its name."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """A rule, and the rows that break it.

    Attributes:
        table: The table whose rows are checked; empty for the release as a whole.
        name: What holds.
        status: ``passed``, ``warning`` or ``failed`` (broken, by severity), ``not applicable``, ``not run``.
        breaking: Rows that break it; None where it was not run.
        checked: Rows of the table.
        rows: The first breaking rows: column -> value as text, None for null.
        severity: Whether a breaking row fails the data.
        source: Why it holds; empty for the checks that every dataset gets.
        sql: Its definition, where it has one.
        reason: Why it is not applicable, or was not run.
        note: What else is to be known.
    """

    table: str
    name: str
    status: Status
    breaking: int | None
    checked: int
    rows: tuple[Mapping[str, str | None], ...]
    severity: Severity
    source: str
    sql: str
    reason: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """Its name, with the table before it."""
        return f"{self.table}: {self.name}" if self.table else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a chart: how many values lie from ``low`` up to ``high``, or are both."""

    low: str
    high: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """How a column is filled.

    Attributes:
        name: The column.
        type: Its type, in few words.
        nulls: Rows without a value.
        distinct: About how many different values it has; None where that was not counted.
        low: Its least value as text; for lists the least length.
        high: Its greatest.
        measure: What the bars count: ``value``, or ``length`` of lists.
        bars: Its distribution; empty where none was made.
    """

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    low: str | None = None
    high: str | None = None
    measure: Literal["value", "length"] = "value"
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """How the columns of a table are filled."""

    table: str
    rows: int
    columns: tuple[ColumnProfile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What was found in a release.

    Attributes:
        dataset: Its name.
        title: Its name in full.
        release: The release that was looked at.
        loaded: What was loaded, in words.
        figures: The published figures.
        rules: The rules, those that every dataset gets first.
        profiles: The tables' columns.
        seconds: Time it took.
    """

    dataset: str
    title: str
    release: str
    loaded: str
    figures: tuple[FigureResult, ...]
    rules: tuple[RuleResult, ...]
    profiles: tuple[TableProfile, ...]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """How many figures and rules have each status."""
        return dict(Counter[str](result.status for result in self._results))

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the figures and rules that failed."""
        return self._named("failed")

    @property
    def not_run(self) -> tuple[str, ...]:
        """Names of those that could not be computed."""
        return self._named("not run")

    @property
    def _results(self) -> list[FigureResult | RuleResult]:
        return [*self.figures, *self.rules]

    def _named(self, status: Status) -> tuple[str, ...]:
        return tuple(result.label for result in self._results if result.status == status)

    def as_dict(self) -> dict[str, object]:
        """All of it as JSON-ready values, with ``counts``."""
        return {**asdict(self), "counts": self.counts}


def number_text(value: float | None) -> str:
    """A number to read: ``1,270,000,000``, ``0.9561``, or nothing where there is none."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def share_text(value: float | None) -> str:
    """A share to read: ``0.40%``, or nothing where there is none."""
    if value is None:
        return ""
    return "< 0.01%" if 0 < value < _TINY else f"{value:,.2%}"
