"""arXiv papers of the lead-lag benchmark: accesses lead, citations lag.

The released files could not be seen: their names, container, columns and licence are UNKNOWN. What is taken
here for a column are hints, the names in the authors' own copies (``baseline_preprocess.py`` of
github.com/kimzemian/LLF-Training); a load says what it took, and ``--alias`` adds names. What the series are
made of is said at https://lead-lag-forecasting.github.io.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import JsonLines, Parquet

from ._arxiv_sample import sample
from ._family import CITATION, SPLITS, as_published
from ._series import first_day, length_rules, observed_days, violations

CHANNELS: Final = ("accesses", "citations")
LISTS: Final = tuple(f"cumulative_{name}" for name in CHANNELS)

_DAILY: Final = tuple(f"daily_{name}" for name in CHANNELS)
_ALIASES: Final = {"published": ("publication_time",)}
"""Declared column -> its name among the hints, where that is another. ``submitted_date`` is not in it:
whether the first day is that of submission is not known."""

_LOOSE: Final = ("published", "category", *LISTS, *_DAILY)
"""An id is not in it: as a number, 1501.00010 would be another paper's, and 0704.0001 has lost its zero."""
_REST: Final = "unverified"

_PATH: Final = r"^(?:.*[/_.-])?(?P<split>train_extra|unlabeled_test|labeled_test|train|val)(?=[/_.-][^/]*$|/)"
"""The last of the five names that stands in the path between marks such as ``/``, ``-`` and ``.``."""

_DAY: Final = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?$"


class RawPapers(dy.Schema):
    """What is looked for in a file: nothing but an id and one list of counts must be there.

    ``id`` is an arXiv id, of either style. Lists hold one count a day, from the day of publication on.
    ``unverified`` takes every other column, as JSON: among the hints are ``id2``, ``submitted_date`` and
    ``cumulative_citations_offset``, whose part in the series is not known.
    """

    id = dy.String(nullable=True)
    published = dy.String(nullable=True)
    category = dy.String(nullable=True)
    cumulative_accesses = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_citations = dy.List(dy.Int64(nullable=True), nullable=True)
    daily_accesses = dy.List(dy.Int64(nullable=True), nullable=True)
    daily_citations = dy.List(dy.Int64(nullable=True), nullable=True)
    unverified = dy.String(nullable=True)


class Papers(dy.Schema):
    """Papers on arXiv, each with its daily counts of accesses and citations.

    Place i of a cumulative list, from 0, holds how many there were up to the end of the day i days after the
    first; in SQL, where lists count from 1, the count after n days is ``list[n]``. Where a file has only
    daily counts they are added up here. ``first_accesses`` and ``first_citations`` are made here: the place
    of the first count above zero, null where there is none. ``observed_days`` is the length of the lists (of
    the shortest, where they differ). A citation counts on the day the citing paper was published; accesses
    before July 2013 are known by week only.

    ``created_date`` is the day in upstream's time of publication, null where that is no date (a number of
    seconds is not taken for one); ``published_raw`` is that time as it stands in the file. ``split`` is the
    one that the file's path names. ``violations`` names the checks that the row breaks: ``lengths_differ``,
    ``<list>_decreases``, ``<list>_negative``, ``<list>_has_nulls``, ``labelled_shorter_than_horizon``,
    ``unlabelled_not_shorter_than_horizon`` (1825 days). ``unverified`` holds every other column as JSON.
    """

    unit_id = dy.String()
    created_date = dy.Date(nullable=True)
    split = dy.Enum(SPLITS, nullable=True)
    observed_days = dy.Int64(nullable=True)
    inferred_birth = dy.Bool()
    first_accesses = dy.Float64(nullable=True)
    first_citations = dy.Float64(nullable=True)
    cumulative_accesses = dy.List(dy.Int64(nullable=True), nullable=True)
    cumulative_citations = dy.List(dy.Int64(nullable=True), nullable=True)
    published_raw = dy.String(
        nullable=True, description="Upstream's time of publication, as it stands in the file."
    )
    category = dy.String(nullable=True, description="The paper's category.")
    daily_accesses = dy.List(dy.Int64(nullable=True), nullable=True, description="Accesses on each day.")
    daily_citations = dy.List(dy.Int64(nullable=True), nullable=True, description="Citations on each day.")
    violations = dy.List(dy.String(), description="The checks that the row breaks.")
    unverified = dy.String(nullable=True, description="All other columns, as JSON.")


def normalize(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows (:class:`RawPapers` and ``split``) -> the same rows in the same order as :class:`Papers`."""
    types = {name: column.dtype for name, column in Papers.columns().items()}
    return raw.map_batches(_normalized, schema=types)


def _normalized(raw: pl.DataFrame) -> pl.DataFrame:
    day = pl.col("published").str.extract(_DAY).str.to_date("%Y-%m-%d", strict=False)
    frame = raw.with_columns(
        *(pl.coalesce(total, _added_up(daily)) for total, daily in zip(LISTS, _DAILY, strict=True)),
        unit_id="id",
        created_date=day,
        split=pl.col("split").cast(pl.Enum(SPLITS)),
        inferred_birth=pl.lit(value=False),
        published_raw="published",
    )
    firsts = (first_day(name).alias(name.replace("cumulative", "first")) for name in LISTS)
    frame = frame.with_columns(*firsts, observed_days=observed_days(LISTS))
    given = [name for name in LISTS if frame[name].null_count() < frame.height]
    return frame.with_columns(violations=violations(frame, given, length_rules())).select(
        Papers.column_names()
    )


def _added_up(daily: str) -> pl.Expr:
    return pl.col(daily).list.eval(pl.element().cum_sum())


def _raw(reader: Parquet | JsonLines, *files: str) -> Raw:
    return Raw(
        files=files,
        reader=reader,
        schema=RawPapers,
        optional=tuple(name for name in RawPapers.column_names() if name != "id"),
        one_of=(*LISTS, *_DAILY),
        aliases=_ALIASES,
        path=_PATH,
        normalize=normalize,
    )


ARXIV: Final = Dataset(
    name="lead-lag/arxiv",
    title="Lead-lag forecasting: arXiv",
    summary=(
        "Daily accesses and citations of 2.3 million arXiv papers from their publication on, for forecasting "
        "five-year citations from early accesses; upstream's format is not known, so columns are looked for."
    ),
    homepage="https://lead-lag-forecasting.github.io",
    licence=Licence(
        id="other",
        name="no licence known",
        url="https://lead-lag-forecasting.github.io",
        redistribution=None,
        note="The web application that gives out the files could not be read; it may name its terms.",
    ),
    citation=CITATION,
    languages=(),
    access="open",
    sources=(
        Source(
            instructions=(
                "Get the files by hand: https://lead-lag-forecasting.github.io names the web application "
                "https://arxiv-usage-487135306902.us-central1.run.app/. Pass the folder with --source: "
                "Parquet or JSON lines (.jsonl, .ndjson, also .gz) of any name, one paper a row; a split "
                "that the path names (train, val, labeled_test, unlabeled_test, train_extra) is kept. The "
                "names of columns are not known beforehand: where the load does not find one, say what it is "
                "called, such as --alias cumulative_accesses=NAME."
            ),
        ),
    ),
    tables=(
        Table(
            name="series",
            kind="series",
            schema=Papers,
            grain="one paper",
            raws=(
                _raw(Parquet(rest=_REST, loose=_LOOSE), "*.parquet"),
                _raw(
                    JsonLines(rest=_REST, loose=_LOOSE),
                    *("*.jsonl", "*.jsonl.gz", "*.ndjson", "*.ndjson.gz"),
                ),
            ),
            key=("unit_id",),
            units={
                "observed_days": "days",
                "first_accesses": "days since created_date",
                "first_citations": "days since created_date",
            },
        ),
    ),
    sample=sample,
    views=as_published(("accesses",), "citations"),
)
