"""What every member of the family has in common: the paper, and labels and lookbacks as SQL views.

Facts: "Benchmark Datasets for Lead-Lag Forecasting on Social Platforms" (arXiv 2511.03877) and the code of
its authors, github.com/kimzemian/LLF: lookbacks of 30, 100 and 365 days, a horizon of 1825 days (five years),
and as label the cumulative count of the lag channel on the last day of the horizon.
"""

from __future__ import annotations

from typing import Final

from ecomdata.declare import View

HORIZON: Final = 1825
"""Days from a unit's birth to its label."""

LOOKBACKS: Final = (30, 100, 365)
"""Days from a unit's birth that a forecast may see."""

SPLITS: Final = ("train", "val", "labeled_test", "unlabeled_test", "train_extra")

CITATION: Final = """@misc{kazemian2025leadlag,
  title={Benchmark Datasets for Lead-Lag Forecasting on Social Platforms},
  author={Kazemian and Liu and Yang and Luo and Gu and Du and Yang and Jansons and Weinberger and Thickstun
    and Yin and Dean},
  year={2025},
  eprint={2511.03877},
  archivePrefix={arXiv}
}"""


_APART: Final = (
    "CASE WHEN days >= 1 AND horizon > days THEN true ELSE error('lookback(days, horizon): days is 1 at "
    "least, and horizon is more than days, or the label would stand in the input') END"
)
_AHEAD: Final = "CASE WHEN horizon >= 1 THEN true ELSE error('labels_at(horizon): horizon is 1 at least') END"
"""Whether the parameters of a view mean something, in SQL: DuckDB counts places below 1 from the end."""

UNIT: Final = ("unit_id", "created_date", "observed_days")
"""The columns of a series that its views have, too."""


def at_any_horizon(
    lead: tuple[str, ...], lag: str, *, unit: tuple[str, ...] = UNIT, born: str = "true"
) -> tuple[View, ...]:
    """``labels_at(horizon)`` and ``lookback(days, horizon)`` over a table ``series``, both in days.

    Args:
        lead: Channels that come first, such as ``pushes`` for the column ``cumulative_pushes``.
        lag: The channel that is forecast.
        unit: The columns that stand before them.
        born: SQL over ``series`` and ``days``: whether a unit's first ``days`` days are all in the record.
    """
    channels = (*lead, lag)
    at = ", ".join(f"cumulative_{channel}[horizon] AS {channel}" for channel in channels)
    seen = ", ".join(f"cumulative_{channel}[1:days] AS {channel}_input" for channel in channels)
    label = f"CASE WHEN observed_days >= horizon THEN cumulative_{lag}[horizon] END AS {lag}_label"
    names = ", ".join(unit)
    return (
        View(
            name="labels_at",
            description=(
                "Each unit that was observed for horizon days, with the cumulative count of each channel on "
                "the last of them."
            ),
            sql=f"SELECT {names}, {at} FROM this.series WHERE {_AHEAD} AND observed_days >= horizon",  # noqa: S608
            parameters=("horizon",),
        ),
        View(
            name="lookback",
            description=(
                f"Each unit's first days as input, and its cumulative {lag} on day horizon as label, null "
                "where it was not observed for so long; units younger than days are left out."
            ),
            sql=(
                f"SELECT {names}, {seen}, {label} FROM this.series "  # noqa: S608 - names
                f"WHERE {_APART} AND observed_days >= days AND {born}"
            ),
            parameters=("days", "horizon"),
        ),
    )


def as_published(lead: tuple[str, ...], lag: str) -> tuple[View, ...]:
    """The views of :func:`at_any_horizon`, and ``labels`` and ``lookback_<days>`` as the paper has them."""
    return (
        *at_any_horizon(lead, lag, unit=(*UNIT, "split")),
        View(
            name="labels",
            description=f"Each unit observed for {HORIZON} days, with its counts on the last of them.",
            sql=f"SELECT * FROM this.labels_at({HORIZON})",  # noqa: S608
        ),
        *(
            View(
                name=f"lookback_{days}",
                description=f"Each unit's first {days} days as input, its {lag} on day {HORIZON} as label.",
                sql=f"SELECT * FROM this.lookback({days}, {HORIZON})",  # noqa: S608
            )
            for days in LOOKBACKS
        ),
    )
