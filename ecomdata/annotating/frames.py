"""What a project holds, as polars frames."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Frame:
    """A query, and the types of its columns: ``int``, ``float``, ``str``, ``bool``."""

    sql: str
    columns: Mapping[str, type]


ITEMS: Final = Frame(
    "SELECT item_id, row_id, content, cluster, gold FROM items ORDER BY item_id",
    {"item_id": int, "row_id": int, "content": str, "cluster": int, "gold": str},
)
ANSWERS: Final = Frame(
    """
    SELECT e.event_id, e.assignment_id, a.item_id, a.annotator_id, n.name AS annotator,
        json_extract(e.payload, '$.answer') AS answer, json_extract(e.payload, '$.active_ms') AS active_ms,
        json_extract(e.payload, '$.wall_ms') AS wall_ms, a.arm, a.reason, a.round, a.suggestion_id,
        s.answer AS suggestion, s.confidence, s.source, s.model,
        json_extract(e.payload, '$.accepted') AS accepted,
        json_extract(e.payload, '$.comment') AS comment, e.at
    FROM events e JOIN assignments a USING (assignment_id)
        JOIN annotators n ON n.annotator_id = a.annotator_id
        LEFT JOIN suggestions s ON s.suggestion_id = a.suggestion_id
    WHERE e.kind = 'answer'
        AND e.event_id NOT IN (SELECT json_extract(payload, '$.event_id') FROM events WHERE kind = 'undo')
    ORDER BY e.event_id
    """,
    {
        "event_id": int,
        "assignment_id": int,
        "item_id": int,
        "annotator_id": int,
        "annotator": str,
        "answer": str,
        "active_ms": float,
        "wall_ms": float,
        "arm": str,
        "reason": str,
        "round": int,
        "suggestion_id": int,
        "suggestion": str,
        "confidence": float,
        "source": str,
        "model": str,
        "accepted": bool,
        "comment": str,
        "at": str,
    },
)
"""One row for each person and item: the answer that counts, undone ones left out, with the suggestion that
there was in either arm; ``accepted`` is null where none was seen, times are in milliseconds."""
SUGGESTIONS: Final = Frame(
    "SELECT * FROM suggestions ORDER BY suggestion_id",
    {
        "suggestion_id": int,
        "item_id": int,
        "source": str,
        "model": str,
        "round": int,
        "answer": str,
        "confidence": float,
        "outcome": str,
        "created": str,
        "prompt_sha256": str,
        "tokens_in": int,
        "tokens_out": int,
        "cost": float,
        "milliseconds": float,
    },
)
ASSIGNMENTS: Final = Frame(
    "SELECT * FROM assignments ORDER BY assignment_id",
    {
        "assignment_id": int,
        "item_id": int,
        "annotator_id": int,
        "arm": str,
        "suggestion_id": int,
        "round": int,
        "reason": str,
        "created": str,
    },
)
EVENTS: Final = Frame(
    "SELECT * FROM events ORDER BY event_id",
    {
        "event_id": int,
        "at": str,
        "kind": str,
        "assignment_id": int,
        "item_id": int,
        "annotator_id": int,
        "payload": str,
        "client_key": str,
    },
)


def read(connection: sqlite3.Connection, wanted: Frame) -> pl.DataFrame:
    """The frame of a query."""
    import polars as pl

    types = {int: pl.Int64(), float: pl.Float64(), str: pl.String(), bool: pl.Boolean()}
    rows = connection.execute(wanted.sql).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * len(wanted.columns)
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=pl.Int64() if kind is bool else types[kind], strict=False).cast(
                types[kind]
            )
            for (name, kind), values in zip(wanted.columns.items(), columns, strict=True)
        ]
    )
