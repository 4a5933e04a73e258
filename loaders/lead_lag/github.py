"""GitHub repositories of the lead-lag benchmark: pushes and stars lead, forks lag.

Facts: the card and the viewer of huggingface.co/datasets/LeadLagForecasting/llf_github at 2473a17, its
``metadata.json``, and https://lead-lag-forecasting.github.io.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Parquet

from ._family import CITATION, SPLITS, as_published
from ._github_sample import sample
from ._series import difference, first_rule, length_rules, observed_days, violations

LISTS: Final = tuple(f"cumulative_{name}" for name in ("pushes_w_creates", "pushes", "stars", "forks"))
_FIRSTS: Final = {
    "first_create": "creates",
    "first_push": "cumulative_pushes",
    "first_star": "cumulative_stars",
    "first_fork": "cumulative_forks",
}
"""Day of the first event -> the list that it speaks of; creates are pushes_w_creates less pushes."""

_PATH: Final = rf"(?:^|/)(?P<split>{'|'.join(SPLITS)})-[0-9]+-of-[0-9]+\.parquet$"


class RawRepositories(dy.Schema):
    """The columns of every shard, as the card has them.

    ``created_date`` is a day, as a time in milliseconds without a zone. Day i of a list is i days after it.
    The four ``first_`` columns are such days as floats, null where there was never such an event.
    """

    id = dy.String(nullable=True)
    platforms = dy.List(dy.String(nullable=True), nullable=True)
    created_date = dy.Datetime(nullable=True)
    first_create = dy.Float64(nullable=True, allow_nan=True)
    first_push = dy.Float64(nullable=True, allow_nan=True)
    first_star = dy.Float64(nullable=True, allow_nan=True)
    first_fork = dy.Float64(nullable=True, allow_nan=True)
    cumulative_pushes_w_creates = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_pushes = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_stars = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_forks = dy.List(dy.Int64(nullable=True), nullable=True)


class Repositories(dy.Schema):
    """Package repositories on GitHub, each with its daily counts of pushes, creates, stars and forks.

    ``unit_id`` is ``owner/name`` in upstream's letter case. Place i of a list, from 0, holds how many events
    there were up to the end of the day i days after ``created_date``; in SQL, where lists count from 1, the
    count after n days is ``list[n]``. Creates are of branches and tags as well as of repositories. Which
    time zone days are in is not known. ``observed_days`` is the length of the lists (of the shortest, where
    they differ). ``split`` is upstream's, from the file's name: ``unlabeled_test`` has units younger than
    five years, ``train_extra`` anomalies. ``platforms`` are the package registries. ``created_at`` is
    upstream's whole timestamp.

    ``violations`` names the checks that the row breaks: ``lengths_differ``, ``<list>_decreases``,
    ``<list>_negative``, ``<list>_has_nulls``, ``pushes_above_pushes_w_creates``, ``<first>_is_not_the_first``
    (also where one is null although there are events, or the reverse), ``created_not_at_midnight``,
    ``labelled_shorter_than_horizon`` and ``unlabelled_not_shorter_than_horizon`` (1825 days). They are
    deductions, so such rows are kept.
    """

    unit_id = dy.String()
    created_date = dy.Date(nullable=True)
    split = dy.Enum(SPLITS, nullable=True)
    observed_days = dy.Int64(nullable=True)
    inferred_birth = dy.Bool()
    first_create = dy.Float64(nullable=True, allow_nan=True)
    first_push = dy.Float64(nullable=True, allow_nan=True)
    first_star = dy.Float64(nullable=True, allow_nan=True)
    first_fork = dy.Float64(nullable=True, allow_nan=True)
    cumulative_pushes_w_creates = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_pushes = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_stars = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_forks = dy.List(dy.Int64(nullable=True), nullable=True)
    platforms = dy.List(
        dy.String(nullable=True), nullable=True, description="The package registries that know it."
    )
    created_at = dy.Datetime(nullable=True, description="Upstream's whole time of its creation.")
    violations = dy.List(dy.String(), description="The checks that the row breaks.")


def normalize(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows (:class:`RawRepositories`, ``split``) -> the same rows in order as :class:`Repositories`."""
    types = {name: column.dtype for name, column in Repositories.columns().items()}
    return raw.map_batches(_normalized, schema=types)


def _normalized(raw: pl.DataFrame) -> pl.DataFrame:
    day = pl.col("created_date").dt.date()
    frame = raw.with_columns(
        unit_id="id",
        created_at="created_date",
        created_date=day,
        split=pl.col("split").cast(pl.Enum(SPLITS)),
        observed_days=observed_days(LISTS),
        inferred_birth=pl.lit(value=False),
    )
    creates = frame.with_columns(difference(LISTS[0], LISTS[1]).alias("creates"))
    rules = {
        "pushes_above_pushes_w_creates": pl.col("creates").list.min() < 0,
        **{f"{first}_is_not_the_first": first_rule(first, days) for first, days in _FIRSTS.items()},
        "created_not_at_midnight": pl.col("created_at") != pl.col("created_date").cast(pl.Datetime("us")),
        **length_rules(),
    }
    return frame.with_columns(violations=violations(creates, LISTS, rules)).select(
        Repositories.column_names()
    )


GITHUB: Final = Dataset(
    name="lead-lag/github",
    title="Lead-lag forecasting: GitHub",
    summary=(
        "Daily counts of pushes, stars and forks of 3 million package repositories from their creation on, "
        "for forecasting five-year forks from early activity."
    ),
    homepage="https://huggingface.co/datasets/LeadLagForecasting/llf_github",
    licence=Licence(
        id="CC-BY-4.0",
        url="https://creativecommons.org/licenses/by/4.0/",
        redistribution=True,
        note="cc-by-4.0 in the dataset card, CC BY 4.0 in metadata.json.",
    ),
    citation=CITATION,
    languages=(),
    access="open",
    sources=(
        Source(
            url="hf://datasets/LeadLagForecasting/llf_github@2473a17",
            files=("data/*.parquet",),
            size=1_094_625_852,
        ),
    ),
    tables=(
        Table(
            name="series",
            kind="series",
            schema=Repositories,
            grain="one repository",
            raws=(
                Raw(
                    files=tuple(f"{split}-*-of-*.parquet" for split in SPLITS),
                    reader=Parquet(),
                    schema=RawRepositories,
                    path=_PATH,
                    normalize=normalize,
                ),
            ),
            key=("unit_id",),
            units={"observed_days": "days", **dict.fromkeys(_FIRSTS, "days since created_date")},
        ),
    ),
    sample=sample,
    views=as_published(("pushes_w_creates", "stars"), "forks"),
)
