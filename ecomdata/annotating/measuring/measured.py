"""All measurements of a project in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ecomdata.annotating.draws import library_seed
from ecomdata.annotating.measuring.accuracy import Accuracy, accuracy, gold_accuracy
from ecomdata.annotating.measuring.agreement import Agreement, agreement
from ecomdata.annotating.measuring.choices import Choices, choices
from ecomdata.annotating.measuring.costs import Costs, costs
from ecomdata.annotating.measuring.estimates import Estimate, require_libraries
from ecomdata.annotating.measuring.judgements import Scale
from ecomdata.annotating.measuring.pulls import Pull, pull_toward_model
from ecomdata.annotating.measuring.stamping import Stamping, rubber_stamping
from ecomdata.annotating.measuring.times import ARMS, Times, times
from ecomdata.annotating.resolving import SOURCES, Resolved, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What a project's log says, as frames.

    Attributes:
        scale: What can be answered.
        judgements: See :mod:`ecomdata.annotating.measuring.judgements`.
        suggestions: ``item_id``, ``source``, ``model``, ``outcome``, ``cost``, ``value`` (in the form of
            judgements), in the order in which they were made.
        adjudicated: Item -> what an adjudicator said.
        gold: Item -> its known answer.
        lengths: Of spans: item -> field -> its length in code points.
        skips: How often an item was skipped; undone skips count no more.
        items: How many items the pool has.
    """

    scale: Scale
    judgements: pl.DataFrame
    suggestions: pl.DataFrame
    adjudicated: Mapping[int, str] = field(default_factory=dict[int, str])
    gold: Mapping[int, str] = field(default_factory=dict[int, str])
    lengths: Mapping[int, Mapping[str, int]] = field(default_factory=dict[int, Mapping[str, int]])
    skips: int = 0
    items: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What was measured.

    Attributes:
        counts: Answers by arm, people, items answered, skips, items by what their label rests on.
        times: Seconds per item.
        costs: Money.
        choices: What became of suggestions.
        pull: Whether answers move toward the model.
        agreement: Among people.
        suggesters: Each suggester (its source and model) against the labels of items: ``resolved`` ones, and
            ``independent`` ones, which rest on answers given without seeing the suggestion, or on an
            adjudicator. Only the second is fair to the question how good the model is.
        stamping: Streaks of very fast accepts, by person.
        gold: Accuracy on gold items, by person.
    """

    counts: dict[str, Any]
    times: Times
    costs: Costs
    choices: Choices
    pull: Pull
    agreement: Agreement
    suggesters: dict[str, dict[str, Accuracy]]
    stamping: dict[str, Stamping]
    gold: dict[str, Estimate]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "counts": self.counts,
            "times": self.times.as_dict(),
            "costs": self.costs.as_dict(),
            "suggestions_shown": self.choices.as_dict(),
            "pull": self.pull.as_dict(),
            "agreement": self.agreement.as_dict(),
            "suggesters": {
                name: {against: one.as_dict() for against, one in found.items()}
                for name, found in self.suggesters.items()
            },
            "rubber_stamping": {name: one.as_dict() for name, one in self.stamping.items()},
            "gold": {name: one.as_dict() for name, one in self.gold.items()},
        }


def measure(log: Log, *, hourly_cost: float | None = None, seed: int = 0) -> Measurements:
    """Measure a project; the same log and seed give the same figures.

    Args:
        log: Its log.
        hourly_cost: What an hour of a person costs, in the currency of the suggestions' costs (US dollars).
        seed: Of all resampling.

    Raises:
        EcomdataError: a library of the extra ``annotate`` is missing.
    """
    require_libraries()
    seed = library_seed(seed)
    judgements, scale = log.judgements, log.scale
    resolved = resolve(judgements, log.adjudicated)
    return Measurements(
        counts=_counts(log, resolved),
        times=times(judgements, seed=seed),
        costs=costs(judgements, log.suggestions, hourly=hourly_cost, seed=seed),
        choices=choices(judgements, scale, seed=seed),
        pull=pull_toward_model(judgements, scale, seed=seed),
        agreement=agreement(judgements, scale, lengths=log.lengths, seed=seed),
        suggesters=_suggesters(log, resolved),
        stamping=rubber_stamping(judgements),
        gold=gold_accuracy(judgements, log.gold),
    )


def _counts(log: Log, resolved: list[Resolved]) -> dict[str, Any]:
    sources = Counter(one.source for one in resolved)
    arms = Counter(log.judgements["arm"].to_list())
    outcomes = Counter(log.suggestions["outcome"].to_list())
    return {
        "items": log.items,
        "answered": len(resolved),
        "answers": log.judgements.height,
        "annotators": log.judgements["annotator"].n_unique(),
        "skips": log.skips,
        "answers_by_arm": {arm: arms[arm] for arm in ARMS},
        "labels_by_source": {source: sources[source] for source in SOURCES},
        "suggestions_by_outcome": dict(sorted(outcomes.items())),
    }


def _suggesters(log: Log, resolved: list[Resolved]) -> dict[str, dict[str, Accuracy]]:
    """Each suggester's last usable answer for an item, against the item's label."""
    unseen = resolve(log.judgements.filter(pl.col("arm") != "shown"), log.adjudicated)
    found: dict[str, dict[str, Accuracy]] = {}
    usable = log.suggestions.drop_nulls("value").with_columns(
        name=pl.concat_str("source", pl.col("model").fill_null(""), separator=" ").str.strip_chars()
    )
    for name in usable["name"].unique().sort():
        last = usable.filter(name=name).unique("item_id", keep="last", maintain_order=True)
        found[str(name)] = {
            against: accuracy(_labelled(last, labels), log.scale)
            for against, labels in (("resolved", resolved), ("independent", unseen))
        }
    return found


def _labelled(suggestions: pl.DataFrame, resolved: list[Resolved]) -> pl.DataFrame:
    labels = pl.DataFrame(
        [(one.item_id, one.value) for one in resolved if one.value is not None],
        schema={"item_id": pl.Int64, "label": pl.String},
        orient="row",
    )
    return suggestions.join(labels, on="item_id").select("label", given="value")
