"""Files of sessions for the embedding hit rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ecomdata.errors import DataError
from ecomdata.semanticids.lines import excerpt, text_lines

SEPARATOR: Final = "||$$||"
_FORM: Final = f"session_id{SEPARATOR}label{SEPARATOR}target_id{SEPARATOR}items joined by commas"


@dataclass(frozen=True, slots=True)
class Query:
    """A session: what was looked at, what came then, and whether it counts.

    Attributes:
        label: 1 where the target was taken.
        target: The item that came then.
        items: The items of the session.
    """

    label: float
    target: str
    items: tuple[str, ...]


def read_queries(path: Path, spelt: Callable[[str], str]) -> list[Query]:
    """The sessions of a file, one on each line (SID_generation/infer_SID.py before 23ee192).

    Args:
        path: The file.
        spelt: An id as the gallery spells it; ValueError where it cannot be one of its ids.

    Raises:
        UsageError: the file is not there.
        DataError: a line has not four fields, no number as label, or an id that cannot be; it is named.
    """
    found: list[Query] = []
    for number, line in text_lines(path):
        fields = [field.strip() for field in line.split(SEPARATOR)]
        try:
            _, label, target, items = fields
            value = float(label)
            query = Query(value, spelt(target), tuple(spelt(one.strip()) for one in items.split(",") if one))
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {excerpt(line)} is not {_FORM}") from error
        if not math.isfinite(value):
            raise DataError(f"{path}, line {number}: the label {excerpt(label)} is no number")
        found.append(query)
    return found
