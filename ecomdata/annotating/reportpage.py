"""The report as one HTML page that needs nothing but itself. What data hold is text in it, never markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from ecomdata import __version__
from ecomdata.annotating.measuring.estimates import Estimate, Floats
from ecomdata.annotating.measuring.words import MAIN_LEVEL, in_form
from ecomdata.durable import write_durably
from ecomdata.pages import page_environment
from ecomdata.store import writing
from ecomdata.webfonts import with_letters

if TYPE_CHECKING:
    from pathlib import Path

    from ecomdata.annotating.reporting import Report

_WIDTH: Final = 200
_HEIGHT: Final = 90
_BINS: Final = 24
_MOST_PEOPLE: Final = 50
_ARMS: Final = {"shown": "suggestion shown", "blind": "suggestion hidden", "none": "before suggestions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: its name, what is said of it, and where its dot and its interval are drawn, 0 to _WIDTH.

    Attributes:
        name: What it is.
        value: The figure as text, or empty.
        interval: Its interval as text, or empty.
        n: Of how many.
        reason: Why there is no figure, or no interval.
        arm: Which colour it has.
        at: The dot's place.
        low: Where the interval begins.
        high: Where it ends.
    """

    name: str
    value: str
    interval: str
    n: str
    reason: str
    arm: str
    at: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures on one scale.

    Attributes:
        rows: The figures.
        ends: The ends of the scale, as text.
        mark: Where a line stands that means "no difference" or the like; None where there is none.
    """

    rows: tuple[Row, ...]
    ends: tuple[str, str]
    mark: float | None


def write_page(report: Report, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        EcomdataError: the disk is full, or may not be written.
    """
    with writing(path):
        write_durably(path, render(report))


def render(report: Report) -> str:
    """The page as a text; equal reports give equal pages."""
    environment = page_environment()
    filters: dict[str, Any] = {"number": "{:,}".format, "percent": _percent, "figure": _figure}
    environment.filters.update(filters)
    source = files("ecomdata.annotating").joinpath("report.html.j2").read_text("utf-8")
    found = report.measured
    people = sorted(found.times.people)
    page = environment.from_string(source).render(
        report=report,
        found=found,
        arms=_ARMS,
        level=MAIN_LEVEL[report.log.scale.kind],
        times=_times(report),
        shares=_group(_shares(report), "{:.0%}", 0, 1),
        pull=_group({"difference": found.pull.pull}, "{:+.0%}", -1, 1, mark=0),
        agreement=_group(_alphas(report), "{:.2f}", *_alpha_ends(report), mark=0),
        money=_money(report),
        curves=_curves(report.log.judgements),
        labels=_labels(found.pull.labels),
        people=people[:_MOST_PEOPLE],
        more_people=max(0, len(people) - _MOST_PEOPLE),
        width=_WIDTH,
        height=_HEIGHT,
        version=__version__,
        style=files("ecomdata").joinpath("page.css").read_text("utf-8"),
    )
    return with_letters(page)


def _figure(one: Estimate, form: str = "{:,.2f}") -> str:
    return "" if one.value is None else in_form(one.value, form)


def _percent(value: float | None) -> str:
    return "" if value is None else in_form(value, "{:.0%}")


def _times(report: Report) -> Group:
    medians = {_ARMS[arm]: one for arm, one in report.measured.times.medians.items()}
    most = max(
        (end for one in medians.values() for end in (one.value, one.high) if end is not None), default=1
    )
    return _group(medians, "{:,.1f} s", 0, most * 1.05 or 1)


def _shares(report: Report) -> dict[str, Estimate]:
    found = report.measured
    raised = (
        {"raised": found.choices.up, "lowered": found.choices.down}
        if found.choices.up.value is not None
        else {}
    )
    return {
        "kept as suggested": found.choices.kept,
        **raised,
        "same as the model: shown": found.pull.shown,
        "same as the model: hidden": found.pull.blind,
    }


def _alphas(report: Report) -> dict[str, Estimate]:
    agreement = report.measured.agreement
    level = MAIN_LEVEL[report.log.scale.kind]
    found = {f"alpha, {name}": one for name, one in agreement.alpha.items()}
    found |= {
        f"alpha, {level}: {_ARMS[arm]}": one[level] for arm, one in agreement.by_arm.items() if one[level].n
    }
    return found | ({} if agreement.span_f1 is None else {"F1 of exact spans": agreement.span_f1})


def _alpha_ends(report: Report) -> tuple[float, float]:
    lows = [one.low for one in _alphas(report).values() if one.low is not None]
    return (-1.0 if min(lows, default=0) < -0.2 else -0.2), 1.0


def _money(report: Report) -> Group | None:
    costs = report.measured.costs
    if costs.hourly is None:
        return None
    rows = {_ARMS[arm]: one for arm, one in costs.people.items()}
    rows |= {"the model, for an item": costs.model_item, "saved by a suggestion": costs.saving}
    ends = [end for one in rows.values() for end in (one.value, one.low, one.high) if end is not None]
    return _group(rows, "${:,.4f}", min([0.0, *ends]), max([0.0, *ends]) * 1.05 or 1.0, mark=0)


def _group(
    named: Mapping[str, Estimate], form: str, low: float, high: float, *, mark: float | None = None
) -> Group:
    def place(value: float | None) -> float | None:
        return None if value is None else round(_WIDTH * min(max((value - low) / (high - low), 0), 1), 2)

    arms = {name: arm for arm, name in _ARMS.items()}
    return Group(
        rows=tuple(
            Row(
                name=name,
                value=_figure(one, form),
                interval=""
                if one.low is None or one.high is None
                else f"{in_form(one.low, form)} to {in_form(one.high, form)}",
                n=f"{one.n:,}" + ("" if one.against is None else f" and {one.against:,}"),
                reason=one.reason,
                arm=arms.get(name.rpartition(": ")[2], "blind" if name.endswith("hidden") else "shown"),
                at=place(one.value),
                low=place(one.low),
                high=place(one.high),
            )
            for name, one in named.items()
        ),
        ends=(in_form(low, form), in_form(high, form)),
        mark=place(mark),
    )


def _curves(judgements: pl.DataFrame) -> dict[str, Any] | None:
    """How times are spread in the two arms: shares in bins of equal width on a scale of logarithms."""
    seconds = judgements.filter(pl.col("seconds") > 0, pl.col("arm").is_in(["shown", "blind"]))
    if seconds.height < 10:
        return None
    logs = np.log10(seconds["seconds"].to_numpy())
    first, last = float(np.floor(logs.min() * 4) / 4), float(np.ceil(logs.max() * 4) / 4) + 1e-9
    edges = np.linspace(first, last, _BINS + 1)
    shares: dict[str, Floats] = {}
    for arm in ("shown", "blind"):
        counts, _ = np.histogram(logs[(seconds["arm"] == arm).to_numpy()], edges)
        if counts.sum():
            shares[arm] = counts / counts.sum()
    most = max(float(share.max()) for share in shares.values())
    return {
        "lines": {arm: " ".join(_steps(share / most)) for arm, share in shares.items()},
        "ends": [
            f"{10 ** edges[0]:,.1f} s",
            f"{10 ** edges[_BINS // 2]:,.1f} s",
            f"{10 ** edges[-1]:,.1f} s",
        ],
    }


def _steps(heights: Iterable[float]) -> list[str]:
    step = 2 * _WIDTH / _BINS
    points: list[str] = []
    for place, height in enumerate(heights):
        y = round(_HEIGHT - 4 - float(height) * (_HEIGHT - 8), 2)
        points += [f"{round(place * step, 2)},{y}", f"{round((place + 1) * step, 2)},{y}"]
    return points


def _labels(labels: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """The share of each label by arm, and the widths of its bars, of which the longest has 100."""
    totals = {arm: sum(counts.values()) for arm, counts in labels.items()}
    shares = {
        arm: {label: count / totals[arm] for label, count in labels[arm].items()}
        for arm in _ARMS
        if totals.get(arm)
    }
    most = max((share for one in shares.values() for share in one.values()), default=1)
    return [
        {
            "label": label,
            "arms": [
                {
                    "arm": arm,
                    "n": labels[arm][label],
                    "share": one[label],
                    "width": round(100 * one[label] / most, 2),
                }
                for arm, one in shares.items()
            ],
        }
        for label in (next(iter(shares.values())) if shares else ())
    ]
