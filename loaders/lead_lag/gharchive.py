"""Series of repositories on GitHub, counted from GH Archive's raw hours.

Upstream: https://www.gharchive.org, a gzip file of JSON lines an hour since 2011, in three shapes.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import JsonPaths

from . import _gharchive_tables as t
from ._days import GATHER_ROWS, series_of
from ._family import CITATION, UNIT, at_any_horizon
from ._gharchive_sample import sample

_HOUR: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]-[0-9]*.json"
_CHANNELS: Final = ("pushes", "creates", "stars", "forks")


class Series(dy.Schema):
    """Each repository's pushes, creations, stars and forks so far, day by day in UTC.

    ``unit_id`` is the repository's name, ``owner/name``, the one thing that all shapes of upstream have; the
    table ``names`` tells which ids went by it. ``created_date`` is the day of the repository's creation where
    the record has it (a CreateEvent, or the Timeline's ``repository.created_at``) and nothing came before it;
    else the day it was seen first, and ``inferred_birth`` is true: what happened earlier is not counted.
    ``said_created`` is what upstream says, also where it lies before the record. Lists run from
    ``created_date`` to the last day of the record; days of which hours are missing (see ``coverage``) count
    too little.
    """

    unit_id = dy.String()
    created_date = dy.Date()
    observed_days = dy.Int64(min=1)
    inferred_birth = dy.Bool()
    first_pushes = dy.Float64(nullable=True)
    first_creates = dy.Float64(nullable=True)
    first_stars = dy.Float64(nullable=True)
    first_forks = dy.Float64(nullable=True)
    cumulative_pushes = dy.List(dy.Int64())
    cumulative_creates = dy.List(dy.Int64())
    cumulative_stars = dy.List(dy.Int64())
    cumulative_forks = dy.List(dy.Int64())
    said_created = dy.Date(
        nullable=True, description="The day on which upstream says that the repository was made."
    )


EVENTS: Final = Table(
    name="events",
    schema=t.Events,
    grain="one event",
    time_zone="UTC",
    raws=(
        Raw(
            files=(_HOUR, f"{_HOUR}.gz", _HOUR.replace(".json", ".*.json")),
            reader=JsonPaths(paths=t.PATHS),
            schema=t.RawEvents,
            optional=tuple(name for name in t.PATHS if name not in {"type", "created_at"}),
            normalize=t.events,
            path=t.PATH,
            drops=t.DROPS,
            rejects=t.REJECTS,
        ),
    ),
)

GHARCHIVE: Final = Dataset(
    name="lead-lag/gharchive",
    title="Lead-lag series from GH Archive",
    summary=(
        "Daily pushes, creations, stars and forks of every repository in the hours of GH Archive that you "
        "give, as lead-lag series."
    ),
    homepage="https://www.gharchive.org",
    licence=Licence(
        id="CC-BY-4.0",
        url="https://creativecommons.org/licenses/by/4.0/legalcode.en",
        redistribution=None,
        note=(
            "GH Archive's site is CC-BY-4.0 and its code MIT, but it says that the data may be subject to "
            "third party rights, so whether they may be passed on is not known."
        ),
    ),
    citation=CITATION,
    languages=(),
    access="open",
    sources=(
        Source(
            instructions=(
                "Download the hours you want, such as https://data.gharchive.org/2015-01-01-15.json.gz (the "
                "hour has no leading zero; an hour is about 20 to 150 MB), and pass their folder with "
                "--source. Stars and forks after September 2025 are incomplete in the feed."
            ),
        ),
    ),
    tables=(
        EVENTS,
        Table(
            name="days",
            schema=t.Days,
            grain="one repository on one day",
            derive=t.DAYS_SQL,
            key=("unit_id", "day"),
        ),
        Table(
            name="series",
            kind="series",
            schema=Series,
            grain="one repository name",
            derive=t.SERIES_SQL,
            gather=("unit_id",),
            gather_rows=GATHER_ROWS,
            assemble=series_of(_CHANNELS, "said_created"),
            key=("unit_id",),
        ),
        Table(name="names", schema=t.Names, grain="one id under one name", derive=t.NAMES_SQL),
        Table(name="coverage", schema=t.Coverage, grain="one day", derive=t.COVERAGE_SQL, key=("day",)),
    ),
    sample=sample,
    views=at_any_horizon(("pushes", "stars"), "forks", unit=UNIT),
)
