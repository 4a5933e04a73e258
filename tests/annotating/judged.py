"""Judgements for tests, written short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from ecomdata.annotating.measuring.judgements import JUDGEMENTS, Scale

SENTIMENT = Scale(kind="labels", values=("negative", "neutral", "positive"))
STARS = Scale(kind="score", values=("1", "2", "3", "4", "5"))


def judged(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """A frame of judgements; what a row does not say is as it is where nothing is known."""
    usual = {
        "item_id": 0, "annotator": "ann", "arm": "none", "round": 0,
        "seconds": 10.0, "value": "", "suggested": None, "at": "",
    }  # fmt: skip
    return pl.DataFrame([{**usual, **row} for row in rows], schema=dict(JUDGEMENTS))


def coded(table: Sequence[Sequence[object]]) -> pl.DataFrame:
    """A frame out of a row for each observer and a column for each unit, as papers have them."""
    return judged(
        {"item_id": unit, "annotator": f"observer {observer}", "value": str(value)}
        for observer, row in enumerate(table)
        for unit, value in enumerate(row)
        if value is not None
    )


def confused(counts: Sequence[Sequence[int]], names: Sequence[str]) -> pl.DataFrame:
    """A frame of two people's answers out of their confusion matrix."""
    rows: list[dict[str, object]] = []
    cells = [(a, b) for a in range(len(names)) for b in range(len(names)) for _ in range(counts[a][b])]
    for item, (one, other) in enumerate(cells):
        rows.append({"item_id": item, "annotator": "one", "value": names[one]})
        rows.append({"item_id": item, "annotator": "two", "value": names[other]})
    return judged(rows)
