"""What the figures say, in sentences that claim no more than they show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ecomdata.annotating.measuring.estimates import Estimate
from ecomdata.annotating.measuring.judgements import Scale
from ecomdata.annotating.measuring.measured import Measurements

_FEW: Final = 30
MAIN_LEVEL: Final = {"labels": "nominal", "score": "ordinal", "spans": "nominal"}
"""The level of measurement that the summary names."""


def in_words(found: Measurements, scale: Scale) -> tuple[str, ...]:
    """The summary: time, edits, pull, money, agreement, the suggesters, and people who may not read."""
    return (
        _speed(found.times.ratio),
        *_choices(found.choices.kept),
        _pull(found),
        *_costs(found),
        _agreement(found, scale),
        *_suggesters(found),
        *_people(found),
        *_few(found),
    )


def _speed(ratio: Estimate) -> str:
    if ratio.value is None:
        return f"Whether suggestions save time cannot be told: {_why(ratio)}."
    verdict = _verdict(ratio, 1, "people were faster", "people were slower", "no speed-up shown")
    interval = _interval(ratio, "{:.2f}")
    return (
        f"With suggestions people took {ratio.value:.2f} x the time "
        f"({interval}{ratio.n:,} and {ratio.against or 0:,} answers): {verdict}."
    )


def _choices(kept: Estimate) -> Iterator[str]:
    if kept.value is not None:
        yield (
            f"{_percent(kept.value)} of the suggestions that were shown were kept as they are "
            f"({_interval(kept, '{:.0%}')}{kept.n:,} answers)."
        )


def _pull(found: Measurements) -> str:
    pull, shown, blind = found.pull.pull, found.pull.shown, found.pull.blind
    if pull.value is None or shown.value is None or blind.value is None:
        return f"Whether suggestions pull people toward the model cannot be told: {_why(pull)}."
    verdict = _verdict(
        pull,
        0,
        "suggestions push people away from the model",
        "suggestions pull people toward the model",
        "no pull toward the model shown",
    )
    return (
        f"People said what the model says in {_percent(shown.value)} of their answers where they saw it and "
        f"in {_percent(blind.value)} where it was hidden, a difference of {100 * pull.value:+.0f} points "
        f"({_points(pull)}{pull.n:,} and {pull.against or 0:,} answers): {verdict}."
    )


def _costs(found: Measurements) -> Iterator[str]:
    costs = found.costs
    if costs.hourly is not None and costs.saving.value is not None and costs.share.value is not None:
        verb = "saves" if costs.saving.value >= 0 else "costs"
        verdict = _verdict(costs.saving, 0, "", "", "the interval includes nothing at all")
        yield (
            f"At ${costs.hourly:,.2f} an hour a suggestion {verb} ${abs(costs.saving.value):,.3f} an answer, "
            f"{_percent(abs(costs.share.value))} of its cost without one, the model's price included"
            f"{'; ' if verdict else ''}{verdict}."
        )
    elif costs.model:
        yield f"The suggestions cost ${costs.model:,.2f} in all."


def _agreement(found: Measurements, scale: Scale) -> str:
    level = MAIN_LEVEL[scale.kind]
    alpha = found.agreement.alpha[level]
    if alpha.value is None:
        return f"How far people agree cannot be told: {alpha.reason}."
    return (
        f"Krippendorff's alpha ({level}) among people is {alpha.value:.2f} "
        f"({_interval(alpha, '{:.2f}')}{alpha.n:,} items with two answers or more)."
    )


def _suggesters(found: Measurements) -> Iterator[str]:
    for name, accuracies in found.suggesters.items():
        exact = accuracies["independent"].exact
        if exact.value is None:
            yield f"How good {name} is cannot be told: no label rests on people who did not see it."
        else:
            yield (
                f"{name} is right in {_percent(exact.value)} of the items whose label rests on people who "
                f"did not see it ({_interval(exact, '{:.0%}')}{exact.n:,} items)."
            )


def _people(found: Measurements) -> Iterator[str]:
    streaks = [name for name, one in found.stamping.items() if one.streaks]
    known = sum(1 for one in found.stamping.values() if one.streaks is not None)
    if streaks:
        yield (
            f"{len(streaks)} of {known} people kept suggestions in streaks far below their own pace: "
            f"look at {', '.join(streaks[:5])}{' and others' if len(streaks) > 5 else ''}."
        )
    gold = [one for one in found.gold.values() if one.n]
    if gold:
        asked = sum(one.n for one in gold)
        right = sum(round((one.value or 0) * one.n) for one in gold)
        yield f"Of answers to gold items {_percent(right / asked)} are right ({asked:,} answers)."


def _few(found: Measurements) -> Iterator[str]:
    arms = found.counts["answers_by_arm"]
    few = [arm for arm in ("shown", "blind") if 0 < arms[arm] < _FEW]
    if few:
        counts = " and ".join(f"{arms[arm]:,} answers in the arm {arm}" for arm in few)
        yield f"There are only {counts}: intervals from so few answers are too narrow to be relied on."


def _verdict(one: Estimate, same: float, below: str, above: str, neither: str) -> str:
    """What an interval says of a figure that is ``same`` where suggestions make no difference."""
    if one.low is None or one.high is None:
        return "how sure that is cannot be told"
    return below if one.high < same else above if one.low > same else neither


def _why(one: Estimate) -> str:
    """The reason, in the words of the two arms."""
    if one.reason == "nothing to compare with":
        return "no answers with a hidden suggestion"
    return "no answers with a suggestion shown" if one.reason == "no answers" else one.reason


def _interval(one: Estimate, form: str) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{in_form(one.low, form)} to {in_form(one.high, form)}; "


def _points(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{100 * one.low:+.0f} to {100 * one.high:+.0f}; "


def _percent(share: float) -> str:
    return in_form(share, "{:.0%}")


def in_form(value: float, form: str) -> str:
    """A number as text; a percent sign stands apart from it."""
    return form.format(value).replace("%", " %")
