"""What is known of the items so far: the labels to learn from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from ecomdata.annotating.records import from_json
from ecomdata.annotating.resolving import resolve

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project


def labels_of(project: Project) -> dict[int, dict[str, Any]]:
    """Item -> its label, an answer as JSON-ready values.

    Items with a known answer are left out, also where somebody decided on them, and so are those about which
    people disagree and nobody has decided; see :func:`ecomdata.annotating.resolving.resolve`.
    """
    answers = project.answers().filter(pl.col("reason") != "gold")
    decided = project.events().filter(kind="adjudicate").select("item_id", "payload")
    gold = {*project.items().drop_nulls("gold")["item_id"]}
    adjudicated = {
        item: _compact(from_json(payload)["answer"])
        for item, payload in decided.iter_rows()
        if item not in gold
    }
    resolved = resolve(answers.select("item_id", value="answer"), adjudicated)
    return {one.item_id: from_json(one.value) for one in resolved if one.value is not None}


def _compact(answer: object) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
