"""GH Archive's raw values, the normalised events, and the queries that count them day by day.

Facts: the site and README of github.com/igrigorik/gharchive.org, rows of all three shapes, and
docs/adr/0007-hybrid-data-epochs.md of github.com/KrimsN/gh-pulse (the feed loses most stars and forks after
October 2025, so build no labels past September 2025).
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

KINDS: Final = ("push", "star", "fork", "create")
_KIND: Final = pl.Enum(KINDS)
REF_TYPES: Final = ("repository", "branch", "tag")

PATHS: Final = {
    "id": ("id",),
    "type": ("type",),
    "created_at": ("created_at",),
    "repo_id": ("repo", "id"),
    "repo_name": ("repo", "name"),
    "repository_id": ("repository", "id"),
    "repository_owner": ("repository", "owner"),
    "repository_name": ("repository", "name"),
    "repository_created_at": ("repository", "created_at"),
    "action": ("payload", "action"),
    "ref_type": ("payload", "ref_type"),
}
"""Where the values stand: ``repo`` in the Events API (2015 on), ``repository`` in the Timeline before it."""

_TIMES: Final = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y/%m/%d %H:%M:%S %#z")

PATH: Final = r"/(?P<file_day>[0-9]{4}-[0-9]{2}-[0-9]{2})-[0-9]+\.[^/]*$"
"""The day that a file's name says; hours were named in Pacific time once, so it is right to a day."""


class RawEvents(dy.Schema):
    """The values taken out of each event; logins, addresses and messages are left where they are."""

    id = dy.String(nullable=True)
    type = dy.String(nullable=True)
    created_at = dy.String(nullable=True)
    repo_id = dy.Int64(nullable=True)
    repo_name = dy.String(nullable=True)
    repository_id = dy.Int64(nullable=True)
    repository_owner = dy.String(nullable=True)
    repository_name = dy.String(nullable=True)
    repository_created_at = dy.String(nullable=True)
    action = dy.String(nullable=True)
    ref_type = dy.String(nullable=True)


class Events(dy.Schema):
    """Pushes, stars, forks and creations of repositories, branches and tags: one event a row.

    A star is a WatchEvent whose action is "started"; a push is one PushEvent, however many commits it has
    (upstream names no commits since October 2025). ``timestamp`` is in UTC: upstream's own offset, Pacific
    time until 2014, is taken off. ``repo_name`` is ``owner/name`` as it was then; ``repo_id`` stays the same
    when a repository is renamed, and is null where the shape has none. ``event_id`` is upstream's, null in
    the Timeline shape; ids start over, so equal ones need not be one event. ``repo_created_at`` is what the
    Timeline shape says of the repository.
    """

    repo_name = dy.String(
        regex=r"^[^/\s]+/[^/\s]+$", description="The repository, `owner/name` as it was then."
    )
    event = dy.Enum(KINDS, description="What was done.")
    timestamp = dy.Datetime(time_zone="UTC", description="When, in UTC.")
    repo_id = dy.Int64(nullable=True, description="The repository's number, which stays when it is renamed.")
    ref_type = dy.String(nullable=True, description="What was created: a repository, a branch or a tag.")
    repo_created_at = dy.Datetime(
        time_zone="UTC", nullable=True, description="When the repository was made, where the record says so."
    )
    event_id = dy.String(nullable=True, description="Upstream's id, which is not unique over the years.")


class Days(dy.Schema):
    """What happened to each repository on each day in UTC on which anything did."""

    unit_id = dy.String(description="The repository, `owner/name`.")
    day = dy.Date(description="The day, in UTC.")
    pushes = dy.Int64(min=0, description="Pushes on it.")
    creates = dy.Int64(min=0, description="Creations of repositories, branches and tags on it.")
    stars = dy.Int64(min=0, description="Stars on it.")
    forks = dy.Int64(min=0, description="Forks on it.")


class Names(dy.Schema):
    """Which ids and names of repositories were seen together: renamed ones have several names to an id.

    A name with several ids was given to another repository later; its series counts both.
    """

    repo_name = dy.String(description="A name, `owner/name`.")
    repo_id = dy.Int64(nullable=True, description="A repository's number that was seen with it.")
    events = dy.Int64(min=1, description="How many events name both.")
    first_seen = dy.Datetime(time_zone="UTC", description="The first of them, in UTC.")
    last_seen = dy.Datetime(time_zone="UTC", description="The last of them, in UTC.")


class Coverage(dy.Schema):
    """How much of each day the raw hours cover: ``hours`` of 24 have an event of any of the four kinds."""

    day = dy.Date(description="The day, in UTC.")
    hours = dy.Int64(min=1, max=24, description="How many of its 24 hours have an event.")
    events = dy.Int64(min=1, description="How many events it has.")


def kind_of(event: pl.Expr, action: pl.Expr) -> pl.Expr:
    """Upstream's type of event as one of :data:`KINDS`; null for any other."""
    star = (event == "WatchEvent") & (action == "started")
    return (
        pl.when(event == "PushEvent")
        .then(pl.lit("push"))
        .when(star)
        .then(pl.lit("star"))
        .when(event == "ForkEvent")
        .then(pl.lit("fork"))
        .when(event == "CreateEvent")
        .then(pl.lit("create"))
        .cast(_KIND)
    )


DROPS: Final = {
    "another type of event than push, watch, fork and create": ~pl.col("type").is_in(
        ["PushEvent", "WatchEvent", "ForkEvent", "CreateEvent"]
    ),
    "a WatchEvent with another action than started": (pl.col("type") == "WatchEvent")
    & (pl.col("action") != "started"),
}
"""Events that are not counted, by rule; an event without a type is rejected."""


def utc(text: pl.Expr) -> pl.Expr:
    """A clock time with its offset, or Z, as a time in UTC; null in any other form."""
    forms = [text.str.to_datetime(form, time_unit="us", strict=False, time_zone="UTC") for form in _TIMES]
    return pl.coalesce(forms)


def _days_off() -> pl.Expr:
    """How many days lie between an event and the day that the file's name says; null where one is unknown."""
    day = pl.col("file_day").str.to_date("%Y-%m-%d", strict=False)
    return (utc(pl.col("created_at")).dt.date() - day).dt.total_days().abs()


REJECTS: Final = {
    "created_at is no usable time": pl.col("created_at").is_not_null() & utc(pl.col("created_at")).is_null(),
    "created_at is days away from the hour that the file's name says": _days_off() > 1,
}
"""Why an event's time is not believed: one stray year would draw out every series of the record."""


def events(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Raw values (:class:`RawEvents`) -> the same rows in the same order as :class:`Events`."""
    older = pl.concat_str("repository_owner", pl.lit("/"), "repository_name")
    return raw.select(
        repo_name=pl.coalesce("repo_name", older),
        event=kind_of(pl.col("type"), pl.col("action")),
        timestamp=utc(pl.col("created_at")),
        repo_id=pl.coalesce("repo_id", "repository_id"),
        ref_type="ref_type",
        repo_created_at=utc(pl.col("repository_created_at")),
        event_id="id",
    )


DAYS_SQL: Final = """
SELECT
    repo_name AS unit_id,
    "timestamp"::DATE AS day,
    count(*) FILTER (event = 'push') AS pushes,
    count(*) FILTER (event = 'create') AS creates,
    count(*) FILTER (event = 'star') AS stars,
    count(*) FILTER (event = 'fork') AS forks
FROM events GROUP BY unit_id, day ORDER BY unit_id, day
"""

NAMES_SQL: Final = """
SELECT repo_name, repo_id, count(*) AS events, min("timestamp") AS first_seen, max("timestamp") AS last_seen
FROM events GROUP BY repo_name, repo_id ORDER BY repo_name, repo_id
"""

COVERAGE_SQL: Final = """
SELECT "timestamp"::DATE AS day, count(DISTINCT hour("timestamp")) AS hours, count(*) AS events
FROM events GROUP BY day ORDER BY day
"""

# The creation counts as birth where it is in the record and nothing was seen before it. Else all that is
# known is when the repository was seen first, and what happened to it before the record is not in it.
SERIES_SQL: Final = """
WITH record AS (SELECT min(day) AS start, max(day) AS last FROM days),
created AS (
    SELECT
        repo_name AS unit_id,
        least(
            min("timestamp") FILTER (event = 'create' AND ref_type = 'repository'), min(repo_created_at)
        )::DATE AS day
    FROM events GROUP BY repo_name
),
seen AS (SELECT unit_id, min(day) AS first FROM days GROUP BY unit_id),
births AS (
    SELECT unit_id, created.day AS said_created, created.day BETWEEN start AND first AS known,
        CASE WHEN known THEN created.day ELSE first END AS born
    FROM seen JOIN created USING (unit_id), record
)
SELECT days.*, born, NOT coalesce(known, false) AS inferred, said_created, (SELECT last FROM record) AS last
FROM days JOIN births USING (unit_id)
ORDER BY unit_id, day
"""
