"""A report on the terminal: the summary in words, then the figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ecomdata.console import escaped, new_console, new_table

if TYPE_CHECKING:
    from ecomdata.annotating.measuring.accuracy import Accuracy
    from ecomdata.annotating.measuring.estimates import Estimate
    from ecomdata.annotating.measuring.measured import Measurements
    from ecomdata.annotating.reporting import Report
    from ecomdata.annotating.training import Trained


def print_report(report: Report) -> None:
    """Show a report."""
    console = new_console()
    console.print(f"[bold]{escaped(report.title)}[/]: {escaped(report.folder)}", soft_wrap=True)
    for sentence in report.words:
        console.print(f"  {escaped(sentence)}", soft_wrap=True)
    columns = ("figure", "value", "95 % interval", "n")
    table = new_table(*columns, "", right=columns[1:])
    for name, one in rows_of(report.measured):
        table.add_row(escaped(name), *cells(one))
    console.print(table)


def cells(one: Estimate) -> tuple[str, str, str, str]:
    """The value, the interval, the number of answers, and what lacks, as they are shown."""
    value = "" if one.value is None else f"{one.value:,.3f}"
    interval = "" if one.low is None or one.high is None else f"{one.low:,.3f} to {one.high:,.3f}"
    n = f"{one.n:,}" + ("" if one.against is None else f" / {one.against:,}")
    return value, interval, n, escaped(one.reason)


def rows_of(found: Measurements) -> Iterator[tuple[str, Estimate]]:
    """The figures one by one, each with its name."""
    for arm, one in found.times.medians.items():
        yield f"median seconds, {arm}", one
    yield "median seconds, shown less blind", found.times.difference
    yield "time, shown by blind", found.times.ratio
    if found.costs.hourly is not None:
        for arm, one in found.costs.people.items():
            yield f"people's cost of an answer, {arm}", one
        yield "saving of an answer", found.costs.saving
    yield "suggestions kept", found.choices.kept
    if found.choices.shift.value is not None:
        yield "suggestions raised", found.choices.up
        yield "suggestions lowered", found.choices.down
        yield "mean change of the score", found.choices.shift
    yield "agree with the model, shown", found.pull.shown
    yield "agree with the model, blind", found.pull.blind
    yield "pull toward the model", found.pull.pull
    yield "distance of label distributions", found.pull.variation
    yield from _agreement(found)
    for name, accuracies in found.suggesters.items():
        for against, accuracy in accuracies.items():
            yield f"{name} is right, {against} labels", accuracy.exact
    for name, one in found.gold.items():
        if one.n:
            yield f"gold items right, {name}", one


def _agreement(found: Measurements) -> Iterator[tuple[str, Estimate]]:
    for level, one in found.agreement.alpha.items():
        yield f"alpha, {level}", one
    for arm, levels in found.agreement.by_arm.items():
        for level, one in levels.items():
            if one.n:
                yield f"alpha, {level}, {arm}", one
    for name, levels in found.agreement.by_annotator.items():
        for level, one in levels.items():
            yield f"alpha, {level}, items of {name}", one
    if found.agreement.span_f1 is not None:
        yield "F1 of exact spans among people", found.agreement.span_f1
    for pair in found.agreement.pairs:
        yield f"kappa, {pair.one} and {pair.other}", pair.kappa
        if pair.weighted is not None:
            yield f"kappa with quadratic weights, {pair.one} and {pair.other}", pair.weighted


def print_trained(found: Trained) -> None:
    """Held-out scores, the baseline's beside them, and where everything is."""
    console = new_console()
    numbers = ("precision", "recall", "F1", "n")
    table = new_table("label", *numbers, right=numbers)
    for one in found.held_out.classes:
        scores = ("" if score is None else f"{score:.3f}" for score in (one.precision, one.recall, one.f1))
        table.add_row(escaped(one.label), *scores, f"{one.n:,}")
    console.print(table)
    for name, scored in (("held out", found.held_out), (found.baseline_name, found.baseline)):
        value, interval, n, _ = cells(scored.exact)
        console.print(f"{name}: {value} exactly right ({interval}; {n}){_together(scored)}", soft_wrap=True)
    console.print(
        f"learnt from {found.labelled:,} labels, {found.folds} parts; labelled {found.pool:,} items",
        soft_wrap=True,
    )
    console.print(escaped(found.folder), soft_wrap=True)


def _together(scored: Accuracy) -> str:
    """The scores of all labels in one: of spans those of all spans, else the mean F1."""
    if scored.spans is None:
        return "" if scored.macro_f1 is None else f", macro F1 {scored.macro_f1:.3f}"
    named = {name: getattr(scored.spans, name) for name in ("precision", "recall", "f1")}
    known = [f"{name.replace('f1', 'F1')} {score:.3f}" for name, score in named.items() if score is not None]
    return ", spans: " + ", ".join(known)
